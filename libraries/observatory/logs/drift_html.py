"""Drift as a person reads it in log.html: a sentence, and below it a table of what changed from what to what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from observatory.data_drift import DataChangeKind
from observatory.drift_words import WHAT, in_ranges, revision_line, utc, whose
from observatory.logs.json_cells import json_cell, json_cells
from observatory.schema_drift import ChangeKind, SchemaChange, sided
from observatory.words import count, listed, natural, one_line

if TYPE_CHECKING:
    from observatory.data_drift import DataChange, DataChangeGroup
    from observatory.history.known_changes import KnownChange

_MOST_CHANGES = 100  # rows of a schema's table
_MOST_ROWS = 30  # of a data table; more changes than that are gathered by their normalised path
_MOST_OPEN_ROWS = 10  # a longer data table is folded at first
_MOST_EXAMPLES = 5  # of a gathered row
_MOST_SHOWN, _MOST_FOLDED = 6, 60  # names that are shown at once, and that unfold
_FEW = 3  # names that are not worth unfolding
_LONGEST_NAME = 200  # characters of a path, of an enumeration's word, or of a reason
_LONGEST_MASKED = 10_000  # characters that are searched for secrets before they are cut

# The colours of Robot's own log, which has a light and a dark face; the second of each is for where that is not known.
_BLOCK = (
    '<details{} style="--r:var(--fail-link-color,#dc2626);--g:var(--pass-link-color,#15803d);'
    '--a:var(--warn-link-color,#927201);overflow-wrap:anywhere">'
)
_RED, _GREEN, _AMBER, _GREY = "var(--r)", "var(--g)", "var(--a)", "gray"
_FAINT = "opacity:.7"
_TABLE = "<table cellpadding=4 style=border-spacing:0>"
_NOTHING = "—"


def schema_changes_table(changes: Sequence[KnownChange], mask: Callable[[str], str] = str) -> str:
    """The changes of schemas as one block of HTML, breaking ones first; open at once when one of these is open.

    `mask` takes the secrets out of what comes from bodies, which here are words of enumerations and keys.
    """
    if not changes:
        return "<div>No schema changes.</div>"
    ordered = sorted(changes, key=lambda known: not known.change.breaking)
    where = whose(known.change for known in changes)
    is_of_many = len({known.change.subject for known in changes}) > 1
    breaking = sum(known.change.breaking for known in changes)
    heading = f"<b>{count(len(changes), 'schema change')} of {_text(where)}, " + (
        f"<span style=color:{_RED}>{breaking} breaking</span></b>" if breaking else "none breaking</b>"
    )
    head = _head("id", "what", "path", "before", "after", "first seen (UTC)", "resources", "state")
    rows = "".join(_schema_row(known, mask, is_of_many=is_of_many) for known in ordered[:_MOST_CHANGES])
    more = len(ordered) - _MOST_CHANGES
    rest = f"<div>… and {more} more: observatory drift list</div>" if more > 0 else ""
    is_open = any(known.change.breaking and known.state == "open" for known in changes)
    lines = "".join(f"<div>{_text(line)}</div>" for line in _revisions(ordered))
    return _block(heading, f"{lines}{_TABLE}{head}{rows}</table>{rest}{_how_to_accept(ordered)}", is_open=is_open)


def data_changes_table(
    subject: str,
    changes: Sequence[DataChange],
    since: datetime | None = None,
    *,
    back_at: datetime | None = None,
    mask: Callable[[str], str] = str,
) -> str:
    """What changed in the data of one resource, as one block of HTML.

    Args:
        subject: whose data it is, such as `pokemon/25`.
        changes: what changed; more than 30 are gathered by their normalised paths.
        since: when it was last seen as it was before, an aware time; None when that is not said.
        back_at: when it was first seen as it is now, when it is back at an earlier state.
        mask: takes the secrets out of text; it is applied before a text is cut or escaped.
    """
    name, after = _line(subject), f" since {utc(since)} UTC" if since else ""
    back = f"<div>{name} is back at the state first seen on {utc(back_at)[:10]}.</div>" if back_at else ""
    if not changes:
        return f"<div>No change in {name}{after}.</div>{back}"
    heading = f"<b>{count(len(changes), 'change')} in {name}</b>{after}"
    if back_at:
        heading += ", back at an earlier state"
    rows = list(_data_rows(changes, mask))
    more = len(rows) - _MOST_ROWS
    rest = f"<div>… and {count(more, 'more place')}</div>" if more > 0 else ""
    table = f"{_TABLE}{_head('what', 'path', 'before', 'after')}{''.join(rows[:_MOST_ROWS])}</table>"
    return _block(heading, f"{back}{table}{rest}", is_open=len(changes) <= _MOST_OPEN_ROWS)


def data_groups_list(
    groups: Sequence[DataChangeGroup],
    compared: Mapping[str, int],
    rolled_back: Mapping[str, Mapping[str, datetime]] | None = None,
    mask: Callable[[str], str] = str,
) -> str:
    """What changed in the data of many resources, as a sentence for each group.

    Args:
        groups: what changed, as it should be told.
        compared: how many resources of each endpoint were compared.
        rolled_back: for each endpoint the resources that are back at an earlier state, and when that was first seen.
        mask: takes the secrets out of the sentences.
    """
    from observatory.data_drift import sentence

    back = "".join(f"<div>{_text(line)}</div>" for line in _rollbacks(rolled_back or {}))
    number = sum(compared.values())
    if not groups:
        return f"<div>No change in the data of {count(number, 'resource')}.</div>{back}"
    changed = len({(group.endpoint, resource) for group in groups for resource in group.resources})
    heading = f"<b>Data changed in {changed} of {count(max(number, changed), 'resource')}</b>"
    lines = "".join(
        f"<li>{_text(mask(sentence(group, compared.get(group.endpoint, 0))))}" for group in groups[:_MOST_ROWS]
    )
    more = len(groups) - _MOST_ROWS
    rest = f"<li>… and {more} more" if more > 0 else ""
    return _block(heading, f"{back}<ul style=margin:4px>{lines}{rest}</ul>", is_open=len(groups) <= _MOST_OPEN_ROWS)


def _schema_row(known: KnownChange, mask: Callable[[str], str], *, is_of_many: bool) -> str:
    change = known.change
    colour = _RED if change.breaking else _GREEN if change.kind is ChangeKind.FIELD_ADDED else _GREY
    breaking = " · breaking" if change.breaking else ""
    path = _place(change.path, mask)
    if change.to is not None:
        path += f" → {_name(change.to, mask)}"
    if is_of_many:
        path = f"<span style={_FAINT}>{_line(change.subject)}</span> {path}"
    return (
        f"{_row(colour)}{known.id}<td nowrap>{_word(WHAT[change.kind] + breaking, colour)}"
        f"<td>{path}<td>{_before(change, mask)}<td>{_after(change, mask)}"
        f"<td nowrap>{utc(known.found_at)}<td>{_resources(change)}<td>{_state(known)}"
    )


def _before(change: SchemaChange, mask: Callable[[str], str]) -> str:
    if isinstance(change.before, list):
        return _names([_name(word, mask) for word in change.before], shown=_FEW)
    return _line(sided(change.before)) or _NOTHING


def _after(change: SchemaChange, mask: Callable[[str], str]) -> str:
    if isinstance(change.after, list):
        return f"also {_names([f'<b>{_name(word, mask)}</b>' for word in change.new_words])}"
    return _line(sided(change.after)) or _NOTHING


def _resources(change: SchemaChange) -> str:
    names = [_line(name) for name in in_ranges(change.resources)]
    return f"{change.count}: {_names(names)}" if names else "0"


def _names(names: Sequence[str], shown: int = _MOST_SHOWN) -> str:
    """The first few names; the others unfold."""
    if len(names) <= shown + _FEW:
        return ", ".join(names)
    folded = names[shown : shown + _MOST_FOLDED]
    more = len(names) - shown - len(folded)
    rest = f" … and {more} more" if more else ""
    summary = f"<summary>{len(names) - shown} more</summary>"
    return f"{', '.join(names[:shown])}<details>{summary}{', '.join(folded)}{rest}</details>"


def _state(known: KnownChange) -> str:
    state = known.state.value
    if not known.closed_by:
        return state
    who, reason = _line(known.closed_by), _line(known.reason)
    return f"{state} by {who}" + (f"<details><summary>why</summary>{reason}</details>" if reason else "")


def _revisions(changes: Sequence[KnownChange]) -> Iterator[str]:
    """What the API says of its revisions; with the ids of the changes where these differ in it."""
    ids: dict[str, list[int]] = defaultdict(list)
    for known in changes:
        ids[revision_line(known)].append(known.id)
    for line, those in ids.items():
        if line:
            yield line if len(ids) == 1 else f"{', '.join(in_ranges(map(str, sorted(those))))}: {line}"


def _how_to_accept(changes: Sequence[KnownChange]) -> str:
    ids = [str(number) for number in sorted(known.id for known in changes if known.state == "open")][:_MOST_SHOWN]
    command = f'observatory drift accept {" ".join(ids)} --reason "…"'
    return f"<div style={_FAINT}>To accept: {command}</div>" if ids else ""


def _rollbacks(rolled_back: Mapping[str, Mapping[str, datetime]]) -> Iterator[str]:
    """A sentence for each endpoint and day: many resources that go back together go back to one state."""
    for endpoint, since in rolled_back.items():
        days: dict[str, list[str]] = defaultdict(list)
        for resource, first_seen in since.items():
            days[utc(first_seen)[:10]].append(resource)
        for day, resources in days.items():
            names = listed(in_ranges(sorted(resources, key=natural)))
            verb = "is back at the state" if len(resources) == 1 else "are back at the states"
            yield f"{endpoint} {names} {verb} first seen on {day}."


def _data_rows(changes: Sequence[DataChange], mask: Callable[[str], str]) -> Iterator[str]:
    if len(changes) <= _MOST_ROWS:
        yield from (_data_row(change, mask) for change in changes)
        return
    places: dict[tuple[str, DataChangeKind], list[DataChange]] = defaultdict(list)
    for change in changes:
        places[change.normalised, change.kind].append(change)
    for (path, kind), there in sorted(places.items(), key=lambda place: -len(place[1])):
        yield _data_row(there[0], mask) if len(there) == 1 else _gathered_row(path, kind, there, mask)


def _data_row(change: DataChange, mask: Callable[[str], str]) -> str:
    about = f" <span style={_FAINT}>{_name(change.about, mask)}</span>" if change.about else ""
    before, after = _sides(change, mask)
    return f"{_kind(change.kind)}<td>{_place(change.path, mask)}{about}<td>{before}<td>{after}"


def _gathered_row(path: str, kind: DataChangeKind, changes: Sequence[DataChange], mask: Callable[[str], str]) -> str:
    examples = "<br>".join(
        f"{_name(change.path, mask)}: {' → '.join(_sides(change, mask))}" for change in changes[:_MOST_EXAMPLES]
    )
    more = len(changes) - _MOST_EXAMPLES
    rest = f"<br>… and {more} more" if more > 0 else ""
    folded = f"<details><summary>{len(changes)} places</summary>{examples}{rest}</details>"
    return f"{_kind(kind)}<td>{_place(path, mask)}<td colspan=2>{folded}"


def _kind(kind: DataChangeKind) -> str:
    colour = {DataChangeKind.ADDED: _GREEN, DataChangeKind.REMOVED: _RED}.get(kind, _AMBER)
    return f"{_row(colour)}{_word(kind.value, colour)}"


def _row(colour: str) -> str:
    """The beginning of a row and its first cell, with a stripe at its edge."""
    return f'<tr valign=top><td nowrap style="border-left:3px solid {colour}">'


def _word(word: str, colour: str) -> str:
    # Grey is for stripes: as text it is hard to read on one of the two backgrounds.
    return f"<b>{word}</b>" if colour == _GREY else f"<b style=color:{colour}>{word}</b>"


def _sides(change: DataChange, mask: Callable[[str], str]) -> tuple[str, str]:
    if change.kind is DataChangeKind.ADDED:
        return _NOTHING, _text(json_cell(change.after, mask))
    if change.kind is DataChangeKind.REMOVED:
        return _text(json_cell(change.before, mask)), _NOTHING
    before, after = json_cells(change.before, change.after, mask)
    return _text(before), _text(after)


def _name(text: str, mask: Callable[[str], str]) -> str:
    return _line(mask(text[:_LONGEST_MASKED]))


def _place(path: str, mask: Callable[[str], str]) -> str:
    return _name(path, mask) if path else "(the whole body)"


def _line(text: str) -> str:
    return _text(one_line(text, _LONGEST_NAME))


def _text(text: str) -> str:
    # All text stands between tags, never inside one, so that quotes may stay as they are.
    return escape(text, quote=False)


def _head(*titles: str) -> str:
    return f"<tr style={_FAINT}>" + "".join(f"<th align=left nowrap>{title}" for title in titles)


def _block(heading: str, content: str, *, is_open: bool) -> str:
    return f"{_BLOCK.format(' open' if is_open else '')}<summary>{heading}</summary>{content}</details>"
