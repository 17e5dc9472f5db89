"""What Prometheus and Alertmanager are told: their own tools accept it, it names what exists, and so does its page."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from load.metrics_page import LoadNumbers
from observatory.load import Measurements
from observatory.metrics import Metrics
from tests.alert_files import ALERTMANAGER, DOCUMENT, PROMETHEUS, ROOT, RULES, alerts, compressed, read_yaml, rules
from tests.alert_services import command_of
from tests.prometheus_server import tool

STAND_INS = 'target!~"embedded|replay|faults"'
ROUTES = ALERTMANAGER / "alertmanager.yml"
OTHERS = {"up", "alertmanager_notifications_failed_total"}
"""Series that are not ours: Prometheus's own word on each scrape, and Alertmanager's on what it sent."""

SEVERITIES = {
    "HighAPILatency": "warning",
    "HighTestFailureRate": "critical",
    "SchemaChangeDetected": "info",
    "CircuitBreakerOpen": "warning",
    "FlakyTests": "info",
    "NoRecentRun": "warning",
    "MetricsRelayAway": "warning",
    "ServiceAway": "info",
    "AlertsNotDelivered": "warning",
}


@pytest.fixture(scope="module")
def configuration() -> dict[str, Any]:
    """What Prometheus is told."""
    told: dict[str, Any] = read_yaml((PROMETHEUS / "prometheus.yml").read_text("utf-8"))
    return told


def printed(*command: str) -> str:
    """What a command printed that must succeed."""
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=30, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


# Prometheus


def test_promtool_accepts_the_configuration_and_its_rules() -> None:
    said = printed(tool("promtool"), "check", "config", str(PROMETHEUS / "prometheus.yml"))
    assert f"{len(rules())} rules found" in said
    said = printed(tool("promtool"), "check", "rules", "--lint=all", "--lint-fatal", str(RULES))
    assert "SUCCESS" in said


def test_everything_is_looked_at_every_15_seconds_and_a_load_every_5(configuration: dict[str, Any]) -> None:
    assert configuration["global"]["scrape_interval"] == "15s"
    assert configuration["global"]["evaluation_interval"] == "15s"
    other = {
        job["job_name"]: job["scrape_interval"] for job in configuration["scrape_configs"] if "scrape_interval" in job
    }
    assert other == {"load": "5s"}


def test_every_service_that_has_numbers_is_looked_at(configuration: dict[str, Any]) -> None:
    looked_at = {job["job_name"]: job["static_configs"][0]["targets"] for job in configuration["scrape_configs"]}
    assert looked_at == {
        "observatory": ["test-runner:8000"],
        "load": ["locust:9646"],
        "prometheus": ["localhost:9090"],
        "alertmanager": ["alertmanager:9093"],
        "grafana": ["grafana:3000"],
        "loki": ["loki:3100"],
        "alloy": ["alloy:12345"],
    }
    assert [job["job_name"] for job in configuration["scrape_configs"] if job.get("honor_labels")] == ["observatory"]


def test_alerts_go_to_alertmanager(configuration: dict[str, Any]) -> None:
    assert configuration["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]


# The rules


def test_every_series_in_the_rules_exists() -> None:
    of_a_load = {
        sample.name for family in LoadNumbers(Measurements, lambda: 0, lambda: 1).collect() for sample in family.samples
    }
    known = {*Metrics().names(), *of_a_load, *OTHERS, *(rule["record"] for rule in rules() if "record" in rule)}
    texts = [text for rule in rules() for text in (rule["expr"], *rule.get("annotations", {}).values())]
    used = {name for text in texts for name in re.findall(r"\b(?:pokeapi|alertmanager)[_:][\w:]*|\bup\b", text)}
    assert used - known == set()
    assert {"up", "pokeapi_requests_total", "pokeapi:requests:last_run"} <= used


def test_stand_ins_are_left_out_of_every_series_of_ours() -> None:
    of_ours = [found for rule in rules() for found in re.findall(r"pokeapi_\w+(?:\{.*?\})?", rule["expr"])]
    assert len(of_ours) > 10
    assert [series for series in of_ours if STAND_INS not in series] == []


def test_the_alerts_are_these_each_with_a_severity() -> None:
    assert {name: rule["labels"]["severity"] for name, rule in alerts().items()} == SEVERITIES


def test_the_alerts_that_were_asked_for_wait_as_long_as_was_asked() -> None:
    waits = {name: rule.get("for", "0m") for name, rule in alerts().items()}
    assert waits["HighAPILatency"] == "5m"
    assert waits["HighTestFailureRate"] == "10m"
    assert waits["SchemaChangeDetected"] == "0m"
    assert waits["CircuitBreakerOpen"] == "2m"


def test_every_alert_says_what_was_seen_and_what_to_do() -> None:
    expected = {"summary", "description", "action", "dashboard", "docs"}
    assert {name: set(rule["annotations"]) for name, rule in alerts().items()} == dict.fromkeys(SEVERITIES, expected)
    unfinished = [
        f"{name}: {text}"
        for name, rule in alerts().items()
        for kind, text in rule["annotations"].items()
        if kind in {"description", "action"} and not text.endswith(".")
    ]
    assert unfinished == []


def test_every_alert_leads_to_a_dashboard_that_exists_with_the_variables_that_it_has() -> None:
    boards = [
        json.loads(path.read_text("utf-8")) for path in (ROOT / "config" / "grafana" / "dashboards").glob("*.json")
    ]
    known = {
        board["uid"]: {variable["name"] for variable in board.get("templating", {}).get("list", [])} for board in boards
    }
    wrong = []
    for name, rule in alerts().items():
        link = rule["annotations"]["dashboard"]
        if found := re.search(r"//localhost:3000/d/([\w-]+)", link):
            chosen = set(re.findall(r"var-(\w+)=", link))
            if found[1] not in known or chosen - known[found[1]]:
                wrong.append(f"{name}: {link}")
        elif not re.match(r"http://localhost:909[03]\b", link):
            wrong.append(f"{name}: {link}")
    assert wrong == []


# The page about alerts


def test_every_alert_has_a_section_and_a_row_on_its_page() -> None:
    page = DOCUMENT.read_text("utf-8")
    assert re.findall(r"^### (\w+)$", page, re.MULTILINE) == list(SEVERITIES)
    rows = dict(re.findall(r"^\| \[(\w+)\]\(#\w+\) \| (\w+) \|", page, re.MULTILINE))
    assert rows == SEVERITIES
    links = {rule["annotations"]["docs"] for rule in alerts().values()}
    assert links == {f"docs/alerts.md#{name.lower()}" for name in SEVERITIES}


def test_every_variable_of_the_start_is_on_the_page_and_no_other() -> None:
    read_there = set(re.findall(r"ALERTS_[A-Z_]+", (ALERTMANAGER / "start.sh").read_text("utf-8"))) - {"ALERTS_"}
    told = set(re.findall(r"`(ALERTS_[A-Z_]+)`", DOCUMENT.read_text("utf-8")))
    assert read_there - told == {"ALERTS_FOLDER"}
    assert told - read_there == set()


# Alertmanager


def test_amtool_accepts_the_routes() -> None:
    said = printed(command_of("amtool"), "check-config", str(ROUTES))
    for part in ("3 receivers", "2 inhibit rules", "1 templates"):
        assert part in said


@pytest.mark.parametrize(("name", "severity"), SEVERITIES.items())
def test_each_alert_goes_where_its_severity_says(name: str, severity: str) -> None:
    receiver = {"critical": "team", "warning": "team", "info": "channel"}[severity]
    expected = "changes" if name == "SchemaChangeDetected" else receiver
    given = [f"alertname={name}", f"severity={severity}", "target=live", "endpoint=pokemon"]
    said = printed(command_of("amtool"), "config", "routes", "test", f"--config.file={ROUTES}", *given)
    assert said.strip() == expected


def test_an_alert_of_somebody_elses_goes_to_the_team() -> None:
    said = printed(command_of("amtool"), "config", "routes", "test", f"--config.file={ROUTES}", "alertname=New")
    assert said.strip() == "team"


def test_there_is_no_secret_among_the_routes() -> None:
    text = ROUTES.read_text("utf-8")
    settings = read_yaml(text)["global"]
    secret = {key for key in settings if "password" in key or "api_url" in key or "secret" in key}
    assert secret == {"smtp_auth_password_file", "slack_api_url_file"}
    assert "hooks.slack.com" not in text


def test_what_is_left_out_without_mail_or_slack_leaves_routes_that_amtool_accepts(tmp_path: Path) -> None:
    lines = ROUTES.read_text("utf-8").splitlines()
    for left_out in (
        ("mail", "user"),
        ("slack", "channel"),
        ("user",),
        ("channel",),
        ("mail", "user", "slack", "channel"),
    ):
        file = tmp_path / "alertmanager.yml"
        kept = [line for line in lines if not any(line.endswith(f" # {word}") for word in left_out)]
        assert len(kept) < len(lines)
        file.write_text("\n".join(kept), "utf-8")
        assert "3 receivers" in printed(command_of("amtool"), "check-config", str(file))


def test_the_start_is_a_script_that_a_plain_shell_runs() -> None:
    printed("sh", "-n", str(ALERTMANAGER / "start.sh"))


# What the tests of the whole way change


def test_times_are_shortened_and_latencies_are_not() -> None:
    rule = 'expr: a{le="0.5"}[10m] > 0.5 and time() - b offset 2d > 93600\nfor: 5m\n# within 5m\ngroup_wait: 30s'
    short = 'expr: a{le="0.5"}[10000ms] > 0.5 and time() - b offset 2880000ms > 1560\nfor: 5000ms\n# within 5m\n'
    assert compressed(rule, 60) == f"{short}group_wait: 500ms"


def test_no_time_of_the_rules_is_left_as_it_is() -> None:
    text = "\n".join(line for line in RULES.read_text("utf-8").splitlines() if not line.lstrip().startswith("#"))
    left = re.findall(r"\[\d+[smhd]\]|for: \d+[smhd]\b|offset \d+[smhd]\b|\b93600\b", compressed(text, 60))
    assert left == []
