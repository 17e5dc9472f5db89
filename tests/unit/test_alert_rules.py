"""Each alert, by promtool, over numbers as the relay shows them: when it fires, and when it is silent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.alert_files import RULES, alerts
from tests.alert_stories import DAY, HOUR, MINUTE, Judge, Story, alert

STAND_INS = ("embedded", "replay", "faults")

SLOW = alert("HighAPILatency", "warning", endpoint="pokemon", target="live")
FAILING = alert("HighTestFailureRate", "critical", endpoint="pokemon", target="live")
CHANGED = alert("SchemaChangeDetected", "info", endpoint="pokemon", target="live")
OPEN = alert("CircuitBreakerOpen", "warning", endpoint="pokemon", target="live")
FLAKY = alert("FlakyTests", "info", suite="Suites.Smoke", target="live")
NOT_RUN = alert("NoRecentRun", "warning", target="live")
RELAY_AWAY = alert("MetricsRelayAway", "warning", job="observatory", instance="test-runner:8000")


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    return Judge(tmp_path)


# HighAPILatency


def test_one_slow_run_is_told_five_minutes_later(judge: Judge) -> None:
    story = Story().run(0, requests=40, slow=10)
    assert judge.complaints(story, {5 * MINUTE: [], 6 * MINUTE: [SLOW], HOUR: [SLOW]}) == ""


def test_a_slow_run_is_forgotten_after_26_hours(judge: Judge) -> None:
    story = Story().run(0, requests=40, slow=10)
    assert judge.complaints(story, {25 * HOUR: [SLOW], 27 * HOUR: []}) == ""


def test_a_good_run_ends_the_alert(judge: Judge) -> None:
    story = Story().run(0, requests=40, slow=10).run(2 * HOUR, requests=40)
    assert judge.complaints(story, {2 * HOUR - 15: [SLOW], 2 * HOUR + 15: [], 3 * HOUR: []}) == ""


def test_a_good_run_soon_after_a_slow_one_ends_the_alert_as_well(judge: Judge) -> None:
    story = Story().run(0, requests=40, slow=10).run(7 * MINUTE, requests=40)
    assert judge.complaints(story, {7 * MINUTE: [SLOW], 12 * MINUTE: [], HOUR: []}) == ""


def test_a_slow_run_is_seen_after_thousands_of_quick_requests(judge: Judge) -> None:
    story = Story()
    for hour in range(1, 5):
        story.run(hour * HOUR, requests=10_000)
    story.run(5 * HOUR, requests=40, slow=10)
    assert judge.complaints(story, {5 * HOUR: [], 5 * HOUR + 6 * MINUTE: [SLOW]}) == ""


def test_one_slow_request_in_twenty_is_no_slow_run(judge: Judge) -> None:
    assert judge.complaints(Story().run(0, requests=100, slow=5), {6 * MINUTE: [], HOUR: []}) == ""


@pytest.mark.parametrize("requests", [2, 9])
def test_two_slow_requests_prove_nothing(judge: Judge, requests: int) -> None:
    story = Story().run(0, requests=requests, slow=2)
    assert judge.complaints(story, {time * MINUTE: [] for time in range(1, 20)}) == ""


def test_three_slow_requests_do_even_in_a_smoke_run(judge: Judge) -> None:
    assert judge.complaints(Story().run(0, requests=5, slow=3), {6 * MINUTE: [SLOW]}) == ""


def test_the_slow_requests_of_all_processes_of_a_run_count_together(judge: Judge) -> None:
    story = Story().run(0, requests=10).run(MINUTE, requests=5, slow=2).run(4 * MINUTE, requests=5, slow=2)
    assert judge.complaints(story, {4 * MINUTE: [], 10 * MINUTE: [SLOW], 25 * HOUR: [SLOW]}) == ""


def test_the_process_that_ends_last_does_not_speak_for_the_run(judge: Judge) -> None:
    slow_at_first = Story().run(0, requests=40, slow=10).run(4 * MINUTE, requests=5)
    slow_at_last = Story().run(0, requests=400).run(4 * MINUTE, requests=5, slow=5)
    assert judge.complaints(slow_at_first, {6 * MINUTE: [SLOW], HOUR: [SLOW]}) == ""
    assert judge.complaints(slow_at_last, {6 * MINUTE: [], HOUR: []}) == ""


def test_of_two_targets_only_the_slow_one_is_told(judge: Judge) -> None:
    other = "https://api.example.org/api/v2"
    story = Story().run(0, requests=40).run(0, requests=40, slow=10, target=other)
    assert judge.complaints(story, {6 * MINUTE: [SLOW | {"target": other}]}) == ""


def test_each_slow_endpoint_is_told(judge: Judge) -> None:
    story = Story().run(0, requests=40, slow=10).run(0, "type", requests=40, slow=10).run(0, "ability", requests=40)
    assert judge.complaints(story, {6 * MINUTE: [SLOW, SLOW | {"endpoint": "type"}]}) == ""


def test_what_has_no_target_is_an_api_too(judge: Judge) -> None:
    story = Story(target=None).run(0, requests=40, slow=10, failures={"timeout": 10}, changes=1, circuit=1, flaked=3)
    told = [
        {name: value for name, value in each.items() if name != "target"}
        for each in (SLOW, FAILING, CHANGED, OPEN, FLAKY)
    ]
    assert judge.complaints(story, {12 * MINUTE: told}) == ""
    said = telling(
        *("HighTestFailureRate", {name: value for name, value in FAILING.items() if name != "target"}),
        "http://localhost:3000/d/test-execution?var-target=&var-endpoint=pokemon",
        "pokemon fails on the API",
        "In the last run, 25% of what was asked of pokemon failed; the limit is 10%. What failed: timeout 10.",
    )
    assert judge.misreadings(story, 12 * MINUTE, "HighTestFailureRate", [said]) == ""


# HighTestFailureRate


def test_one_failing_run_is_told_ten_minutes_later(judge: Judge) -> None:
    story = Story().run(0, requests=40, failures={"timeout": 4, "server_error": 1})
    assert judge.complaints(story, {10 * MINUTE: [], 11 * MINUTE: [FAILING], HOUR: [FAILING]}) == ""


def test_a_failing_run_is_forgotten_after_26_hours(judge: Judge) -> None:
    story = Story().run(0, requests=40, failures={"timeout": 40})
    assert judge.complaints(story, {25 * HOUR: [FAILING], 27 * HOUR: []}) == ""


def test_a_good_run_ends_that_alert_as_well(judge: Judge) -> None:
    story = Story().run(0, requests=40, failures={"timeout": 20}).run(2 * HOUR, requests=40)
    assert judge.complaints(story, {2 * HOUR - 15: [FAILING], 2 * HOUR + 30: [], 5 * HOUR: []}) == ""


def test_a_good_smoke_run_ends_it_too(judge: Judge) -> None:
    story = Story().run(0, requests=40, failures={"timeout": 20}).run(2 * HOUR, requests=1)
    assert judge.complaints(story, {2 * HOUR + 30: []}) == ""


def test_a_good_run_before_the_ten_minutes_are_over_keeps_it_silent(judge: Judge) -> None:
    story = Story().run(0, requests=40, failures={"timeout": 20}).run(7 * MINUTE, requests=40)
    assert judge.complaints(story, {time * MINUTE: [] for time in range(5, 60)}) == ""


def test_ten_percent_is_allowed(judge: Judge) -> None:
    assert judge.complaints(Story().run(0, requests=100, failures={"status": 10}), {12 * MINUTE: [], HOUR: []}) == ""


@pytest.mark.parametrize(("requests", "failed"), [(1, 1), (5, 1), (2, 2), (15, 2)])
def test_a_few_failures_prove_nothing(judge: Judge, requests: int, failed: int) -> None:
    story = Story().run(0, requests=requests, failures={"timeout": failed})
    assert judge.complaints(story, {time * MINUTE: [] for time in range(1, 30)}) == ""


def test_an_api_that_is_gone_is_told_by_a_smoke_run(judge: Judge) -> None:
    assert judge.complaints(Story().run(0, requests=5, failures={"connection": 5}), {11 * MINUTE: [FAILING]}) == ""


def test_failures_of_every_type_count_together(judge: Judge) -> None:
    story = Story().run(0, requests=20, failures={"model": 1, "timeout": 1, "assertion": 1})
    assert judge.complaints(story, {11 * MINUTE: [FAILING]}) == ""


def test_a_failure_of_a_type_that_was_never_seen_counts(judge: Judge) -> None:
    story = Story().run(0, requests=100, failures={"timeout": 1}).run(3 * HOUR, requests=20, failures={"model": 5})
    assert judge.complaints(story, {3 * HOUR: [], 3 * HOUR + 12 * MINUTE: [FAILING]}) == ""


def test_an_endpoint_that_never_failed_is_silent_beside_one_that_does(judge: Judge) -> None:
    story = Story().run(0, requests=40, failures={"timeout": 40}).run(0, "type", requests=40)
    assert judge.complaints(story, {11 * MINUTE: [FAILING]}) == ""


def test_failures_are_no_share_of_the_past(judge: Judge) -> None:
    story = Story()
    for hour in range(1, 5):
        story.run(hour * HOUR, requests=10_000, failures={"timeout": 1})
    story.run(5 * HOUR, requests=40, failures={"timeout": 20})
    assert judge.complaints(story, {5 * HOUR: [], 5 * HOUR + 11 * MINUTE: [FAILING]}) == ""


def test_the_suites_own_failures_of_one_process_do_not_speak_for_the_run(judge: Judge) -> None:
    story = Story().run(0, requests=100).run(2 * MINUTE, requests=3, failures={"status": 3})
    assert judge.complaints(story, {time * MINUTE: [] for time in range(1, 60)}) == ""


# The relay, and Prometheus


@pytest.mark.parametrize("target", STAND_INS)
def test_a_stand_in_leaves_no_alert(judge: Judge, target: str) -> None:
    story = Story(target)
    story.run(0, requests=40, slow=40, failures={"timeout": 40}, changes=3, circuit=1, flaked=9)
    story.run(HOUR, requests=40, slow=40, failures={"timeout": 40}, changes=3, circuit=1, flaked=9)
    times = [MINUTE, 12 * MINUTE, HOUR, HOUR + 12 * MINUTE]
    assert judge.complaints(story, {time: [] for time in times}) == ""


def test_a_relay_that_lost_its_sums_is_no_run(judge: Judge) -> None:
    story = Story().run(0, requests=1000, slow=20, failures={"timeout": 50}).run(HOUR, requests=1000)
    story.loses_its_sums(2 * HOUR).run(2 * HOUR + MINUTE, requests=50)
    assert judge.complaints(story, {time * MINUTE: [] for time in range(120, 180)}) == ""


def test_a_bad_run_after_the_relay_lost_its_sums_is_told(judge: Judge) -> None:
    story = Story().run(0, requests=1000, failures={"timeout": 3}).loses_its_sums(2 * HOUR)
    story.run(2 * HOUR + MINUTE, requests=50, failures={"timeout": 25})
    assert judge.complaints(story, {2 * HOUR + 13 * MINUTE: [FAILING]}) == ""


def test_a_good_run_after_the_relay_lost_its_sums_ends_an_alert(judge: Judge) -> None:
    story = Story().run(0, requests=50, failures={"timeout": 25}).loses_its_sums(2 * HOUR)
    story.run(2 * HOUR + MINUTE, requests=50)
    assert judge.complaints(story, {2 * HOUR: [FAILING], 2 * HOUR + 13 * MINUTE: []}) == ""


def test_a_relay_that_was_away_for_a_while_is_no_run_and_ends_no_alert(judge: Judge) -> None:
    story = Story().run(0, requests=50, slow=10, failures={"timeout": 25}).is_away(HOUR, 3 * HOUR)
    story.run(0, "type", requests=50)
    times = [HOUR - 15, HOUR + 10 * MINUTE, 2 * HOUR, 3 * HOUR + 10 * MINUTE, 5 * HOUR]
    assert judge.complaints(story, {time: [SLOW, FAILING] for time in times}) == ""


def test_a_push_while_prometheus_missed_a_few_scrapes_is_seen(judge: Judge) -> None:
    story = Story().run(0, requests=50).run(HOUR, requests=50, failures={"timeout": 25})
    story.is_away(HOUR - 2 * MINUTE, HOUR + 2 * MINUTE)
    assert judge.complaints(story, {HOUR + 15 * MINUTE: [FAILING]}) == ""


# SchemaChangeDetected


def test_the_first_change_ever_is_told_at_once_and_for_an_hour(judge: Judge) -> None:
    story = Story().run(0, requests=5).run(2 * HOUR, requests=5, changes=1)
    times = {2 * HOUR: [], 2 * HOUR + MINUTE: [CHANGED], 3 * HOUR: [CHANGED], 3 * HOUR + 2 * MINUTE: []}
    assert judge.complaints(story, times) == ""


def test_each_further_change_is_told(judge: Judge) -> None:
    story = Story().run(0, requests=5, changes=7).run(5 * HOUR, requests=5, changes=1).run(9 * HOUR, requests=5)
    assert judge.complaints(story, {4 * HOUR: [], 5 * HOUR + 15: [CHANGED], 9 * HOUR + MINUTE: []}) == ""


def test_a_relay_that_comes_back_with_its_sums_tells_no_change(judge: Judge) -> None:
    story = Story().run(0, requests=5, changes=7).is_away(5 * HOUR, 9 * HOUR)
    assert judge.complaints(story, {time * HOUR + MINUTE: [] for time in (3, 5, 9, 10)}) == ""


# CircuitBreakerOpen


@pytest.mark.parametrize("state", [1, 2])
def test_a_circuit_that_a_run_left_open_is_told_two_minutes_later(judge: Judge, state: int) -> None:
    story = Story().run(0, circuit=state)
    assert judge.complaints(story, {MINUTE: [], 2 * MINUTE: [OPEN], 25 * HOUR: [OPEN]}) == ""


def test_a_run_that_closes_the_circuit_ends_the_alert(judge: Judge) -> None:
    story = Story().run(0, circuit=1).run(HOUR, circuit=0)
    assert judge.complaints(story, {HOUR - 15: [OPEN], HOUR: []}) == ""


def test_a_circuit_that_another_process_of_the_run_found_closed_is_not_told(judge: Judge) -> None:
    story = Story().run(0, circuit=1).run(90, circuit=0)
    assert judge.complaints(story, {time * MINUTE: [] for time in range(1, 10)}) == ""


def test_a_circuit_that_no_run_looked_at_for_26_hours_is_not_known(judge: Judge) -> None:
    assert judge.complaints(Story().run(60, circuit=1), {26 * HOUR: [OPEN], 26 * HOUR + 2 * MINUTE: []}) == ""


def test_a_circuit_counts_where_nobody_says_when_it_was_seen(judge: Judge) -> None:
    labels = {"endpoint": "pokemon", "target": "live"}
    story = Story().also("pokeapi_circuit_breaker_state", labels, [(0, 1.0)])
    assert judge.complaints(story, {2 * MINUTE: [OPEN], 30 * HOUR: [OPEN]}) == ""


def test_closed_circuits_are_silent(judge: Judge) -> None:
    assert judge.complaints(Story().run(0, circuit=0, requests=5), {10 * MINUTE: []}) == ""


# FlakyTests


def test_three_flaky_tests_within_a_day_are_told_for_a_day(judge: Judge) -> None:
    story = Story().run(0, flaked=1).run(HOUR, flaked=1).run(2 * HOUR, flaked=1)
    assert judge.complaints(story, {2 * HOUR - 15: [], 2 * HOUR: [FLAKY], 23 * HOUR: [FLAKY], 25 * HOUR: []}) == ""


def test_one_flaky_test_a_day_is_not_told(judge: Judge) -> None:
    story = Story()
    for day in range(3):
        story.run(day * DAY, flaked=1)
    assert judge.complaints(story, {day * DAY + HOUR: [] for day in range(3)}) == ""


# NoRecentRun


def test_a_daily_run_that_stays_away_is_told_after_26_hours_for_a_day(judge: Judge) -> None:
    last = HOUR + DAY
    story = Story().run(HOUR).run(last)
    times = {
        last + 26 * HOUR: [],
        last + 26 * HOUR + 12 * MINUTE: [NOT_RUN],
        last + 47 * HOUR: [NOT_RUN],
        last + 2 * DAY + 8 * MINUTE: [],
    }
    assert judge.complaints(story, times) == ""


def test_the_next_run_ends_that(judge: Judge) -> None:
    story = Story().run(HOUR).run(HOUR + DAY).run(HOUR + DAY + 30 * HOUR)
    assert judge.complaints(story, {HOUR + DAY + 29 * HOUR: [NOT_RUN], HOUR + DAY + 30 * HOUR: []}) == ""


def test_daily_runs_that_are_an_hour_late_are_not_missed(judge: Judge) -> None:
    story = Story().run(HOUR).run(HOUR + DAY).run(2 * HOUR + 2 * DAY)
    assert judge.complaints(story, {2 * HOUR + 2 * DAY - 15: []}) == ""


def test_neither_what_was_run_once_nor_a_stand_in_is_missed(judge: Judge) -> None:
    story = Story().run(0).run(HOUR).run(HOUR, target="embedded").run(22 * HOUR, target="embedded")
    assert judge.complaints(story, {time * HOUR: [] for time in (20, 28, 40, 50)}) == ""


# The stack


def test_a_relay_that_is_away_for_five_minutes_is_told_until_it_is_back(judge: Judge) -> None:
    labels = {"job": "observatory", "instance": "test-runner:8000"}
    story = Story().also("up", labels, [(0, 1.0), (HOUR, 0.0), (2 * HOUR, 1.0)])
    times = {HOUR + 4 * MINUTE: [], HOUR + 5 * MINUTE: [RELAY_AWAY], 2 * HOUR: []}
    assert judge.complaints(story, times) == ""


def test_a_service_that_is_away_is_told_and_a_load_that_does_not_run_is_not(judge: Judge) -> None:
    story = Story().also("up", {"job": "loki", "instance": "loki:3100"}, [(0, 0.0)])
    story.also("up", {"job": "load", "instance": "locust:9646"}, [(0, 0.0)])
    told = alert("ServiceAway", "info", job="loki", instance="loki:3100")
    assert judge.complaints(story, {4 * MINUTE: [], 6 * MINUTE: [told]}) == ""


def test_alerts_that_do_not_arrive_are_told(judge: Judge) -> None:
    failed = "alertmanager_notifications_failed_total"
    story = Story().also(failed, {"integration": "email"}, [(0, 0.0), (HOUR, 1.0), (HOUR + 5 * MINUTE, 2.0)])
    story.also(failed, {"integration": "slack"}, [(0, 0.0)])
    told = alert("AlertsNotDelivered", "warning", integration="email")
    assert judge.complaints(story, {HOUR: [], HOUR + 6 * MINUTE: [told], HOUR + 25 * MINUTE: []}) == ""


# What an alert says


def telling(name: str, of: dict[str, str], link: str, summary: str, description: str) -> dict[str, Any]:
    """An alert with all of its texts; what to do is the same for all, and is read from the rules."""
    return {
        "exp_labels": {label: value for label, value in of.items() if label != "alertname"},
        "exp_annotations": {
            "summary": summary,
            "description": description,
            "action": alerts()[name]["annotations"]["action"],
            "dashboard": link,
            "docs": f"docs/alerts.md#{name.lower()}",
        },
    }


def test_an_alert_says_what_was_seen_in_its_unit(judge: Judge) -> None:
    story = Story().run(0, requests=40, slow=10, failures={"timeout": 8, "model": 2, "dns": 0}, changes=2, circuit=2)
    board = "http://localhost:3000/d"
    selected = "?var-target=live&var-endpoint=pokemon"
    expected = [
        telling(
            *("HighAPILatency", SLOW, f"{board}/api-performance{selected}", "pokemon is slow on live"),
            "In the last run, the P95 of pokemon was about 900ms; the limit is 500ms. One request in twenty takes "
            "longer than the P95.",
        ),
        telling(
            *("HighTestFailureRate", FAILING, f"{board}/test-execution{selected}", "pokemon fails on live"),
            "In the last run, 25% of what was asked of pokemon failed; the limit is 10%. "
            "What failed: model 2, timeout 8.",
        ),
        telling(
            *("SchemaChangeDetected", CHANGED, f"{board}/drift{selected}", "The schema of pokemon changed on live"),
            "Changes of the schema of pokemon that were found within the last hour: 2.",
        ),
        telling(
            *("CircuitBreakerOpen", OPEN, f"{board}/api-performance{selected}"),
            "The circuit of pokemon is open on live",
            "Half or more of the requests to pokemon failed within five minutes, so that it was left alone, and the "
            "last run ended with its circuit half-open.",
        ),
    ]
    for told in expected:
        name = told["exp_annotations"]["docs"].partition("#")[2]
        written = next(each for each in alerts() if each.lower() == name)
        assert judge.misreadings(story, 15 * MINUTE, written, [told]) == ""


def test_an_address_is_a_target_that_links_can_hold(judge: Judge) -> None:
    address = "http://127.0.0.1:8001/api/v2"
    told = telling(
        *("SchemaChangeDetected", CHANGED | {"target": address}),
        "http://localhost:3000/d/drift?var-target=http%3A%2F%2F127.0.0.1%3A8001%2Fapi%2Fv2&var-endpoint=pokemon",
        f"The schema of pokemon changed on {address}",
        "Changes of the schema of pokemon that were found within the last hour: 1.",
    )
    story = Story(address).run(0, requests=5, changes=1)
    assert judge.misreadings(story, MINUTE, "SchemaChangeDetected", [told]) == ""


# Whether these tests can tell

PLAIN = """
groups:
  - name: plain
    rules:
      - {alert: HighAPILatency, expr: 'histogram_quantile(0.95, pokeapi_request_duration_seconds) > 0.5', for: 5m,
         labels: {severity: warning}}
      - {alert: HighTestFailureRate, for: 10m, labels: {severity: critical},
         expr: 'rate(pokeapi_failures_total[10m]) / rate(pokeapi_requests_total[10m]) > 0.1'}
      - {alert: SchemaChangeDetected, expr: 'increase(pokeapi_schema_changes_total[1h]) > 0',
         labels: {severity: info}}
"""
"""What one would write first. It is valid, and the first two can never fire; the third does, over a stand-in too."""


def test_what_one_would_write_first_stays_silent_when_the_api_is_slow_and_fails(tmp_path: Path) -> None:
    plain = Judge(tmp_path, PLAIN)
    story = Story().run(0, requests=40, slow=40, failures={"timeout": 40})
    assert plain.complaints(story, {time * MINUTE: [] for time in range(1, 60)}) == ""
    assert Judge(tmp_path).complaints(story, {12 * MINUTE: [SLOW, FAILING]}) == ""


def test_a_counter_that_is_born_at_one_has_no_increase(tmp_path: Path) -> None:
    born_at_one = Story().also(
        "pokeapi_schema_changes_total", {"endpoint": "pokemon", "target": "live"}, [(0, None), (MINUTE, 1.0)]
    )
    assert Judge(tmp_path, PLAIN).complaints(born_at_one, {time * MINUTE: [] for time in range(1, 60)}) == ""
    assert Judge(tmp_path).complaints(Story().run(0, changes=1), {MINUTE: [CHANGED]}) == ""


MUTANTS = {
    "the stand-ins count": ('target!~"embedded|replay|faults"', 'target!=""', "stand-in"),
    "one slow request is enough": (
        "last_run[26h]) >= 3\n        for: 5m",
        "last_run[26h]) >= 1\n        for: 5m",
        "few slow",
    ),
    "one failure is enough": ("last_run[26h])) >= 3", "last_run[26h])) >= 1", "few failures"),
    "half a second is nothing": ("> 0.5", "> 5", "bad"),
    "ten percent is nothing": ("> 0.1", "> 1", "bad"),
    "a process that ends last is a run": ("[10m]", "[5m]", "two processes"),
    "an alert does not wait": ("for: 10m", "for: 0m", "bad"),
    "an alert is not held": ("[26h]", "[1m]", "bad"),
    "an endpoint that never failed has no share": ("or\n                0 * pokeapi:requests:last_run", "", "recovery"),
    "old numbers are judged again": ("[5m]", "[10m]", "two processes"),
    "half-open is closed": ("}) > 0\n          unless", "}) == 1\n          unless", "half-open"),
}
"""Ways to break the rules: what is replaced, by what, and the story below that tells."""


def told_by(judge: Judge, story: str) -> str:
    """What promtool complains of in one of the stories that tell the mutants."""
    bad = Story().run(0, requests=40, slow=10, failures={"timeout": 10})
    good = Story().run(0, requests=40, slow=10, failures={"timeout": 10}).loses_its_sums(30 * MINUTE)
    stories: dict[str, tuple[Story, dict[int, list[dict[str, str]]]]] = {
        "stand-in": (Story("embedded").run(0, requests=40, slow=10), {12 * MINUTE: []}),
        "few slow": (Story().run(0, requests=2, slow=2), {12 * MINUTE: []}),
        "few failures": (Story().run(0, requests=2, failures={"timeout": 2}), {12 * MINUTE: []}),
        "bad": (bad, {6 * MINUTE: [SLOW], 12 * MINUTE: [SLOW, FAILING], 30 * MINUTE: [SLOW, FAILING]}),
        "two processes": (
            Story().run(0, requests=400).run(4 * MINUTE, requests=5, slow=5, failures={"status": 5}),
            {30 * MINUTE: []},
        ),
        "recovery": (good.run(31 * MINUTE, requests=40), {29 * MINUTE: [SLOW, FAILING], 40 * MINUTE: []}),
        "half-open": (Story().run(0, circuit=2), {5 * MINUTE: [OPEN]}),
    }
    return judge.complaints(*stories[story])


@pytest.mark.parametrize("mutant", MUTANTS)
def test_rules_that_are_broken_are_noticed(tmp_path: Path, mutant: str) -> None:
    right = RULES.read_text("utf-8")
    old, new, story = MUTANTS[mutant]
    assert old in right
    assert told_by(Judge(tmp_path), story) == ""
    assert told_by(Judge(tmp_path, right.replace(old, new)), story) != ""
