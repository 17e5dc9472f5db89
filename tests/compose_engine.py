"""Services of the compose files as containers of a real Docker, with the options that Compose would give them."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from tests.compose_stack import Service, environment, fill_in, named_volumes

PATIENCE: Final = 60.0
"""Seconds that a container may take to be as it should."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker, and the image that all its containers are made of; `prefix` keeps them apart from all others."""

    image: str
    prefix: str = field(default_factory=lambda: f"observatory-test-{uuid4().hex[:8]}")

    def docker(self, *arguments: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        """Call the client."""
        command = shutil.which("docker")
        assert command is not None, "docker is not installed, and IMAGE_TESTS asks for it"
        return subprocess.run(
            [command, *arguments], capture_output=True, encoding="utf-8", timeout=timeout, check=False
        )

    def done(self, *arguments: str, timeout: float = 180) -> str:
        """What the client says; it is an error when it fails."""
        answer = self.docker(*arguments, timeout=timeout)
        assert answer.returncode == 0, f"docker {' '.join(arguments)}: {answer.stdout}{answer.stderr}"
        return answer.stdout.strip()

    @contextmanager
    def running(self, name: str, service: Service, network: str, command: Sequence[str] = ()) -> Iterator[Container]:
        """A service as a container, removed at the end; its volumes stay until `clear`."""
        container = f"{self.prefix}-{name}"
        options = [*self.options(service), *health(service), "--network", network, "--name", container]
        called = [*options, self.image, *(command or service.get("command", []))]
        try:
            self.done("run", "--detach", *called)
            yield Container(self, container)
        finally:
            self.docker("rm", "--force", container)

    def once(self, service: Service, *command: str, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run a command in a container of a service that ends with it, as `docker compose run --rm` does."""
        return self.docker("run", "--rm", "--network", "none", *self.options(service), *options, self.image, *command)

    def options(self, service: Service) -> list[str]:
        """What the service is given, as options of `docker run`; its volumes are those of this test.

        The history is left out: without its address, the server in the image is used.
        """
        limits = service["deploy"]["resources"]["limits"]
        options = [f"--cap-drop={each}" for each in service["cap_drop"]]
        options += [f"--security-opt={each}" for each in service["security_opt"]]
        options += [f"--tmpfs={each}" for each in service["tmpfs"]]
        options += [f"--volume={self.prefix}-{name}:{target}" for name, target in named_volumes(service)]
        options += [f"--env={name}={value}" for name, value in told(service).items()]
        options += [f"--memory={limits['memory']}", f"--pids-limit={limits['pids']}"]
        return options + ["--init"] * service["init"] + ["--read-only"] * service["read_only"]

    def clear(self) -> None:
        """Remove the volumes."""
        names = self.done("volume", "ls", "--quiet", "--filter", f"name={self.prefix}").split()
        if names:
            self.done("volume", "rm", *names)


def told(service: Service) -> dict[str, str]:
    """What the service finds in its environment with nothing set, but for the history."""
    given = {name: fill_in(value) for name, value in environment(service).items() if value is not None}
    return {name: value for name, value in given.items() if name not in {"DATABASE_URL", "PGPASSWORD"}}


def health(service: Service) -> list[str]:
    """The health check of a service, asked each second, so that a test need not wait for it."""
    check = service["healthcheck"]
    asked = shlex.join(check["test"][1:])
    return [f"--health-cmd={asked}", "--health-interval=1s", f"--health-timeout={check['timeout']}"]


@dataclass(frozen=True, slots=True)
class Container:
    """A container that runs."""

    engine: Engine
    name: str

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as `docker compose exec` does."""
        return self.engine.docker("exec", self.name, *command)

    def says(self, *command: str) -> str:
        """What a command says in it."""
        return self.engine.done("exec", self.name, *command)

    def page(self, address: str) -> str:
        """A page, as it is seen from within."""
        asked = f"import urllib.request as r; print(r.urlopen('{address}', timeout=5).read().decode())"
        return self.says("python", "-c", asked)

    def state(self) -> Mapping[str, Any]:
        """How Docker sees it."""
        found: Mapping[str, Any] = json.loads(self.engine.done("inspect", "--format", "{{json .State}}", self.name))
        return found

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < deadline, f"{what} did not come: {self.engine.docker('logs', self.name)}"
            time.sleep(0.2)

    def wait_for_health(self) -> None:
        """Wait until its health check is content."""
        self.wait_until(lambda: self.state()["Health"]["Status"] == "healthy", f"the health of {self.name}")
