"""Publishes a run that is over to ReportPortal, from its output file: `inv publish --output results/output.xml`.

What is in the file goes the same way to the same agent as what happens in a run that is published while it goes on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from robot.api import ExecutionResult
from robot.errors import DataError  # type: ignore[import-untyped]  # Robot types its public API only

from observatory.errors import ObservatoryError, SettingsError
from observatory.launch import Attribute, Portal, PortalError, Terms, attributes_of, launch_of, suite_types, terms_of
from observatory.launch.live import fingerprint
from observatory.logs.masking import Masker
from observatory.settings import load_settings
from observatory.words import count
from robot_retries import RETRIED

if TYPE_CHECKING:
    from robot import result

    from observatory.settings import Settings
    from robot_reporter import Attributes

_PATIENCE = 10.0  # seconds for one request: nobody waits for this but who asked for it
_ATTEMPT = re.compile(r"Attempt \d+ of \d+")
_WATCHING = re.compile(r"Watching (\S+) at \S+, as run ([0-9a-f-]{36})\.")


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when something went on, in aware times."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """What became of an output file: where its launch can be seen, and whether it was there before."""

    page: str
    tests: int
    is_old: bool = False


def publish(output: Path, settings: Settings, terms: Terms, *, again: bool = False) -> Published:
    """Publish a run as a launch of its own, unless there is one of the same output file.

    Args:
        output: the output file, as XML or JSON.
        settings: say what the file does not.
        terms: where it is published.
        again: whether it is published also when it was before.

    Raises:
        PortalError: ReportPortal did not take it, or not whole.
        SettingsError: the file cannot be read.
    """
    mark = fingerprint(output)
    if mark is None:
        raise SettingsError(f"There is no output file at {output}; run the suites first, or give one with --output.")
    try:
        suite = ExecutionResult(str(output)).suite
    except DataError as error:
        raise SettingsError(f"{output} is no output file of Robot Framework: {error}") from error
    with Portal(terms, _PATIENCE) as portal:
        portal.check()
        before = None if again else portal.like(Attribute("output", mark))
        if before is not None:
            return Published(before, 0, is_old=True)
        target, run_id = _watched(suite)
        told = settings.model_copy(update={"target": target or settings.target})
        types = suite_types(tag for test in suite.all_tests for tag in test.tags)
        span = span_of(suite, None)
        log = output.with_name("log.html")
        attributes = attributes_of(told, types, run_id=run_id)
        launch = launch_of(told, types, span.start, log=log if log.exists() else None, attributes=attributes)
        uuid = portal.start(launch)
        trouble: list[str] = []
        tests = _tell(suite, terms, uuid, Masker(settings.secrets()), output.parent, trouble)
        if trouble:
            page = portal.finish(uuid, max(span.end, datetime.now(UTC)), attributes, status="STOPPED")
            raise PortalError(f"Only a part of {output} was published ({page}): {trouble[0]}")
        whole = (*attributes, Attribute("output", mark))
        return Published(portal.finish(uuid, span.end, whole), tests)


def _tell(suite: result.TestSuite, terms: Terms, launch: str, masker: Masker, folder: Path, trouble: list[str]) -> int:
    from robot_agent import Agent, Circuit
    from robot_reporter import Reporter

    circuit = Circuit(terms, trouble.append, lambda: trouble[0] if trouble else "")
    reporter = Reporter(Agent(circuit, launch, (_PATIENCE, _PATIENCE)), masker, folder)
    for method, told in events(suite):
        if trouble:
            break
        getattr(reporter, method)(*told)
    reporter.close()
    return reporter.report.tests


def events(suite: result.TestSuite, around: Span | None = None) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """What listeners would have been told of a suite: the method's name, and what it takes."""
    span = span_of(suite, around)
    about: Attributes = {
        "id": suite.id,
        "longname": suite.full_name,
        "doc": suite.doc,
        "metadata": dict(suite.metadata),
        "source": str(suite.source or ""),
        "suites": [each.name for each in suite.suites],
        "tests": [each.name for each in suite.tests],
        "totaltests": suite.test_count,
        "starttime": span.start,
    }
    yield "start_suite", (suite.name, about)
    yield from _steps(suite.setup if suite.has_setup else None, span)
    for inner in suite.suites:
        yield from events(inner, span)
    for test in suite.tests:
        yield from _attempts(test, span)
    yield from _steps(suite.teardown if suite.has_teardown else None, span)
    ended = {"endtime": span.end, "status": suite.status, "message": suite.message, "statistics": suite.stat_message}
    yield "end_suite", (suite.name, {**about, **ended})


def span_of(item: Any, around: Span | None) -> Span:
    """When something began and ended: never before what is around it, and never the end before the beginning.

    What was merged from several outputs has no times of its own; then its parts tell.
    """
    start, end = _aware(item.start_time), _aware(item.end_time)
    if (start is None or end is None) and hasattr(item, "all_tests"):
        spans = [span_of(test, None) for test in item.all_tests]
        start = start or min((each.start for each in spans), default=None)
        end = end or max((each.end for each in spans), default=None)
    start = start or (around.start if around is not None else datetime.now(UTC))
    start = max(start, around.start) if around is not None else start
    return Span(start, max(start, end or start))


def _attempts(test: result.TestCase, around: Span) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A test, and before it each earlier attempt at it, which the output file has as a group in it."""
    earlier = []
    for step in test.body:
        if step.type != step.GROUP or not _ATTEMPT.fullmatch(step.name):
            break
        earlier.append(step)
    for attempt in earlier:
        span = span_of(attempt, around)
        yield from _test(test, span, [attempt.body], attempt.status, attempt.message, [*test.tags, RETRIED])
    fixtures = (test.setup if test.has_setup else None, test.teardown if test.has_teardown else None)
    steps = [[fixtures[0]], list(test.body)[len(earlier) :], [fixtures[1]]]
    yield from _test(test, span_of(test, around), steps, test.status, test.message, list(test.tags))


def _test(
    test: result.TestCase, span: Span, steps: Sequence[Any], status: str, message: str, tags: Sequence[str]
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    about: Attributes = {
        "id": test.id,
        "longname": test.full_name,
        "doc": test.doc,
        "tags": list(tags),
        "source": str(test.source or ""),
        "lineno": test.lineno,
        "template": "",
        "starttime": span.start,
    }
    yield "start_test", (test.name, about)
    for part in steps:
        for step in part:
            yield from _steps(step, span)
    yield "end_test", (test.name, {**about, "endtime": span.end, "status": status, "message": message})


def _steps(step: Any, around: Span) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A keyword, a control structure or a message, with what is in it."""
    if step is None:
        return
    if step.type == step.MESSAGE:
        at = _aware(step.timestamp) or around.start
        yield (
            "log_message",
            ({"message": step.message, "level": step.level, "html": "yes" if step.html else "no", "timestamp": at},),
        )
        return
    is_keyword = step.type in (step.KEYWORD, step.SETUP, step.TEARDOWN)
    span = span_of(step, around)
    name = step.full_name if is_keyword else getattr(step, "_log_name", step.type)
    about: Attributes = {
        "type": step.type,
        "kwname": step.name if is_keyword else name,
        "libname": (step.owner or "") if is_keyword else "",
        "doc": step.doc if is_keyword else "",
        "args": list(step.args) if is_keyword else [],
        "assign": list(step.assign) if is_keyword else [],
        "tags": list(step.tags) if is_keyword else [],
        "status": step.status,
        "starttime": span.start,
    }
    yield "start_keyword", (name, about)
    if is_keyword:
        yield from _steps(step.setup if step.has_setup else None, span)
    for inner in getattr(step, "body", ()):
        yield from _steps(inner, span)
    if is_keyword:
        yield from _steps(step.teardown if step.has_teardown else None, span)
    yield "end_keyword", (name, {**about, "endtime": span.end})


def _aware(time: datetime | None) -> datetime | None:
    """Robot writes the time of the machine, without its zone; ReportPortal counts in milliseconds."""
    if time is None:
        return None
    return time.astimezone(UTC) - timedelta(microseconds=time.microsecond % 1000)


def _watched(suite: result.TestSuite) -> tuple[str | None, str | None]:
    """The target that the suites watched, and their run, as the log tells; None when it does not."""
    for method, told in events(suite):
        found = _WATCHING.match(str(told[0]["message"])) if method == "log_message" else None
        if found is not None:
            return found[1], found[2]
    return None, None


@click.command()
@click.argument("output", type=click.Path(path_type=Path), default=Path("results/output.xml"))
@click.option("--again", is_flag=True, help="Publish it also when it was published before.")
def main(output: Path, *, again: bool) -> None:
    """Publish a run that is over to ReportPortal, from its OUTPUT file; results/output.xml if none is named."""
    # The agent's client would tell an analytics service of each launch.
    os.environ["AGENT_NO_ANALYTICS"] = "1"
    try:
        settings = load_settings()
        terms = terms_of(settings)
        if terms is None:
            raise SettingsError("Set REPORTPORTAL_ENDPOINT, REPORTPORTAL_PROJECT and REPORTPORTAL_API_KEY to publish.")
        done = publish(output.absolute(), settings, terms, again=again)
    except ObservatoryError as error:
        raise click.ClickException(str(error)) from error
    if done.is_old:
        click.echo(f"This output was published before: {done.page}. To publish it once more, add --again.")
    else:
        click.echo(f"ReportPortal has the run, with {count(done.tests, 'test')}: {done.page}")


if __name__ == "__main__":
    main()
