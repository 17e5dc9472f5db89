"""The section on drift: a strip of days, and below it what changed on each, with its diffs to unfold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from observatory.charts import DayMark, day_strip
from observatory.data_drift import DataChangeGroup, sentence
from observatory.health.html import Desk, folded, heading, listed_items
from observatory.health.values import TargetHealth
from observatory.history.known_changes import KnownChange
from observatory.logs.concealing import concealed
from observatory.logs.drift_html import schema_changes_table
from observatory.words import count

_MOST_DAYS = 60
_MOST_SENTENCES = 30  # on a day
_LONGEST_SENTENCE = 300


def drift_section(target: TargetHealth, desk: Desk, level: int, since: datetime) -> str:
    """What changed in the schemas and in the data, the newest day first."""
    schema, data = _by_day(target)
    days = sorted({*schema, *data}, reverse=True)
    if not days:
        return "<p>Nothing changed, neither in a schema nor in the data.</p>"
    shown = listed_items(
        (_day(day, schema.get(day, []), data.get(day, []), desk, level) for day in days[:_MOST_DAYS]),
        tag="ol",
        class_="days",
    )
    rest = (
        f"<p class=note>{count(len(days) - _MOST_DAYS, 'older day')} not shown.</p>" if len(days) > _MOST_DAYS else ""
    )
    return _strip(target, schema, desk, since) + shown + rest


def _strip(target: TargetHealth, schema: Mapping[date, Sequence[KnownChange]], desk: Desk, since: datetime) -> str:
    """The changes of schemas by day, as long as the target was watched; nothing when there is none."""
    marks = [
        DayMark(day, len(changes), sum(known.change.breaking for known in changes)) for day, changes in schema.items()
    ]
    if not marks:
        return ""
    begin = max(since, min([run.started_at for run in target.runs], default=since)).astimezone(UTC).date()
    last = desk.now.astimezone(UTC).date()
    title, noun = "Schema changes by day", "schema change"
    return f"<figure>{day_strip(marks, begin, last, title=title, noun=noun, grave='breaking')}</figure>"


def _by_day(target: TargetHealth) -> tuple[dict[date, list[KnownChange]], dict[date, list[DataChangeGroup]]]:
    schema: dict[date, list[KnownChange]] = defaultdict(list)
    data: dict[date, list[DataChangeGroup]] = defaultdict(list)
    for known in target.changes:
        schema[known.found_at.astimezone(UTC).date()].append(known)
    for found in target.data:
        data[found.at.astimezone(UTC).date()].append(found.group)
    return schema, data


def _day(day: date, schema: Sequence[KnownChange], data: Sequence[DataChangeGroup], desk: Desk, level: int) -> str:
    title = heading(level, f'<time datetime="{day}">{day.day} {day:%B %Y}</time>')
    table = ""
    if schema:
        name = f"Schema changes of {day}"
        inner = schema_changes_table([_masked(known, desk) for known in schema], desk.mask)
        table = f'<div class="scroll drift" tabindex="0" role="region" aria-label="{name}">{inner}</div>'
    return title + table + _data(data, desk)


def _masked(known: KnownChange, desk: Desk) -> KnownChange:
    """A change without secrets in what a person wrote when accepting it; the table masks the rest itself."""
    return replace(known, closed_by=desk.mask(known.closed_by), reason=desk.mask(known.reason))


def _data(groups: Sequence[DataChangeGroup], desk: Desk) -> str:
    if not groups:
        return ""
    sentences = [desk.text(_told(group), _LONGEST_SENTENCE) for group in groups[:_MOST_SENTENCES]]
    more = len(groups) - len(sentences)
    rest = [f"… and {more} more"] if more else []
    subjects = _subjects(groups, desk)
    summary = f"<b>{count(len(groups), 'change')} of data</b> of {subjects}"
    return folded(summary, listed_items([*sentences, *rest]))


def _told(group: DataChangeGroup) -> str:
    """One sentence, without the values that stand under the keys of secrets."""
    examples = tuple((resource, concealed(change)) for resource, change in group.examples)
    return sentence(replace(group, examples=examples), 0)


def _subjects(groups: Iterable[DataChangeGroup], desk: Desk) -> str:
    return ", ".join(dict.fromkeys(desk.text(group.endpoint, 40) for group in groups))
