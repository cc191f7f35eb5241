"""What several test files share: UCI, MNIST where it is, a reader with the shipped model."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from digits import classifier
from digits.reading.reader import Reader
from digits.spec import data_dir

if TYPE_CHECKING:  # only tests that ask for data wait for torch
    import httpx
    from playwright.sync_api import Browser, Page

    from digits.data import Dataset
    from digits.data.row_ink import Sources
    from digits.web.corrections import Corrections
    from digits.web.desk import Desk
    from tests.asking import Client

# Tests often share the cores: threads that wait for each other then take ten times as long.
os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported

# CPU seconds, of children too, that a test may take without a mark, and as a medium one: two are
# the rule, more have those without which `make test` would train and see nothing.
QUICK_S, MEDIUM_S = 1.0, 7.0
# Files of which every test is of a size, as pyproject.toml has them; single tests have a mark.
# Where a size is left out its files are not loaded: what they import takes longer than quick tests.
FILES_OF = {
    "medium": """
        test_api test_archs test_augment test_baselines test_c_file test_calibrate test_card
        test_chips test_commands test_corruptions test_damaged_files test_ensemble
        test_evaluate_pictures test_example_programs test_examples test_explain test_extract
        test_extras test_faults test_finder test_graphs test_help test_html_file test_html_page
        test_install test_integer test_kept test_learn test_metrics test_mnist_c test_named
        test_no_traceback test_nondigits test_numbers test_on_nan test_onnx_runtime test_ood
        test_optimization
        test_optimize_command test_own_data test_own_data_faults test_packed test_pages test_predict
        test_programs test_reading_budget test_bulk test_reading_classes
        test_reading_drawings test_reading_pictures test_refine test_report test_report_facts
        test_rows test_serve test_serve_desk test_serve_guard test_serve_limits test_serve_process
        test_silence test_speed test_surroundings test_suspects test_threads test_training
        test_transfer test_hand_sets test_pictures_load test_vision_record
    """.split(),  # noqa: SIM905
    "slow": """
        test_docker test_page test_page_camera test_page_states test_page_troubles test_phone_file
        test_pretrained test_quantization_benchmark test_ranks test_ray_engine test_resume
        test_serve_schema test_shipped_chips test_tune
    """.split(),  # noqa: SIM905
}
START = pytest.StashKey[float]()

MNIST_FOLDER = Path(os.environ.get("DIGITS_DATA_DIR") or Path(__file__).parents[1] / data_dir())


def cpu_seconds() -> float:
    """What this process and its children that ended have computed: other programs do not count."""
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    item.stash[START] = cpu_seconds()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    try:
        return (yield)
    finally:
        item.user_properties.append(("cpu_s", cpu_seconds() - item.stash[START]))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    left_out = [size for size in FILES_OF if f"not {size}" in config.option.markexpr]
    return any(collection_path.stem in FILES_OF[size] for size in left_out) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for size, files in FILES_OF.items():
            if item.path.stem in files:
                item.add_marker(size)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that lack the mark of their size."""
    for report in terminalreporter.getreports("passed"):
        seconds = dict(report.user_properties).get("cpu_s", 0.0)
        limit = MEDIUM_S if "medium" in report.keywords else QUICK_S
        if seconds > limit and report.when == "call" and "slow" not in report.keywords:
            terminalreporter.write_line(f"to be marked: {seconds:5.1f} s {report.nodeid}")


@pytest.fixture(scope="session")
def uci() -> "Dataset":
    from digits import data

    return data.load("uci")


@pytest.fixture(scope="session")
def mnist() -> "Dataset":
    from digits import data
    from digits.data.mnist import MD5

    if not all((MNIST_FOLDER / "MNIST" / "raw" / name).is_file() for name in MD5):
        pytest.skip(f"MNIST is not in {MNIST_FOLDER}; set DIGITS_DATA_DIR")
    return data.load("mnist", MNIST_FOLDER)


@pytest.fixture(scope="session")
def source(mnist: "Dataset") -> "Sources":
    """What held-out writers wrote, of which rows and pages are made up."""
    from digits.data import hands
    from digits.training import made_up

    if not hands.available(MNIST_FOLDER):
        pytest.skip(f"hands/ is not in {MNIST_FOLDER}")
    return made_up.sources(mnist, MNIST_FOLDER)[1]


@pytest.fixture
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def reader() -> Reader:
    if classifier.DEFAULT_SHIPPED not in classifier.shipped():
        pytest.skip("no model is shipped")
    return Reader.expecting(classifier.load(classifier.shipped()[classifier.DEFAULT_SHIPPED]))


class Servers:
    """Runs `serve.py` with flags, on a free port; calling it gives the address."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self.logs: dict[str, Path] = {}  # what was said on standard error, by address
        self.running: dict[str, subprocess.Popen[str]] = {}

    def __call__(self, *flags: str) -> str:
        command = [sys.executable, str(Path(__file__).parents[1] / "src" / "serve.py")]
        path = self._logs / f"{len(list(self._logs.iterdir()))}.log"
        with path.open("w") as log:
            process = subprocess.Popen(
                [*command, "--port", "0", "--workers", "1", *flags],
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("reading at "), path.read_text()
        address = line.split()[2].rstrip("/")
        self.running[address], self.logs[address] = process, path
        return address

    def stop(self, address: str) -> int:
        """End one as an operator would; its exit code."""
        process = self.running.pop(address)
        process.terminate()
        process.communicate(timeout=60)
        return process.returncode


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.mktemp("serve"))
    yield servers
    for address in list(servers.running):
        servers.stop(address)


@pytest.fixture(scope="module")
def online(serve: Servers) -> Iterator["httpx.Client"]:
    """Asks a server of two models."""
    import httpx

    models = serve("--model", "reader", "--model", "tiny")
    with httpx.Client(base_url=models, timeout=120) as client:
        yield client


@pytest.fixture(scope="module")
def address(serve: Servers, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a server with a page, which keeps corrections."""
    folder = tmp_path_factory.mktemp("corrections")
    return serve("--model", "reader", "--model", "tiny", "--corrections", str(folder))


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    from tests.browsing import launched

    with launched() as browser:
        yield browser


@pytest.fixture
def page(browser: "Browser", address: str, request: pytest.FixtureRequest) -> Iterator["Page"]:
    """The page at `address`, in a window of its own; its parameters are the window's options."""
    from tests.browsing import opened

    options = {"viewport": {"width": 1200, "height": 860}, **getattr(request, "param", {})}
    context = browser.new_context(**options)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield from opened(context, address, request.node.name)


Clients = Callable[..., "Client"]
SERVED = ("reader", "letters")


@pytest.fixture(scope="session")
def desk() -> Iterator["Desk"]:
    """A reading process, for applications in this process."""
    from digits.web.desk import Desk

    desk = Desk({name: classifier.shipped()[name] for name in SERVED}, 1)
    desk.start()
    desk.await_start()
    yield desk
    desk.close()


@pytest.fixture
def client(desk: "Desk") -> Clients:
    """Makes clients of applications with other settings."""
    from digits.web.app import make_app
    from digits.web.settings import Settings
    from tests.asking import Client

    def make(kept: "Corrections | None" = None, **settings: Any) -> "Client":
        return Client(make_app(replace(Settings(desk.models), **settings), desk, kept))

    return make


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets limits in a module of `digits.web`."""
    from digits.web.limits import LIMITS

    def set_(module: Any, **limits: float) -> None:
        monkeypatch.setattr(module, "LIMITS", replace(LIMITS, **limits))

    return set_
