"""The log: one JSON object a line on standard error, of requests and of what goes wrong."""

import json
import logging
import sys
import time
import traceback
from typing import Any

NO_HTTP = "Invalid HTTP request received."  # uvicorn's


def write(**what: Any) -> None:
    """Write a line that says when, and what."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(json.dumps({"time": now, **what}), file=sys.stderr)


class Lines(logging.Handler):
    """What libraries log, in the same form; an exception with its `trace`."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == NO_HTTP:
            return  # `Protocol` says more of it
        what = {"level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            what["trace"] = "".join(traceback.format_exception(*record.exc_info))
        write(**what)
