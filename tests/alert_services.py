"""A relay, a Prometheus and an Alertmanager that run for a test, on loopback, with times that suit a test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.alert_files import ALERTMANAGER, PROMETHEUS, compressed, read_yaml
from tests.load_process import free_port, until
from tests.prometheus_server import tool

FACTOR: Final = 60
"""So much shorter is every time of the committed rules and routes here: a minute is a second."""

_LOOKED: Final = "500ms"
_SOON: Final = 20.0  # seconds within which a service answers


def command_of(name: str) -> str:
    """A command of the package prometheus-alertmanager; skips the test where there is none."""
    command = shutil.which(name)
    if command is None:
        pytest.skip(f"install prometheus-alertmanager: {name} is not there (apt-get install prometheus-alertmanager)")
    return command


@contextmanager
def prometheus(folder: Path, scraped: str, alertmanager: str) -> Iterator[str]:
    """A Prometheus with the committed configuration and rules, of which only the hosts and the times are other ones."""
    folder.mkdir()
    shutil.copytree(PROMETHEUS, folder / "config")
    rules = folder / "config" / "rules" / "alerts.yml"
    # Two pushes of a test are seconds apart, and yet two runs: so what is one run is shorter by more than the rest.
    told = rules.read_text("utf-8").replace("[15m:]", "[5m:]").replace("offset 2m", "offset 1m")
    rules.write_text(compressed(told, FACTOR), "utf-8")
    file = folder / "config" / "prometheus.yml"
    told = file.read_text("utf-8")
    told = re.sub(r"^  (scrape|evaluation)_(interval|timeout): \d+s$", rf"  \1_\2: {_LOOKED}", told, flags=re.MULTILINE)
    told = told.replace("test-runner:8000", scraped.removeprefix("http://"))
    told = told.replace("alertmanager:9093", alertmanager.removeprefix("http://"))
    told = told[: told.index("  # There only while a load runs")]  # the other services are not there
    file.write_text(told, "utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [tool("prometheus"), f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}"]
    with _running(folder, [*command, f"--web.listen-address={address}"], f"http://{address}/-/ready"):
        yield f"http://{address}"


@contextmanager
def alertmanager(folder: Path, configuration: str) -> Iterator[str]:
    """An Alertmanager with a configuration of the test's."""
    folder.mkdir()
    file = folder / "alertmanager.yml"
    file.write_text(configuration, "utf-8")
    with _alertmanager(folder, [command_of("prometheus-alertmanager"), f"--config.file={file}"]) as address:
        yield address


@contextmanager
def committed_alertmanager(folder: Path, variables: Mapping[str, str]) -> Iterator[str]:
    """An Alertmanager as the compose file starts it, by start.sh, of which only the times are shorter."""
    folder.mkdir()
    start = at_start(folder, variables)
    with _alertmanager(folder, ["sh", str(folder / "config" / "start.sh")], start) as address:
        yield address


def at_start(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Put the committed configuration into a folder, and `alertmanager` on the path; gives the environment for it."""
    shutil.copytree(ALERTMANAGER, folder / "config")
    file = folder / "config" / "alertmanager.yml"
    file.write_text(compressed(file.read_text("utf-8"), FACTOR), "utf-8")
    commands = folder / "bin"
    commands.mkdir()
    (commands / "alertmanager").symlink_to(command_of("prometheus-alertmanager"))
    own = {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "ALERTS_FOLDER": str(folder / "run")}
    return {name: value for name, value in os.environ.items() if not name.startswith("ALERTS_")} | own | dict(variables)


def known_alerts(address: str) -> list[Any]:
    """The alerts that an Alertmanager has on its page."""
    found: list[Any] = httpx.get(f"{address}/api/v2/alerts", trust_env=False).json()
    return found


def send(address: str, *alerts: Mapping[str, object]) -> None:
    """Send alerts to an Alertmanager, as Prometheus does."""
    httpx.post(f"{address}/api/v2/alerts", json=list(alerts), trust_env=False).raise_for_status()


def rendered(folder: Path) -> Any:
    """The configuration that start.sh made."""
    return read_yaml((folder / "run" / "alertmanager.yml").read_text("utf-8"))


@contextmanager
def _alertmanager(folder: Path, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    options = [f"--web.listen-address={address}", f"--storage.path={folder / 'data'}", "--cluster.listen-address="]
    with _running(folder, [*command, *options], f"http://{address}/-/ready", environment):
        yield f"http://{address}"


@contextmanager
def _running(
    folder: Path, command: Sequence[str], ready: str, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A process that runs until the test ends; what it says is in the folder's file `said.log`."""
    said = folder / "said.log"
    with said.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=environment)
    try:
        until(lambda: process.poll() is not None or _answers(ready), f"{command[0]} answers", _SOON)
        assert process.poll() is None, said.read_text("utf-8", "replace")
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, trust_env=False, timeout=1).is_success
    except httpx.TransportError:
        return False
