"""The page of a load: the verdict first, then what it is known from, safe and whole whatever there is to tell."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from observatory.load import Ending, Generator, Limits, LoadReport
from observatory.load.sentences import duration, share
from observatory.load.words import compared, ended, planned
from observatory.load_page import load_page
from observatory.logs.masking import Masker
from tests.chromium import look
from tests.html_page import HtmlPage
from tests.load_values import (
    BEGAN,
    judged_report,
    load_arrivals,
    load_failure,
    load_numbers,
    load_plan,
    load_report,
    load_timeline,
    open_plan,
    past_load,
)

HOSTILE = "<img src=x onerror=alert(1)>&\"' \\x00 " + "é" * 3000
SECRET = "hunter2-and-more"  # pragma: allowlist secret
NO_LATENCY: dict[str, Any] = dict.fromkeys(("p50", "p90", "p95", "p99", "longest", "mean"))
NO_SECOND: dict[str, Any] = {"requests": 0, "p50": None, "p95": None, "longest": None}


def spike(number: int) -> dict[str, Any]:
    """Three seconds in which ten times as many came, and some failed."""
    if not 60 <= number < 63:
        return {}
    return {"requests": 520, "users": 100, "failures": 37, "p50": 0.4, "p95": 0.9, "longest": 2.3}


def everything(text: str = "") -> LoadReport:
    """A load with something in every section; every text of it contains `text`."""
    return judged_report(
        plan=load_plan(
            profile=f"heavy{text}",
            shape=f"spike{text}",
            target=f"embedded{text}",
            address=f"http://127.0.0.1/{text}",
        ),
        total=load_numbers(failures=120, p95=0.62),
        endpoints=(load_numbers(f"pokemon{text}", failures=120, p95=0.81), load_numbers("type")),
        failures=(
            load_failure(f"status 500{text}", count=100),
            load_failure(f"no name{text}", type=f"model{text}", count=20),
        ),
        timeline=load_timeline(120, spike),
        notes=(f"A worker was slow{text}.",),
        past=(past_load(p95=0.18), past_load(p95=0.23), past_load(outcome=f"unsure{text}")),
    )


def nothing() -> LoadReport:
    """A load in which no request was sent."""
    empty = load_numbers(requests=0, throughput=0.0, size=0, **NO_LATENCY)
    timeline = load_timeline(5, lambda _: {**NO_SECOND, "users": 0})
    return judged_report(total=empty, endpoints=(), timeline=timeline, ending=Ending.UNREACHED)


def all_failed() -> LoadReport:
    """A load in which nobody was there."""
    failed = {"failures": 6000, **NO_LATENCY}
    return judged_report(
        total=load_numbers(**failed),
        endpoints=(load_numbers("pokemon", **failed),),
        failures=(load_failure("refused", type="connection", count=6000),),
        timeline=load_timeline(120, lambda _: {**NO_SECOND, "requests": 50, "failures": 50}),
    )


def soak() -> LoadReport:
    """Eight hours with a spike of one second, and two hundred kinds of failure."""
    return judged_report(
        plan=load_plan(shape="soak", seconds=28_800.0),
        seconds=28_800.0,
        total=load_numbers(requests=1_440_000, failures=2000),
        failures=tuple(load_failure(f"message {number}", count=10) for number in range(200)),
        timeline=load_timeline(28_800, lambda number: {"requests": 400, "failures": 99} if number == 7777 else {}),
        past=tuple(past_load(started_at=BEGAN - timedelta(days=number)) for number in range(1, 31)),
    )


OPEN = judged_report(plan=open_plan(), arrivals=load_arrivals(sent=5000), timeline=load_timeline(120))
LOADS = {
    "passed": judged_report(),
    "everything": everything(),
    "hostile": everything(HOSTILE),
    "open": OPEN,
    "not judged": load_report(),
    "nothing": nothing(),
    "all failed": all_failed(),
    "no second": load_report(timeline=()),
    "ten minutes": judged_report(timeline=load_timeline(600, spike)),
    "soak": soak(),
}


def text_of(report: LoadReport, **options: bool) -> str:
    return load_page(report, Masker([SECRET]), **options)


def words_of(report: LoadReport, **options: bool) -> str:
    return HtmlPage(text_of(report, **options)).text


# Whatever there is


@pytest.mark.parametrize("report", LOADS.values(), ids=LOADS)
def test_it_is_well_formed_and_accessible(report: LoadReport) -> None:
    found = HtmlPage(text_of(report))
    tags = [tag for tag, _ in found.tags]
    assert found.problems == []
    assert sorted(found.ids) == sorted(set(found.ids))
    assert (found.headings[0], found.headings.count(1)) == (1, 1)
    assert all(later <= earlier + 1 for earlier, later in pairwise(found.headings))
    assert (tags.count("header"), tags.count("main"), tags.count("footer")) == (1, 1, 1)
    assert {attributes["aria-labelledby"] for attributes in found.all("section")} <= set(found.ids)
    assert tags.count("caption") == tags.count("table")
    assert all(each.get("role") == "img" for each in found.all("svg"))
    assert tags.count("desc") == tags.count("svg")


@pytest.mark.parametrize("report", LOADS.values(), ids=LOADS)
def test_it_needs_nothing_but_itself_and_runs_nothing(report: LoadReport) -> None:
    text = text_of(report, has_locust_page=True)
    found = HtmlPage(text)
    forbidden = {"img", "iframe", "object", "embed", "video", "audio", "base", "form", "script"}
    assert not forbidden & {tag for tag, _ in found.tags}
    assert [link["href"] for link in found.all("link")] == ["data:,"]
    assert {link["href"] for link in found.all("a")} == {"locust.html", "report.json"}
    assert not re.search(r"url\((?!#)", text)
    assert "@import" not in text
    [policy] = [meta["content"] for meta in found.all("meta") if "http-equiv" in meta]
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "script" not in policy


def test_names_are_text_and_never_markup() -> None:
    found = HtmlPage(text_of(everything(HOSTILE)))
    assert not any("onerror" in attributes for _, attributes in found.tags)
    assert "<img src=x onerror=alert(1)>" in found.text


def test_secrets_are_masked_wherever_they_stand() -> None:
    text = text_of(everything(f" {SECRET}"))
    assert SECRET not in text
    assert "***" in text


def test_eight_hours_are_written_at_once_and_are_no_megabyte() -> None:
    report = soak()
    begun = time.perf_counter()
    text = text_of(report)
    assert time.perf_counter() - begun < 2
    assert len(text.encode()) < 500_000


# The verdict


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (judged_report(), "✓ Passed"),
        (everything(), "✗ Failed"),
        (judged_report(ending=Ending.INTERRUPTED), "? Unsure"),
        (load_report(), "… Not judged yet"),
    ],
    ids=["passed", "failed", "unsure", "not judged"],
)
def test_it_begins_with_the_verdict_as_a_word_with_its_sign(report: LoadReport, words: str) -> None:
    found = words_of(report)
    assert found.index(words) < found.index("on embedded") < found.index("Requests") < found.index("By endpoint")


def test_the_reasons_stand_below_it_in_their_order() -> None:
    found = words_of(everything())
    assert found.index("Failed") < found.index("2 % of 6,000 requests failed") < found.index("P95 is 620 ms; 500 ms")


def test_what_is_not_judged_says_how_to_judge_it() -> None:
    assert "`observatory load finish` does that" in words_of(load_report())


def test_numbers_say_whether_they_are_within_their_limits() -> None:
    found = words_of(everything())
    assert "Failed 2 % ✗ beyond its limit at most 1 %" in found
    assert "P95 620 ms ✗ beyond its limit at most 500 ms" in found
    assert "P95 212 ms ✓ within its limit at most 500 ms" in words_of(judged_report())
    slow = judged_report(plan=load_plan(limits=Limits(None, None, 80)))
    assert "P95 212 ms no limit Throughput 50.0 ✗ beyond its limit a second, at least 80" in words_of(slow)


def test_within_its_limit_proves_nothing_where_the_load_is_unsure() -> None:
    assert "within its limit at most" not in words_of(judged_report(ending=Ending.INTERRUPTED))


# What was planned, and how it ended


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {},
            (
                "light, steady: up to 10 users for 2 min against embedded, at http://127.0.0.1:8080/api/v2; every "
                "answer was held against its model."
            ),
        ),
        (
            {"users": 1, "seconds": None, "validated": 0.1},
            (
                "light, steady: up to 1 user until somebody stops it against embedded, at http://127.0.0.1:8080/api/v2"
                "; 10 % of the answers were held against their model."
            ),
        ),
        (
            {"seconds": 10.0, "validated": 0.0},
            (
                "light, steady: up to 10 users for 10 s against embedded, at http://127.0.0.1:8080/api/v2; no answer "
                "was held to a model."
            ),
        ),
    ],
)
def test_what_was_planned_is_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    assert planned(load_report(plan=load_plan(**changes))) == sentence


def test_of_an_open_model_arrivals_are_told() -> None:
    assert planned(OPEN).startswith("light, steady: up to 50 arrivals a second for 2 min against embedded")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "It came to its end after 2 min. One process made it, and used up to 34 % of a CPU."),
        (
            {"ending": Ending.INTERRUPTED, "seconds": 43.2, "generator": Generator(3, 0, 0.5)},
            "It was interrupted after 43 s of 2 min. 3 processes made it; the busiest used up to 50 % of a CPU.",
        ),
        (
            {"ending": Ending.WORKERS_LOST, "seconds": 9.5, "generator": Generator(2, 2, 0.2)},
            (
                "It was stopped after 9.5 s, because the workers that made it were lost. 2 processes made it, of which "
                "2 were lost; the busiest used up to 20 % of a CPU."
            ),
        ),
    ],
)
def test_how_it_ended_is_told(changes: dict[str, Any], sentence: str) -> None:
    assert ended(load_report(**changes)) == sentence


def test_what_happened_on_the_way_is_told() -> None:
    assert "A worker was slow." in words_of(everything())


# By endpoint, and failures


def test_each_endpoint_has_its_numbers_and_all_have_the_last_row() -> None:
    found = words_of(everything())
    assert "pokemon 6,000 ✗ 120 (2 %) limit 1 % 50.0 85 ms 171 ms ✗ 810 ms limit 500 ms 334 ms 612 ms" in found
    assert "type 6,000 0 50.0 85 ms 171 ms 212 ms 334 ms 612 ms all endpoints 6,000 ✗ 120 (2 %)" in found


def test_the_limit_of_throughput_is_of_all_endpoints_together() -> None:
    found = words_of(judged_report(plan=load_plan(limits=Limits(None, None, 80))))
    assert found.count("limit 80") == 1
    assert "The limits: at least 80 a second are asked for." in found


def test_failures_are_told_by_kind() -> None:
    found = words_of(everything())
    assert "120 of 6,000 requests failed: 100 of kind server error, 20 of kind model." in found
    assert "100 pokemon server error status 500" in found
    assert "No request failed." in words_of(judged_report())
    assert "There was no request that could fail." in words_of(nothing())


def test_of_many_messages_twenty_are_told_and_the_others_counted() -> None:
    found = words_of(soak())
    assert "message 19" in found
    assert "message 20" not in found
    assert "… and 180 more messages, of 1,800 failures." in found


# Second by second


def test_a_spike_is_told_and_seen() -> None:
    found = words_of(everything())
    assert "The busiest second was 60 s after the beginning, with 520 requests." in found
    assert "There were failures in 3 of 120 seconds; the worst was 60 s after the beginning, with 37." in found
    assert "There were up to 100 users at once." in found
    assert "P95 was beyond its limit of 500 ms in 3 of 120 seconds, each with a dot" in found
    assert "61 s: 520 requests, 37 failed, 100 users" in found
    assert "61 s: P50 400 ms, P95 900 ms, longest 2.30 s" in found


def test_of_hours_a_column_tells_the_least_and_the_most() -> None:
    found = words_of(soak())
    assert "Each column is 48 s long: strong up to the fewest in one of its seconds, pale up to the most." in found
    assert "The busiest second was 2 h 10 min after the beginning, with 400 requests." in found
    assert re.search(r"2 h 10 min to 2 h 10 min: 4\d to 400 requests, 0 to 99 failed, 10 users", found)


def test_where_nobody_was_there_is_no_latency() -> None:
    for report in (nothing(), all_failed(), load_report(timeline=())):
        assert "No request was answered or waited for, so there is no latency." in words_of(report)
    assert "No request ended." in words_of(nothing())
    assert "Not one second was measured." in words_of(load_report(timeline=()))


def test_an_open_model_says_what_was_sent_and_what_its_latency_is_measured_from() -> None:
    found = words_of(OPEN)
    assert "Of 6,000 scheduled requests 5,000 were sent." in found
    assert "They were late by 0.7 ms (P50), 4.0 ms (P99), and 21 ms at most." in found
    assert "measured from the time at which the request should have been sent" in found
    assert "users (at the right)" not in found
    assert "Scheduled and sent" not in words_of(judged_report())


# Compared


def with_past(*p95: float | None, **changes: Any) -> list[str]:
    past = tuple(past_load(p95=each) for each in p95)
    return list(compared(judged_report(past=past, **changes)))


def test_a_load_is_held_against_those_before_it() -> None:
    assert with_past(0.18, 0.23, 0.2)[0] == "P95 212 ms; the 3 loads of this kind before it had 180 to 230 ms."
    assert with_past(0.18)[0] == "P95 212 ms; the load of this kind before it had 180 ms."
    assert with_past(0.0082, 1.5)[0] == "P95 212 ms; the 2 loads of this kind before it had 8.2 ms to 1.50 s."
    assert with_past(0.18)[1] == "Throughput 50.0 a second; the load of this kind before it had 49.8 a second."


def test_what_no_load_before_had_is_told_where_there_were_some() -> None:
    assert with_past(0.15, 0.16, 0.17)[0].endswith("150 to 170 ms, so this is longer than in any of them.")
    assert with_past(0.35, 0.36, 0.37)[0].endswith("350 to 370 ms, so this is shorter than in any of them.")
    assert with_past(0.15, 0.16)[0].endswith("150 to 160 ms.")
    assert with_past(0.2, 0.2, 0.21)[0].endswith("200 to 210 ms.")


def test_nothing_is_said_that_is_not_known() -> None:
    assert with_past() == []
    assert [sentence.split()[0] for sentence in with_past(None)] == ["Throughput"]
    assert with_past(0.2, ending=Ending.INTERRUPTED) == ["This load is unsure, so it is held against no other."]
    unsure = judged_report(past=(past_load(outcome="unsure"),))
    assert list(compared(unsure)) == ["1 load before it is unsure, and held against nothing."]
    assert "Compared with the loads before" not in words_of(judged_report())


def test_the_loads_before_are_listed_below_this_one() -> None:
    found = words_of(judged_report(past=(past_load(), past_load(outcome="failed"))))
    assert "this load ✓ passed 6,000 0 50.0 85 ms 212 ms 334 ms" in found
    assert "✗ failed 5,980 3 (0.05 %) 49.8 83 ms 207 ms 318 ms" in found


# How to read it


def test_it_ends_with_what_a_tester_should_know_and_do() -> None:
    found = words_of(judged_report())
    for words in ("P95 is the time that 95 of 100", "Throughput is how many", "Unsure means that", "What next:"):
        assert words in found
    assert "observatory load run --profile light --target embedded" in found
    assert "inv load" not in words_of(judged_report(plan=load_plan(profile="own")))


def test_the_report_of_locust_is_linked_where_it_is() -> None:
    assert 'href="locust.html"' in text_of(judged_report(), has_locust_page=True)
    assert "locust.html" not in text_of(judged_report())


# Words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (4.3, "4.3 s"),
        (95, "95 s"),
        (119.7, "2 min"),
        (130, "2 min 10 s"),
        (3599.6, "1 h"),
        (28_800, "8 h"),
        (29_100, "8 h 5 min"),
    ],
)
def test_times_are_told_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("part", "words"),
    [(0, "0 %"), (0.00002, "< 0.01 %"), (0.005, "0.5 %"), (0.01, "1 %"), (0.0104, "1.04 %"), (1, "100 %")],
)
def test_a_share_just_beyond_its_limit_does_not_look_the_same(part: float, words: str) -> None:
    assert share(part).replace("\u00a0", " ") == words


# In a real browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("load")


@pytest.mark.parametrize(
    ("name", "width", "dark"),
    [
        ("everything", 360, False),
        ("everything", 768, True),
        ("everything", 1200, False),
        ("hostile", 360, True),
        ("hostile", 1200, True),
        ("open", 768, False),
        ("soak", 360, True),
    ],
)
def test_a_browser_shows_it_whole_readable_and_asks_for_nothing(
    folder: Path, name: str, width: int, *, dark: bool
) -> None:
    page = folder / "report.html"
    page.write_text(text_of(LOADS[name], has_locust_page=True), "utf-8")
    seen = look(page, width, dark=dark)
    assert (seen.found["width"], seen.found["luminance"] < 0.1) == (width, dark)
    assert seen.found["scrollWidth"] <= width
    assert seen.found["wide"] == []
    assert seen.found["hidden"] == []
    assert seen.found["faint"] == []
    assert seen.console == []
    assert seen.asked == ["/report.html"]


def test_a_browser_that_would_load_something_is_noticed(folder: Path) -> None:
    text = text_of(LOADS["passed"]).replace("<main>", '<main><img src="picture.png"><p style="width:999px">wide</p>')
    page = folder / "broken.html"
    page.write_text(text.replace("--soft: #556070", "--soft: #bbbbbb"), "utf-8")
    seen = look(page, 360)
    assert any("picture.png" in line for line in seen.console)
    assert len(seen.found["wide"]) > 0
    assert len(seen.found["faint"]) > 0


def test_the_same_report_is_the_same_page() -> None:
    report = everything()
    assert text_of(report) == text_of(replace(report))
