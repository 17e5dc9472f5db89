"""`observatory drift` as a person sees it: tables for eyes, one line for each change for programs."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from observatory.commands.drift import as_json_values, drift, refusal
from observatory.commands.drift_table import none_found, print_accepted, print_change, print_changes
from observatory.commands.person import login
from observatory.history.known_changes import ChangeState, KnownChange
from observatory.schema_drift import ChangeKind
from tests.drift_values import REVISION, RUN, a_change, a_known_change, an_addition
from tests.history_values import NOW

LONG_PATH = "sprites.versions.generation-ix.scarlet-violet.icons.animated.front_shiny_female_transparent"


def printed(show: Callable[[Console], None], width: int = 80, *, is_terminal: bool = True) -> str:
    """What a terminal of a width shows, or what a pipe is given."""
    file = io.StringIO()
    show(
        Console(
            file=file,
            width=width if is_terminal else 100_000,
            force_terminal=is_terminal,
            no_color=True,
            markup=False,
            emoji=False,
            highlight=False,
            legacy_windows=False,
        )
    )
    return click.unstyle(file.getvalue())


def listed(changes: Sequence[KnownChange], width: int = 80, *, is_terminal: bool = True) -> str:
    return printed(lambda console: print_changes(changes, console), width, is_terminal=is_terminal)


def shown(known: KnownChange) -> str:
    return printed(lambda console: print_change(known, console), is_terminal=False)


# The list


def test_eighty_columns_show_a_change_in_a_few_lines() -> None:
    lines = listed([a_known_change(), a_known_change(an_addition(), id=13)]).splitlines()
    assert [line.rstrip() for line in lines] == [
        "2 schema changes of pokemon, 1 breaking",
        "",
        "12  removed   pokemon moves[].order",
        "    breaking  integer → nothing",
        "              since 2026-08-08 12:00 UTC, in 2 resources",
        "13  added     pokemon cries",
        "              nothing → object",
        "              since 2026-08-08 12:00 UTC, in 2 resources",
        "",
        "More of one: observatory drift show 12",
        'To accept it: observatory drift accept 12 --reason "…"',
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal_and_no_path_is_cut(width: int) -> None:
    path = f"{LONG_PATH}.{LONG_PATH}"
    lines = listed([a_known_change(a_change(path=path))], width).splitlines()
    assert max(map(len, lines)) <= width
    where = next(line.index("pokemon", 20 if "schema" in line else 0) for line in lines[1:] if "pokemon" in line)
    assert path in "".join(line[where:].strip() for line in lines[1:])


def test_a_wide_terminal_shows_one_line_for_each_change() -> None:
    lines = listed([a_known_change()], 200).splitlines()
    assert lines[2].split() == [
        "id",
        "what",
        "schema",
        "path",
        "before",
        "after",
        "first",
        "seen",
        "(UTC)",
        "resources",
        "state",
    ]
    assert lines[3].split() == [
        "12",
        "removed,",
        "breaking",
        "pokemon",
        "moves[].order",
        "integer",
        "nothing",
        "2026-08-08",
        "12:00",
        "2",
        "open",
    ]


def test_a_pipe_is_given_a_table_and_nothing_else() -> None:
    changes = [a_known_change(a_change(path=LONG_PATH)), a_known_change(an_addition(), id=13)]
    lines = listed(changes, is_terminal=False).splitlines()
    assert len(lines) == 3
    assert LONG_PATH in lines[1]
    assert all(line == line.rstrip() for line in lines)
    assert lines[0].index("path") == lines[1].index(LONG_PATH) == lines[2].index("cries")


def test_a_renamed_field_has_both_names_and_a_wider_enumeration_its_new_words() -> None:
    renamed = a_known_change(a_change(ChangeKind.RENAMED, "old", after="integer", to="new"))
    assert "old → new" in listed([renamed])
    assert "integer →" not in listed([renamed])
    widened = a_known_change(a_change(ChangeKind.VALUES_WIDENED, before=["a", "b"], after=["a", "b", "c"]))
    assert "2 values → also c" in listed([widened])


def test_the_state_is_told_where_it_is_not_open() -> None:
    accepted = a_known_change(state=ChangeState.ACCEPTED, closed_by="ann", closed_at=NOW)
    text = listed([accepted])
    assert "in 2 resources, accepted" in text
    assert "To accept" not in text


@given(st.text(), st.sampled_from(ChangeKind), st.booleans())
def test_nothing_an_api_sends_moves_the_cursor(text: str, kind: ChangeKind, is_terminal: bool) -> None:
    nasty = f"\x1b[2J\u202e[bold]:smile:{text}\r"
    change = a_change(
        kind, nasty, endpoint=nasty, before=[nasty], after=[nasty, nasty + "x"], resources=(nasty,), to=nasty
    )
    known = a_known_change(change, target=nasty, closed_by=nasty, reason=nasty, api_revision=nasty)
    whole = listed([known], is_terminal=is_terminal) + shown(known)
    assert all(line.isprintable() for line in whole.split("\n"))
    assert "[bold]" in whole.replace("\n", "").replace(" ", "")
    assert len(listed([known], is_terminal=False).splitlines()) == 2


def test_an_empty_list_is_a_sentence() -> None:
    nothing = none_found(state="open", target=None, endpoint=None, since=None)
    assert nothing == "No open schema changes: the API looks as it is known."
    assert none_found(state="all", target="live", endpoint="type", since=NOW) == (
        "No schema changes of type on live since 2026-08-08 12:00 UTC."
    )


# One change


def test_everything_about_a_change_is_shown() -> None:
    change = a_change(path=LONG_PATH, resources=("1", "2", "3", "25", "mew"))
    assert shown(a_known_change(change, api_revision=REVISION, revision_before=REVISION)).splitlines() == [
        "Change 12 of pokemon",
        "what        removed, breaking",
        f"path        {LONG_PATH}",
        "before      integer",
        "after       nothing",
        f"first seen  2026-08-08 12:00 UTC on live, in run {RUN}",
        "revision    The API says it is still at revision 3f1c9ab27d55…: it changed without a new revision.",
        "resources   5: 1-3, 25, mew",
        "state       It is open.",
    ]


def test_who_closed_a_change_is_shown_and_why() -> None:
    accepted = a_known_change(state=ChangeState.ACCEPTED, closed_at=NOW, closed_by="ann", reason="meant to be so")
    assert shown(accepted).splitlines()[-2:] == [
        "state       It was accepted by ann on 2026-08-08 12:00 UTC.",
        "reason      meant to be so",
    ]
    reverted = a_known_change(state=ChangeState.REVERTED, closed_at=NOW)
    assert "It was taken back by the API on 2026-08-08 12:00 UTC." in shown(reverted)


def test_an_enumeration_is_shown_whole() -> None:
    words = [f"word{n}" for n in range(50)]
    known = a_known_change(a_change(ChangeKind.VALUES_WIDENED, before=words[:49], after=words))
    assert f"after       {', '.join(words)}" in shown(known)


def test_a_terminal_is_told_how_to_accept() -> None:
    assert 'observatory drift accept 12 --reason "…"' in printed(
        lambda console: print_change(a_known_change(), console)
    )


def test_colours_are_for_terminals_that_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def coloured() -> bool:
        file = io.StringIO()
        print_changes([a_known_change()], Console(file=file, force_terminal=True, color_system="standard", width=80))
        return "\x1b[1;31m" in file.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert coloured()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured()


# JSON


def test_one_line_of_json_has_the_event_and_what_the_history_knows() -> None:
    accepted = a_known_change(
        a_change(ChangeKind.RENAMED, "old", to="new", part="list"),
        state=ChangeState.ACCEPTED,
        closed_at=NOW + timedelta(days=1),
        closed_by="ann",
        reason="meant",
        api_revision="def",
        revision_before="abc",
    )
    assert json.loads(json.dumps(as_json_values(accepted))) == {
        "id": 12,
        "target": "live",
        "kind": "renamed",
        "endpoint": "pokemon",
        "path": "old",
        "to": "new",
        "part": "list",
        "before": "integer",
        "after": None,
        "breaking": True,
        "resources": ["1", "4"],
        "count": 2,
        "state": "accepted",
        "found_at": "2026-08-08T12:00:00+00:00",
        "api_revision": "def",
        "revision_before": "abc",
        "closed_at": "2026-08-09T12:00:00+00:00",
        "closed_by": "ann",
        "reason": "meant",
    }
    assert as_json_values(a_known_change())["closed_at"] is None


# Accepting


def test_what_was_accepted_is_told() -> None:
    known = [a_known_change(id=13), a_known_change(an_addition())]
    text = printed(lambda console: print_accepted(known, "ann", console), is_terminal=False)
    assert text.splitlines() == [
        "12  pokemon: cries was added (object)",
        "13  pokemon: moves[].order was removed (integer)",
        "2 changes accepted by ann.",
    ]
    assert "nothing open" in printed(lambda console: print_accepted([], "ann", console))


def test_unknown_and_closed_changes_are_refused_in_one_sentence() -> None:
    known = a_known_change()
    closed = replace(known, id=13, state=ChangeState.ACCEPTED, closed_by="ann", closed_at=NOW)
    reverted = replace(known, id=14, state=ChangeState.REVERTED, closed_at=NOW)
    assert refusal([13, 14, 99], [closed, reverted]) == (
        "Nothing was accepted: change 13 was accepted by ann on 2026-08-08 12:00 UTC, and change 14 was taken back "
        "by the API on 2026-08-08 12:00 UTC, and there is no change 99."
    )


@pytest.mark.parametrize("error", [OSError, KeyError])
def test_who_has_no_login_is_asked_for_a_name(error: type[Exception]) -> None:
    def nobody() -> str:
        raise error("uid not found: 1000")

    with pytest.raises(click.UsageError, match="say who you are with --name"):
        login(nobody)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["accept", "1"], "Missing option '--reason'"),
        (["accept", "1", "--reason", "  "], "it is blank"),
        (["accept", "1", "--reason", "why", "--name", ""], "it is blank"),
        (["accept", "1", "--reason", "a\udcff", "--name", "ann"], "it is no text in the encoding of your terminal"),
        (["accept", "--reason", "why"], "give their ids, or --all"),
        (["accept", "1", "--all", "--reason", "why"], "give their ids, or --all"),
        (["accept", "1", "--endpoint", "pokemon", "--reason", "why"], "go with --all"),
        (["accept", "0", "--reason", "why"], "0 is not in the range"),
        (["accept", "one", "--reason", "why"], "'one' is not a valid integer"),
        (["accept", "9" * 30, "--reason", "why"], "is not in the range"),
        (["show", "one"], "'one' is not a valid integer"),
        (["list", "--since", "some time"], "'some time' is no time span and no date; write it like '7 days'"),
        (["list", "--state", "closed"], "'closed' is not one of"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused_before_anything_is_done(arguments: list[str], sentence: str) -> None:
    result = CliRunner().invoke(drift, arguments)
    assert result.exit_code == 2
    assert sentence in " ".join(result.output.replace("│", " ").split())


def test_the_commands_load_nothing_heavy_before_they_are_used() -> None:
    code = "import observatory.commands.drift, sys; print({'rich', 'psycopg2', 'pydantic'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
