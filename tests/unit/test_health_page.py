"""The health page as a browser gets it: well formed, complete without a network, and safe whatever names there are."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from observatory.data_drift import DataChangeGroup, DataChangeKind
from observatory.flakiness.quarantine import read_quarantine
from observatory.health.page import health_page
from observatory.health.values import Health
from observatory.history.health_queries import DataChangeFound, LoadLine
from observatory.logs.masking import Masker
from tests.drift_values import a_data_change, a_known_change
from tests.health_values import (
    NOW,
    a_baseline,
    a_failing_test,
    a_flaky_test,
    a_health,
    a_latency,
    a_regression,
    a_run_line,
    a_series,
    a_target,
    a_test,
    a_verdict,
)
from tests.html_page import HtmlPage

HOSTILE = "<img src=x onerror=alert(1)>&\"' \\x00 " + "é" * 3000
SECRET = "hunter2-and-more"  # pragma: allowlist secret


def everything(name: str = "live", text: str = "") -> Health:
    """Health with something in every section; every text of the history contains `text`."""
    series = a_series(endpoint=f"pokemon{text}", host=f"host{text}", shard=f"2{text}")
    example = a_data_change("weight", f"69{text}", 70)
    group = DataChangeGroup(
        f"pokemon{text}", "weight", DataChangeKind.CHANGED, f"hp{text}", ("1", "2"), 2, (("1", example),)
    )
    test = f"Suites.Smoke{text}.Bulbasaur{text}"
    target = a_target(
        name=f"{name}{text}",
        runs=[
            a_run_line(host=f"host{text}", shard=f"1{text}", git_revision=f"abc{text}", log=f"/nowhere/log{text}.html"),
            a_run_line(finished_at=None, started_at=NOW - timedelta(days=4), passed=3, kind=f"robot{text}"),
            a_run_line(passed=0, kind=f"backfill{text}"),
            a_run_line(
                passed=0, kind="load", load=LoadLine(f"li{text}ght", f"ste{text}ady", "finished", "passed", 9, 1)
            ),
        ],
        tests=[a_test(test), a_test(f"B{text}", "FAIL", quarantined=True), a_test(f"C{text}", "FAIL", cause="suite")],
        failing=[a_failing_test(test, message=f"No{text}")],
        flaky=[a_flaky_test(test)],
        latencies=[
            a_latency(a_regression(series=series)),
            a_latency(baselines=[a_baseline(accepted_by=f"ben{text}", reason=f"Moved to Mars{text}")]),
        ],
        left_out=2,
        changes=[a_known_change(), a_known_change(id=13, closed_by=f"ann{text}", reason=f"so{text}")],
        data=[DataChangeFound(NOW, group)],
    )
    return a_health(target, replace(target, name=f"other{text}"), others=(f"third{text}",))


def page(health: Health, folder: Path = Path("/results")) -> HtmlPage:
    return HtmlPage(health_page(health, folder, Masker([SECRET]).mask_text))


HEALTHS = {
    "well": a_health(),
    "everything": everything(),
    "hostile": everything(text=HOSTILE),
    "empty": Health(NOW, NOW - timedelta(days=90)),
    "nothing but a name": a_health(a_target(runs=[], tests=[], latencies=[])),
    "learning": a_health(a_target(latencies=[a_latency(a_verdict(verdict="learning", effect=None), baselines=[])])),
    "not judged": a_health(a_target(latencies=[], requests=120, request_runs=4)),
}


# Whatever there is


@pytest.mark.parametrize("health", HEALTHS.values(), ids=HEALTHS)
def test_it_is_well_formed(health: Health) -> None:
    found = page(health)
    assert found.problems == []
    assert sorted(found.ids) == sorted(set(found.ids))


@pytest.mark.parametrize("health", HEALTHS.values(), ids=HEALTHS)
def test_its_headings_are_in_order(health: Health) -> None:
    levels = page(health).headings
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


@pytest.mark.parametrize("health", HEALTHS.values(), ids=HEALTHS)
def test_it_needs_nothing_but_itself(health: Health) -> None:
    text = health_page(health, Path("/results"))
    found = HtmlPage(text)
    assert not {"img", "iframe", "object", "embed", "video", "audio", "base", "form"} & {tag for tag, _ in found.tags}
    assert [link["href"] for link in found.all("link")] == ["data:,"]
    assert [script for script in found.all("script") if script] == []
    assert not re.search(r"url\((?!#)", text)
    assert "@import" not in text


@pytest.mark.parametrize("health", HEALTHS.values(), ids=HEALTHS)
def test_it_has_its_landmarks_and_names(health: Health) -> None:
    found = page(health)
    tags = [tag for tag, _ in found.tags]
    assert (tags.count("header"), tags.count("main"), tags.count("footer")) == (1, 1, 1)
    assert found.all("html") == [{"lang": "en"}]
    named = {attributes["aria-labelledby"] for attributes in found.all("section")}
    assert named <= set(found.ids)
    assert tags.count("caption") == tags.count("table") - sum("cellpadding" in each for each in found.all("table"))
    assert all(each.get("role") == "img" for each in found.all("svg"))


@pytest.mark.parametrize("health", HEALTHS.values(), ids=HEALTHS)
def test_links_within_it_lead_somewhere(health: Health) -> None:
    found = page(health)
    inner = {str(link["href"])[1:] for link in found.all("a") if str(link["href"]).startswith("#")}
    assert inner <= set(found.ids)


def test_a_browser_may_load_nothing_and_run_one_known_script() -> None:
    text = health_page(a_health(), Path("/results"))
    [policy] = [meta["content"] for meta in HtmlPage(text).all("meta") if "http-equiv" in meta]
    [script] = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert f"script-src 'sha256-{digest}'" in policy


# What it says


def test_above_the_fold_is_whether_the_api_is_well() -> None:
    words = page(a_health()).text
    assert words.index("live is well.") < words.index("2 of 2 tests passed") < words.index("Latency")


def test_an_empty_history_is_a_friendly_page_that_says_how_to_begin() -> None:
    words = page(Health(NOW, NOW - timedelta(days=90))).text
    assert "Nothing is known yet." in words
    assert "robot --include smoke suites/ inv report" in words


def test_every_section_tells_what_there_is() -> None:
    words = page(everything()).text
    for sentence in (
        "live is not well.",
        "18 % slower than the baseline, between 12 % and 24 % slower, in 3 runs since 2026-11-18 06:00 UTC .",
        "Baseline 840 requests in 28 runs",
        "Accepted by ben: Moved to Mars",
        "2 more are not shown: what is slower comes first",
        "2 schema changes of pokemon",
        "1 change of data",
        "since 2026-11-18 16:30 in 8 runs",
        "9 %, 9 of 100 attempts",
        "2 failures that do not count",
        "was killed : 3 passed",
        "Not shown: third.",
    ):
        assert sentence in words


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "✓ load light, steady: passed, 1,234 requests, P95 212 ms on here"),
        ({"outcome": "failed", "p95": 2.5}, "✗ load light, steady: failed, 1,234 requests, P95 2.50 s on here"),
        ({"outcome": "unsure", "requests": 1}, "? load light, steady: unsure, 1 request, P95 212 ms on here"),
        (
            {"outcome": "unsure", "ending": "workers lost", "requests": 0, "p95": None},
            "? load light, steady: unsure, workers lost, 0 requests on here",
        ),
    ],
)
def test_a_load_says_what_came_of_it(values: dict[str, Any], words: str) -> None:
    base = {"profile": "light", "shape": "steady", "ending": "finished", "outcome": "passed", "requests": 1234}
    load = LoadLine(**{**base, "p95": 0.212, **values})
    assert words in page(a_health(a_target(runs=[a_run_line(kind="load", passed=0, load=load)]))).text


@pytest.mark.parametrize(("outcome", "bad"), [("passed", 0), ("unsure", 0), ("failed", 1)])
def test_a_load_that_failed_is_a_bad_run_of_its_day(outcome: str, bad: int) -> None:
    load = LoadLine("light", "steady", "finished", outcome, 1234, 0.212)
    runs = [a_run_line(kind="load", passed=0, load=load), a_run_line(started_at=NOW - timedelta(days=3))]
    titles = re.findall(r"<title>([^<]*)</title>", health_page(a_health(a_target(runs=runs)), Path("/results")))
    assert sum("1 with failures" in title for title in titles) == bad


def test_nothing_judged_yet_says_how_much_is_known() -> None:
    words = page(HEALTHS["not judged"]).text
    assert "Learning: 120 requests in 4 runs were measured, and nothing was judged yet." in words


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("2026-11-20", "in quarantine until 2026-11-20 the mirror is slow"),
        ("2026-11-19", "no more: it ended on 2026-11-19"),
        (None, "not in quarantine"),
    ],
)
def test_a_flaky_test_says_whether_it_is_in_quarantine(until: str | None, words: str) -> None:
    entries = [{"test": "Stench Is Served", "until": until, "reason": "the mirror is slow"}] if until else []
    health = a_health(a_target(flaky=[a_flaky_test()]), quarantine=read_quarantine(entries, NOW.date()))
    assert words in page(health).text


def test_a_message_of_several_lines_is_one_line() -> None:
    message = "Several failures occurred:\n\n1) The latency of pokemon\r\n2) That of type\n"
    words = page(a_health(a_target(failing=[a_failing_test(message=message)]))).text
    assert "Several failures occurred: 1) The latency of pokemon 2) That of type" in words
    assert "\\n" not in words


def test_what_was_accepted_since_is_not_slower_any_more() -> None:
    baseline = a_baseline(accepted_by="ann", reason="Moved to Mars.", valid_from=NOW, number=5)
    health = a_health(a_target(latencies=[a_latency(a_regression(), baselines=[baseline])]))
    words = page(health).text
    assert "live is well." in words
    assert "✓ accepted" in words
    assert "Accepted by ann: Moved to Mars. What is usual is learnt anew from this run on." in words
    assert "slower than the baseline" not in words
    assert words.count("Moved to Mars") == 1


def test_what_noise_does_not_explain_is_not_called_usual() -> None:
    words = page(a_health(a_target(latencies=[a_latency(a_verdict(effect=0.06, low=0.01, high=0.12))]))).text
    assert "≈ perhaps not as usual" in words
    assert "✓ as usual" not in words


def test_runs_of_one_day_are_of_that_day() -> None:
    baseline = a_baseline(first_run_at=NOW - timedelta(hours=3), last_run_at=NOW)
    assert "is of runs of 20 Nov 2026 ." in page(a_health(a_target(latencies=[a_latency(baselines=[baseline])]))).text
    assert "is of runs from 11 Nov 2026 to 18 Nov 2026 ." in page(a_health()).text


def test_the_name_of_the_machine_is_spoken_of_where_there_are_several() -> None:
    here, there = (a_latency(a_verdict(series=a_series(host=host))) for host in ("here", "there"))
    assert "OBSERVATORY_HOST" not in page(a_health(a_target(latencies=[here], left_out=1))).text
    words = page(a_health(a_target(latencies=[here, there], left_out=1))).text
    assert "1 more is not shown" in words
    assert "OBSERVATORY_HOST" in words


def test_a_run_with_failures_has_the_name_by_which_its_failures_are_found() -> None:
    run = a_run_line(failed=1)
    assert f"run {run.id.hex[:8]}" in page(a_health(a_target(runs=[run]))).text


def test_the_same_error_in_other_tests_is_told() -> None:
    words = page(a_health(a_target(failing=[a_failing_test(alike=3)]))).text
    assert "The same error as in 3 other tests." in words


# Whatever names there are


def test_names_are_text_and_never_markup() -> None:
    found = page(everything(text=HOSTILE))
    assert not any("onerror" in attributes for _, attributes in found.tags)
    assert "<img src=x onerror=alert(1)>" in found.text


def test_secrets_are_masked_wherever_they_stand() -> None:
    text = health_page(everything(text=f" {SECRET}"), Path("/results"), Masker([SECRET]).mask_text)
    assert SECRET not in text
    assert "***" in text


def test_a_page_of_long_names_is_not_long() -> None:
    assert len(health_page(everything(text=HOSTILE), Path("/results"))) < 150_000


# Links to logs


def linked(tmp_path: Path, **values: object) -> str:
    """What the page says of the log of a run."""
    folder = tmp_path / "results"
    text = health_page(a_health(a_target(runs=[a_run_line(**values)])), folder)
    return text.partition('id="runs"')[2]


def test_a_log_that_is_there_is_linked_as_seen_from_the_page(tmp_path: Path) -> None:
    log = tmp_path / "results of today" / "log #1.html"
    log.parent.mkdir()
    log.touch()
    os.utime(log, (NOW.timestamp(), NOW.timestamp()))
    assert 'href="../results%20of%20today/log%20%231.html"' in linked(tmp_path, log=str(log))


def test_a_log_beside_the_page_is_linked_by_its_name(tmp_path: Path) -> None:
    log = tmp_path / "results" / "log.html"
    log.parent.mkdir()
    log.touch()
    os.utime(log, (NOW.timestamp(), NOW.timestamp()))
    assert 'href="log.html"' in linked(tmp_path, log=str(log))


def test_a_log_that_a_later_run_overwrote_is_not_linked(tmp_path: Path) -> None:
    log = tmp_path / "log.html"
    log.touch()
    words = linked(tmp_path, log=str(log), is_overwritten=True)
    assert "log overwritten by a later run" in words
    assert "<a " not in words


def test_a_log_that_is_not_there_is_not_linked(tmp_path: Path) -> None:
    assert "log not here" in linked(tmp_path, log=str(tmp_path / "log.html"))
    assert "log not here" in linked(tmp_path, log="/a\0b")


def test_a_log_that_is_older_than_the_run_is_another_ones(tmp_path: Path) -> None:
    log = tmp_path / "log.html"
    log.touch()
    os.utime(log, (1, 1))
    assert "log not here: what is there is older" in linked(tmp_path, log=str(log))


def test_a_run_that_told_no_log_has_none(tmp_path: Path) -> None:
    assert "log not told" in linked(tmp_path)
