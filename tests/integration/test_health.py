"""The health page of a real history: what it tells, that it is always made, and how a real browser shows it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from click.testing import CliRunner, Result
from psycopg2.extras import execute_values

from bench.weeks import ENDPOINTS, Weeks, fill, names_of_tests
from observatory.commands.health import health
from observatory.errors import HistoryError
from observatory.health import take_stock, write_health
from observatory.health.values import State, TargetHealth
from observatory.health.words import findings
from observatory.history import Database
from observatory.history import TestAttemptEntry as AttemptEntry
from observatory.history.latency_series import Acceptance
from observatory.history.latency_store import accept_finished, judge_all
from observatory.history.store import store
from observatory.logs.masking import Masker
from tests.chromium import look
from tests.health_values import NOW
from tests.history_values import a_run, a_sample
from tests.html_page import HtmlPage

Command = Callable[..., Result]
VerdictRow = tuple[Any, ...]


@pytest.fixture
def observatory(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("OBSERVATORY_RESULTS", str(tmp_path / "results"))
    return lambda *arguments: CliRunner().invoke(health, [str(argument) for argument in arguments])


def filled(database: Database, **values: Any) -> None:
    """Write some weeks into the history."""
    with database.transaction() as connection:
        fill(connection, Weeks(**{"now": NOW, "days": 14, "tests": 30, **values}))


def told(database: Database, *entries: Any, now: datetime = NOW) -> TargetHealth:
    """What is known of the main target after these entries."""
    with database.transaction() as connection:
        store(connection, entries)
    return take_stock(database, now).targets[0]


def an_attempt(run: Any, name: str, status: str, minutes_ago: float, **values: Any) -> AttemptEntry:
    begun = NOW - timedelta(minutes=minutes_ago)
    return AttemptEntry(run.id, name, status, begun, 1.0, id=uuid.uuid4(), **values)


def a_finished_run(minutes_ago: float, **values: Any) -> Any:
    begun = NOW - timedelta(minutes=minutes_ago)
    return a_run("live", started_at=begun, finished_at=begun + timedelta(minutes=1), **values)


# What is known


def test_weeks_of_a_history_become_words(database: Database) -> None:
    filled(database)
    target = take_stock(database, NOW).targets[0]
    assert target.state is State.SLOWER
    assert [latency.series.endpoint for latency in target.regressed] == ["pokemon"]
    assert len(target.runs) == 56
    assert len(target.tests) == 30
    assert target.failing == []
    assert {test.name for test in target.flaky} <= set(names_of_tests(30))
    assert [known.change.path for known in target.open_changes] == ["weight", "sprites"]
    assert [found.group.path for found in target.data] == ["weight", "stats[].base_stat", "base_experience"]


def test_a_test_counts_once_by_its_last_attempt(database: Database) -> None:
    run = a_finished_run(10)
    target = told(database, run, an_attempt(run, "A", "FAIL", 9), an_attempt(run, "A", "PASS", 8))
    assert [(line.passed, line.failed) for line in target.runs] == [(1, 0)]
    assert target.state is State.WELL


def test_a_test_fails_since_its_first_failure_after_a_pass(database: Database) -> None:
    runs = [a_finished_run(ago) for ago in (400, 300, 200, 100)]
    statuses = ("FAIL", "PASS", "FAIL", "FAIL")
    attempts = [
        an_attempt(run, "A", status, ago - 1)
        for run, status, ago in zip(runs, statuses, (400, 300, 200, 100), strict=True)
    ]
    [failing] = told(database, *runs, *attempts).failing
    assert failing.since == NOW - timedelta(minutes=199)
    assert failing.runs == 2


def test_a_passing_run_of_other_tests_hides_no_failure(database: Database) -> None:
    before, after = a_finished_run(60), a_finished_run(10)
    target = told(database, before, after, an_attempt(before, "A", "FAIL", 59), an_attempt(after, "B", "PASS", 9))
    assert target.state is State.FAILING
    assert [each.test.name for each in target.failing] == ["A"]


def test_a_test_that_was_not_run_for_a_week_is_gone(database: Database) -> None:
    before, after = a_finished_run(60 * 24 * 8), a_finished_run(10)
    attempts = [an_attempt(before, "A", "FAIL", 60 * 24 * 8 - 1), an_attempt(after, "B", "PASS", 9)]
    assert told(database, before, after, *attempts).state is State.WELL


def test_failures_of_the_same_error_know_of_each_other(database: Database) -> None:
    run = a_finished_run(10)
    attempts = [an_attempt(run, name, "FAIL", 9, message=f"{name} is away", fingerprint="0f") for name in "ABC"]
    attempts.append(an_attempt(run, "D", "FAIL", 9, message="else", fingerprint="1e"))
    assert [each.alike for each in told(database, run, *attempts).failing] == [2, 2, 2, 0]


def test_failures_that_do_not_count_do_not_make_it_unwell(database: Database) -> None:
    run = a_finished_run(10)
    ours = an_attempt(run, "A", "FAIL", 9, cause="history")
    held = an_attempt(run, "B", "FAIL", 9, quarantined=True)
    target = told(database, run, ours, held, an_attempt(run, "C", "PASS", 9))
    assert target.state is State.WELL
    assert [(line.passed, line.failed, line.excused) for line in target.runs] == [(1, 0, 2)]
    assert [test.name for test in target.excused] == ["A", "B"]


def test_a_run_that_was_killed_is_told(database: Database, tmp_path: Path) -> None:
    run = a_run("live", started_at=NOW - timedelta(days=1))
    told(database, run, an_attempt(run, "A", "PASS", 60 * 24 - 1))
    file = tmp_path / "health.html"
    write_health(database, file, Masker(), NOW)
    assert "was killed : 1 passed" in HtmlPage(file.read_text("utf-8")).text


def test_the_target_whose_suites_ran_last_comes_first(database: Database) -> None:
    live, embedded = a_finished_run(30), a_run("embedded", started_at=NOW - timedelta(minutes=20))
    backfilled = a_run("backfill", kind="backfill", started_at=NOW - timedelta(minutes=1))
    told(database, live, embedded, backfilled)
    assert [target.name for target in take_stock(database, NOW).targets] == ["embedded", "live", "backfill"]


def test_one_target_alone_can_be_told(database: Database) -> None:
    told(database, a_finished_run(30), a_run("embedded", started_at=NOW - timedelta(minutes=20)))
    assert [target.name for target in take_stock(database, NOW, target="live").targets] == ["live"]
    with pytest.raises(HistoryError, match="no target 'nowhere' in the history; there are: embedded, live"):
        take_stock(database, NOW, target="nowhere")


def test_what_was_seen_under_injected_faults_is_told_only_when_asked_for(database: Database) -> None:
    told(database, a_finished_run(30), a_run("faults", started_at=NOW - timedelta(minutes=20)))
    health = take_stock(database, NOW)
    assert ([target.name for target in health.targets], health.others) == (["live"], ())
    assert [target.name for target in take_stock(database, NOW, target="faults").targets] == ["faults"]


def test_runs_that_nobody_judged_are_judged_before(database: Database, tmp_path: Path) -> None:
    filled(database, days=6, requests=20, slower_runs=0, with_drift=False)
    assert take_stock(database, NOW).targets[0].latencies == ()
    told_now = write_health(database, tmp_path / "health.html", Masker(), NOW).targets[0]
    assert {latency.series.endpoint for latency in told_now.latencies} == set(ENDPOINTS)
    # Berries got faster in the middle of these days; whether that is told still, is the rule's to say.
    verdicts = {latency.series.endpoint: latency.last.verdict for latency in told_now.latencies}
    assert {verdicts[endpoint] for endpoint in ENDPOINTS if endpoint != "berry"} == {"steady"}
    assert all(latency.baseline is not None for latency in told_now.latencies)
    assert "than the baseline, between" in HtmlPage((tmp_path / "health.html").read_text("utf-8")).text


def test_measured_and_not_judged_is_told(database: Database) -> None:
    run = a_finished_run(10)
    target = told(database, run, a_sample(run), a_sample(run))
    assert (target.requests, target.request_runs) == (2, 1)


def test_machines_that_change_their_name_do_not_fill_the_page(database: Database) -> None:
    filled(database, days=4)
    with database.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE runs SET host = id::text")
    target = take_stock(database, NOW).targets[0]
    assert len(target.latencies) == 12
    assert target.left_out > 12


def judged(run: Any, endpoint: str, verdict: str = "steady", effect: float = 0.01) -> VerdictRow:
    return run.id, endpoint, run.started_at, 30, 0.2, 0.3, 0.4, verdict, effect, effect - 0.05, effect + 0.05


def store_verdicts(database: Database, runs: Sequence[Any], rows: Sequence[VerdictRow]) -> TargetHealth:
    """Store runs with what was judged of them, and give what is known then of the main target."""
    with database.transaction() as connection, connection.cursor() as cursor:
        store(connection, runs)
        execute_values(
            cursor,
            "INSERT INTO latency_verdicts (run_id, endpoint, started_at, requests, p50, p95, p99, verdict, effect, "
            "low, high) VALUES %s",
            [(str(run_id), *rest) for run_id, *rest in rows],
        )
    return take_stock(database, NOW).targets[0]


def test_of_many_endpoints_the_slower_one_is_shown_however_new_it_is(database: Database) -> None:
    runs = [a_finished_run(60 * hours) for hours in range(3, 0, -1)]
    usual = [judged(run, f"endpoint{number}") for run in runs for number in range(13)]
    target = store_verdicts(database, runs, [*usual, judged(runs[-1], "newest", "regressed", 0.5)])
    assert (len(target.latencies), target.left_out) == (12, 2)
    assert target.latencies[0].series.endpoint == "newest"
    assert target.state is State.SLOWER
    assert "Slower: newest by 50 %." in list(findings(target, NOW))


def test_a_machine_that_is_gone_does_not_hold_the_headline(database: Database) -> None:
    gone, here = a_finished_run(60 * 24 * 60, host="gone"), a_finished_run(10, host="here")
    rows = [judged(gone, "pokemon", "regressed", 0.5), judged(here, "pokemon")]
    target = store_verdicts(database, [gone, here, an_attempt(here, "A", "PASS", 9)], rows)
    assert [latency.series.host for latency in target.latencies] == ["here"]
    assert (target.state, target.left_out) == (State.WELL, 0)


def test_what_is_accepted_is_well_before_the_next_run(database: Database) -> None:
    filled(database, days=8, requests=30, slower_runs=8, with_drift=False)
    judge_all(database, NOW)
    slower = take_stock(database, NOW).targets[0]
    assert [latency.series.endpoint for latency in slower.regressed] == ["pokemon"]
    with database.transaction() as connection:
        accept_finished(connection, slower.regressed[0].last.run_id, "pokemon", Acceptance("ann", "Moved to Mars."))
    target = take_stock(database, NOW).targets[0]
    assert (target.state, target.regressed) == (State.WELL, [])
    assert [latency.series.endpoint for latency in target.accepted] == ["pokemon"]


def test_a_log_is_overwritten_by_a_later_run_and_not_by_what_the_run_asked_beside(database: Database) -> None:
    first, second = (a_finished_run(ago, log="/results/log.html") for ago in (60, 30))
    beside = a_run("faults", started_at=NOW - timedelta(minutes=29), log="/results/log.html")
    runs = told(database, first, second, beside).runs
    assert [(run.id, run.is_overwritten) for run in runs] == [(second.id, False), (first.id, True)]


def test_names_that_cannot_be_stored_as_they_are_are_shown(database: Database, tmp_path: Path) -> None:
    run = a_finished_run(10, host="a\0host<b>")
    told(database, run, an_attempt(run, "A \0 test \ud800 </table><script>", "FAIL", 9, message="\0<script>" * 5000))
    file = tmp_path / "health.html"
    write_health(database, file, Masker(), NOW)
    page = HtmlPage(file.read_text("utf-8"))
    assert page.problems == []
    assert "A \\x00 test" in page.text
    assert len(page.all("script")) == 1


# The command


def test_the_command_writes_the_page_and_says_where(observatory: Command, database: Database, tmp_path: Path) -> None:
    filled(database, now=datetime.now(UTC))
    answer = observatory()
    file = tmp_path / "results" / "health.html"
    assert answer.exit_code == 0, answer.output
    assert answer.output == f"The health page is written:\n  {file.as_uri()}\n"
    assert "live is slower than usual." in HtmlPage(file.read_text("utf-8")).text
    assert [path.name for path in file.parent.iterdir()] == ["health.html"]


def test_an_empty_history_is_a_page_too(observatory: Command, tmp_path: Path) -> None:
    answer = observatory("--output", tmp_path / "page.html")
    assert answer.exit_code == 0, answer.output
    assert "Nothing is known yet." in (tmp_path / "page.html").read_text("utf-8")


def test_a_history_of_a_newer_version_is_one_sentence(observatory: Command, database_url: str, tmp_path: Path) -> None:
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    answer = observatory("--output", tmp_path / "page.html")
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: The history is at revision 9999, made by a newer version")
    assert answer.output.count("\n") == 1
    assert not (tmp_path / "page.html").exists()


def test_an_unknown_target_is_one_sentence(observatory: Command, tmp_path: Path) -> None:
    answer = observatory("--target", "nowhere", "--output", tmp_path / "page.html")
    assert answer.exit_code == 1
    assert answer.output == "Error: There is no target 'nowhere' in the history; there are: none.\n"


def test_a_page_that_cannot_be_written_is_one_sentence(observatory: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    answer = observatory("--output", tmp_path / "file" / "page.html")
    assert answer.exit_code == 1
    assert "could not be written to" in answer.output
    assert answer.output.count("\n") == 1


def test_a_table_that_is_gone_is_one_sentence(observatory: Command, database_url: str, tmp_path: Path) -> None:
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO targets (name) VALUES ('live')")
        cursor.execute("DROP TABLE runs CASCADE")
    connection.close()
    answer = observatory("--output", tmp_path / "page.html")
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: The history cannot be read: relation")
    assert answer.output.count("\n") == 1


def test_secrets_of_the_settings_are_masked(
    observatory: Command, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OBSERVATORY_API_TOKEN", "hunter2-and-more")
    run = a_finished_run(10)
    message = "401 for hunter2-and-more"
    told(database, run, an_attempt(run, "A", "FAIL", 9, message=message))
    observatory("--output", tmp_path / "page.html", "--days", 3650)
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "401 for ***" in text
    assert "hunter2" not in text


# In a real browser


@pytest.fixture
def page(database: Database, tmp_path: Path) -> Path:
    """The page of some weeks in which everything happened, on two targets."""
    filled(database, failing_runs=2, log=str(tmp_path / "log.html"))
    filled(database, target="embedded", days=3, now=NOW - timedelta(hours=1), with_drift=False)
    file = tmp_path / "health.html"
    write_health(database, file, Masker(), NOW)
    return file


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1024, 1200])
def test_a_browser_shows_it_whole_readable_and_asks_for_nothing(page: Path, width: int, *, dark: bool) -> None:
    seen = look(page, width, dark=dark)
    assert seen.found["width"] == width
    assert (seen.found["luminance"] < 0.1) == dark
    assert seen.found["scrollWidth"] <= width
    assert seen.found["wide"] == []
    assert seen.found["hidden"] == []
    assert seen.found["over"] == []
    assert seen.found["faint"] == []
    assert seen.found["title"] == "✗ live is not well. API health"
    assert seen.console == []
    assert seen.asked == ["/health.html"]


def test_a_browser_that_would_load_something_is_noticed(page: Path) -> None:
    text = page.read_text("utf-8").replace("<main>", '<main><img src="picture.png"><p style="width:999px">wide</p>')
    text = text.replace("300 requests in 10 runs", '<span style="padding-left:400px">wide</span>')
    text = text.replace(".latency figure {", ".latency figure { position: absolute;")
    page.write_text(text.replace("--soft: #556070", "--soft: #bbbbbb"), "utf-8")
    seen = look(page, 360)
    assert any("picture.png" in line for line in seen.console)
    assert seen.found["scrollWidth"] > 360
    assert len(seen.found["wide"]) > 0
    assert len(seen.found["hidden"]) > 0
    assert len(seen.found["over"]) > 0
    assert len(seen.found["faint"]) > 0


def test_an_empty_history_is_shown_too(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "health.html"
    write_health(database, file, Masker(), NOW)
    seen = look(file, 360)
    assert (seen.found["wide"], seen.found["faint"], seen.console) == ([], [], [])


# Ninety days


def test_ninety_days_of_four_runs_and_two_hundred_tests_are_less_than_a_megabyte(
    database: Database, tmp_path: Path
) -> None:
    filled(database, days=90, tests=200, failing_runs=2)
    file = tmp_path / "health.html"
    write_health(database, file, Masker(["a secret"]), NOW)
    page = HtmlPage(file.read_text("utf-8"))
    assert page.problems == []
    assert "350 older runs" in page.text
    assert file.stat().st_size < 1_000_000
