"""What listens, listens on loopback alone until somebody says otherwise: seen at the sockets of the real commands."""

from __future__ import annotations

import ipaddress
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.load_process import LOCUST, OBSERVATORY, LoadProcess, free_port, until
from tests.relay_process import relay
from tests.robot_command import LIBRARIES, run_command

EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - what is told is tested, too
SHORT: Final = ("--profile", "quick", "--users", "1", "--run-time", "60s")


def listening(process: int) -> Mapping[int, set[str]]:
    """The ports on which a process and those below it listen, each with its addresses."""
    found: dict[int, set[str]] = {}
    try:
        family = [psutil.Process(process), *psutil.Process(process).children(recursive=True)]
    except psutil.NoSuchProcess:
        return found
    for each in family:
        try:
            connections = each.net_connections(kind="inet")
        except psutil.Error:
            continue
        for connection in connections:
            if connection.status == psutil.CONN_LISTEN:
                found.setdefault(connection.laddr.port, set()).add(connection.laddr.ip)
    return found


def is_private(sockets: Mapping[int, set[str]]) -> bool:
    """Whether only this machine can reach them."""
    return all(ipaddress.ip_address(address).is_loopback for each in sockets.values() for address in each)


@contextmanager
def running(folder: Path, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "printed").open("wb") as printed:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def loading(folder: Path, command: Sequence[str]) -> Iterator[LoadProcess]:
    load = LoadProcess(folder, [*command, "--results", str(folder / "load")])
    try:
        yield load
    finally:
        load.process.send_signal(signal.SIGTERM)
        try:
            load.process.wait(60)
        finally:
            for each in load.left():
                each.kill()


def opened(process: int, *ports: int, more: int = 0) -> Mapping[int, set[str]]:
    """What listens, once these ports and so many others do."""
    until(lambda: set(ports) <= (found := listening(process)).keys() and len(found) >= len(ports) + more, "it listens")
    return listening(process)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_the_stand_in(tmp_path: Path, processes: str) -> None:
    port = free_port()
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--processes", processes]
    with running(tmp_path, command) as process:
        assert is_private(opened(process.pid, port))


def test_the_relay(tmp_path: Path) -> None:
    with relay(tmp_path) as running_relay:
        sockets = listening(_pid(running_relay))
        assert sockets
        assert is_private(sockets)


@pytest.mark.parametrize(("host", "seen"), [(EVERYWHERE, EVERYWHERE), ("::1", "::1"), ("localhost", None)])
def test_the_relay_where_it_is_told_to(tmp_path: Path, host: str, seen: str | None) -> None:
    port = free_port()
    state = ["--state", str(tmp_path / "relay.sqlite3")]
    command = [sys.executable, "-m", "observatory.commands", "relay", "--host", host, "--port", str(port), *state]
    with running(tmp_path, command) as process:
        sockets = opened(process.pid, port)
        assert is_private(sockets) == (host != EVERYWHERE)
        assert seen is None or sockets == {port: {seen}}


def test_a_load_and_its_numbers(tmp_path: Path) -> None:
    port = free_port()
    with loading(tmp_path, [*OBSERVATORY, *SHORT, "--metrics-port", str(port)]) as load:
        assert is_private(opened(load.process.pid, port, more=1))  # and the stand-in


def test_the_numbers_of_a_load_where_they_are_told_to(tmp_path: Path) -> None:
    port = free_port()
    command = [*OBSERVATORY, *SHORT, "--metrics-port", str(port), "--metrics-host", EVERYWHERE]
    with loading(tmp_path, command) as load:
        assert opened(load.process.pid, port, more=1)[port] == {EVERYWHERE}


def test_a_load_of_two_processes_with_its_page(tmp_path: Path) -> None:
    port, page = free_port(), free_port()
    more = ["--metrics-port", str(port), "--web", "--processes", "2", "--web-port", str(page)]
    with loading(tmp_path, [*OBSERVATORY, *SHORT, *more]) as load:
        sockets = opened(load.process.pid, port, page, more=2)  # the stand-in, and where workers meet the master
        assert is_private(sockets)


@pytest.mark.parametrize(
    ("options", "told"),
    [((), False), (("--web-host", EVERYWHERE), True)],
    ids=["by itself", "where it is told to"],
)
def test_plain_locust_with_its_page(tmp_path: Path, options: tuple[str, ...], *, told: bool) -> None:
    port, page = free_port(), free_port()
    command = [*LOCUST, "--web-port", str(page), "--metrics-port", str(port), *options]
    with loading(tmp_path, command) as load:
        sockets = opened(load.process.pid, page)
        assert is_private(sockets) is not told


@pytest.mark.parametrize("processes", [("--processes", "2"), ("--processes=2",)], ids=["two words", "one word"])
def test_plain_locust_in_two_processes(tmp_path: Path, processes: tuple[str, ...]) -> None:
    port, meeting = free_port(), free_port()
    command = [*LOCUST, "--headless", *SHORT, *processes, "--metrics-port", str(port)]
    command += ["--master-bind-port", str(meeting), "--master-port", str(meeting)]
    with loading(tmp_path, command) as load:
        assert is_private(opened(load.process.pid, port, meeting, more=1))


def test_a_run_with_its_stand_in_and_its_history(tmp_path: Path) -> None:
    suite = tmp_path / "suite.robot"
    libraries = "\n".join(f"Library    {path}" for path in LIBRARIES)
    look = tmp_path / "Looking.py"
    look.write_text(_LOOKING, "utf-8")
    cases = "A Run Is Private\n    Get Pokemon    1\n    Get States    pokemon    1\n    Nobody Else Can Reach It\n"
    text = f"*** Settings ***\n{libraries}\nLibrary    {look}\n\n*** Test Cases ***\n{cases}"
    suite.write_text(text.replace("    Get States    pokemon    1\n", ""), "utf-8")
    done = run_command([sys.executable, "-m", "robot", "--outputdir", str(tmp_path / "output"), str(suite)], tmp_path)
    assert done.exit_code == 0, done.console


_LOOKING: Final = """
import ipaddress
import psutil
from robot_session import ROBOT_SESSION


def nobody_else_can_reach_it():
    ROBOT_SESSION.main.memory.history.flush()
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    family += [each for each in psutil.process_iter() if each.name() == "postgres"]
    sockets = [
        connection.laddr
        for each in family
        for connection in each.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert sockets, "the stand-in listens"
    wide = [each for each in sockets if not ipaddress.ip_address(each.ip).is_loopback]
    assert not wide, wide
"""


def _pid(running_relay: object) -> int:
    process: subprocess.Popen[bytes] = running_relay._process  # type: ignore[attr-defined]
    return process.pid
