"""nginx with a configuration of its own, on a port of its own, for as long as it is measured against."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psutil

from bench.processes import cpu_of, family
from bench.report import Result
from bench.timing import BenchError

INSTALL = "apt-get install nginx-light wrk"

_ELSEWHERE = "/usr/sbin:/usr/local/sbin"  # where servers lie that not everybody has on the path
_PATIENCE = 5.0  # seconds to start, and to stop
_CONFIGURATION = """
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type application/json;
    types {{ }}
    index index.json;
    open_file_cache max=10000;
    open_file_cache_valid 1h;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_body_temp_path {folder}/client;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {root};
        location = /status {{ stub_status; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What nginx says of itself: its open connections, and the requests that it answered since it was started.

    The connection and the request that ask for this are among them.
    """

    connections: int
    requests: int


@dataclass(frozen=True, slots=True)
class Nginx:
    """An nginx that runs with one worker: where it is, and its two processes."""

    origin: str
    processes: tuple[psutil.Process, ...]

    @property
    def address(self) -> str:
        """The address of the API."""
        return f"{self.origin}/api/v2"

    def seen(self) -> Seen:
        """Its own counts."""
        with urlopen(f"{self.origin}/status", timeout=_PATIENCE) as answer:  # noqa: S310 - it is on this machine
            lines = answer.read().decode("ascii").splitlines()
        return Seen(int(lines[0].split()[-1]), int(lines[2].split()[-1]))

    def cpu(self) -> float:
        """The seconds of CPU that it used so far."""
        return cpu_of(self.processes)

    def pin(self, cpu: int) -> None:
        """Let it run on one CPU only."""
        for process in self.processes:
            process.cpu_affinity([cpu])

    def freeze(self, seconds: float) -> tuple[float, float]:
        """Answer nothing for a while; gives when that began and ended, in seconds since 1970."""
        began = time.time()
        for process in self.processes:
            process.suspend()
        try:
            time.sleep(seconds)
        finally:
            for process in self.processes:
                process.resume()
        return began, time.time()


def is_installed() -> bool:
    """Whether there is an nginx."""
    return _command() is not None


def skipped(name: str) -> Result:
    """What there is to say of a benchmark that needs nginx, where there is none."""
    return Result(name, f"skipped: there is no nginx here ({INSTALL})", [("",)], [])


@contextmanager
def nginx(root: Path, folder: Path) -> Iterator[Nginx]:
    """Serve the files below `root`, a folder's index.json for the folder; its own files go to `folder`.

    Raises:
        BenchError: it did not start.
    """
    command = _command()
    assert command is not None, "whoever calls this has asked is_installed"
    folder.mkdir(parents=True)
    port = _free_port()
    # Only root may name a user, and without one root's worker would be somebody who may not read a passing folder.
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(user=user, folder=folder, root=root, port=port), "utf-8")
    error_log = folder / "error.log"
    arguments = [command, "-e", str(error_log), "-p", str(folder), "-c", str(configuration)]
    with subprocess.Popen(arguments, stdin=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            _wait_until_it_answers(port, process, error_log)
            yield Nginx(f"http://127.0.0.1:{port}", tuple(family(process.pid)))
        finally:
            process.terminate()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _command() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path=_ELSEWHERE)


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes], error_log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(f"http://127.0.0.1:{port}/status", timeout=_PATIENCE):
                return
        except OSError:
            time.sleep(0.02)
    said = error_log.read_text("utf-8", errors="replace").strip() if error_log.exists() else ""
    raise BenchError(f"nginx did not start at port {port}; it said: {said or 'nothing'}")


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port
