"""Threads wait shortly beside busy programs, unless the user chose; a run keeps their number."""

import json
import os
import sys
from pathlib import Path

import pytest

import digits
from digits import threads
from digits.errors import DigitsError

CORES = 4
FREE, BUSY = "cpu  100 0 100 1000 0 0 0 0 0 0\n", "cpu  {} 0 100 1000 0 0 0 0 0 0\n"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """One of four cores, loaded, on which PyTorch is not loaded yet; its counters."""
    for name in threads.CHOSEN_BY_USER:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: CORES)
    monkeypatch.setattr(os, "getloadavg", lambda: (2.0, 2.0, 2.0))
    monkeypatch.setattr(threads, "COUNTERS", tmp_path / "stat")
    (tmp_path / "stat").write_text(FREE)
    return tmp_path / "stat"


def while_looking(monkeypatch: pytest.MonkeyPatch, counters: Path, busy: int, idle: int) -> None:
    """Let the cores be busy and idle for so many ticks while they are watched."""
    now = f"cpu  {100 + busy} 0 100 {1000 + idle} 0 0 0 0 0 0\n"
    monkeypatch.setattr(threads.time, "sleep", lambda _: counters.write_text(now))


@pytest.mark.parametrize(
    ("busy", "idle", "chosen"),
    [(0, 40, False), (4, 36, False), (6, 34, True), (40, 0, True), (0, 0, False)],
)
def test_threads_wait_shortly_beside_others(
    monkeypatch: pytest.MonkeyPatch, machine: Path, busy: int, idle: int, chosen: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    while_looking(monkeypatch, machine, busy, idle)
    threads.fit()
    assert "OMP_NUM_THREADS" not in os.environ
    assert os.environ.get("GOMP_SPINCOUNT") == (threads.SHORT_SPIN if chosen else None)
    assert ("threads: " in capsys.readouterr().err) == chosen


@pytest.mark.parametrize("name", threads.CHOSEN_BY_USER)
def test_what_the_user_chose_stays(
    monkeypatch: pytest.MonkeyPatch, machine: Path, name: str
) -> None:
    while_looking(monkeypatch, machine, 40, 0)
    monkeypatch.setenv(name, "7")
    threads.fit()
    assert {n: os.environ.get(n) for n in threads.CHOSEN_BY_USER if n != name} == dict.fromkeys(
        set(threads.CHOSEN_BY_USER) - {name}
    )


def test_a_machine_at_rest_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (0.4, 2.0, 2.0))
    monkeypatch.setattr(threads.time, "sleep", lambda _: pytest.fail("watched"))
    assert threads.busy_cores(CORES) == 0


def test_other_systems_tell_nothing(monkeypatch: pytest.MonkeyPatch, machine: Path) -> None:
    machine.unlink()
    assert threads.busy_cores(CORES) == 0
    monkeypatch.delattr(os, "getloadavg")
    assert threads.busy_cores(CORES) == 0


@pytest.mark.slow
def test_a_run_goes_on_with_as_many_threads_as_it_began(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    import torch

    from digits.training import lifecycle
    from digits.training.ranks import Ranks

    _, report = digits.train("cnn2", "uci", epochs=1, save_dir=tmp_path, device="cpu")
    config = report.run / "config.json"
    settings = json.loads(config.read_text())
    assert settings["threads"] == torch.get_num_threads()
    config.write_text(json.dumps(settings | {"threads": 3}))
    asked: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    lifecycle.prepare({}, None, str(report.run), None, None, Ranks())
    assert asked == [3]
    config.write_text(json.dumps(settings | {"threads": "many"}))
    with pytest.raises(DigitsError, match="not the settings of a run"):
        lifecycle.prepare({}, None, str(report.run), None, None, Ranks())


@pytest.mark.parametrize(("told", "number"), [("3", 3), ("3,1", 3), ("0", None), ("many", None)])
def test_as_many_threads_as_openmp_is_told(
    told: str, number: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert threads.count() == (number or os.cpu_count())
