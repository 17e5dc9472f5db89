"""The compose files: what the schema sees, what it cannot see, and that a mistake in them is noticed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.compose_images import IMAGES
from tests.compose_rules import RULES, Rule, hosts_are_services, name_of_image, variables_are_documented
from tests.compose_stack import (
    FILES,
    MAIN,
    OVERRIDE,
    REPORTPORTAL,
    ROOT,
    Stack,
    Use,
    bind_mounts,
    environment,
    fill_in,
    published,
    stack_of,
    texts,
    uses,
)
from tests.compose_tools import complaints_of

EXAMPLE = (ROOT / ".env.example").read_text("utf-8")
SCHEMA = ("--builtin-schema", "vendor.compose-spec", "--default-filetype", "yaml")
HOST = re.compile(r"(?:https?://)?([a-z][\w.-]*):(\d+)")


@pytest.fixture(scope="module")
def stack() -> Stack:
    return stack_of(texts())


# Addresses in the files that are mounted


def hosts_in(text: str) -> list[tuple[str, int]]:
    """The hosts with their ports in a text."""
    return [(host, int(port)) for host, port in HOST.findall(text)]


def read_addresses(root: Path = ROOT) -> dict[str, list[tuple[str, int]]]:
    """What services are told in files: whom Prometheus scrapes, where Grafana, Alloy, the gateway and pgAdmin look."""
    scraped = yaml.safe_load((root / "config/prometheus/prometheus.yml").read_text("utf-8"))
    jobs = [*scraped["scrape_configs"], *scraped["alerting"]["alertmanagers"]]
    targets = [target for job in jobs for group in job["static_configs"] for target in group["targets"]]
    sources = [
        source
        for file in sorted((root / "config/grafana/provisioning/datasources").glob("*.y*ml"))
        for source in yaml.safe_load(file.read_text("utf-8"))["datasources"]
    ]
    routes = yaml.safe_load((root / "docker/reportportal/routes.yml").read_text("utf-8"))["http"]["services"]
    servers = json.loads((root / "docker/pgadmin/servers.json").read_text("utf-8"))["Servers"]
    alloy = re.findall(r'"https?://[^"]+"', (root / "config/alloy/config.alloy").read_text("utf-8"))
    return {
        "prometheus": hosts_in(" ".join(targets)),
        "grafana": [each for source in sources for each in hosts_in(str(source.get("url", "")))],
        "alloy": [each for address in alloy for each in hosts_in(address)],
        "rp-gateway": hosts_in(str(routes)),
        "pgadmin": [(server["Host"], server["Port"]) for server in servers.values()],
    }


# The files as they are


@pytest.mark.parametrize("file", [*FILES, OVERRIDE])
def test_the_schema_of_compose_is_kept(file: str) -> None:
    assert complaints_of("check-jsonschema", *SCHEMA, ROOT / file) == ""


def test_what_is_no_compose_file_is_noticed(tmp_path: Path) -> None:
    wrong = tmp_path / MAIN
    wrong.write_text(texts()[MAIN].replace("cap_drop: [ALL]", "cap_drop: ALL", 1), "utf-8")
    assert "cap_drop" in complaints_of("check-jsonschema", *SCHEMA, wrong)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_files_keep_what_the_schema_cannot_see(rule: Rule, stack: Stack) -> None:
    assert list(rule(stack)) == []


def test_every_address_that_a_service_is_told_is_one_of_the_stack(stack: Stack) -> None:
    addresses = read_addresses()
    assert all(addresses.values()), "each of these files names somebody"
    assert list(hosts_are_services(stack, addresses)) == []


def test_every_variable_is_explained_with_its_default(stack: Stack) -> None:
    assert list(variables_are_documented(stack, EXAMPLE)) == []


def test_every_image_of_the_table_is_used_and_says_how_it_is_known(stack: Stack) -> None:
    assert {name_of_image(service) for service in stack.services.values()} == set(IMAGES)
    assert [name for name, image in IMAGES.items() if len(image.source) < 10] == []


# Who is started when


def test_alone_it_starts_the_history_and_the_runner(stack: Stack) -> None:
    assert stack.started_by() == {"postgres", "test-runner"}


@pytest.mark.parametrize(
    ("profile", "services"),
    [
        ("observability", {"prometheus", "alertmanager", "grafana", "loki", "alloy"}),
        ("load", {"locust", "locust-worker"}),
        ("tools", {"pgadmin"}),
    ],
)
def test_a_profile_starts_its_services_beside_them(profile: str, services: set[str], stack: Stack) -> None:
    assert stack.started_by(profile) == {"postgres", "test-runner"} | services


def test_reportportal_is_a_file_and_a_profile_of_its_own(stack: Stack) -> None:
    assert stack.files[MAIN]["include"] == [REPORTPORTAL]
    ours = stack.files[REPORTPORTAL]["services"].keys()
    assert ours == {name for name in stack.services if name.startswith("rp-")}
    assert stack.started_by("reportportal") == {"postgres", "test-runner"} | ours


def test_the_ports_are_those_of_the_documents(stack: Stack) -> None:
    ports = {name: {outside for _, outside, _ in published(service)} for name, service in stack.services.items()}
    assert {name: each for name, each in ports.items() if each} == {
        "postgres": {5432},
        "test-runner": {8000},
        "prometheus": {9090},
        "alertmanager": {9093},
        "grafana": {3000},
        "loki": {3100},
        "alloy": {12345},
        "locust": {8089, 9646},
        "pgadmin": {5050},
        "rp-gateway": {8080},
    }
    page = (ROOT / "docs" / "stack.md").read_text("utf-8")
    assert [port for each in ports.values() for port in each if f"{port} |" not in page] == []


def test_the_override_changes_services_that_there_are(stack: Stack) -> None:
    override = yaml.safe_load((ROOT / OVERRIDE).read_text("utf-8"))
    assert override["services"].keys() <= stack.services.keys()
    for name, service in override["services"].items():
        assert environment(service).keys() <= environment(stack.services[name]).keys()
        assert [source for source, _, _ in bind_mounts(service) if not (ROOT / source).is_dir()] == []


def test_numbers_are_kept_for_15_days(stack: Stack) -> None:
    assert "--storage.tsdb.retention.time=15d" in stack.services["prometheus"]["command"]


def test_the_health_check_of_the_image_is_that_of_its_service(stack: Stack) -> None:
    dockerfile = (ROOT / "docker/runner/Dockerfile").read_text("utf-8")
    check = re.search(r"HEALTHCHECK (.*?)\n    CMD (\[.*\])", dockerfile)
    assert check
    service = stack.services["test-runner"]["healthcheck"]
    assert json.loads(check[2]) == service["test"][1:]
    options = dict(option.removeprefix("--").replace("-", "_").split("=") for option in check[1].rstrip("\\ ").split())
    assert options == {key: str(value) for key, value in service.items() if key != "test"}


# A mistake is noticed


def mutated(file: str, before: str, after: str) -> Stack:
    """The stack with one mistake in it."""
    written = texts()
    assert before in written[file], f"{file} has no {before!r} to be changed"
    return stack_of({**written, file: written[file].replace(before, after, 1)})


def complaints(stack: Stack) -> str:
    """Everything that the rules have against a stack, one to a line."""
    found = [told for rule in RULES for told in rule(stack)]
    found += hosts_are_services(stack, read_addresses())
    return "\n".join([*found, *variables_are_documented(stack, EXAMPLE)])


MISTAKES = [
    (MAIN, "postgres:18.4", "postgres:latest", "postgres: postgres:latest is no exact version"),
    (MAIN, "grafana/loki:3.7.6", "grafana/loki", "loki: grafana/loki is no exact version"),
    (MAIN, "pokeapi-observatory:0.1.0", "pokeapi-observatory:0.0.9", "is not the project's version"),
    (MAIN, "${PUBLISH_ADDRESS:-127.0.0.1}:${POSTGRES_PORT:-5432}:5432", "5432:5432", "not published by the variables"),
    (
        MAIN,
        "${PUBLISH_ADDRESS:-127.0.0.1}:${LOKI",
        "${PUBLISH_ADDRESS:-0.0.0.0}:${LOKI",
        "3100 is published on 0.0.0.0",
    ),
    (MAIN, "${GRAFANA_PORT:-3000}:3000", "${GRAFANA_PORT:-3100}:3000", "port 3100 is published 2 times"),
    (MAIN, "./config/loki:/etc/loki:ro", "./config/lokki:/etc/loki:ro", "loki: ./config/lokki is not there"),
    (MAIN, "./config/loki:/etc/loki:ro", "./config/loki:/etc/loki", "loki: /etc/loki can be written"),
    (MAIN, "./config/loki:/etc/loki:ro", "/var/run/docker.sock:/etc/loki:ro", "Docker's socket"),
    (MAIN, "- history:/var", "- histories:/var", "the volume histories is not declared"),
    (MAIN, "- history:/var", "- results:/var", "the volume history is not used"),
    (MAIN, "networks: [history, watch, reportportal]", "networks: [history, watching]", "watching is not declared"),
    (
        MAIN,
        "[CMD, /usr/bin/loki, -health]",
        "[CMD, wget, -q, http://127.0.0.1:3100/ready]",
        "loki: its image has no wget",
    ),
    (MAIN, "[CMD, /usr/bin/loki, -health]", "[CMD-SHELL, wget -q x]", "loki: its health check needs a shell"),
    (MAIN, "http://127.0.0.1:5050/misc", "http://127.0.0.1:80/misc", "asks 127.0.0.1:80, where it does not listen"),
    (MAIN, "http://127.0.0.1:3000/api", "http://localhost:3000/api", "asks localhost:3000"),
    (MAIN, "loki: {condition: service_healthy}", "lokki: {condition: service_healthy}", "lokki, which is no service"),
    (
        MAIN,
        "prometheus: {condition: service_started}",
        "pgadmin: {condition: service_started}",
        "grafana: waits for pgadmin, which its profile does not start",
    ),
    (
        MAIN,
        "${POSTGRES_PASSWORD:-observatory}\n      READER",
        "hunter2\n      READER",
        "POSTGRES_PASSWORD is written out",
    ),
    (MAIN, "observatory@postgres:5432", "observatory:hunter2@postgres:5432", "DATABASE_URL is written out"),
    (MAIN, "observatory@postgres:5432", "observatory@postgresql:5432", "test-runner: postgresql is no service"),
    (MAIN, "observatory@postgres:5432", "observatory@postgres:5433", "test-runner: postgres does not listen on 5433"),
    (MAIN, "networks: [history, watch, reportportal]", "networks: [history]", "test-runner is in no network"),
    (MAIN, "cap_drop: [ALL]", "cap_drop: [NET_RAW]", "keeps capabilities"),
    (MAIN, "cap_drop: [ALL]", "privileged: true", "has a privilege"),
    (MAIN, "no-new-privileges:true", "seccomp:unconfined", "may gain some"),
    (MAIN, "cap_add: [NET_BIND_SERVICE]", "cap_add: [SYS_ADMIN]", "pgadmin: needs no SYS_ADMIN"),
    (MAIN, 'user: "473:473"', 'user: "0:0"', "alloy: runs as 0:0"),
    (MAIN, 'user: "473:473"', "working_dir: /", "alloy: runs as root"),
    (MAIN, "memory: 256m, pids: 100", "pids: 100", "alertmanager: may take all"),
    (MAIN, 'max-file: "3"', 'compress: "true"', "may fill the disk"),
    (MAIN, "restart: unless-stopped", 'restart: "no"', "is not started again"),
    (MAIN, "shm_size: 128m", "container_name: db", "a fixed name"),
    (MAIN, "  OBSERVATORY_RETRIES:\n", "", "test-runner: is not told OBSERVATORY_RETRIES"),
    (MAIN, "  OBSERVATORY_RETRIES:\n", "  OBSERVATORY_RETRY:\n", "OBSERVATORY_RETRY is no setting"),
    (MAIN, "READER_PASSWORD:-reader", "READER_SECRET:-reader", "READER_SECRET is not in .env.example"),
    (MAIN, "GRAFANA_ADMIN_PASSWORD:-admin", "GRAFANA_ADMIN_PASSWORD:-other", ".env.example shows admin"),
    (REPORTPORTAL, "restart: on-failure", "restart: unless-stopped", "which is started again and again"),
    (REPORTPORTAL, "http://127.0.0.1:8585/health", "http://127.0.0.1:8586/health", "asks 127.0.0.1:8586"),
    (REPORTPORTAL, "http://rp-opensearch:9200", "http://opensearch:9200", "rp-analyzer: opensearch is no service"),
    (REPORTPORTAL, "[reportportal, reportportal-data]", "[reportportal]", "rp-postgres is in no network of its own"),
]


@pytest.mark.parametrize(("file", "before", "after", "told"), MISTAKES, ids=[each[3] for each in MISTAKES])
def test_a_mistake_is_noticed(file: str, before: str, after: str, told: str) -> None:
    assert told in complaints(mutated(file, before, after))


def test_a_host_that_is_no_service_is_noticed_in_each_file(stack: Stack) -> None:
    for service in read_addresses():
        told = list(hosts_are_services(stack, {service: [("nobody", 80), ("postgres", 5433)]}))
        assert f"{service}: nobody is no service" in told
        assert f"{service}: postgres does not listen on 5433" in told


def test_a_variable_that_nobody_reads_is_noticed(stack: Stack) -> None:
    told = list(variables_are_documented(stack, f"{EXAMPLE}\n#GRAPHANA_PORT=3000\n"))
    assert told == ["GRAPHANA_PORT of .env.example is read by nobody"]


def test_two_services_of_one_name_are_noticed() -> None:
    with pytest.raises(ValueError, match=r"compose\.reportportal\.yaml has a service again: postgres"):
        mutated(REPORTPORTAL, "  rp-postgres:\n", "  postgres:\n")


# How variables are filled in


@pytest.mark.parametrize(
    ("written", "given", "filled"),
    [
        ("${A:-b}", {}, "b"),
        ("${A:-b}", {"A": ""}, "b"),
        ("${A-b}", {"A": ""}, ""),
        ("${A:-b}", {"A": "c"}, "c"),
        ("${A:+b}", {}, ""),
        ("${A:+b}", {"A": "c"}, "b"),
        ("${A}/$A", {"A": "c"}, "c/c"),
        ("$$A", {"A": "c"}, "$A"),
        ("x:${A:-}:y", {}, "x::y"),
    ],
)
def test_variables_are_filled_in_as_compose_does(written: str, given: dict[str, str], filled: str) -> None:
    assert fill_in([{"k": written}], given) == [{"k": filled}]


def test_a_variable_that_must_be_set_is_missed() -> None:
    with pytest.raises(ValueError, match="has to be set"):
        fill_in("${A:?}")


def test_every_use_of_a_variable_is_found() -> None:
    value: Any = {"image": "${A:-b}", "command": ["$C", "$$D", "${E:+f}"], "environment": {"G": None, "H": "i"}}
    assert set(uses(value)) == {Use("A", "b"), Use("C", None), Use("E", None), Use("G", None)}
