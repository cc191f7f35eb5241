"""The API asked from its own OpenAPI document: no answer of 500, none that breaks the document.

$DIGITS_FUZZ says how many cases; 1,000 take a minute and a half of CPU time.
"""

import base64
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.conftest import Servers

schemathesis = pytest.importorskip("schemathesis")

CASES = int(os.environ.get("DIGITS_FUZZ", "1000"))
CHECKS = (
    "not_a_server_error", "response_schema_conformance", "status_code_conformance",
    "content_type_conformance",
)  # fmt: skip


@pytest.fixture(autouse=True)
def pictures() -> None:
    """What is to be a file is often one that is read."""
    images = Path(__file__).parents[1] / "test_images"
    files = [(images / name).read_bytes() for name in ("small.png", "blank.png")]
    files += [files[0][:-60], files[0][:20]]
    data = st.sampled_from(files) | st.binary(max_size=100)
    schemathesis.openapi.format("binary", data)
    schemathesis.openapi.format("base64", data.map(lambda one: base64.b64encode(one).decode()))


@pytest.mark.slow
def test_the_api_keeps_to_its_document(
    serve: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = serve("--model", "tiny", "--model", "letters", "--corrections", str(tmp_path))
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    checks = [getattr(schemathesis.checks, name) for name in CHECKS]
    modes = list(schemathesis.GenerationMode)
    operations = [result.ok() for result in schema.get_all_operations()]
    cases = [
        operation.as_strategy(generation_mode=mode)
        for operation in operations
        for mode in modes * (5 if operation.method == "post" else 1)
    ]
    statuses: Counter[str] = Counter()

    @given(st.one_of(cases))
    @settings(
        max_examples=CASES, deadline=None, database=None, derandomize=True,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def ask(case: schemathesis.Case) -> None:
        response = case.call(timeout=60)
        statuses[f"{case.path} {response.status_code}"] += 1
        case.validate_response(response, checks=checks)

    ask()
    with capsys.disabled():
        print(f"\n{sum(statuses.values())} cases: {dict(sorted(statuses.items()))}")
    assert sum(statuses.values()) >= CASES and statuses["/v1/predict 200"]
