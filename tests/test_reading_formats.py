"""What `--expect` allows, against Python's own regular expressions."""

import itertools
import re
from pathlib import Path

import pytest

from digits.errors import DigitsError
from digits.reading.formats import CHOICES, NAMED, Format, OneOf, fitting, parse
from digits.reading.patterns import Alphabet, Pattern

PATTERNS = [
    "[0-9]+", "12|3*", "(1|22)+3?", "[0-3]{2,3}", "[^5-9]{1,}7", r"\d{2}", "1?2?3?", "(?:12){2}|0",
    ".{3}", "[0-9]{0,2}9", "((1|2)3)*", "", "1{2}", r"[\d]", "(1*)*2", "0{,2}7",
]  # fmt: skip


def fits(wanted: Format | None, text: str) -> bool:
    assert wanted is not None
    state = wanted.start
    for label in text:
        after = wanted.step(state, label)
        if after is None:
            return False
        state = after
    return wanted.accepts(state)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_fit_what_python_says(pattern: str) -> None:
    ours, python = Pattern(pattern), re.compile(pattern.replace("{,", "{0,"))
    for length in range(5):
        for signs in itertools.product("012379", repeat=length):
            text = "".join(signs)
            assert fits(ours, text) == bool(python.fullmatch(text)), text


@pytest.mark.parametrize("pattern", [
    "[a-c]+", "a|bc?", "[^a]{2}", ".b", "(a|b)*c", "[x-z]?", "ä+", "[^-c]", "\\d?a", "[a1]",
])  # fmt: skip
def test_patterns_over_an_alphabet_fit_what_python_says(pattern: str) -> None:
    ours, python = Pattern(pattern, Alphabet.of(["a", "bc", "ä"])), re.compile(pattern)
    for length in range(4):
        for signs in itertools.product("abcä", repeat=length):
            text = "".join(signs)
            assert fits(ours, text) == bool(python.fullmatch(text)), text


def test_letters_are_those_that_the_model_knows() -> None:
    labels = ["a", "Ж", "7", "cat", "+"]
    assert fitting("letter", labels)[1] == {"a", "Ж"}
    assert fitting("letters", labels)[1] == {"a", "Ж", "cat"}
    assert fitting("digit", labels)[1] == {"7"} and fitting("auto", labels)[1] == set(labels)
    assert fitting("number", labels)[1] == {"7"}


def test_what_cannot_be_read_is_taken_as_there_and_signs_are_read() -> None:
    assert fits(parse("/[0-9]{3}-?[0-9]{4}/"), "1234567")
    assert fits(parse("/[0-9]{3}-?[0-9]{4}/"), "123-4567")
    assert fits(parse("/[0-9]{2}:[0-9]{2} h/"), "12:34")
    assert not fits(parse("/[0-9]{2}:[0-9]{2}/"), "1234")
    for name, signs in (("number", ""), ("decimal", "-,."), ("date", "-./"), ("time", ".:")):
        wanted = parse(name)
        assert wanted is not None and wanted.signs == set(signs), name


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [("zip", ["12345", "12345-6789"], ["1234", "123456", ""]),
     ("time", ["1259", "00:00", "945", "23.59"], ["2460", "1360999", "12", "25:00", "1275"]),
     ("amount", ["5", "4711", "0", "120.50", "0,99"], ["", "0123", "1.234"]),
     ("number", ["0", "007"], ["", "1.2"]),
     ("decimal", ["13.9", "-4", "5,800", "1,250.5", "7"], ["", "-", ".5", "1.", "--2"]),
     ("signed", ["-4", "12"], ["4-", "1.5"]),
     ("money", ["1,250.00", "75", "120.-", "3,50"], ["", "12:30", "1-2"]),
     ("date", ["12/05/1998", "31.12.99", "2026-11-25", "5/6"],
      ["12/05.1998", "32/13/99", "1998"]),
     ("phone", ["555-1234", "0171/234-567", "911"], ["-1", "1--2", ""])],
)  # fmt: skip
def test_named_formats(name: str, good: list[str], bad: list[str]) -> None:
    assert name in NAMED
    assert all(fits(parse(name), text) for text in good)
    assert not any(fits(parse(name), text) for text in bad)


@pytest.mark.parametrize(
    "wrong",
    [
        "(",
        "1)",
        "[1",
        "{2}",
        "*",
        "1{3,2}",
        "1{x}",
        r"\w",
        "1{0}",
        "((1{99}){99}){99}",
        "\\",
        "a{-1}",
    ],
)
def test_wrong_patterns_are_one_line(wrong: str) -> None:
    with pytest.raises(DigitsError, match="--expect") as caught:
        parse(f"/{wrong}/")
    assert "\n" not in str(caught.value)


def test_lists(tmp_path: Path) -> None:
    path = tmp_path / "codes.txt"
    path.write_text("1234\n12-99\n\n777\n")
    wanted = parse(f"@{path}")
    assert isinstance(wanted, OneOf) and len(wanted) == 3
    assert fits(wanted, "1234") and fits(wanted, "12-99") and fits(wanted, "777")
    assert not fits(wanted, "12") and not fits(wanted, "") and not fits(wanted, "7777")
    path.write_text("nothing")
    for name in (path, tmp_path / "none.txt", tmp_path):
        with pytest.raises(DigitsError, match="--expect"):
            parse(f"@{name}")


def test_words() -> None:
    assert parse("auto") is None and parse("digit") is None
    for name in CHOICES[2:]:
        assert parse(name)
    with pytest.raises(DigitsError, match="auto, digit, number"):
        parse("postcode")
