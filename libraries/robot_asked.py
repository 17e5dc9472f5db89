"""Whether the tests of a suite were asked for, by a tag or by their place, or came with everything else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from robot import result, running


class SuiteOfNow:
    """Knows which suite Robot is in: a listener, for Robot tells it to nobody else."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        """No suite has begun."""
        self.suite: running.TestSuite | None = None

    def start_suite(self, data: running.TestSuite, begun: result.TestSuite) -> None:
        """A suite begins."""
        del begun
        self.suite = data


def is_asked_for(
    suite: running.TestSuite, tag: str, *, included: Sequence[str], folder: Path, is_part: bool = False
) -> bool:
    """Whether the tests of a suite that have a tag were asked for, and do not just come with all others.

    They were when `--include` would not choose one of them without its tag; when what was given to the command is
    the suite's own file, or lies in the folder of such suites; and when no test without the tag was chosen at all.

    Args:
        suite: the suite, as Robot runs it.
        tag: the tag of its tests.
        included: what was given with `--include`.
        folder: where the suites with such tests are.
        is_part: whether this process runs a part of what was asked for, such as one of pabot, which then says nothing.
    """
    if _is_chosen_by(tag, suite, included):
        return True
    given = _given(suite)
    if given is not None and (given == suite.source or given.resolve().is_relative_to(folder.resolve())):
        return True
    return not is_part and all(tag in test.tags for test in _whole(suite).all_tests)


def _is_chosen_by(tag: str, suite: running.TestSuite, included: Sequence[str]) -> bool:
    """Whether fewer of the suite's tests, all of which were chosen, would be so without the tag."""
    bare = running.TestSuite(suite.name)
    for test in suite.all_tests:
        bare.tests.create(test.name, tags=[each for each in test.tags if each.lower() != tag])
    bare.filter(included_tags=list(included) or None)
    return len(list(bare.all_tests)) < len(list(suite.all_tests))


def _given(suite: running.TestSuite) -> Path | None:
    """The file or folder that was given to the command; of several, the one that the suite is from."""
    given: Path | None = suite.source
    above = suite.parent
    while above is not None and above.source is not None:
        given, above = above.source, above.parent
    return given


def _whole(suite: running.TestSuite) -> running.TestSuite:
    while suite.parent is not None:
        suite = suite.parent
    return suite
