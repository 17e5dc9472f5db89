"""Tells in Markdown how a run went: its counts, and each failed test with the reason; reads Robot's output.xml."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from robot import result
from robot.api import ExecutionResult

MOST_TOLD = 50
LONGEST = 300  # characters of a reason


def summary(run: result.Result) -> Iterator[str]:
    """The lines of the page that GitHub shows for a run."""
    counts = run.suite.statistics
    yield "### Suites"
    yield ""
    yield f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped."
    failed = [test for test in run.suite.all_tests if test.failed]
    if failed:
        yield ""
        yield "| failed | why |"
        yield "|---|---|"
        yield from (f"| {cell(test.full_name)} | {cell(reason(test))} |" for test in failed[:MOST_TOLD])
    if len(failed) > MOST_TOLD:
        yield ""
        yield f"And {len(failed) - MOST_TOLD} more: log.html, in the artifact, has them all."
    yield ""


def reason(test: result.TestCase) -> str:
    """What a test says of its failure, cut where it gets long."""
    return test.message if len(test.message) <= LONGEST else f"{test.message[:LONGEST]}…"


def cell(text: str) -> str:
    """A text as it may stand in a cell of a table: one line that nobody takes for Markdown or HTML."""
    told = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{letter}" if letter in r"\`*_[]|" else letter for letter in told)


if __name__ == "__main__":
    output = Path(sys.argv[1])
    if output.is_file():
        sys.stdout.write("\n".join(summary(ExecutionResult(output))))
    else:
        sys.stdout.write(f"There is no {output}: no shard left any result.\n")
