"""Alerts on their whole way: numbers are pushed to a relay, Prometheus judges, Alertmanager tells, and people read it.

All are real: our relay, Prometheus and Alertmanager with the committed rules and routes. Only the times are shorter, a
minute being a second, and those who are told are on this machine.
"""

from __future__ import annotations

import base64
import shlex
import subprocess
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from observatory.exchange import Attempt, Exchange
from observatory.metrics import Metrics
from tests.alert_files import DOCUMENT
from tests.alert_receivers import Hook, Mailbox, hook, mailbox
from tests.alert_services import (
    alertmanager,
    at_start,
    command_of,
    committed_alertmanager,
    known_alerts,
    prometheus,
    rendered,
    send,
)
from tests.load_process import until
from tests.relay_process import relay

SOON = 30.0
"""Seconds within which a message must have come."""

PASSWORD = "pass 'word' \\ & |"  # pragma: allowlist secret


def push(relay_address: str, target: str, elapsed: float) -> None:
    """Push what a process counted that made five requests, each of which took so many seconds."""
    metrics = Metrics()
    now = datetime.now(UTC)
    for _ in range(5):
        metrics.saw(
            Exchange("pokemon", "1", "http://x/pokemon/1", now, elapsed, (Attempt(1, 200, elapsed),), status=200)
        )
    metrics.suite_ended("Suites.Smoke", now.timestamp())
    group = f"target@base64/{base64.urlsafe_b64encode(target.encode()).decode()}/push_id/{uuid.uuid4().hex}"
    answer = httpx.put(
        f"{relay_address}/metrics/job/observatory/{group}",
        content=metrics.text(),
        headers={"Content-Type": "text/plain; version=0.0.4"},
        trust_env=False,
    )
    answer.raise_for_status()


def test_a_slow_run_is_told_and_so_is_its_end(tmp_path: Path) -> None:
    with hook() as told:
        routes = f"""
            route: {{receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s}}
            receivers: [{{name: hook, webhook_configs: [{{url: '{told.address}', send_resolved: true}}]}}]
        """
        with (
            relay(tmp_path / "relay", "--first-shown", "1.2") as numbers,
            alertmanager(tmp_path / "alertmanager", routes) as manager,
            prometheus(tmp_path / "prometheus", numbers.address, manager),
        ):
            push(numbers.address, "live", 0.8)
            push(numbers.address, "embedded", 0.8)
            until(lambda: told.messages, "the alert came", SOON)
            push(numbers.address, "live", 0.02)
            until(lambda: told.messages[-1]["status"] == "resolved", "the end of the alert came", SOON)
    first, last = (message["alerts"] for message in (told.messages[0], told.messages[-1]))
    assert first[0]["status"] == "firing"
    assert first[0]["labels"] == {
        "alertname": "HighAPILatency",
        "severity": "warning",
        "target": "live",
        "endpoint": "pokemon",
    }
    assert first[0]["annotations"]["summary"] == "pokemon is slow on live"
    assert "the P95 of pokemon was about 975ms; the limit is 500ms." in first[0]["annotations"]["description"]
    assert set(first[0]["annotations"]) == {"summary", "description", "action", "dashboard", "docs"}
    assert last[0]["labels"] == first[0]["labels"]
    assert {each["labels"]["target"] for message in told.messages for each in message["alerts"]} == {"live"}


class Office(NamedTuple):
    """An Alertmanager as it is committed, and those whom it tells."""

    manager: str
    folder: Path
    mails: Mailbox
    slack: Hook


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Mail and Slack, both set up."""
    with mailbox() as mails, hook() as slack:
        variables = {
            "ALERTS_MAIL_TO": "one@example.org, two@example.org",
            "ALERTS_MAIL_FROM": "observatory@example.org",
            "ALERTS_SMTP_SERVER": mails.address,
            "ALERTS_SMTP_USER": "observatory",
            "ALERTS_SMTP_PASSWORD": PASSWORD,
            "ALERTS_SMTP_TLS": "false",
            "ALERTS_SLACK_URL": slack.address,
            "ALERTS_SLACK_CHANNEL": "#api",
        }
        folder = tmp_path / "alertmanager"
        with committed_alertmanager(folder, variables) as manager:
            yield Office(manager, folder, mails, slack)


def firing(name: str, severity: str, *, ended: bool = False, **labels: str) -> dict[str, object]:
    """An alert as Prometheus sends it; it began a second ago, and when it `ended`, that was just now.

    One that began longer ago than its group waits is sent at once, and it is chance whether another one inhibits it.
    """
    now = datetime.now(UTC)
    return {
        "labels": {"alertname": name, "severity": severity, "target": "live", "endpoint": "pokemon", **labels},
        "annotations": {
            "summary": f"{name} of pokemon",
            "description": "25% failed & more.",
            "action": "Read it.",
            "dashboard": "http://localhost:3000/d/drift",
            "docs": "docs/alerts.md",
        },
        "startsAt": (now - timedelta(seconds=1)).isoformat(),
        "endsAt": (now if ended else now + timedelta(hours=1)).isoformat(),
    }


def test_who_fails_is_told_by_mail_and_in_slack_and_so_is_the_end(office: Office) -> None:
    send(office.manager, firing("HighTestFailureRate", "critical"))
    until(lambda: office.mails.mails and office.slack.messages, "mail and Slack were told", SOON)
    send(office.manager, firing("HighTestFailureRate", "critical", ended=True))
    until(lambda: len(office.mails.mails) > 1 and len(office.slack.messages) > 1, "both were told the end", SOON)
    mail, end = office.mails.mails[:2]
    assert mail["Subject"] == "CRITICAL: HighTestFailureRate of pokemon"
    assert mail["From"] == "observatory@example.org"
    assert mail.get_content_type() == "text/plain" or mail.is_multipart()
    text = "".join(part.get_content() for part in mail.walk() if not part.is_multipart())
    for part in ("25% failed & more.", "What to do: Read it.", "Dashboard: http://localhost:3000/d/drift", "Since: 20"):
        assert part in text
    assert office.mails.recipients[:2] == ["one@example.org", "two@example.org"]
    assert set(office.mails.logins) == {("observatory", PASSWORD)}
    assert end["Subject"] == "Over: HighTestFailureRate of pokemon"
    message = office.slack.messages[0]
    assert message["channel"] == "#api"
    assert message["attachments"][0]["title"] == "CRITICAL: HighTestFailureRate of pokemon"
    assert message["attachments"][0]["title_link"] == "http://localhost:3000/d/drift"
    assert "What to do: Read it." in message["attachments"][0]["text"]


def test_what_is_slow_because_it_fails_is_not_told_twice(office: Office) -> None:
    both = [firing("HighTestFailureRate", "critical"), firing("HighAPILatency", "warning")]
    send(office.manager, *both, firing("HighAPILatency", "warning", endpoint="type"))
    until(lambda: len(office.slack.messages) > 1, "two alerts were told", SOON)
    states = {
        (each["labels"]["alertname"], each["labels"]["endpoint"]): each["status"]["state"]
        for each in known_alerts(office.manager)
    }
    assert states == {
        ("HighTestFailureRate", "pokemon"): "active",
        ("HighAPILatency", "pokemon"): "suppressed",
        ("HighAPILatency", "type"): "active",
    }
    titles = {message["attachments"][0]["title"] for message in office.slack.messages}
    assert titles == {"CRITICAL: HighTestFailureRate of pokemon", "WARNING: HighAPILatency of pokemon"}


def test_a_change_of_two_endpoints_is_one_message_and_what_can_wait_is_not_mailed(office: Office) -> None:
    send(office.manager, *(firing("SchemaChangeDetected", "info", endpoint=each) for each in ("pokemon", "type")))
    send(office.manager, firing("FlakyTests", "info"))
    until(lambda: office.mails.mails and len(office.slack.messages) > 1, "both were told", SOON)
    assert [mail["Subject"] for mail in office.mails.mails] == ["INFO: SchemaChangeDetected of pokemon (2 alerts)"]
    titles = sorted(message["attachments"][0]["title"] for message in office.slack.messages)
    assert titles == ["INFO: FlakyTests of pokemon", "INFO: SchemaChangeDetected of pokemon (2 alerts)"]


def test_a_secret_is_in_a_file_that_only_its_owner_reads_and_nowhere_else(office: Office) -> None:
    run = office.folder / "run"
    assert (run / "smtp_password").read_text("utf-8") == PASSWORD
    assert {path.stat().st_mode & 0o077 for path in run.iterdir()} == {0}
    assert rendered(office.folder)["global"]["smtp_auth_password_file"] == str(run / "smtp_password")
    others = [run / "alertmanager.yml", office.folder / "said.log"]
    assert [path for path in others if PASSWORD in path.read_text("utf-8") or "/hook" in path.read_text("utf-8")] == []


def test_without_a_word_alertmanager_starts_and_has_its_alerts_on_the_page(tmp_path: Path) -> None:
    folder = tmp_path / "alertmanager"
    with committed_alertmanager(folder, {}) as manager:
        send(manager, firing("HighTestFailureRate", "critical"))
        until(lambda: known_alerts(manager), "the alert is on the page", SOON)
        time.sleep(0.5)  # three times as long as the route waits before it tells
    said = (folder / "said.log").read_text("utf-8")
    assert "Alerts are sent by mail: no; to Slack: no." in said
    assert "level=error" not in said
    assert "level=warn" not in said
    assert {frozenset(each) for each in rendered(folder)["receivers"]} == {frozenset({"name"})}


def test_what_the_page_says_to_amtool_can_be_said(office: Office) -> None:
    """One line silences a target, the next one shows it, and the last one sends an alert that tests the mail."""
    begins = "docker compose exec alertmanager amtool --alertmanager.url=http://localhost:9093 "
    lines = [line.removeprefix(begins) for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith(begins)]
    assert [line.split()[:2] for line in lines] == [["silence", "add"], ["silence", "query"], ["alert", "add"]]
    amtool = [command_of("amtool"), f"--alertmanager.url={office.manager}"]
    said = [
        subprocess.run(
            [*amtool, *shlex.split(line)], capture_output=True, encoding="utf-8", timeout=20, check=True
        ).stdout
        for line in lines
    ]
    assert "The API moves to another house." in said[1]
    send(office.manager, firing("HighAPILatency", "warning"))
    until(lambda: office.mails.mails, "the mail came", SOON)
    assert [mail["Subject"] for mail in office.mails.mails] == ["CRITICAL: A test of our mail"]
    states = {each["labels"]["target"]: each["status"]["state"] for each in known_alerts(office.manager)}
    assert states == {"live": "suppressed", "nowhere": "active"}


@pytest.mark.parametrize(
    ("variables", "said", "receiver"),
    [
        (
            {"ALERTS_MAIL_TO": "a@example.org"},
            "No mail is sent: ALERTS_SMTP_SERVER is '', but must be a host and a port",
            {"name"},
        ),
        (
            {"ALERTS_MAIL_TO": "a@example.org", "ALERTS_SMTP_SERVER": "smtp.example.org"},
            "ALERTS_SMTP_SERVER is 'smtp.example.org', but must be a host and a port",
            {"name"},
        ),
        ({"ALERTS_SMTP_SERVER": "smtp.example.org:587"}, "but ALERTS_MAIL_TO is not", {"name"}),
        ({"ALERTS_SLACK_URL": "hooks.example.org/secret"}, "ALERTS_SLACK_URL must be the address", {"name"}),
        (
            {"ALERTS_MAIL_TO": "a@example.org", "ALERTS_SMTP_SERVER": "smtp.example.org:587", "ALERTS_SMTP_TLS": "yes"},
            "ALERTS_SMTP_TLS is 'yes', but must be true or false; it is taken as true.",
            {"name", "email_configs"},
        ),
        ({"ALERTS_SLACK_URL": "https://hooks.example.org/x"}, "to Slack: yes", {"name", "slack_configs"}),
    ],
)
def test_what_is_half_set_up_is_said_and_nothing_else_suffers(
    tmp_path: Path, variables: dict[str, str], said: str, receiver: set[str]
) -> None:
    environment = at_start(tmp_path, variables)
    printed = start(tmp_path, environment)
    assert said in printed
    assert "hooks.example.org" not in printed
    team: dict[str, Any] = rendered(tmp_path)["receivers"][0]
    assert set(team) == receiver


def test_a_variable_of_several_lines_is_refused(tmp_path: Path) -> None:
    environment = at_start(tmp_path, {"ALERTS_MAIL_TO": "a@example.org\nroute: {}"})
    assert "A variable ALERTS_* has more than one line" in start(tmp_path, environment, code=1)
    assert not (tmp_path / "run").exists()


def start(folder: Path, environment: dict[str, str], code: int = 0) -> str:
    """Run start.sh where `alertmanager` only says its version; gives what was printed."""
    command = ["sh", str(folder / "config" / "start.sh"), "--version"]
    ran = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=20, check=False)
    assert ran.returncode == code, ran.stderr
    return ran.stdout + ran.stderr
