"""GitHub's expressions, as far as our workflows use them: `${{ … }}` is read and evaluated as a runner would."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

Functions = Mapping[str, Callable[..., Any]]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w-]*)|(?P<sign>&&|\|\||==|!=|[!()\[\],.*]))"
)
_EXPRESSION: Final = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_CONSTANTS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None}
_STATUS: Final = re.compile(r"\b(success|failure|cancelled|always)\s*\(")


def truth(value: Any) -> bool:
    """Whether a value counts as true: false, 0, the empty text and null do not."""
    return bool(value) if not isinstance(value, (list, dict)) else True


def shown(value: Any) -> str:
    """A value as it is put into a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def evaluate(expression: str, contexts: Mapping[str, Any], functions: Functions) -> Any:
    """The value of an expression without its braces.

    Raises:
        ValueError: it is none, or uses what is unknown here.
    """
    reader = _Reader(_tokens(expression), contexts, functions)
    value = reader.alternative()
    if reader.left:
        raise ValueError(f"'{expression}' goes on where it should end: {reader.left}")
    return value


def render(value: Any, contexts: Mapping[str, Any], functions: Functions) -> Any:
    """A value of a workflow with its expressions evaluated; one that is nothing but an expression keeps its type."""
    if not isinstance(value, str):
        return value
    whole = _EXPRESSION.fullmatch(value.strip())
    if whole and whole.group(1).count("${{") == 0:
        return evaluate(whole.group(1), contexts, functions)
    return _EXPRESSION.sub(lambda found: shown(evaluate(found[1], contexts, functions)), value)


def holds(condition: Any, contexts: Mapping[str, Any], functions: Functions) -> bool:
    """Whether an `if` holds: without a word on how things went so far, it asks that they went well."""
    text = "" if condition is None else str(condition)
    found = _EXPRESSION.fullmatch(text.strip())
    text = found[1] if found else text
    if text.strip() and not truth(evaluate(text, contexts, functions)):
        return False
    return bool(_STATUS.search(text)) or bool(functions["success"]())


@cache
def _tokens(expression: str) -> Sequence[tuple[str, str]]:
    tokens, at = [], 0
    while expression[at:].strip():
        found = _TOKEN.match(expression, at)
        if found is None:
            raise ValueError(f"'{expression}' can't be read from here on: {expression[at:]}")
        tokens.append((str(found.lastgroup), found[0].strip()))
        at = found.end()
    return tokens


class _Reader:
    """Reads tokens from left to right, and evaluates what it has read."""

    def __init__(self, tokens: Sequence[tuple[str, str]], contexts: Mapping[str, Any], functions: Functions) -> None:
        self.left = list(tokens)
        self._contexts, self._functions = contexts, functions

    def alternative(self) -> Any:
        value = self._conjunction()
        while self._take("||"):
            other = self._conjunction()
            value = value if truth(value) else other
        return value

    def _conjunction(self) -> Any:
        value = self._comparison()
        while self._take("&&"):
            other = self._comparison()
            value = other if truth(value) else value
        return value

    def _comparison(self) -> Any:
        value = self._operand()
        for sign, wanted in (("==", True), ("!=", False)):
            if self._take(sign):
                return _equal(value, self._operand()) is wanted
        return value

    def _operand(self) -> Any:
        if self._take("!"):
            return not truth(self._operand())
        if self._take("("):
            value = self.alternative()
            self._expect(")")
            return value
        kind, text = self.left.pop(0)
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind != "name":
            raise ValueError(f"{text} stands where a value should")
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if self._take("("):
            return self._call(text)
        if text not in self._contexts:
            raise ValueError(f"There is no context {text} here; there are {', '.join(self._contexts)}")
        return self._inside(self._contexts[text])

    def _call(self, name: str) -> Any:
        arguments = []
        while not self._take(")"):
            arguments.append(self.alternative())
            self._take(",")
        if name not in self._functions:
            raise ValueError(f"There is no function {name} here")
        return self._functions[name](*arguments)

    def _inside(self, value: Any) -> Any:
        while True:
            if self._take("."):
                key: Any = self.left.pop(0)[1]
            elif self._take("["):
                key = self.alternative()
                self._expect("]")
            else:
                return value
            value = value.get(key) if isinstance(value, Mapping) else None

    def _take(self, sign: str) -> bool:
        if self.left and self.left[0] == ("sign", sign):
            self.left.pop(0)
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise ValueError(f"{sign} is missing before {self.left}")


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    if type(one) is type(other):
        return bool(one == other)
    return _number(one) == _number(other)


def _number(value: Any) -> float:
    if value is None or value == "":
        return 0.0
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
