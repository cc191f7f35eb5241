"""What `--expect` allows, against Python's own regular expressions."""

import itertools
import re
from pathlib import Path

import pytest

from digits.errors import DigitsError
from digits.reading.formats import CHOICES, NAMED, Format, OneOf, accepts, fitting, parse
from digits.reading.patterns import Alphabet, Pattern

PATTERNS = [
    "[0-9]+", "12|3*", "(1|22)+3?", "[0-3]{2,3}", "[^5-9]{1,}7", r"\d{2}", "1?2?3?", "(?:12){2}|0",
    ".{3}", "[0-9]{0,2}9", "((1|2)3)*", "", "1{2}", r"[\d]", "(1*)*2", "0{,2}7",
    r"[\d4]3", "[1-1]2",
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
    assert fitting("letter", labels) == {"a", "Ж"}
    assert fitting("letters", labels) == {"a", "Ж", "cat"}
    assert fitting("digit", labels) == {"7"} and fitting("auto", labels) == set(labels)
    assert fitting("number", labels) == {"7"}


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
    path.write_text("\ufeffA\nB\n", "utf-8")  # as Windows begins a text
    assert fitting(f"@{path}", ["A", "B", "C"]) == {"A", "B"}
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


def test_a_text_with_what_a_model_does_not_know_is_none_of_its() -> None:
    known = Alphabet.of(["a", "b"])
    assert fits(OneOf(["ab"], known), "ab") and not fits(OneOf(["ax"], known), "a")
    assert fits(OneOf(["1 2"]), "12")  # off paper a space is taken as there
    assert accepts(Pattern("12"), "12") and not accepts(Pattern("12"), "1")
    wanted = parse("/x/", known)
    assert wanted is not None and not fits(wanted, "") and not fits(wanted, "a")


@pytest.mark.parametrize("expect", ["//", "1/", "/1", "x1/", "/1x", ""])
def test_a_pattern_stands_between_slashes(expect: str) -> None:
    with pytest.raises(DigitsError, match="not known; it takes"):
        parse(expect)


@pytest.mark.parametrize("expect", ["letter", "letters"])
def test_a_model_without_letters_says_so(expect: str) -> None:
    with pytest.raises(DigitsError, match="reads no letters"):
        parse(expect, Alphabet.of(["1", "+"]))


@pytest.mark.parametrize(
    ("pattern", "why"),
    [("1{2", "'{' without a count"), ("1{}", "'{' without a count"), ("1\\", "'\\\\' is not"),
     ("1{0000000001}", "'{' without a count"), ("1{20001}", "impossible count"),
     ("1{11000}", "too large"), ("[1-", "'\\[' without"), ("(1", "'\\(' without"),
     ("[9-0]", "'9-0' is no range"), (r"[0-\d]", "is no range")],
)  # fmt: skip
def test_what_is_wrong_with_a_pattern_is_said(pattern: str, why: str) -> None:
    with pytest.raises(DigitsError, match=why):
        Pattern(pattern)


def test_counts_and_signs_at_their_limits() -> None:
    assert fits(Pattern("1{000000001}"), "1")
    assert not fits(Pattern("1{9000}"), "1")
    assert fits(Pattern(r"1\.5"), "1.5") and not fits(Pattern(r"1\.5"), "1,5")
    assert (
        fits(Pattern("[1-]"), "-") and fits(Pattern("[1-]"), "1") and not fits(Pattern("[1-]"), "3")
    )


def test_a_range_ends_at_an_escaped_sign() -> None:
    wanted = Pattern(r"[,-\.]5")
    assert all(fits(wanted, f"{sign}5") for sign in ",-.") and not fits(wanted, "5")
    assert fits(Pattern("[ -9]5"), "5") and fits(Pattern("[ -9]5"), "75")  # a space is there


def test_what_fits_no_digit_is_refused() -> None:
    with pytest.raises(DigitsError, match="no digits fit it"):
        parse("/[^0-9]/")


def test_a_step_is_taken_once() -> None:
    pattern = Pattern("1*2")
    assert pattern.step(pattern.start, "1") is pattern.step(pattern.start, "1") is not None
