"""Drift in log.html: a sentence, a table that says in words and colours what changed, never a wall of JSON."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatory.data_drift import DataChange, DataChangeKind, grouped
from observatory.drift_words import in_ranges, revision_line
from observatory.history.known_changes import ChangeState
from observatory.logs.drift_html import data_changes_table, data_groups_list, schema_changes_table
from observatory.logs.json_cells import json_cell, json_cells
from observatory.logs.masking import Masker
from observatory.record.field_path import render
from observatory.schema_drift import ChangeKind
from tests.drift_values import REVISION, a_change, a_data_change, a_known_change, an_addition
from tests.history_values import NOW

_OURS = frozenset(["details", "summary", "b", "span", "div", "table", "tr", "th", "td", "br", "ul", "li"])
_ATTRIBUTES = {"open", "style", "align", "valign", "nowrap", "cellpadding", "colspan"}
_TEXTS = st.text() | st.sampled_from(
    ["</table>", "<script>", "<!--", "]]>", "&lt;b", "\x00", "\x1b[31m", "\ud800", '"']
)
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(_TEXTS, inner, max_size=8),
    max_leaves=12,
)


class _Tags(HTMLParser):
    """Counts the tags of a piece of HTML and gathers its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert {name for name, _ in attrs} <= _ATTRIBUTES
        self.names.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def _text(html: str) -> str:
    return _Tags(html).text


# Changes of a schema


def test_the_heading_says_how_many_changed_and_how_many_are_breaking() -> None:
    changes = [a_known_change(), a_known_change(an_addition(), id=13), a_known_change(an_addition("b"), id=14)]
    assert "3 schema changes of pokemon, 1 breaking" in _text(schema_changes_table(changes))
    assert "1 schema change of pokemon, none breaking" in _text(schema_changes_table(changes[1:2]))
    assert schema_changes_table([]) == "<div>No schema changes.</div>"


def test_a_row_says_what_changed_from_what_to_what_since_when_and_where() -> None:
    row = schema_changes_table([a_known_change()]).rpartition("<tr ")[2]
    assert row.replace("</b>", "").split("<td")[2:] == [
        " nowrap><b style=color:var(--r)>removed · breaking",
        ">moves[].order",
        ">integer",
        ">—",
        " nowrap>2026-08-08 12:00",
        ">2: 1, 4",
        '>open</table><div style=opacity:.7>To accept: observatory drift accept 12 --reason "…"</div></details>',
    ]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (ChangeKind.FIELD_ADDED, "added"),
        (ChangeKind.FIELD_REMOVED, "removed · breaking"),
        (ChangeKind.TYPE_CHANGED, "type changed · breaking"),
        (ChangeKind.BECAME_NULLABLE, "became nullable · breaking"),
        (ChangeKind.NO_LONGER_NULLABLE, "no longer nullable"),
        (ChangeKind.VALUES_WIDENED, "new values"),
        (ChangeKind.RENAMED, "renamed? · breaking"),
    ],
)
def test_every_kind_is_told_in_words(kind: ChangeKind, words: str) -> None:
    assert f">{words}</b>" in schema_changes_table([a_known_change(a_change(kind))])


def test_breaking_changes_come_first_and_open_the_table() -> None:
    added, removed = a_known_change(an_addition(), id=1), a_known_change(id=2)
    table = schema_changes_table([added, removed])
    assert table.index("removed") < table.index("added")
    assert table.startswith("<details open ")
    assert schema_changes_table([added]).startswith("<details style")
    accepted = replace(removed, state=ChangeState.ACCEPTED, closed_by="ann")
    assert schema_changes_table([accepted]).startswith("<details style")


def test_a_renamed_field_has_both_names() -> None:
    table = schema_changes_table([a_known_change(a_change(ChangeKind.RENAMED, "old", to="new"))])
    assert "<td>old → new<td>" in table


def test_a_wider_enumeration_shows_its_new_words_and_folds_the_known_ones() -> None:
    known = [f"w{n}" for n in range(20)]
    change = a_change(ChangeKind.VALUES_WIDENED, "name", before=known, after=[*known, "stellar"])
    table = schema_changes_table([a_known_change(change)])
    assert "<td>w0, w1, w2<details><summary>17 more</summary>w3, w4" in table
    assert "<td>also <b>stellar</b><td" in table


def test_many_resources_are_counted_named_in_ranges_and_folded() -> None:
    everyone = a_change(resources=tuple(str(n) for n in range(1, 1026)))
    assert "<td>1025: 1-1025<td>" in schema_changes_table([a_known_change(everyone)])
    even = a_change(resources=tuple(str(n) for n in range(0, 400, 2)))
    table = schema_changes_table([a_known_change(even)])
    assert "<td>200: 0, 2, 4, 6, 8, 10<details><summary>194 more</summary>12, 14" in table
    assert "… and 134 more</details>" in table


def test_only_runs_of_plain_numbers_become_ranges() -> None:
    assert in_ranges(["1", "2", "3", "5", "6", "9"]) == ["1-3", "5", "6", "9"]
    assert in_ranges(["01", "02", "03", "mew", "²", "?limit=1"]) == ["01", "02", "03", "mew", "²", "?limit=1"]
    assert in_ranges(["9" * 30, "1" + "0" * 30, "x"]) == ["9" * 30, "1" + "0" * 30, "x"]


@given(st.lists(st.integers(0, 30), unique=True).map(sorted))
def test_ranges_leave_nothing_out_and_add_nothing(numbers: list[int]) -> None:
    found: list[int] = []
    for text in in_ranges(map(str, numbers)):
        first, _, last = text.partition("-")
        found += range(int(first), int(last or first) + 1)
    assert found == numbers


def test_several_endpoints_are_told_apart() -> None:
    pages = a_change(part="list", endpoint="type")
    table = schema_changes_table([a_known_change(), a_known_change(pages)])
    assert "2 schema changes of pokemon, type list, 2 breaking" in _text(table)
    assert "<td><span style=opacity:.7>type list</span> moves[].order<td>" in table
    many = [a_known_change(a_change(endpoint=f"e{n}")) for n in range(5)]
    assert "of 5 endpoints" in schema_changes_table(many)


def test_a_change_without_a_new_revision_is_worth_saying() -> None:
    quiet = a_known_change(api_revision=REVISION, revision_before=REVISION)
    sentence = "The API says it is still at revision 3f1c9ab27d55…: it changed without a new revision."
    assert revision_line(quiet) == sentence
    assert f"<div>{sentence}</div>" in schema_changes_table([quiet, quiet])


def test_a_new_revision_is_named() -> None:
    assert revision_line(a_known_change(api_revision="def", revision_before="abc")) == (
        "The API is at a new revision: def, before it was abc."
    )
    assert revision_line(a_known_change(api_revision="def")) == (
        "The API is at revision def; what it was at before is not known."
    )
    assert revision_line(a_known_change()) == ""


def test_revisions_that_differ_are_told_with_their_changes() -> None:
    quiet = [a_known_change(id=n, api_revision="abc", revision_before="abc") for n in (3, 1, 2)]
    table = schema_changes_table([*quiet, a_known_change(id=9)])
    assert "<div>1-3: The API says it is still at revision abc" in table


def test_who_accepted_a_change_is_told_and_why() -> None:
    accepted = a_known_change(state=ChangeState.ACCEPTED, closed_at=NOW, closed_by="a<nn", reason="agreed <b>")
    table = schema_changes_table([accepted])
    assert "<td>accepted by a&lt;nn<details><summary>why</summary>agreed &lt;b&gt;</details>" in table
    assert "To accept" not in table


def test_a_table_of_very_many_changes_ends() -> None:
    table = schema_changes_table([a_known_change(id=n) for n in range(1000)])
    assert "… and 900 more: observatory drift list" in table
    assert table.count("<tr") == 101


def test_a_table_is_small() -> None:
    assert len(schema_changes_table([a_known_change()])) < 900  # of which 500 are there only once
    many = [
        a_known_change(an_addition(f"field_{n}", resources=tuple(map(str, range(1, 1026)))), id=n) for n in range(30)
    ]
    assert len(schema_changes_table(many)) < 30 * 220 + 900


# Changes of data


def test_data_is_shown_by_path_before_and_after() -> None:
    changes = [
        a_data_change("stats[0].base_stat", 45, 46, about="hp"),
        a_data_change("cries", None, {}, kind=DataChangeKind.ADDED),
        a_data_change("types[1]", "poison", None, kind=DataChangeKind.REMOVED),
        a_data_change("", [], None),
    ]
    table = data_changes_table("pokemon/1", changes, NOW)
    assert "<b>4 changes in pokemon/1</b> since 2026-08-08 12:00 UTC" in table
    assert ">changed</b><td>stats[0].base_stat <span style=opacity:.7>hp</span><td>45<td>46" in table
    assert ">added</b><td>cries<td>—<td>{}" in table
    assert '>removed</b><td>types[1]<td>"poison"<td>—' in table
    assert ">changed</b><td>(the whole body)<td>[]<td>null" in table


def test_nothing_changed_is_one_line() -> None:
    assert data_changes_table("pokemon/1", [], NOW) == "<div>No change in pokemon/1 since 2026-08-08 12:00 UTC.</div>"
    assert data_changes_table("pokemon/1", []) == "<div>No change in pokemon/1.</div>"


def test_a_return_to_an_earlier_state_is_told() -> None:
    table = data_changes_table("pokemon/1", [a_data_change()], NOW, back_at=NOW - timedelta(days=7))
    assert "<div>pokemon/1 is back at the state first seen on 2026-08-01.</div>" in table


def test_many_changes_are_gathered_by_their_place() -> None:
    many = [a_data_change(f"moves[{n}].order", n, n + 1) for n in range(86)]
    table = data_changes_table("pokemon/1", [a_data_change("weight", 7, 8), *many])
    assert table.count("<tr ") == 3
    assert table.startswith("<details style")
    assert "<td>moves[].order<td colspan=2><details><summary>86 places</summary>moves[0].order: 0 → 1<br>" in table
    assert "moves[4].order: 4 → 5<br>… and 81 more</details>" in table
    assert "<td>weight<td>7<td>8" in table


def test_many_places_end() -> None:
    table = data_changes_table("pokemon/1", [a_data_change(f"field_{n}") for n in range(1000)])
    assert table.count("<tr ") == 31
    assert "… and 970 more places" in table


def test_many_resources_are_told_in_sentences() -> None:
    groups = grouped(
        "pokemon", {str(n): [a_data_change("stats[0].base_stat", n, n + 1, about="hp")] for n in range(131)}
    )
    back = {"pokemon": {"9": NOW, "7": NOW, "8": NOW, "25": NOW - timedelta(days=7)}}
    html = data_groups_list(groups, {"pokemon": 151}, back)
    assert "Data changed in 131 of 151 resources" in html
    assert "<li>hp changed in 131 of 151 pokemon" in html
    assert "<div>pokemon 7-9 are back at the states first seen on 2026-08-08.</div>" in html
    assert "<div>pokemon 25 is back at the state first seen on 2026-08-01.</div>" in html
    assert data_groups_list([], {"pokemon": 151}) == "<div>No change in the data of 151 resources.</div>"


def test_very_many_sentences_end() -> None:
    groups = grouped("pokemon", {"1": [a_data_change(f"field_{n}") for n in range(200)]})
    html = data_groups_list(groups, {"pokemon": 1})
    assert html.count("<li>") == 31
    assert "<li>… and 170 more" in html


# Values


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ("1", '"1"'),
        (1, "1"),
        ("a\nb\u202e", '"a\\nb\\u202e"'),
        ("Pokémon", '"Pokémon"'),
        ([1, 2, 3, 4, 5], "[1, 2, 3, 4, …]"),
        ({"type": {"name": "fire"}}, '{"type": {"name": "fire"}}'),
        ([[[1]]], "[[[…]]]"),
    ],
)
def test_a_value_is_written_as_json_writes_it(value: Any, cell: str) -> None:
    assert json_cell(value) == cell


def test_a_number_that_python_refuses_to_write_is_told() -> None:
    assert json_cell(10**5000) == "a very large number"
    assert json_cell([10**5000]) == "[a very large number]"


def test_short_texts_are_shown_whole() -> None:
    assert json_cells("bulbasaur", "bulbasaurs") == ('"bulbasaur"', '"bulbasaurs"')
    assert json_cells("1", 1) == ('"1"', "1")


def test_long_texts_are_shown_from_where_they_differ() -> None:
    same = "x" * 300
    before, after = json_cells(f"{same}paralysed", f"{same}poisoned")
    assert before == f'…"{"x" * 19}paralysed"'
    assert after == f'…"{"x" * 19}poisoned"'
    assert len(json_cell("y" * 10_000)) == 63


def test_a_secret_is_masked_before_it_is_cut_or_escaped() -> None:
    secret = 'a&b"c<d>' + "s" * 90
    mask = Masker([secret]).mask_text
    changes = [
        a_data_change("echo", "before", f"{'x' * 300}{secret}"),
        a_data_change("other", {"deep": [secret]}, {secret: 1}),
        a_data_change(render((secret,))),
    ]
    for many in (changes, changes * 20):
        table = data_changes_table("pokemon/1", many, mask=mask)
        assert "sss" not in table
        assert "***" in table
    enumeration = a_change(ChangeKind.VALUES_WIDENED, before=[], after=[secret])
    assert "also <b>***</b>" in schema_changes_table([a_known_change(enumeration)], mask)


def test_a_secret_within_an_object_is_masked_before_it_is_written_as_json() -> None:
    secret = 'a"b\nc'
    cell = json_cell({"echo": [secret], secret: 1}, lambda text: text.replace(secret, "***"))
    assert cell == '{"echo": ["***"], "***": 1}'


def test_half_a_secret_at_the_end_of_what_is_searched_is_not_shown() -> None:
    secret = "s3cr3t" * 20  # pragma: allowlist secret
    text = "x" * 9_990
    _, after = json_cells(text + "-", text + secret, lambda whole: whole.replace(secret, "***"))
    assert "s3c" not in after


def test_a_value_under_the_name_of_a_secret_is_masked() -> None:
    change = a_data_change("echo", None, {"password": "hunter22"})
    assert "hunter22" not in data_changes_table("pokemon/1", [change], mask=Masker().mask_text)


# Whatever an API sends


@given(_JSON, _JSON, _TEXTS, st.sampled_from(DataChangeKind), st.integers(1, 40))
def test_no_value_breaks_out_of_a_data_table(before: Any, after: Any, text: str, kind: DataChangeKind, n: int) -> None:
    changes = [DataChange(f'["{text}"][{i}]'.replace('"', ""), kind, before, after, text) for i in range(n)]
    html = data_changes_table(text, changes, NOW, back_at=NOW)
    tags = _Tags(html)
    assert set(tags.names) <= _OURS
    assert html.count("<details") == html.count("</details>") == html.count("<summary>")
    assert html.count("<table") == html.count("</table>") == 1
    assert len(html) < 1000 + len(text) * 30 + n * 700
    assert html.isprintable()


@given(_TEXTS, _TEXTS, st.lists(_TEXTS, max_size=20), st.sampled_from(ChangeKind), st.booleans())
def test_no_text_breaks_out_of_a_schema_table(
    path: str, endpoint: str, words: list[str], kind: ChangeKind, is_enumeration: bool
) -> None:
    side = words if is_enumeration else path
    change = a_change(kind, path, endpoint=endpoint, before=side, after=side, resources=tuple(words), to=path)
    known = a_known_change(
        change, state=ChangeState.ACCEPTED, closed_by=path, reason=endpoint, api_revision=path, revision_before=endpoint
    )
    html = schema_changes_table([known, a_known_change(replace(change, endpoint="other"), id=2)])
    assert set(_Tags(html).names) <= _OURS
    assert html.count("<details") == html.count("</details>") == html.count("<summary>")
    assert html.count("<table") == html.count("</table>") == 1


@given(_JSON)
def test_any_value_is_one_short_printable_line(value: Any) -> None:
    cell = json_cell(value)
    assert cell.isprintable()
    assert len(cell) <= 700  # characters that show nothing become up to ten that do
