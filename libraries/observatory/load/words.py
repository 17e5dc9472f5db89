"""What is said of a load, on its page and in a terminal: what was planned, how it ended, and how it compares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from observatory.load.report import Ending, LoadModel, LoadReport, Outcome, PastLoad
from observatory.load.sentences import duration, milliseconds, per_second
from observatory.words import count, percent

SIGNS: Final = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.UNSURE: "?", None: "…"}
"""A shape for each outcome, for those who see no colours; None is not judged yet."""

WORDS: Final = {
    Outcome.PASSED: "Passed",
    Outcome.FAILED: "Failed",
    Outcome.UNSURE: "Unsure",
    None: "Not judged yet",
}
"""A word for each outcome."""

_FEW: Final = 3  # loads, to be beyond all of which is nothing unusual
_WORTH_TELLING: Final = 1.05  # times the last that was known


def outcome_of(report: LoadReport) -> Outcome | None:
    """The outcome of a load; None when nobody has judged it."""
    return report.verdict.outcome if report.verdict else None


def headline(report: LoadReport) -> str:
    """The outcome, and of what: `Passed: light on embedded`."""
    return f"{WORDS[outcome_of(report)]}: {report.plan.profile} on {report.plan.target}"


def reasons(report: LoadReport) -> Sequence[str]:
    """Why the verdict is what it is, a sentence each."""
    if report.verdict is None:
        return ("The load was measured, and nothing was judged: `observatory load finish` does that.",)
    return report.verdict.reasons


def planned(report: LoadReport) -> str:
    """What was planned, in a sentence."""
    plan = report.plan
    if plan.model is LoadModel.OPEN and plan.rate is not None:
        load = f"up to {plan.rate:g} {'arrival' if plan.rate == 1 else 'arrivals'} a second"
    else:
        load = f"up to {count(plan.users, 'user')}"
    where = f"{plan.target}, at {plan.address}" if plan.target != plan.address else plan.target
    return (
        f"{plan.profile}, {plan.shape}: {load} {_so_long(plan.seconds)} against {where}; {_validated(plan.validated)}."
    )


def ended(report: LoadReport) -> str:
    """How it ended, and how those fared that made it."""
    after, of = f"after {duration(report.seconds)}", report.plan.seconds
    of_planned = f" of {duration(of)}" if of is not None else ""
    how = {
        Ending.FINISHED: f"It came to its end {after}.",
        Ending.INTERRUPTED: f"It was interrupted {after}{of_planned}.",
        Ending.UNREACHED: f"It was stopped {after}, because nobody could be reached.",
        Ending.WORKERS_LOST: f"It was stopped {after}, because the workers that made it were lost.",
    }[report.ending]
    generator = report.generator
    made_by = "One process" if generator.processes == 1 else f"{generator.processes} processes"
    lost = f", of which {generator.lost} {'was' if generator.lost == 1 else 'were'} lost" if generator.lost else ""
    if not generator.busiest:  # too short to tell
        return f"{how} {made_by} made it{lost}."
    used = f"used up to {percent(generator.busiest)} of a CPU"
    busiest = f", and {used}" if generator.processes == 1 else f"; the busiest {used}"
    return f"{how} {made_by} made it{lost}{busiest}."


def compared(report: LoadReport) -> Iterator[str]:
    """How the load stands beside those before it, as far as both can be trusted."""
    if outcome_of(report) is Outcome.UNSURE:
        yield "This load is unsure, so it is held against no other."
        return
    known = [past for past in report.past if past.outcome != Outcome.UNSURE]
    ranges = [
        _beside("P95", report.total.p95, [past.p95 for past in known], milliseconds, ("longer", "shorter")),
        _beside(
            "Throughput", report.total.throughput, [past.throughput for past in known], per_second, ("more", "less")
        ),
    ]
    yield from (sentence for sentence in ranges if sentence)
    unsure = len(report.past) - len(known)
    if unsure:
        yield f"{count(unsure, 'load')} before it {'is' if unsure == 1 else 'are'} unsure, and held against nothing."


def begun(past: PastLoad) -> str:
    """The outcome of a load in the history with its sign; a word that is not known stands as it is."""
    known = next((outcome for outcome in Outcome if outcome == past.outcome), None)
    return f"{SIGNS[known]} {past.outcome}" if known else past.outcome


def _so_long(seconds: float | None) -> str:
    return "until somebody stops it" if seconds is None else f"for {duration(seconds)}"


def _validated(part: float) -> str:
    if part >= 1:
        return "every answer was held against its model"
    return f"{percent(part)} of the answers were held against their model" if part else "no answer was held to a model"


def _beside(
    name: str,
    now: float | None,
    before: Sequence[float | None],
    written: Callable[[float], str],
    beyond: tuple[str, str],
) -> str:
    """A value beside those of the loads before it; nothing when either is not known."""
    known = [value for value in before if value is not None]
    if now is None or not known:
        return ""
    low, high = written(min(known)), written(max(known))
    span = low if low == high else f"{_without_unit(low, high)} to {high}"
    loads = "the load" if len(known) == 1 else f"the {len(known)} loads"
    said = f"{name} {written(now)}; {loads} of this kind before it had {span}"
    is_more, is_less = now > _WORTH_TELLING * max(known), now < min(known) / _WORTH_TELLING
    if len(known) >= _FEW and (is_more or is_less):
        return f"{said}, so this is {beyond[0] if is_more else beyond[1]} than in any of them."
    return f"{said}."


def _without_unit(low: str, high: str) -> str:
    """The lower end of a range without the unit that the upper one has as well."""
    number, _, unit = low.partition(" ")
    return number if high.partition(" ")[2] == unit else low
