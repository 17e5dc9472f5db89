"""What a benchmark found, as values and as a table for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.timing import Ratio

_BOLD, _DIM = "1", "2"
_VERDICTS = {"ok": "32", "over": "31;1"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A number held against the most it may be; `least` and `most` are its extremes over the rounds, where it has any.

    `unit` stands behind the numbers: `x` for how many times as much, `%` for a share, `B` or another word for whole
    numbers.
    """

    what: str
    seen: float
    target: float
    unit: str = "x"
    least: float | None = None
    most: float | None = None

    @classmethod
    def of(cls, what: str, ratio: Ratio, target: float) -> Judgement:
        """Judge the median of a ratio."""
        return cls(what, ratio.median, target, least=ratio.least, most=ratio.most)

    @classmethod
    def of_share(cls, what: str, ratio: Ratio, target: float) -> Judgement:
        """Judge the median of a ratio that is a small share; the target is in per cent."""
        return cls(what, 100 * ratio.median, target, "%", 100 * ratio.least, 100 * ratio.most)

    @property
    def met(self) -> bool:
        """Whether the target is met."""
        return self.seen <= self.target


@dataclass(frozen=True, slots=True)
class Result:
    """One benchmark: a heading, the rows of its table with the head first, the judgements, and what else to know.

    `raw` is what was measured, for `--json`.
    """

    name: str
    heading: str
    rows: Sequence[Sequence[str]]
    judgements: Sequence[Judgement]
    notes: Sequence[str] = ()
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Whether all targets are met."""
        return all(judgement.met for judgement in self.judgements)


def rendered(result: Result) -> str:
    """The result as text: the table, the ratios with their targets, the notes."""
    judged: list[tuple[str, ...]] = [("", "seen", "range", "target", "")]
    judged += [_cells(judgement) for judgement in result.judgements]
    lines = [paint(f"{result.name}: {result.heading}", _BOLD), "", *_aligned(result.rows), "", *_aligned(judged)]
    lines += [paint(f"  {note}", _DIM) for note in result.notes]
    return "\n".join(lines)


def paint(text: str, code: str) -> str:
    """The text in a colour, where colours can be seen; the words alone say as much."""
    shown = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return f"\033[{code}m{text}\033[0m" if shown else text


def seconds(value: float) -> str:
    """Seconds as the tables show them."""
    return f"{value:.3f} s"


def _cells(judgement: Judgement) -> tuple[str, ...]:
    extremes = (judgement.least, judgement.most)
    span = "" if None in extremes else " - ".join(_number(each, "") for each in extremes if each is not None)
    seen, target = (_number(each, judgement.unit) for each in (judgement.seen, judgement.target))
    return (judgement.what, seen, span, f"at most {target}", "ok" if judgement.met else "over")


def _number(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}".rstrip() if unit in {"x", "%", "s", ""} else f"{value:,.0f} {unit}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines, the first column to the left and the others to the right, the verdict in its colour."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  " + "  ".join(_padded(row, widths)).rstrip() for row in rows]


def _padded(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
        padded = cell.rjust(width) if column else cell.ljust(width)
        yield paint(padded, _VERDICTS[cell]) if cell in _VERDICTS else padded
