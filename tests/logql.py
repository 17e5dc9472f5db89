"""The part of LogQL that finds lines: matchers of labels, filters of lines, of labels and of fields."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    |(?P<number>\d+(?:\.\d+)?(?![\w.]))
    |(?P<name>[A-Za-z_]\w*)
    |(?P<mark>\|=|\|~|!=|!~|=~|==|>=|<=|[|{}(),=<>])""",
    re.VERBOSE,
)
_NUMBERS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
Step: TypeAlias = Callable[[str, dict[str, str]], bool]
"""Looks at a line and its labels, to which it may add some, and tells whether the line goes on."""


class LogQLError(Exception):
    """A query that Loki would refuse, or that is not known here."""


@dataclass(frozen=True)
class Matcher:
    """What a label must be; one that is missing is empty."""

    name: str
    sign: str
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether it is so. A regular expression is of the whole value."""
        seen = labels.get(self.name, "")
        if self.sign in {"=", "!="}:
            return (seen == self.value) == (self.sign == "=")
        return bool(re.fullmatch(self.value, seen, re.DOTALL)) == (self.sign == "=~")


@dataclass(frozen=True)
class Query:
    """A query: the streams that it looks into, and what becomes of each of their lines."""

    matchers: tuple[Matcher, ...]
    steps: tuple[Step, ...]

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether it looks into a stream."""
        return all(matcher.holds(labels) for matcher in self.matchers)

    def found(self, line: str, labels: Mapping[str, str]) -> dict[str, str] | None:
        """The labels of a line with what stages added to them; None for a line that is filtered out."""
        known = dict(labels)
        return known if all(step(line, known) for step in self.steps) else None


def quoted(text: str) -> str:
    """A text as a query has it."""
    return json.dumps(text, ensure_ascii=False)


def read_logql(text: str) -> Query:
    """Read a query.

    Raises:
        LogQLError: it is not in LogQL, or in a part of it that is not known here.
    """
    return _Reader(list(_tokens(text))).query()


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise LogQLError(f"cannot read {text[position : position + 20]!r} in {text!r}")
        if match.lastgroup != "space":
            yield (match[0] if match.lastgroup == "mark" else match.lastgroup), match[0]
        position = match.end()
    yield "end", ""


class _Reader:
    """Goes through the tokens once, from the first to the last."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def query(self) -> Query:
        self._take("{")
        matchers = [self._matcher()]
        while self._next() == ",":
            self._take(",")
            matchers.append(self._matcher())
        self._take("}")
        if all(matcher.holds({}) for matcher in matchers):
            raise LogQLError("queries require at least one matcher that does not hold for an empty value")
        steps = []
        while self._next() != "end":
            steps.append(self._step())
        return Query(tuple(matchers), tuple(steps))

    def _matcher(self) -> Matcher:
        return Matcher(self._take("name"), self._sign({"=", "!=", "=~", "!~"}), self._text())

    def _step(self) -> Step:
        if self._next() in {"|=", "|~", "!=", "!~"}:
            return self._line_filter()
        self._take("|")
        if self._tokens[self._at] == ("name", "json"):
            self._take("name")
            return _json
        return self._either()

    def _line_filter(self) -> Step:
        sign, text = self._take(self._next()), self._text()
        wanted = sign.startswith("|")
        if sign.endswith("~"):
            pattern = re.compile(text)
            return lambda line, _: bool(pattern.search(line)) == wanted
        return lambda line, _: (text in line) == wanted

    def _either(self) -> Step:
        steps = [self._both()]
        while self._tokens[self._at] == ("name", "or"):
            self._take("name")
            steps.append(self._both())
        return lambda line, labels: any(step(line, labels) for step in steps)

    def _both(self) -> Step:
        steps = [self._comparison()]
        while self._next() == "," or self._tokens[self._at] == ("name", "and"):
            self._take(self._next())
            steps.append(self._comparison())
        return lambda line, labels: all(step(line, labels) for step in steps)

    def _comparison(self) -> Step:
        if self._next() == "(":
            self._take("(")
            inner = self._either()
            self._take(")")
            return inner
        name, sign = self._take("name"), self._sign({*_NUMBERS, "=~", "!~"})
        if self._next() == "number" and sign in _NUMBERS:
            return _numeric(name, _NUMBERS[sign], float(self._take("number")))
        if sign not in {"=", "!=", "=~", "!~"}:
            raise LogQLError(f"{name} {sign} needs a number")
        matcher = Matcher(name, sign, self._text())
        return lambda _, labels: matcher.holds(labels)

    def _sign(self, signs: set[str]) -> str:
        if self._next() not in signs:
            raise LogQLError(f"no comparison: {self._tokens[self._at][1]!r}")
        return self._take(self._next())

    def _text(self) -> str:
        token = self._take("text")
        if token.startswith("`"):
            return token[1:-1]
        try:
            text: str = json.loads(token)
        except ValueError as error:
            raise LogQLError(f"{token} has an escape that is not known") from error
        return text

    def _next(self) -> str:
        return self._tokens[self._at][0]

    def _take(self, kind: str) -> str:
        seen, text = self._tokens[self._at]
        if seen != kind:
            raise LogQLError(f"{kind!r} is expected where {text!r} stands")
        self._at += 1
        return text


def _numeric(name: str, holds: Callable[[float, float], bool], number: float) -> Step:
    def step(line: str, labels: dict[str, str]) -> bool:
        del line
        if name not in labels:
            return False
        try:
            return holds(float(labels[name]), number)
        except ValueError:
            labels["__error__"] = "LabelFilterErr"
            return True

    return step


def _json(line: str, labels: dict[str, str]) -> bool:
    """Make the fields of a line labels; one that is a label already gets a name of its own."""
    try:
        fields = json.loads(line)
    except ValueError:
        labels["__error__"] = "JSONParserErr"
        return True
    known = set(labels)
    for name, text in _flat(fields, ""):
        labels[f"{name}_extracted" if name in known else name] = text
    return True


def _flat(fields: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in fields.items():
        name = prefix + re.sub(r"\W", "_", key)
        if isinstance(value, dict):
            yield from _flat(value, f"{name}_")
        elif isinstance(value, bool):
            yield name, str(value).lower()
        elif not isinstance(value, list) and value is not None:
            yield name, str(value)
