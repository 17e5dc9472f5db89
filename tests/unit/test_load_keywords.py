"""What the keywords about loads are made from: values as people write them, limits, and whether load was asked for."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from robot import running
from robot.api import SkipExecution

import LoadRunner
from keyword_values import per_second_of
from load.profiles import PROFILES
from load.shapes import SHAPES
from load.tasks import VISITORS
from load_limits import failure_rate, latency, throughput
from observatory.errors import ObservatoryError
from observatory.load import Ending, LoadReport
from observatory.load.report import Outcome
from observatory.load.verdict import doubts
from observatory.load_page.log_block import load_block
from observatory.settings import Settings
from robot_asked import is_asked_for
from robot_load import EndedLoad, should_have_reached, target_of_load
from tests.html_page import HtmlPage
from tests.load_values import (
    judged_report,
    load_arrivals,
    load_failure,
    load_numbers,
    load_plan,
    load_report,
    open_plan,
)

HOSTILE = "<img src=x onerror=alert(1)>"
LOAD_SUITES = Path("/home/ash/suites/load")


def ended(report: LoadReport | None = None) -> EndedLoad:
    return EndedLoad(report or judged_report(), "load/1-light/report.html")


# Values, as people write them


@pytest.mark.parametrize(
    "written", ["50 per second", "50", "50/s", "50 / s", "50 a second", "50 requests per second", "50  Per Second", 50]
)
def test_so_many_a_second_are_written_in_many_ways(written: str | int) -> None:
    assert per_second_of(written) == 50


@pytest.mark.parametrize("written", ["", "0", "-1", "many", "50 per minute", "50 ms", "50 %", "1e3", "inf", "nan"])
def test_what_is_not_so_many_a_second_is_said_with_what_is(written: str) -> None:
    with pytest.raises(ObservatoryError) as caught:
        per_second_of(written)
    assert str(caught.value) == f"'{written}' is not so many a second; write it like 50 per second, 50/s or 50."


def test_the_choices_that_keywords_offer_are_those_there_are() -> None:
    assert set(get_args(LoadRunner.Profile)) == set(PROFILES)
    assert set(get_args(LoadRunner.Shape)) == set(SHAPES)
    assert set(get_args(LoadRunner.Visitor)) == set(VISITORS)


def test_the_documentation_says_what_the_profiles_are() -> None:
    doc = LoadRunner.LoadRunner.__doc__ or ""
    rows = {row[0]: row for row in re.findall(r"\| `(\w+)` \| (\d+) \| (\d+) (s|min) \| .* \| (\w+) \|", doc)}
    told = {name: (int(users), int(time) * (60 if unit == "min" else 1), shape)
            for name, users, time, unit, shape in rows.values()}  # fmt: skip
    assert told == {name: (each.users, each.seconds, each.shape) for name, each in PROFILES.items()}


# Limits


def test_below_is_below_and_at_least_is_at_least() -> None:
    load = ended(judged_report(total=load_numbers(failures=60, p95=0.5, throughput=50.0)))
    failure_rate(load, "").should_be_below(0.0101)
    latency(load, "p95", "").should_be_below(0.501)
    throughput(load, "").should_be_at_least(50.0)
    with pytest.raises(AssertionError):
        failure_rate(load, "").should_be_below(0.01)
    with pytest.raises(AssertionError):
        latency(load, "p95", "").should_be_below(0.5)
    with pytest.raises(AssertionError):
        throughput(load, "").should_be_at_least(50.01)


ENDPOINTS = (
    load_numbers("pokemon", requests=3600, failures=18, p95=0.3, throughput=30.0),
    load_numbers("type", requests=1200, failures=60, p95=0.8, throughput=10.0),
)


MISSED: dict[str, tuple[Any, str]] = {
    "failures": (
        lambda load: failure_rate(load, "").should_be_below(0.01),
        (
            "The failure rate of 6,000 requests in the load light on embedded is 1.3 %, and should be below 1 %; the "
            "worst endpoint is type with 5 %; "
        ),
    ),
    "failures-of-one": (
        lambda load: failure_rate(load, "Pokemon").should_be_below(0.001),
        (
            "The failure rate of 3,600 requests to pokemon in the load light on embedded is 0.5 %, and should be below "
            "0.1 %; "
        ),
    ),
    "latency": (
        lambda load: latency(load, "p95", "").should_be_below(0.05),
        (
            "P95 of 6,000 requests in the load light on embedded is 212 ms, and should be below 50 ms; the slowest "
            "endpoint is type with 800 ms; "
        ),
    ),
    "longest-of-one": (
        lambda load: latency(load, "max", "type").should_be_below(0.5),
        (
            "The longest latency of 1,200 requests to type in the load light on embedded is 612 ms, and should be "
            "below 500 ms; "
        ),
    ),
    "throughput": (
        lambda load: throughput(load, "").should_be_at_least(60),
        (
            "The throughput of 6,000 requests in the load light on embedded is 50.0 a second, and should be at least "
            "60.0 a second; the slowest endpoint is type with P95 800 ms; "
        ),
    ),
}


@pytest.mark.parametrize("name", MISSED)
def test_a_limit_that_is_missed_is_told_in_one_sentence(name: str) -> None:
    judge, told = MISSED[name]
    load = ended(judged_report(total=load_numbers(failures=78), endpoints=ENDPOINTS))
    with pytest.raises(AssertionError) as caught:
        judge(load)
    assert str(caught.value) == f"{told}see load/1-light/report.html."


@pytest.mark.parametrize(
    ("percentile", "seconds"), [("p50", 0.085), ("p90", 0.171), ("p95", 0.212), ("p99", 0.334), ("max", 0.612)]
)
def test_each_percentile_is_the_one_of_the_report(percentile: str, seconds: float) -> None:
    assert latency(ended(), percentile, "").value == seconds


def test_an_endpoint_that_was_not_asked_is_refused_with_those_that_were() -> None:
    with pytest.raises(ObservatoryError, match=r"went to 'berry'; it asked for ability, pokemon, type\.$"):
        ended().numbers("berry")


def test_nothing_is_kept_where_nothing_was_asked() -> None:
    nothing: dict[str, Any] = dict.fromkeys(("p50", "p90", "p95", "p99", "longest", "mean"))
    load = ended(judged_report(total=load_numbers(requests=0, throughput=0.0, **nothing), endpoints=()))
    for measure in (failure_rate, throughput):
        with pytest.raises(ObservatoryError, match="so nothing can be said of them"):
            measure(load, "")
    unanswered = ended(judged_report(total=load_numbers(requests=9, failures=9, **nothing)))
    with pytest.raises(ObservatoryError, match="so there is no latency"):
        latency(unanswered, "p95", "")


# What is loaded


@pytest.mark.parametrize(
    "target", ["live", "https://pokeapi.co/api/v2", "http://www.PokeAPI.co./api/v2", "https://beta.pokeapi.co"]
)
def test_the_public_api_is_not_loaded(target: str) -> None:
    with pytest.raises(SkipExecution, match=r"^The public API is shared by everyone and is not loaded by tests; "):
        target_of_load(Settings(target=target))


@pytest.mark.parametrize(
    ("target", "loaded"),
    [
        ("embedded", "embedded"),
        ("faults", "embedded"),
        ("http://127.0.0.1:8000/api/v2", "http://127.0.0.1:8000/api/v2"),
        ("https://pokeapi.co.example.org", "https://pokeapi.co.example.org"),
    ],
)
def test_all_others_are_and_faults_are_left_away(target: str, loaded: str) -> None:
    assert target_of_load(Settings(target=target)) == loaded


def test_a_load_that_reached_nothing_is_an_error() -> None:
    should_have_reached(ended())
    with pytest.raises(
        ObservatoryError, match=r"api/v2 could not be reached, so the load was stopped after 11 s; see "
    ):
        should_have_reached(ended(load_report(ending=Ending.UNREACHED, seconds=11.2)))


# Doubts


def test_a_load_as_it_was_planned_leaves_no_doubt() -> None:
    assert list(doubts(load_report())) == []


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"ending": Ending.INTERRUPTED, "seconds": 30.0}, "interrupted after 30 of 120 s"),
        ({"ending": Ending.WORKERS_LOST}, "its workers being lost"),
        ({"total": load_numbers(requests=7)}, "7 requests ended"),
        ({"plan": open_plan(), "arrivals": load_arrivals(sent=4000)}, "only 4,000 could be sent"),
    ],
    ids=["interrupted", "workers-lost", "few", "not-sent"],
)
def test_a_load_that_was_not_as_planned_leaves_doubts(changes: dict[str, Any], doubt: str) -> None:
    assert any(doubt in each for each in doubts(load_report(**changes)))


# In log.html


def block(report: LoadReport, mask: Any = str) -> str:
    return load_block(report, lambda page: f"load/1-light/{page}", mask)


def test_a_load_in_the_log_is_folded_if_it_passed_and_has_its_verdict_in_words_numbers_and_charts() -> None:
    shown = block(judged_report())
    assert shown.startswith("<details><summary>")
    for words in ("✓ Passed: light on embedded", "6,000 requests", "50.0 a second", "P95 212 ms", "0 % failed"):
        assert words in shown.partition("</summary>")[0]
    assert shown.count("<svg") == 2
    for text in ("ability", "pokemon", "type", 'href="load/1-light/report.html"', 'href="load/1-light/locust.html"'):
        assert text in shown


def test_a_load_that_did_not_pass_is_open_and_says_why() -> None:
    failed = block(judged_report(total=load_numbers(failures=600), failures=(load_failure(count=600),)))
    assert failed.startswith("<details open><summary>")
    assert "✗ Failed" in failed
    assert "10 % of 6,000 requests failed" in failed
    assert "status 500 (text/plain)" in failed
    unsure = block(judged_report(ending=Ending.INTERRUPTED))
    assert unsure.startswith("<details open><summary>")
    assert "? Unsure" in unsure
    assert "Not judged yet" in block(load_report())


def test_arrivals_have_a_chart_of_what_was_due() -> None:
    assert block(judged_report(plan=open_plan(), arrivals=load_arrivals())).count("<svg") == 3


def test_a_page_that_is_not_there_is_not_named() -> None:
    assert "<a " not in load_block(judged_report(), lambda _: "")


def test_what_comes_from_elsewhere_is_text_without_secrets() -> None:
    text = f"{HOSTILE}hunter2"
    report = judged_report(
        plan=load_plan(profile=text, target=text, address=text),
        endpoints=(load_numbers(text),),
        total=load_numbers(failures=600),
        failures=(load_failure(text, endpoint=text, type=text),),
        notes=(text,),
    )
    shown = block(report, lambda given: given.replace("hunter2", "*****"))
    assert "<img" not in shown
    assert "hunter2" not in shown
    assert shown.count("*****") >= 6


def test_the_block_is_well_made() -> None:
    report = judged_report(plan=open_plan(), arrivals=load_arrivals(), total=load_numbers(failures=600))
    page = HtmlPage(block(report))
    assert page.problems == []
    assert len(set(page.ids)) == len(page.ids)


def test_every_outcome_looks_different() -> None:
    verdict = judged_report().verdict
    assert verdict is not None
    colours = set()
    for outcome in Outcome:
        shown = block(judged_report_with(replace(verdict, outcome=outcome)))
        colours.add(re.findall(r'<b style="color:([^"]+)"', shown)[0])
    assert len(colours) == len(Outcome)


def judged_report_with(verdict: Any) -> LoadReport:
    return replace(load_report(), verdict=verdict)


# Whether load was asked for


def tree(given: Path | None = LOAD_SUITES.parent, *, others: bool = True) -> running.TestSuite:
    """A load suite in the folder of such suites, below what was given to the command, as Robot makes it."""
    whole = running.TestSuite("Suites", source=given)
    place = whole if given == LOAD_SUITES else whole.suites.create("Load", source=LOAD_SUITES)
    if given == LOAD_SUITES / "quick.robot":
        place = whole
        quick = whole
    else:
        quick = place.suites.create("Quick", source=LOAD_SUITES / "quick.robot")
    quick.tests.create("Spike", tags=["load", "spike"])
    quick.tests.create("Quick", tags=["load"])
    if others:
        whole.suites.create("Smoke", source=LOAD_SUITES.parent / "smoke").tests.create("Bulbasaur", tags=["smoke"])
    return quick


def is_load_asked_for(suite: running.TestSuite, *included: str, is_part: bool = False) -> bool:
    whole = suite
    while whole.parent is not None:
        whole = whole.parent
    if included:
        whole.filter(included_tags=list(included))
    return is_asked_for(suite, "load", included=included, folder=LOAD_SUITES, is_part=is_part)


def test_what_comes_with_everything_was_not_asked_for() -> None:
    assert not is_load_asked_for(tree())


@pytest.mark.parametrize(
    "included", ["load", "LOAD", "lo*", "loadANDspike", "loadORsmoke", "loadNOTspike", "spikeANDload"]
)
def test_what_is_chosen_by_its_tag_is_asked_for(included: str) -> None:
    assert is_load_asked_for(tree(), included)
    assert is_load_asked_for(tree(), included, is_part=True)


@pytest.mark.parametrize("included", ["NOTregression", "spikeORsmoke"])
def test_what_would_be_chosen_without_it_is_not(included: str) -> None:
    assert not is_load_asked_for(tree(), included)
    assert not is_load_asked_for(tree(), included, is_part=True)


def test_one_of_several_tags_is_enough() -> None:
    assert is_load_asked_for(tree(), "smoke", "load")


@pytest.mark.parametrize("given", [LOAD_SUITES, LOAD_SUITES / "quick.robot"], ids=["folder", "file"])
@pytest.mark.parametrize("is_part", [False, True], ids=["robot", "pabot"])
def test_what_is_given_by_its_place_is_asked_for(given: Path, is_part: bool) -> None:
    assert is_load_asked_for(tree(given, others=False), is_part=is_part)


def test_of_several_places_that_were_given_each_counts_for_itself() -> None:
    assert is_load_asked_for(tree(None))


def test_the_only_tests_that_were_chosen_were_asked_for_unless_another_process_runs_the_others() -> None:
    assert is_load_asked_for(tree(others=False))
    assert not is_load_asked_for(tree(others=False), is_part=True)
