"""Regular expressions as automata over digits and signs (Thompson 1968).

Python's `re` cannot say whether a text may still become a match, which a search over readings asks
at every step. Known are: literals, `.` (a digit), `\\d`, `[sets]`, `(groups)`, `|`, `*`, `+`, `?`,
`{m,n}`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from digits.errors import UsageError
from digits.spec import CLASSES, SIGNS

DIGITS = frozenset(CLASSES)
DIGIT = "\\d"
MOST_FIGURES = 9  # of a count in braces: a longer one is refused unread
MAX_NODES = 20_000
MOST_REMEMBERED = 1_000_000  # nodes of the states after steps taken before: some 50 MB

Fragment = tuple[int, int]  # first and last node of a part of the automaton
State = frozenset[int]  # the nodes that a text may have come to


@dataclass(frozen=True)
class Alphabet:
    """What can be read: `plain` characters, which `.` stands for, and `signs` where a pattern names
    them. `rest_is_there`: what cannot be read, a space, is taken as there and costs no step."""

    plain: frozenset[str] = DIGITS
    signs: frozenset[str] = frozenset(SIGNS)
    rest_is_there: bool = True

    @staticmethod
    def of(labels: Iterable[str]) -> "Alphabet":
        """Of a model of single characters: what its labels are written with, and nothing else."""
        return Alphabet(frozenset("".join(labels)), frozenset(), rest_is_there=False)

    @property
    def readable(self) -> frozenset[str]:
        return self.plain | self.signs


NUMBERS = Alphabet()  # what is read of a row


class Pattern:
    """The texts over an alphabet that fit a pattern as a whole.

    `signs` are those that may stand in them.

    Raises:
        UsageError: the pattern is wrong, too large, or uses what is not known here.
    """

    def __init__(self, pattern: str, alphabet: Alphabet = NUMBERS) -> None:
        self._pattern, self._at, self._alphabet = pattern, 0, alphabet
        self._empty: list[list[int]] = []  # steps that read nothing
        self._reads: list[tuple[frozenset[str], int] | None] = []  # the step that reads one
        self._known: dict[tuple[State, str], State | None] = {}  # steps taken before
        try:
            self._first, self._last = self._alternatives()
        except RecursionError:
            self._fail("too many ( ) within each other")
        if self._at < len(pattern):
            self._fail("')' without '('")
        self.start = self._closure({self._first})
        self.signs = frozenset().union(*(read[0] for read in self._reads if read)) - alphabet.plain

    def step(self, state: State, label: str) -> State | None:
        """The state after one more digit or sign; None if nothing valid begins so."""
        if (state, label) in self._known:
            return self._known[state, label]
        steps = [self._reads[node] for node in state]
        nodes = {step[1] for step in steps if step and label in step[0]}
        after = self._closure(nodes) if nodes else None
        if len(self._known) * len(self._reads) < MOST_REMEMBERED:
            self._known[state, label] = after
        return after

    def accepts(self, state: State) -> bool:
        """Whether what was read up to here is valid as a whole."""
        return self._last in state

    def fits_any(self) -> bool:
        """Whether any digits fit: a way from the first node to the last one reads one."""
        reached, waiting = set(), [(self._first, False)]
        while waiting:
            node, has_read = place = waiting.pop()
            if place in reached:
                continue
            reached.add(place)
            waiting += [(after, has_read) for after in self._empty[node]]
            step = self._reads[node]
            if step and step[0]:
                waiting.append((step[1], True))
        return (self._last, True) in reached

    def _closure(self, nodes: set[int]) -> State:
        reached, waiting = set(nodes), list(nodes)
        while waiting:
            for node in self._empty[waiting.pop()]:
                if node not in reached:
                    reached.add(node)
                    waiting.append(node)
        return frozenset(reached)

    def _fail(self, reason: str) -> None:
        raise UsageError(f"--expect /{self._pattern}/: {reason}")

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self, what: str) -> bool:
        if not self._pattern.startswith(what, self._at):
            return False
        self._at += len(what)
        return True

    def _node(self) -> int:
        if len(self._empty) >= MAX_NODES:
            self._fail("too large; use smaller counts in { }")
        self._empty.append([])
        self._reads.append(None)
        return len(self._empty) - 1

    def _alternatives(self) -> Fragment:
        first, last = self._node(), self._node()
        while True:
            a, b = self._sequence()
            self._empty[first].append(a)
            self._empty[b].append(last)
            if not self._take("|"):
                return first, last

    def _sequence(self) -> Fragment:
        first = last = self._node()
        while self._peek() not in ("", "|", ")"):
            begin = self._at
            a, b = self._atom()
            least, most = self._count()
            end = self._at
            for copy in range(max(most or least, 1)):
                if copy:  # the same part once more
                    self._at = begin
                    a, b = self._atom()
                self._empty[last].append(a)
                if copy >= least:
                    self._empty[last].append(b)
                last = b
            if most is None:
                self._empty[b].append(a)
            self._at = end
        return first, last

    def _count(self) -> tuple[int, int | None]:
        """How often a part may stand: least and most, None for without end."""
        for sign, span in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return span
        if not self._take("{"):
            return 1, 1
        inside, brace, _ = self._pattern[self._at :].partition("}")
        low, comma, high = inside.partition(",")
        counts = all(n.isdecimal() and len(n) <= MOST_FIGURES for n in (low or "0", high or "0"))
        if not brace or not counts or not inside:
            self._fail("'{' without a count")
        self._at += len(inside) + 1
        least = int(low or 0)
        most = (int(high) if high else None) if comma else least
        if (most is not None and (most < least or most == 0)) or least > MAX_NODES:
            self._fail(f"impossible count {{{inside}}}")
        return least, most

    def _atom(self) -> Fragment:
        if self._take("("):
            self._take("?:")
            fragment = self._alternatives()
            if not self._take(")"):
                self._fail("'(' without ')'")
            return fragment
        if self._take("["):
            return self._one_of(self._set())
        sign = self._peek()
        self._at += 1
        if sign in ("*", "+", "?", "{"):
            self._fail(f"'{sign}' with nothing before it")
        if sign == "\\":
            sign = self._escaped()
            return self._one_of(set(DIGITS) if sign == "d" else {sign})
        return self._one_of(set(self._alphabet.plain) if sign == "." else {sign})

    def _escaped(self) -> str:
        sign = self._peek()
        self._at += 1
        if not sign or (sign.isalnum() and sign != "d"):
            self._fail(f"'\\{sign}' is not known here")
        return sign

    def _one_of(self, signs: set[str]) -> Fragment:
        """A step over one of these signs; free where one of them cannot be read."""
        first, last = self._node(), self._node()
        readable = self._alphabet.readable
        self._reads[first] = (readable & signs, last)
        if self._alphabet.rest_is_there and signs - readable:
            self._empty[first].append(last)
        return first, last

    def _set(self) -> set[str]:
        """The signs of a [set] whose '[' is read; '' stands for those that cannot be read."""
        inverted = self._take("^")
        signs: set[str] = set()
        while not self._take("]"):
            sign = self._in_set()
            if sign == DIGIT:
                signs |= DIGITS
            elif self._peek() == "-" and not self._pattern.startswith("-]", self._at):
                self._at += 1
                end = self._in_set()
                if end == DIGIT or end < sign:
                    self._fail(f"'{sign}-{end}' is no range")
                inside = {c for c in self._alphabet.readable if sign <= c <= end}
                signs |= inside | {""} if ord(end) - ord(sign) >= len(inside) else inside
            else:
                signs.add(sign)
        return set(self._alphabet.plain - signs) if inverted else signs

    def _in_set(self) -> str:
        """One sign of a [set], or DIGIT."""
        sign = self._peek()
        if not sign:
            self._fail("'[' without ']'")
        self._at += 1
        if sign != "\\":
            return sign
        sign = self._escaped()
        return DIGIT if sign == "d" else sign
