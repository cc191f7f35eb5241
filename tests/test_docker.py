"""The Dockerfile's own steps, run in an empty folder with a virtual environment: no engine here."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from digits.commands.serve import _parser
from digits.web.limits import LIMITS

ROOT = Path(__file__).parents[1]
HADOLINT = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
MOST_BYTES = 400 * 10**6  # beside the base image; OpenCV's wheel has 153 MB, its video codecs 81


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions: (COPY, what stands behind it), ..."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines()
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines if line]


def copy(sources: list[str], target: Path) -> None:
    """As COPY does: a folder's content, files into a folder."""
    for source in (path for pattern in sources for path in ROOT.glob(pattern)):
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=ignored)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def test_the_rules_that_matter() -> None:
    steps = instructions()
    last = steps[max(i for i, (name, _) in enumerate(steps) if name == "FROM") :]
    users = [value for name, value in last if name == "USER"]
    assert users == ["10001"] and "HEALTHCHECK" in dict(last)  # a number: Kubernetes can check it
    assert all(":" in value and ":latest" not in value for name, value in steps if name == "FROM")
    assert "ADD" not in dict(steps) and json.loads(dict(last)["CMD"])[0] == "digits"
    runs = [value for name, value in steps if name == "RUN"]
    assert all("--no-cache-dir" in run for run in runs if "pip install" in run)
    kept = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    sources = [word for name, value in steps if name == "COPY" and "--from" not in value
               for word in value.split()[:-1]]  # fmt: skip
    for source in sources:
        assert any(source.startswith(line[1:]) for line in kept if line.startswith("!")), source


@pytest.mark.skipif(HADOLINT is None, reason="hadolint is not installed")
def test_the_linter_finds_nothing() -> None:
    assert HADOLINT
    found = subprocess.run([HADOLINT, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


def test_the_example_with_a_proxy() -> None:
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    server, proxy = services["digits"], services["proxy"]
    program, command, *flags = server["command"]
    assert (program, command) == ("digits", "serve")
    args = _parser().parse_args(flags)
    inside = proxy["networks"]["inside"]["ipv4_address"]
    assert args.host == "0.0.0.0" and args.trusted_proxy == [inside] and args.rate > 0
    assert args.workers + 1 <= int(server["mem_limit"].rstrip("g"))  # a GB each, and the server
    assert "ports" not in server and server["read_only"] and server["cap_drop"] == ["ALL"]
    assert "./Caddyfile:/etc/caddy/Caddyfile:ro" in proxy["volumes"]
    caddy = (ROOT / "Caddyfile").read_text("utf-8")
    assert caddy.count("{") == caddy.count("}")
    assert f"max_size {LIMITS.body_bytes >> 20}MiB" in caddy  # Caddy's MB are 1,000,000 bytes
    assert f"max_header_size {LIMITS.head_bytes >> 10}KiB" in caddy
    assert f"read_body {LIMITS.body_seconds:.0f}s" in caddy
    assert "read_header " in caddy and f"reverse_proxy digits:{args.port}" in caddy


@pytest.mark.slow
def test_its_steps_make_a_server_without_torch(tmp_path: Path) -> None:
    pytest.importorskip("tomllib")
    build, made = tmp_path / "build", tmp_path / "digits"
    build.mkdir()
    steps = instructions()
    end = max(i for i, (name, _) in enumerate(steps) if name == "FROM")
    for name, value in steps[:end]:
        if name == "COPY":
            *sources, target = value.split()
            copy(sources, build / target)
        elif name == "RUN":
            run = value.replace("/opt/digits", str(made)).replace("--no-cache-dir", "--quiet")
            run = re.sub(r"(^|&& )python ", rf"\g<1>{shlex.quote(sys.executable)} ", run)
            subprocess.run(["bash", "-c", run], cwd=build, check=True)
    shutil.rmtree(build)
    assert not list(made.rglob("torch"))
    size = sum(path.lstat().st_size for path in made.rglob("*") if path.is_file())
    assert size < MOST_BYTES, f"{size / 1e6:.0f} MB"

    command = json.loads(dict(steps[end:])["CMD"])
    command = [made / "bin" / command[0], *command[1:]]
    command[command.index("0.0.0.0")], command[command.index("8080")] = "127.0.0.1", "0"
    home = tmp_path / "home"  # nothing is written there, nor where it starts
    home.mkdir(mode=0o500)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    with subprocess.Popen(
        command, cwd=home, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            address = process.stdout.readline().split()[2]
            picture = (ROOT / "test_images" / "number.png").read_bytes()
            asked = f"{address}v1/predict?explain=true"
            answer = httpx.post(asked, files={"image": ("a.png", picture)}, timeout=60).json()
            assert answer["text"] == "40917" and answer["explain"]
            assert "<title>Digits" in httpx.get(address).text
            health = dict(steps[end:])["HEALTHCHECK"].partition("CMD ")[2]
            check = json.loads(health.replace("127.0.0.1:8080", address.split("/")[2]))
            check[0] = str(made / "bin" / check[0])
            assert subprocess.run(check, env=environment).returncode == 0
            gone = [part.replace(address.split("/")[2], "127.0.0.1:9") for part in check]
            assert subprocess.run(gone, env=environment, stderr=subprocess.DEVNULL).returncode == 1
            assert not list(home.iterdir())  # root may write to it all the same, and did not
        finally:
            process.terminate()
