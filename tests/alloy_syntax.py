"""Reads the configuration language of Grafana Alloy, as much of it as a pipeline of logs is written in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+|//[^\n]*|/\*.*?\*/)
    |(?P<text>"(?:[^"\\\n]|\\.)*")
    |(?P<raw>`[^`]*`)
    |(?P<number>-?\d+(?:\.\d+)?)
    |(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    |(?P<mark>[{}\[\]()=,])""",
    re.VERBOSE | re.DOTALL,
)
_WORDS: Final = {"true": True, "false": False, "null": None}


class AlloyError(Exception):
    """A configuration that Alloy would refuse."""


@dataclass(frozen=True)
class Reference:
    """What another component exports, such as `loki.write.loki.receiver`."""

    name: str


@dataclass(frozen=True)
class Block:
    """A block with its label, its attributes, and the blocks within it in their order."""

    name: str
    label: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()

    @property
    def address(self) -> str:
        """How others refer to a component."""
        return f"{self.name}.{self.label}" if self.label else self.name


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int


def read_alloy(text: str) -> tuple[Block, ...]:
    """The blocks of a configuration.

    Raises:
        AlloyError: it is not in Alloy's language, or in a part of it that is not known here.
    """
    reader = _Reader(list(_tokens(text)))
    attributes, blocks = reader.body(until="end")
    if attributes:
        raise AlloyError(f"{', '.join(attributes)}: attributes stand in blocks")
    addresses = [block.address for block in blocks]
    doubled = {address for address in addresses if addresses.count(address) > 1}
    if doubled:
        raise AlloyError(f"declared twice: {', '.join(sorted(doubled))}")
    return blocks


def _tokens(text: str) -> Iterator[_Token]:
    position, line = 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise AlloyError(f"line {line}: cannot read {text[position : position + 20]!r}")
        if match.lastgroup != "space":
            yield _Token(match.lastgroup, match[0], line)
        line += match[0].count("\n")
        position = match.end()
    yield _Token("end", "", line)


class _Reader:
    """Goes through the tokens once, from the first to the last."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def body(self, until: str) -> tuple[dict[str, Any], tuple[Block, ...]]:
        attributes: dict[str, Any] = {}
        blocks: list[Block] = []
        while not self._next_is(until):
            name = self._take("name")
            if self._next_is("="):
                self._take("=")
                if name.text in attributes:
                    raise AlloyError(f"line {name.line}: {name.text} is set twice")
                attributes[name.text] = self._value()
            else:
                label = self._text() if self._peek().kind == "text" else ""
                self._take("{")
                inner, within = self.body(until="}")
                blocks.append(Block(name.text, label, inner, within))
        self._take(until)
        return attributes, tuple(blocks)

    def _value(self) -> Any:
        token = self._peek()
        if token.kind in {"text", "raw"}:
            return self._text()
        if token.kind == "number":
            self._at += 1
            return float(token.text) if "." in token.text else int(token.text)
        if token.kind == "name":
            self._at += 1
            return _WORDS[token.text] if token.text in _WORDS else Reference(token.text)
        if token.text == "[":
            return self._list()
        if token.text == "{":
            return self._object()
        raise AlloyError(f"line {token.line}: no value begins with {token.text!r}")

    def _list(self) -> list[Any]:
        self._take("[")
        items = []
        while not self._next_is("]"):
            items.append(self._value())
            if not self._next_is("]"):
                self._take(",")
        self._take("]")
        return items

    def _object(self) -> dict[str, Any]:
        self._take("{")
        found: dict[str, Any] = {}
        while not self._next_is("}"):
            key = self._text() if self._peek().kind == "text" else self._take("name").text
            self._take("=")
            found[key] = self._value()
            if not self._next_is("}"):
                self._take(",")
        self._take("}")
        return found

    def _text(self) -> str:
        token = self._peek()
        self._at += 1
        if token.kind == "raw":
            return token.text[1:-1]
        try:
            text: str = json.loads(token.text)
        except ValueError as error:
            raise AlloyError(f"line {token.line}: {token.text} has an escape that is not known") from error
        return text

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next_is(self, kind: str) -> bool:
        token = self._peek()
        return kind == token.kind or (token.kind == "mark" and token.text == kind)

    def _take(self, kind: str) -> _Token:
        token = self._peek()
        if not self._next_is(kind):
            raise AlloyError(f"line {token.line}: {kind!r} is expected where {token.text!r} stands")
        self._at += 1
        return token
