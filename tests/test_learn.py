"""Learning from corrections: better and kept, or as it was; and back again."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from digits import checkpoint, classifier, data
from digits.__main__ import main
from digits.commands import learn as command
from digits.errors import DigitsError
from digits.training import learn, transfer
from digits.training.config import TrainConfig
from digits.training.run import Run

OUT = Path("models/learned.pth")


def hand(folder: Path, count: int, digits: str = "0123456789") -> Path:
    """Digits of a hand that writes all upside down, as tiles, in one folder a digit."""
    dataset = data.load("uci")
    for digit in digits:
        (folder / digit).mkdir(parents=True)
        some = dataset.train.images[dataset.train.labels == int(digit)][:count]
        for i, tile in enumerate(some.numpy()[:, 0]):
            cv2.imwrite(str(folder / digit / f"{i}.png"), tile[::-1])
    return folder


@pytest.fixture
def taught(run_folder: Path) -> str:
    """A checkpoint that reads the small scans."""
    flags = "--arch cnn3 --dataset uci --epochs 6 --cpu"
    assert main(["train", *flags.split()]) == 0
    return "models/best_model.pth"


def call(taught: str, *more: str) -> int:
    return main(["learn", "--from", "corrections", "--model", taught, "--cpu", *more])


@pytest.mark.slow
def test_a_hand_is_learned_kept_and_undone(taught: str, capfd: pytest.CaptureFixture[str]) -> None:
    hand(Path("corrections"), 20)
    before = Path(taught).read_bytes()
    assert call(taught, "--max_loss", "5", "--epochs", "8") == 0
    out, said = capfd.readouterr()
    assert "too few to judge by" not in said  # of 200, some 40 are held out
    assert "your own, held out" in out and "uci, validation" in out and "kept" in out
    assert Path(taught).read_bytes() == before
    old, new = classifier.load(taught), classifier.load(OUT)
    own = data.load("corrections").test
    wrong = [int((m(own.images.numpy()).argmax(1) != own.labels.numpy()).sum()) for m in (old, new)]
    assert wrong[1] < wrong[0]
    assert classifier.load(OUT.with_suffix(".onnx")).classes == new.classes
    first = OUT.read_bytes()
    assert call(str(OUT), "--max_loss", "5") in (0, 1)  # goes on with what was learned
    assert main(["learn", "--undo"]) == 0
    there = OUT.exists(), OUT.with_suffix(".onnx").exists()
    assert there in ((True, True), (False, False))
    assert not OUT.exists() or OUT.read_bytes() == first
    assert main(["learn", "--undo"]) == 1  # once
    assert there == (OUT.exists(), OUT.with_suffix(".onnx").exists())


@pytest.mark.slow
def test_what_makes_it_worse_is_not_kept(
    taught: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hand(Path("corrections"), 6)
    monkeypatch.setattr(learn, "REPLAYED", 1)  # so it forgets what it knew
    monkeypatch.setitem(learn.SETTINGS, "learning_rate", 1.0)
    monkeypatch.setattr(learn, "SHARES", (1.0,))  # all of the way
    assert call(taught, "--max_loss", "0") == 1
    captured = capfd.readouterr()
    assert "not kept: it" in captured.err and not OUT.exists()


@pytest.mark.slow
def test_the_most_that_keeps_what_it_knew_is_kept(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    hand(Path("corrections"), 5)
    good = transfer.content_of("micro")
    checkpoint.save("old.pth", {**good, "temperature": 0.1})  # as right, with a larger loss
    forgot = {**good, "state_dict": {name: 0 * v for name, v in good["state_dict"].items()}}

    def contents() -> Iterator[dict]:
        for share, content in ((1.0, forgot), (0.75, good), (0.5, forgot)):
            yield {**content, "metrics": {**content["metrics"], "learned_share": share}}

    monkeypatch.setattr(learn, "learn", lambda *_: (Run.create("learn"), contents()))
    assert call("old.pth", "--dataset", "uci", "--max_loss", "1") == 0
    assert "75% of the way" in capfd.readouterr().out
    kept = checkpoint.load(OUT)["state_dict"]
    assert all(torch.equal(kept[name], value) for name, value in good["state_dict"].items())


def test_an_epoch_has_a_share_of_examples() -> None:
    replayed, own = learn.weights(55_000, 100)
    assert 55_000 * replayed == pytest.approx(4000) and own == pytest.approx(13.33, abs=0.01)
    assert learn.weights(500, 10_000) == [1.0, 1.0]
    assert learn.weights(55_000, 2)[1] == learn.MOST_REPEATS


@pytest.mark.parametrize("how, says", [
    ("nothing", "no such folder"),
    ("letters", "classes that the model does not know (x)"),
    ("two", "too few to hold one out"),
])  # fmt: skip
def test_what_cannot_be_learned_is_one_line(
    how: str, says: str, run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if how == "letters":
        hand(Path("corrections"), 5, "1")
        Path("corrections/1").rename("corrections/x")
    if how == "two":
        hand(Path("corrections"), 2, "12")
    code = main(["learn", "--from", "corrections/", "--model", "micro", "--dataset", "uci"])
    error = capfd.readouterr().err
    assert code == 1 and says in error and "Traceback" not in error and not Path("runs").exists()


@pytest.mark.parametrize("own, known, says", [
    ([(0.8, 0.5), (0.9, 0.4), (0.9, 0.4)], [0.99, 0.99, 0.9895], ""),
    ([(0.8, 0.5), (0.8, 0.4), (0.8, 0.45)], [0.99, 0.99, 0.99], ""),
    ([(0.8, 0.5), (0.8, 0.4), (0.8, 0.55)], [0.99, 0.99, 0.99], "no better"),
    ([(0.8, 0.5), (0.9, 0.4), (0.7, 0.4)], [0.99, 0.99, 0.99], "no better"),
    ([(0.8, 0.5), (0.8, 0.5), (0.8, 0.5)], [0.99, 0.99, 0.99], "no better"),
    ([(0.8, 0.5), (0.9, 0.4), (0.9, 0.4)], [0.99, 0.99, 0.9894], "lost 0.06 points"),
])  # fmt: skip
def test_what_is_kept(own: list[tuple[float, float]], known: list[float], says: str) -> None:
    of_own, of_known = (
        [SimpleNamespace(summary={"accuracy": a, "loss": loss}) for a, loss in some]
        for some in (own, [(a, 0.0) for a in known])
    )
    said = command.why_not(of_own, of_known, 0.05)
    assert (says in said) if says else not said


def files(stem: str) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in Path().glob(f"{stem}*") if p.is_file()}


def test_keeping_and_undoing_go_back_step_by_step(run_folder: Path) -> None:
    place = Path("m.pth")
    for text in (b"first", b"second"):
        for suffix in (".pth", ".onnx"):
            Path(f"new{suffix}").write_bytes(text + suffix.encode())
        command.keep(place, Path("new.pth"), Path("new.onnx"))
    assert files("m")["m.pth"] == b"second.pth" and files("m")["m.before.onnx"] == b"first.onnx"
    assert "as it was before" in command.undo(place)
    first = {"m.pth": b"first.pth", "m.onnx": b"first.onnx"}
    assert files("m") == first
    with pytest.raises(DigitsError, match="nothing was learned here, or it was undone"):
        command.undo(place)
    assert files("m") == first  # whoever made it


def test_undoing_the_first_that_was_learned_leaves_what_was_there(run_folder: Path) -> None:
    for suffix in (".pth", ".onnx"):
        Path(f"new{suffix}").write_text("new")
    command.keep(Path("m.pth"), Path("new.pth"), Path("new.onnx"))
    assert "removed" in command.undo(Path("m.pth")) and not files("m")
    Path("m.pth").write_bytes(b"old")
    command.keep(Path("m.pth"), Path("new.pth"), Path("new.onnx"))
    assert "as it was before" in command.undo(Path("m.pth"))
    assert files("m") == {"m.pth": b"old"}


@pytest.mark.parametrize("writes", range(4))
def test_a_kill_while_a_model_is_kept_leaves_whole_files_and_a_way_back(
    writes: int, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, copy, left = Path("m.pth"), command._copy, [2 + writes]  # two of the first

    def killed(source: Path, to: Path) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        copy(source, to)

    monkeypatch.setattr(command, "_copy", killed)
    for text in ("first", "second"):
        for suffix in (".pth", ".onnx"):
            Path(f"new{suffix}").write_text(f"{text}{suffix}")
        if text == "first":
            command.keep(place, Path("new.pth"), Path("new.onnx"))
        else:
            with pytest.raises(KeyboardInterrupt):
                command.keep(place, Path("new.pth"), Path("new.onnx"))
    if writes:
        command.undo(place)
    assert files("m") == {"m.pth": b"first.pth", "m.onnx": b"first.onnx"}


def test_undo_that_was_killed_half_way_is_ended_by_the_next(run_folder: Path) -> None:
    for name in ("m.pth", "m.onnx", "m.before.onnx"):
        Path(name).write_bytes(name.encode())  # m.before.pth has been put back already
    command.undo(Path("m.pth"))
    assert files("m") == {"m.pth": b"m.pth", "m.onnx": b"m.before.onnx"}


def test_usage_is_said() -> None:
    for argv in ([], ["--from", "x", "--output", "a.onnx"]):
        with pytest.raises(SystemExit) as stop:
            main(["learn", *argv])
        assert stop.value.code == 2


def test_what_serve_writes_is_what_learn_reads(run_folder: Path) -> None:
    from digits.web.corrections import Corrections

    corrections = Corrections(Path("corrections"))
    rng = np.random.default_rng(0)
    uci = data.load("uci")
    for i in rng.choice(len(uci.train), 40, replace=False):
        _, png = cv2.imencode(".png", uci.train.images[i, 0].numpy())
        corrections.keep(str(int(uci.train.labels[i])), png.tobytes())
    own, known = learn.sets("micro", "corrections", "uci", None)
    assert own.classes == known.classes == tuple("0123456789")
    kept = {tile.tobytes() for tile in own.train.images.numpy()}
    assert kept <= {tile.tobytes() for tile in uci.train.images.numpy()}


def test_that_few_are_held_out_is_said_before_anything_is_learned(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(learn, "learn", lambda *_: pytest.exit("begun", 77))
    hand(Path("corrections"), 5, "12")
    flags = ["--model", "micro", "--dataset", "uci", "--cpu"]
    with pytest.raises(pytest.exit.Exception):
        main(["learn", "--from", "corrections", *flags])
    assert (
        "held out, too few to judge by; ten of each class are a good start"
        in capfd.readouterr().err
    )


def test_it_takes_its_own_settings_not_those_of_the_architecture(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(config: TrainConfig, *_: object, **__: object) -> None:
        told = {name: getattr(config, name) for name in learn.SETTINGS}
        assert told == learn.SETTINGS
        raise KeyboardInterrupt

    monkeypatch.setattr(learn.ensemble, "train", stop)
    own, known = learn.sets("micro", str(hand(Path("corrections"), 5, "12")), "uci", None)
    with pytest.raises(KeyboardInterrupt):
        learn.learn("micro", own, known, torch.device("cpu"))
    (folder,) = Path("runs").iterdir()
    (folder / "state-000000001.pth").touch()  # as a kill leaves it
    with pytest.raises(DigitsError, match="no run to resume"):
        Run.find("latest")


def test_it_sees_pictures_as_the_model_does(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole pictures stay whole, and no drawn digits and non-digits are replayed with them."""
    model = model_of("m.pth", frame="none")
    asked: list[TrainConfig] = []

    def stop(config: TrainConfig, *_: object, **__: object) -> None:
        asked.append(config)
        raise KeyboardInterrupt

    monkeypatch.setattr(learn.ensemble, "train", stop)
    own, known = learn.sets(model, str(hand(Path("corrections"), 5, "12")), "uci", None)
    with pytest.raises(KeyboardInterrupt):
        learn.learn(model, own, known, torch.device("cpu"))
    (config,) = asked
    assert (config.frame, config.nondigits, config.strokes) == ("none", 0, 0)
    assert config.classes == (*"0123456789", "none")


def test_what_predict_saves_is_what_learn_reads(run_folder: Path) -> None:
    hand(Path("pictures"), 4, "38")
    for path in list(Path("pictures").rglob("*.png")):  # turned back: the model reads them
        cv2.imwrite(str(path), cv2.imread(str(path), 0)[::-1])
        path.rename(f"pictures/{path.parent.name}-{path.name}")
    argv = ["predict", "--image", "pictures", "--model", "micro", "--expect", "digit"]
    assert main([*argv, "--save_tiles", "tiles"]) == 0
    saved = sorted(Path("tiles").rglob("*.png"))
    assert len(saved) == 8
    wrong = saved[0]
    Path("tiles/9").mkdir(exist_ok=True)
    wrong.rename(f"tiles/9/{wrong.name}")  # that is a correction
    own, _ = learn.sets("micro", "tiles", "uci", None)
    assert (f"9/{wrong.name}", "9") in {(path, label) for path, label, _ in own.listing}
    assert len(own.listing) == 8


def model_of(path: str, **changes: object) -> str:
    """A checkpoint like `reader`, with other settings."""
    content = checkpoint.load(classifier.find("reader").with_suffix(".pth"))
    content["config"] |= changes
    checkpoint.save(path, content)
    return path


def test_what_it_replays_is_split_and_mixed_as_when_the_model_learned_it(
    run_folder: Path,
) -> None:
    hand(Path("corrections"), 5, "12")
    model = model_of("m.pth", dataset="uci,uci", weights="1,0.5", hold_out=4)
    _, known = learn.sets(model, "corrections", None, None)
    alike = data.load("uci,uci", hold_out=4, weights="1,0.5")
    assert len(known.train) == len(alike.train) and len(known.validation) == len(alike.validation)


def test_pictures_of_none_are_learned_by_a_model_that_knows_it(run_folder: Path) -> None:
    hand(Path("corrections"), 5, "12")
    Path("corrections/2").rename("corrections/none")
    own, _ = learn.sets("reader", "corrections", "uci", None)
    assert own.classes[-1] == "none" and set(own.train.labels.tolist()) == {1, 10}
    with pytest.raises(DigitsError, match="does not know"):
        learn.sets("micro", "corrections", "uci", None)


def test_hands_are_replayed_where_the_model_learned_from_them(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[learn.Extras] = []

    def stop(_: object, more: learn.Extras, __: int) -> None:
        asked.append(more)
        raise KeyboardInterrupt

    monkeypatch.setattr(learn.extras, "extend", stop)
    hand(Path("corrections"), 5, "12")
    model = model_of("m.pth", hands=0.4)
    own, known = learn.sets(model, "corrections", "uci", None)
    for there in (False, True):
        monkeypatch.setattr(learn.hands, "available", lambda folder, there=there: there)
        with pytest.raises(KeyboardInterrupt):
            learn.learn(model, own, known, torch.device("cpu"), data_dir=Path("d"))
        assert ("hands that the model learned from are not" in capsys.readouterr().err) != there
    assert [more.hands for more in asked] == [0.0, 0.4] and asked[1].folder == Path("d")


@pytest.mark.slow
def test_the_checkpoint_says_that_it_learned(run_folder: Path) -> None:
    hand(Path("corrections"), 5, "12")
    own, known = learn.sets("micro", "corrections", "uci", None)
    run, contents = learn.learn("micro", own, known, torch.device("cpu"), epochs=1)
    begun = transfer.content_of("micro")["state_dict"]
    learned = None
    for share, content in zip(learn.SHARES, contents, strict=True):
        checkpoint.save(run.model, content)
        metrics = checkpoint.load(run.model)["metrics"]
        assert (metrics["own_examples"], metrics["learned_share"]) == (len(own.train), share)
        assert content["classes"] == list("0123456789") and not run.states()
        learned = learned or content["state_dict"]
        for name, value in content["state_dict"].items():
            if value.is_floating_point():
                expected = (1 - share) * begun[name] + share * learned[name]
                torch.testing.assert_close(value, expected)
