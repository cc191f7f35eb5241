"""Whom `own_hand` measures and what it says; how often `few_examples` shows an example."""

import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from benchmarks import few_examples, own_hand

from digits.data import hands
from digits.data.hands import Glyph, Hand


def writer(name: str, of_each: int) -> Hand:
    hand = Hand(name)
    hand.glyphs.update({str(k): [Glyph(str(k), 1.0)] * of_each for k in range(10)})
    return hand


@pytest.mark.parametrize("learned, names", [(0.0, ["held", "seen"]), (0.4, ["held"])])
def test_only_writers_whom_the_model_has_not_seen_are_measured(
    learned: float, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(_: Path, held_out: bool, names: tuple[str]) -> dict[str, list[Hand]]:
        some = [writer("held", 11), writer("few", 10)] if held_out else [writer("seen", 11)]
        return {names[0]: some}

    model = SimpleNamespace(card={"config": {"hands": learned}})
    monkeypatch.setattr(hands, "load", load)
    monkeypatch.setattr(own_hand.classifier, "load", lambda _: model)
    assert [hand.name for hand in own_hand.unseen(Path(), "reader")] == names


def test_the_model_in_use_is_the_new_one_where_it_was_kept() -> None:
    rows = [
        {"before": 0.2, "after": 0.1, "kept": True, "seconds": 3.0,
         "mnist_before": 0.01, "mnist_after": 0.03},
        {"before": 0.1, "after": 0.4, "kept": False, "seconds": 5.0,
         "mnist_before": 0.01, "mnist_after": 0.5},
    ]  # fmt: skip
    told = own_hand.summary(rows)
    assert told["in_use_mean"] == pytest.approx(0.1) and told["in_use_worst"] == 0.1
    assert told["after_worst"] == 0.4 and told["kept"] == 1 and told["median_seconds"] == 4
    assert told["mnist_in_use_mean"] == pytest.approx(0.02) and told["mnist_in_use_worst"] == 0.03


def test_other_flags_of_learn_have_a_record_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(hand: Hand, model: str, folder: str, more: list[str]) -> dict[str, object]:
        shares = dict.fromkeys(("before", "after", "mnist_before", "mnist_after"), len(more) / 10)
        return {"writer": hand.name, "kept": True, "seconds": 1.0, **shares}

    monkeypatch.setattr(own_hand, "RECORD", tmp_path / "record.json")
    monkeypatch.setattr(own_hand, "unseen", lambda *_: [writer("one", 11)])
    monkeypatch.setattr(own_hand, "measure", measure)
    for flags in ([], ["--max_loss", "1"]):
        argv = ["own_hand", "--data", str(tmp_path), "--writers", "1", *flags]
        monkeypatch.setattr(sys, "argv", argv)
        own_hand.main()
    found = json.loads((tmp_path / "record.json").read_text())
    assert {name: told["summary"]["after_mean"] for name, told in found.items()} == {
        "cnn3": 0.0, "cnn3 --max_loss 1": 0.2,
    }  # fmt: skip


def test_what_fails_leaves_the_working_directory_as_it_was(run_folder: Path) -> None:
    with pytest.raises(ZeroDivisionError), own_hand.scratch():
        assert Path.cwd() != run_folder
        _ = 1 / 0
    assert Path.cwd() == run_folder


@pytest.mark.parametrize("count", [10, 19, 190, 500, 5000])
def test_every_example_is_shown_in_steps_enough(count: int) -> None:
    shown = count * few_examples.times(count)
    steps = math.ceil(shown / few_examples.BATCH) * few_examples.EPOCHS
    assert few_examples.times(count) >= 1 and steps >= few_examples.STEPS
    assert count > 1280 or steps <= 2 * few_examples.STEPS
