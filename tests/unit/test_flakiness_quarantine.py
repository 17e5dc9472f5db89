"""Which entries of a quarantine hold, which are over, and what a person is told of one that is wrong."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatory.flakiness.quarantine import LONGEST, QUARANTINE_FILE, expiry, read_quarantine, written_list

TODAY = date(2026, 11, 1)


def an_entry(**values: Any) -> dict[str, Any]:
    return {"test": "Suite.A Test", "until": "2026-12-01", "reason": "Ticket 7", **values}


def test_a_test_on_the_list_is_in_quarantine_until_its_last_day() -> None:
    for day, is_active in ((TODAY, True), (date(2026, 12, 1), True), (date(2026, 12, 2), False)):
        found = read_quarantine([an_entry()], day)
        assert (found.of("Suites.Suite.A Test") is not None) is is_active
        assert (found.over_for("Suites.Suite.A Test") is None) is is_active
        assert found.problems == ()


@pytest.mark.parametrize("name", ["Suites.Suite.A Test", "Suite.A Test", "suites.suite.a_test", "X.Suite.ATest"])
def test_a_name_is_the_whole_or_its_end_after_a_dot(name: str) -> None:
    assert read_quarantine([an_entry()], TODAY).of(name) is not None


@pytest.mark.parametrize("name", ["Suites.Other Suite.A Test", "Suite.A Test More", "A Test", "Suite"])
def test_another_test_is_not_meant(name: str) -> None:
    assert read_quarantine([an_entry()], TODAY).of(name) is None


def test_an_entry_that_holds_wins_over_one_that_is_over() -> None:
    found = read_quarantine([an_entry(until="2026-10-01"), an_entry()], TODAY)
    assert found.over_for("Suite.A Test") is None
    assert found.of("Suite.A Test") is not None


def test_a_failure_says_until_when_and_why() -> None:
    entry = read_quarantine([an_entry()], TODAY).of("Suite.A Test")
    assert entry is not None
    assert entry.words == "In quarantine until 2026-12-01 (Ticket 7): "
    assert expiry(entry) == (
        "The quarantine of 'Suite.A Test' ended on 2026-12-01, so the test counts again: "
        "mend it, or take it off the list in variables/quarantine.py."
    )


def test_a_day_may_be_written_or_be_a_date() -> None:
    for until in ("2026-12-01", " 2026-12-01 ", date(2026, 12, 1), datetime(2026, 12, 1, 12)):  # noqa: DTZ001 -- people write it so
        assert [entry.until for entry in read_quarantine([an_entry(until=until)], TODAY).active] == [date(2026, 12, 1)]


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ("all", "QUARANTINE is no list; write it as a list of entries like"),
        ({"test": "A"}, "QUARANTINE is no list; write it as a list of entries like"),
        (["A Test"], "Entry 1 of the quarantine is 'A Test', but must be like"),
        ([an_entry(test="")], "Entry 1 of the quarantine is {'test': '', "),
        ([an_entry(test=7)], "Entry 1 of the quarantine is {'test': 7, "),
        ([an_entry(owner="ann")], "'owner': 'ann'"),
        ([an_entry(reason=" ")], "The quarantine of 'Suite.A Test' has no reason; write why"),
        ([{"test": "Suite.A Test", "until": "2026-12-01"}], "The quarantine of 'Suite.A Test' has no reason"),
        ([an_entry(until="soon")], "lasts until 'soon', which is no date like 2026-12-01; it hides nothing."),
        ([an_entry(until="2026-02-30")], "lasts until '2026-02-30', which is no date like 2026-12-01"),
        ([an_entry(until=None)], "lasts until None, which is no date like 2026-12-01"),
        (
            [an_entry(until="2027-01-01")],
            "lasts until 2027-01-01, which is more than 60 days ahead; choose a day until 2026-12-31. Until then",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence_and_hides_nothing(entries: object, problem: str) -> None:
    found = read_quarantine(entries, TODAY)
    assert len(found.problems) == 1
    assert problem in found.problems[0]
    assert "\n" not in found.problems[0]
    assert found.active == found.expired == ()


def test_a_wrong_entry_does_not_spoil_the_others() -> None:
    found = read_quarantine([an_entry(reason=""), an_entry(test="Other")], TODAY)
    assert len(found.problems) == 1
    assert [entry.test for entry in found.active] == ["Other"]


def test_entries_of_no_test_are_found() -> None:
    entries = [an_entry(), an_entry(test="Gone"), an_entry(test="Long Gone", until="2026-10-01")]
    found = read_quarantine(entries, TODAY).unknown(["Suites.Suite.A Test"])
    assert [entry.test for entry in found] == ["Gone", "Long Gone"]


_ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["test", "until", "reason"]), inner),
)


@given(_ANYTHING)
def test_nothing_that_people_write_is_an_error(entries: object) -> None:
    found = read_quarantine(entries, TODAY)
    expected = len(entries) if isinstance(entries, list) else 1
    assert len(found.active) + len(found.expired) + len(found.problems) == expected


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-400, 400))
def test_nothing_is_hidden_for_longer_than_sixty_days(today: date, days: int) -> None:
    found = read_quarantine([an_entry(until=str(today + timedelta(days=days)))], today)
    assert bool(found.active) == (0 <= days <= LONGEST.days)
    assert bool(found.expired) == (days < 0)


# The file


@pytest.mark.parametrize(
    ("text", "entries", "problem"),
    [
        ("QUARANTINE = ['x']\n", ["x"], ""),
        ("# nothing\n", [], ""),
        ("QUARANTINE = [\n", [], "(SyntaxError: "),
        ("QUARANTINE = [name]\n", [], "(NameError: name 'name' is not defined), so it hides nothing."),
        ("raise RuntimeError('a\\nb')\n", [], r"(RuntimeError: a\nb)"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, text: str, entries: list[str], problem: str
) -> None:
    file = tmp_path / "quarantine.py"
    file.write_text(text)
    found, told = written_list(file)
    assert found == entries
    assert problem in told
    assert bool(told) == bool(problem)
    assert "\n" not in told


def test_without_a_file_nothing_is_in_quarantine(tmp_path: Path) -> None:
    assert written_list(tmp_path / "nowhere.py") == ([], "")


def test_the_list_of_the_project_is_in_order() -> None:
    entries, problem = written_list(QUARANTINE_FILE)
    assert problem == ""
    assert read_quarantine(entries, date.today()).problems == ()  # noqa: DTZ011 -- a day more or less is no matter here
