"""The Dockerfile of the runner: what hadolint says, what goes into the image, and as whom it runs."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path, PurePosixPath

import pytest

from tests.compose_tools import complaints_of

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "docker" / "runner" / "Dockerfile"
HEALTHY = ROOT / "docker" / "runner" / "healthy.py"
NEEDED = ("libraries", "sandbox", "load", "variables", "resources", "suites")


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with what follows each, continued lines joined."""
    lines = [line for line in DOCKERFILE.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return [
        (each[1], each[2])
        for each in re.finditer(r"^([A-Z]+) +(.*)$", re.sub(r"\\\n\s*", "", "\n".join(lines)), re.MULTILINE)
    ]


def last_stage(instructions: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The instructions that make the image itself."""
    start = max(at for at, (word, _) in enumerate(instructions) if word == "FROM")
    return instructions[start:]


def copied(instructions: list[tuple[str, str]]) -> set[str]:
    """What is copied from the project."""
    copies = [words.split() for word, words in instructions if word == "COPY" and "--from=" not in words]
    return {source for *sources, _ in copies for source in sources}


# What is sent to Docker


def is_sent(path: str, patterns: list[str]) -> bool:
    """Whether a file of the project is sent, as `.dockerignore` says: the last pattern that fits it decides."""
    sent = True
    for pattern in patterns:
        wanted = pattern.startswith("!")
        rule = pattern.removeprefix("!")
        places = [path, *map(str, PurePosixPath(path).parents)]
        deep = rule.removeprefix("**/")
        fits = any(
            fnmatch.fnmatchcase(place, rule) or (rule != deep and fnmatch.fnmatchcase(PurePosixPath(place).name, deep))
            for place in places
            if place != "."
        )
        sent = wanted if fits else sent
    return sent


@pytest.fixture(scope="module")
def patterns() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_what_is_copied_is_sent_and_there(instructions: list[tuple[str, str]], patterns: list[str]) -> None:
    sources = copied(instructions)
    assert set(NEEDED) < sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert is_sent(source, patterns), source


@pytest.mark.parametrize(
    "path",
    [
        *(".git/config", ".env", ".env.example", "libraries/.env", "tests/conftest.py", "bench/load/run.py"),
        *("docs/guide.md", "requirements-dev.txt", "results/log.html", ".observatory/postgres/PG_VERSION"),
        *("libraries/observatory/__pycache__/errors.cpython-311.pyc", "docker/postgres/10-reader.sh", "bootstrap.py"),
    ],
)
def test_nothing_else_is_sent(path: str, patterns: list[str]) -> None:
    assert not is_sent(path, patterns)


@pytest.mark.parametrize("path", ["libraries/observatory/errors.py", "suites/smoke/basic.robot", "pyproject.toml"])
def test_what_the_image_needs_is_sent(path: str, patterns: list[str]) -> None:
    assert is_sent(path, patterns)


# The image


def test_hadolint_is_content() -> None:
    assert complaints_of("hadolint", DOCKERFILE) == ""


def test_hadolint_would_not_be_content_with_a_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "Dockerfile"
    wrong.write_text("FROM python:latest\nRUN cd /tmp && pip install robotframework\nCMD robot\n", "utf-8")
    assert {"DL3007", "DL3003", "DL3013"} <= set(re.findall(r"DL\d{4}", complaints_of("hadolint", wrong)))


def test_it_is_built_in_two_stages_on_one_exact_python(instructions: list[tuple[str, str]]) -> None:
    stages = [words for word, words in instructions if word == "FROM"]
    assert stages == ["${PYTHON} AS environment", "${PYTHON}"]
    python = dict(words.split("=", 1) for word, words in instructions if word == "ARG")["PYTHON"]
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", python)


def test_its_python_is_one_that_the_project_takes(instructions: list[tuple[str, str]]) -> None:
    python = dict(words.split("=", 1) for word, words in instructions if word == "ARG")["PYTHON"]
    least = re.search(r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    minor = re.search(r":3\.(\d+)\.", python)
    assert least
    assert minor
    assert int(minor[1]) >= int(least[1])


def test_it_runs_as_a_user_without_rights(instructions: list[tuple[str, str]]) -> None:
    users = [words for word, words in last_stage(instructions) if word == "USER"]
    assert users == ["10001:10001"]


def test_what_it_runs_gets_the_signals(instructions: list[tuple[str, str]]) -> None:
    commands = [words for word, words in last_stage(instructions) if word in {"CMD", "ENTRYPOINT"}]
    assert [json.loads(words) for words in commands] == [
        ["observatory", "relay", "--host", "0.0.0.0", "--port", "8000"]  # noqa: S104 - within its container
    ]


def test_no_secret_and_no_registry_is_in_it() -> None:
    text = DOCKERFILE.read_text("utf-8")
    assert re.findall(r"(?i)(password|token|secret|index-url|trusted-host)", text) == []
    assert re.findall(r"https?://(?!127\.0\.0\.1)\S+", text) == []


def test_it_installs_what_the_project_has_pinned(instructions: list[tuple[str, str]]) -> None:
    runs = " ".join(words for word, words in instructions if word == "RUN")
    assert "requirements.txt" in runs
    assert "requirements-dev" not in runs
    assert "--mount=type=cache,target=/var/cache/pip" in runs


# Its health check


@contextmanager
def answering(status: int) -> Iterator[str]:
    """A server that answers everything with one status; gives its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/health"
        server.shutdown()
        thread.join()


def ask(*addresses: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, HEALTHY, *addresses],
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
        env={"http_proxy": "http://127.0.0.1:9", "PATH": ""},
    )


def test_who_answers_with_200_is_healthy() -> None:
    with answering(200) as address:
        assert ask(address).returncode == 0
        assert ask(address, address).returncode == 0


def test_who_answers_with_anything_else_is_not() -> None:
    with answering(503) as address, answering(200) as good:
        asked = ask(good, address)
    assert asked.returncode == 1
    assert asked.stderr == f"{address} answers with 503.\n"


def test_who_does_not_answer_is_not() -> None:
    with answering(200) as address:
        pass
    asked = ask(address)
    assert asked.returncode == 1
    assert asked.stderr.startswith(f"{address} does not answer: ")
    assert ask().returncode == 1


# The health check of Alloy, whose image has bash alone


@pytest.mark.parametrize(("status", "exit_code"), [(200, 0), (503, 1)])
def test_bash_alone_can_ask(status: int, exit_code: int) -> None:
    from tests.compose_stack import fill_in, stack_of, texts

    _, *command = fill_in(stack_of(texts()).services["alloy"]["healthcheck"]["test"])
    with answering(status) as address:
        port = address.split(":")[2].partition("/")[0]
        asked = subprocess.run([each.replace("12345", port) for each in command], timeout=10, check=False)
    assert asked.returncode == exit_code
    nobody = subprocess.run(
        [each.replace("12345", port) for each in command], timeout=10, check=False, stderr=subprocess.DEVNULL
    )
    assert nobody.returncode == 1
