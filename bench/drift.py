"""What it costs to know what changed: on unchanged answers, on changed ones, and in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from statistics import median

from bench.apart import apart
from bench.bodies import Shelf
from bench.changed import EVERY_ITEM, KNOWN, ONE_VALUE, SEVEN_PLACES, Changed, time_changed
from bench.memory import AMOUNTS, Grown, measure_memory
from bench.report import Judgement, Result
from bench.timing import ratio
from bench.unchanged import Spent, time_unchanged
from bench.workplace import Workplace

_MOST_OF_A_CHECK = 3.0  # per cent
_MOST_OF_DEEPDIFF = 100 / 40  # per cent
_MOST_GROWTH = 1.1


def run_drift(place: Workplace, shelf: Shelf) -> Result:
    """Measure all three.

    Raises:
        BenchError: a run failed, or what was timed did not find what it should.
    """
    unchanged = time_unchanged(place, shelf)
    place.tell("drift: changed bodies against DeepDiff")
    changed = apart(time_changed, shelf, place.rounds)
    place.tell("drift: memory")
    grown = apart(measure_memory, shelf)
    return Result(
        name="drift",
        heading=f"{len(shelf.pokemon)} checks on unchanged bodies of {shelf.mean_bytes / 1000:.0f} KB, "
        f"a changed body of {changed.body_bytes / 1000:.0f} KB, up to {max(AMOUNTS):,} resources; "
        f"median of {place.rounds} rounds",
        rows=[("", "seen", "share"), *_unchanged_rows(unchanged), *_changed_rows(changed), *_memory_rows(grown)],
        judgements=[
            *_unchanged_judgements(unchanged),
            *(_changed_judgement(changed, edit.name) for edit in (ONE_VALUE, SEVEN_PLACES)),
            *_memory_judgements(grown),
        ],
        notes=(
            f"stored, the model of {KNOWN} pokemon is {changed.model_bytes:,} B of JSON for {changed.paths} paths",
            "a check: all threads of a real run from its first test to its last, without start, log.html and report",
            "added: what the functions of drift took in their threads, and its queries in the database server",
            "learning and diff: parse both, shapes, evidence, changes of schema and data; DeepDiff gets parsed ones",
        ),
        raw={
            "unchanged": [asdict(each) for each in unchanged],
            "changed": asdict(changed),
            "memory": [asdict(each) for each in grown],
        },
    )


def _unchanged_rows(rounds: list[Spent]) -> list[tuple[str, ...]]:
    def row(name: str, part: Callable[[Spent], float], whole: Callable[[Spent], float]) -> tuple[str, ...]:
        a_check = median(part(spent) / spent.checks for spent in rounds)
        share = median(part(spent) / whole(spent) for spent in rounds)
        return name, f"{a_check * 1e6:,.0f} us", f"{share:.2%}"

    return [
        row("a check on an unchanged body, CPU", _cpu, _cpu),
        row("  added in Robot's thread", lambda spent: spent.in_robots_thread, _cpu),
        row("  added in the writer", lambda spent: spent.in_writer, _cpu),
        row("  added in the database server", lambda spent: spent.in_server, _cpu),
        row("  added once, a check's part of it", lambda spent: spent.once, _cpu),
        row("a check on an unchanged body, wall", _wall, _wall),
        row("  Robot's thread held up", lambda spent: spent.held_up, _wall),
    ]


def _cpu(spent: Spent) -> float:
    return spent.cpu


def _wall(spent: Spent) -> float:
    return spent.wall


def _unchanged_judgements(rounds: list[Spent]) -> list[Judgement]:
    added = ratio([spent.added for spent in rounds], [spent.cpu for spent in rounds])
    held_up = ratio([spent.held_up for spent in rounds], [spent.wall for spent in rounds])
    return [
        Judgement.of_share("unchanged body: CPU added to a check", added, _MOST_OF_A_CHECK),
        Judgement.of_share("unchanged body: wall added to a check", held_up, _MOST_OF_A_CHECK),
    ]


def _changed_rows(changed: Changed) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for edit in (ONE_VALUE, SEVEN_PLACES, EVERY_ITEM):
        ours, peer = changed.ours[edit.name], changed.deepdiff[edit.name]
        share = ratio(ours, peer).median
        rows.append((f"DeepDiff of {edit.name}", f"{median(peer) * 1000:,.1f} ms", ""))
        rows.append(("  learning and diff", f"{median(ours) * 1000:,.1f} ms", f"1/{1 / share:.0f}"))
    return rows


def _changed_judgement(changed: Changed, name: str) -> Judgement:
    share = ratio(changed.ours[name], changed.deepdiff[name])
    return Judgement.of_share(f"changed body, {name}: to DeepDiff", share, _MOST_OF_DEEPDIFF)


def _memory_rows(grown: list[Grown]) -> list[tuple[str, ...]]:
    return [
        (f"tracker after {amount:,}, {each.name}", f"{size:,} B", f"{paths} paths")
        for each in grown
        for amount, size, paths in zip(AMOUNTS, each.sizes, each.paths, strict=True)
    ]


def _memory_judgements(grown: list[Grown]) -> list[Judgement]:
    *_, fewer, most = AMOUNTS
    return [
        Judgement(f"memory, {each.name}: {most:,} to {fewer:,}", each.sizes[-1] / each.sizes[-2], _MOST_GROWTH)
        for each in grown
    ]
