"""What the OpenAPI document says beyond the types of schema.py: bodies, and examples of all."""

from typing import Any

from digits.web import schema
from digits.web.bodies import FORM, JSON
from digits.web.limits import LIMITS

Responses = dict[int | str, dict[str, Any]]

STATUSES = (400, 401, 403, 404, 408, 413, 415, 422, 429, 431, 503)
PROBLEM = {"error": "a.png: not a picture that is read here", "hint": "send PNG, JPEG"}
PROBLEMS: Responses = {
    status: {"model": schema.Problem, "content": {JSON: {"example": PROBLEM}}}
    for status in STATUSES
}
TILE = (  # a PNG of 28x28 with an upright bar, as base64
    "iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAAAAABXZoBIAAAAG0lEQVR42mNgoD9gROb8RxNgwqdzVHJUcuAAAO1CASgd"
    "v5ygAAAAAElFTkSuQmCC"
)
ANSWER: dict[str, Any] = {
    "image": "a.png", "page": 1, "pages": 1, "status": "read", "text": "47", "value": 47,
    "probability": 0.993, "model": "reader", "expect": "auto", "trained_on": "mnist",
    "seen_as": "row", "why": "99.3% likely, 95.2% is needed",
    "rows": [{"text": "47", "value": 47, "status": "read", "probability": 0.993,
              "box": [10, 12, 60, 40],
              "alternatives": [["47", 0.993], ["41", 0.004]],
              "digits": [{"label": "4", "probability": 0.999, "box": [10, 12, 27, 40],
                          "top_k": [["4", 0.999]]},
                         {"label": "7", "probability": 0.994, "box": [42, 13, 28, 39],
                          "top_k": [["7", 0.994]]}]}],
    "cells": [], "warnings": [], "seconds": 0.011,
}  # fmt: skip
OTHER: dict[str, Any] = {
    **ANSWER, "image": "b.png", "status": "unsure", "probability": 0.62,
    "why": "62.0% likely, 95.2% is needed",
    "rows": [{**row, "status": "unsure", "probability": 0.62} for row in ANSWER["rows"]],
}  # fmt: skip
ANSWERED: Responses = {
    200: {
        "content": {
            JSON: {
                "examples": {
                    "one": {"summary": "of one picture", "value": ANSWER},
                    "several": {
                        "summary": "of several pictures",
                        "value": {"answers": [ANSWER, OTHER]},
                    },
                }
            }
        }
    }
}
METRICS: Responses = {
    200: {
        "description": "Prometheus' text format",
        "content": {"text/plain": {"schema": {"type": "string"},
                                   "example": 'digits_requests_total{status="200"} 17.0\n'}},
    }
}  # fmt: skip
BINARY = {"schema": {"type": "string", "format": "binary"}}


def options() -> list[dict[str, Any]]:
    """The query parameters of POST /v1/predict."""
    fields = schema.Options.model_json_schema()["properties"]
    return [
        {"name": name, "in": "query", "description": field.pop("description"), "schema": field}
        for name, field in fields.items()
    ]


def pictures() -> dict[str, Any]:
    """The body of POST /v1/predict."""
    images = {"type": "array", "minItems": 1, "maxItems": LIMITS.pictures}
    form = {"type": "object", "required": ["image"],
            "properties": {"image": {**images, "items": BINARY["schema"]}}}  # fmt: skip
    content = schema.Pictures.model_json_schema()
    content["properties"]["images"]["items"] = content.pop("$defs")["PictureIn"]  # no references
    return {
        "description": "Files of a form, one picture as it is, or pictures as base64; at most"
        f" {LIMITS.body_bytes >> 20} MB. `curl -F image=@a.png .../v1/predict` sends a form.",
        "required": True,
        "content": {
            FORM: {"schema": form},
            "image/*": BINARY,
            "application/octet-stream": BINARY,
            JSON: {"schema": content, "example": {"images": [{"data": TILE, "name": "a.png"}]}},
        },
    }


def correction(classes: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """The body of POST /v1/corrections, with the `classes` of each model that may answer."""
    content = schema.Correction.model_json_schema()
    labels = dict.fromkeys(label for known in classes.values() for label in known)
    content["properties"]["label"]["enum"] = list(labels)
    example = {"label": next(iter(labels)), "tile": TILE}
    return {"required": True, "content": {JSON: {"schema": content, "example": example}}}
