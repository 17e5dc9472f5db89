"""What a schema cannot see in the compose files: each rule gives a sentence for each place that breaks it."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from observatory.settings import Settings, variable_name
from tests.compose_images import IMAGES, RUNS_AS_IT_LIKES
from tests.compose_stack import (
    ROOT,
    Service,
    Stack,
    bind_mounts,
    dependencies,
    environment,
    fill_in,
    named_volumes,
    published,
    uses,
)

OURS: Final = "pokeapi-observatory"
OWN_PLACE: Final = frozenset({"home", "results", "recording", "run_id", "shard", "database_url"})
"""Settings that are no matter of .env in a container: it has places of its own, and a run its own name."""
OUR_NUMBERS_ONLY: Final = frozenset(
    {"metrics_relay", "metrics_token", "reportportal_endpoint", "reportportal_project", "reportportal_api_key"}
)
"""Settings that Locust has no use for."""

_ADDRESS = re.compile(r"://(?:[^@/\s]*@)?([\w.-]+):(\d+)")
_PROBED = re.compile(r"(?:http://|/dev/tcp/)([\w.]+)[:/](\d+)")
_EXACT = re.compile(r"[\w./-]+:v?\d+(\.\d+)+(-[\w.]+)?(@sha256:[0-9a-f]{64})?")
_SECRET = re.compile(r"PASS|SECRET|TOKEN|_KEY|PWD|_URL$")
_OPEN_ADDRESS = re.compile(r"[a-z]+://([a-z]+:?@)?[\w.-]+(:\d*)?(/\w*)?")
_LOOPBACK: Final = "127.0.0.1"

Rule = Callable[[Stack], Iterator[str]]


def name_of_image(service: Service) -> str:
    """The image of a service without its tag."""
    return str(service["image"]).partition("@")[0].rpartition(":")[0]


def images_are_pinned(stack: Stack) -> Iterator[str]:
    """Each image has an exact version, and is one of which something is known."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    for name, service in stack.services.items():
        image = str(service.get("image", ""))
        if not _EXACT.fullmatch(image):
            yield f"{name}: {image or 'no image'} is no exact version"
        elif name_of_image(service) not in IMAGES:
            yield f"{name}: nothing is known of {image}"
        elif name_of_image(service) == OURS and image != f"{OURS}:{version}":
            yield f"{name}: {image} is not the project's version {version}"
        elif (name_of_image(service) == OURS) != ("build" in service):
            yield f"{name}: our image is built, and no other"


def ports_are_published_on_loopback(stack: Stack) -> Iterator[str]:
    """Every published port is on loopback unless PUBLISH_ADDRESS says otherwise, and none is published twice."""
    taken: Counter[int] = Counter()
    for name, service in stack.services.items():
        for written in map(str, service.get("ports", [])):
            if not re.fullmatch(r"\$\{PUBLISH_ADDRESS:-127\.0\.0\.1\}:\$\{[A-Z_]+_PORT:-\d+\}:\d+", written):
                yield f"{name}: {written} is not published by the variables for its address and port"
        if name_of_image(service) == "" or service.get("network_mode", "").startswith("host"):
            yield f"{name}: has the network of this machine"
        for address, outside, _ in published(service):
            taken[outside] += 1
            if address != _LOOPBACK:
                yield f"{name}: {outside} is published on {address or 'every address'}"
    yield from (f"port {port} is published {times} times" for port, times in taken.items() if times > 1)


def mounted_files_are_there_and_not_written(stack: Stack) -> Iterator[str]:
    """What is mounted from the project exists and can only be read; Docker's socket is not mounted."""
    for name, service in stack.services.items():
        for source, target, how in bind_mounts(service):
            if "docker.sock" in source:
                yield f"{name}: Docker's socket is as good as root"
            elif not source.startswith("./") or ".." in source:
                yield f"{name}: {source} is not within the project"
            elif not (ROOT / source).exists():
                yield f"{name}: {source} is not there, and Docker would make an empty folder of it"
            if how != "ro":
                yield f"{name}: {target} can be written"


def volumes_and_networks_are_declared_and_used(stack: Stack) -> Iterator[str]:
    """Each volume and network that a service names is declared, and each declared one is used."""
    volumes = {volume for service in stack.services.values() for volume, _ in named_volumes(service)}
    networks = {network for service in stack.services.values() for network in service.get("networks", [])}
    for kind, used, declared in (("volume", volumes, stack.volumes), ("network", networks, stack.networks)):
        yield from (f"the {kind} {each} is not declared" for each in sorted(used - declared))
        yield from (f"the {kind} {each} is not used" for each in sorted(declared - used))
    for name, service in stack.services.items():
        if not service.get("networks") and not service.get("network_mode"):
            yield f"{name}: is in no network of its own choice"


def health_checks_are_real(stack: Stack) -> Iterator[str]:
    """Each service that stays has a health check, by a program of its image, of a port that it listens on."""
    ends = {
        name
        for service in stack.services.values()
        for name, condition in dependencies(service).items()
        if condition == "service_completed_successfully"
    }
    for name, service in stack.services.items():
        check = service.get("healthcheck", {})
        if name in ends or name_of_image(service) not in IMAGES:
            continue
        if not check.get("test") or check.get("disable"):
            yield f"{name}: has no health check"
            continue
        if not isinstance(check["test"], list) or check["test"][0] != "CMD":
            yield f"{name}: its health check needs a shell"
            continue
        if {"interval", "timeout", "retries", "start_period"} - check.keys():
            yield f"{name}: its health check does not say how often, how long and how many times"
        program = check["test"][1]
        if program not in IMAGES[name_of_image(service)].programs:
            yield f"{name}: its image has no {program}"
        for host, port in _PROBED.findall(" ".join(fill_in(check["test"]))):
            if host != _LOOPBACK or int(port) not in _ports(stack, name):
                yield f"{name}: its health check asks {host}:{port}, where it does not listen"


def _ports(stack: Stack, name: str) -> frozenset[int]:
    """Where a service listens, or the one whose network it shares."""
    service = stack.services[name]
    kind, _, other = service.get("network_mode", "").partition(":")
    if kind == "service":
        return _ports(stack, other)
    image = IMAGES.get(name_of_image(service))
    return (image.ports if image else frozenset()) | {inside for _, _, inside in published(service)}


def _networks(stack: Stack, name: str) -> set[str]:
    """The networks that a service is in, or those of the one whose network it shares."""
    service = stack.services[name]
    kind, _, other = service.get("network_mode", "").partition(":")
    return _networks(stack, other) if kind == "service" else set(service.get("networks", []))


def _addresses(service: Service) -> list[tuple[str, int]]:
    """The hosts with their ports that a service is told in its environment, in addresses or in pairs of variables."""
    written = {name: value for name, value in environment(service).items() if value}
    everything = {use.name: "something" for use in uses(dict(written))}
    told = " ".join(f"{fill_in(value)} {fill_in(value, everything)}" for value in written.values())
    found = [(host, int(port)) for host, port in _ADDRESS.findall(told)]
    for name, host in written.items():
        kind = re.fullmatch(r"(\w+)_(?:HOST|SERVER)", name)
        port = written.get(f"{kind[1]}_PORT") if kind else None
        if port is not None:
            found.append((host, int(port)))
    return found


def hosts_are_services(stack: Stack, addresses: Mapping[str, list[tuple[str, int]]]) -> Iterator[str]:
    """Each address that a service is told is that of a service which listens there, in a network of both.

    Args:
        stack: the compose files.
        addresses: those in files that are mounted, by the service that reads them.
    """
    for name, service in stack.services.items():
        for host, port in [*_addresses(service), *addresses.get(name, [])]:
            if host in {_LOOPBACK, "localhost"}:
                continue
            if host not in stack.services:
                yield f"{name}: {host} is no service"
            elif port not in _ports(stack, host):
                yield f"{name}: {host} does not listen on {port}"
            elif not _networks(stack, name) & _networks(stack, host):
                yield f"{name}: {host} is in no network of its own"


def dependencies_can_be_met(stack: Stack) -> Iterator[str]:
    """What a service waits for exists, can be in that condition, and starts with every profile of the service."""
    for name, service in stack.services.items():
        shared = service.get("network_mode", "").removeprefix("service:")
        for other, condition in {**dependencies(service), **({shared: "service_started"} if shared else {})}.items():
            waited = stack.services.get(other)
            if waited is None:
                yield f"{name}: waits for {other}, which is no service"
                continue
            if condition == "service_healthy" and not waited.get("healthcheck"):
                yield f"{name}: waits for the health of {other}, which has no health check"
            if condition == "service_completed_successfully" and waited.get("restart") != "on-failure":
                yield f"{name}: waits for the end of {other}, which is started again and again"
            wanted, there = set(service.get("profiles", [])), set(waited.get("profiles", []))
            if there and (not wanted or wanted - there):
                yield f"{name}: waits for {other}, which its profile does not start"


def secrets_come_from_variables(stack: Stack) -> Iterator[str]:
    """No password, token or key is written here, except what stands for a variable that is not set."""
    for name, service in stack.services.items():
        for variable, value in environment(service).items():
            if not _SECRET.search(variable) or not value:
                continue
            bare = re.sub(r"\$\{[A-Z_]+(:[-+][^}]*)?\}", "", value)
            if bare and not _OPEN_ADDRESS.fullmatch(bare):
                yield f"{name}: {variable} is written out"
        for word in [*map(str, service.get("command", [])), *map(str, service.get("labels", []))]:
            if re.search(r"(?i)(password|token|secret)[=:](?!\$\{)", word):
                yield f"{name}: a secret is in its command"


def services_are_confined(stack: Stack) -> Iterator[str]:
    """No service has privileges, more capabilities than it needs, root, or as much of the machine as it likes."""
    for name, service in stack.services.items():
        image = IMAGES.get(name_of_image(service))
        if any(service.get(key) for key in ("privileged", "pid", "ipc", "userns_mode", "devices", "cgroup")):
            yield f"{name}: has a privilege"
        if service.get("cap_drop") != ["ALL"] or "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{name}: keeps capabilities, or may gain some"
        extra = set(service.get("cap_add", [])) - (image.capabilities if image else frozenset())
        if extra:
            yield f"{name}: needs no {', '.join(sorted(extra))}"
        user = str(service.get("user", image.user if image else "root"))
        if user not in RUNS_AS_IT_LIKES and not re.fullmatch(r"[1-9]\d*(:\d+)?", user):
            yield f"{name}: runs as {user}"
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        if {"cpus", "memory", "pids"} - limits.keys():
            yield f"{name}: may take all of the machine"
        if not {"max-size", "max-file"} <= service.get("logging", {}).get("options", {}).keys():
            yield f"{name}: its log may fill the disk"
        if service.get("restart") not in {"unless-stopped", "on-failure"}:
            yield f"{name}: is not started again when it fails"
        if "container_name" in service:
            yield f"{name}: a fixed name lets no second stack live beside this one"


def settings_reach_the_runner(stack: Stack) -> Iterator[str]:
    """Each setting of the observatory that can be chosen in .env is handed on to our containers, and nothing else."""
    every = set(Settings.model_fields)
    wanted = {variable_name(field) for field in every - OWN_PLACE}
    left_out = {variable_name(field) for field in OUR_NUMBERS_ONLY & every}
    known = {variable_name(field) for field in every} | {"PGPASSWORD"}
    for name, service in stack.services.items():
        if name_of_image(service) != OURS:
            continue
        given = environment(service).keys()
        missing = wanted - given if name == "test-runner" else wanted - left_out - given
        yield from (f"{name}: is not told {each}" for each in sorted(missing))
        yield from (f"{name}: {each} is no setting" for each in sorted(given - known))
        if any(key == "env_file" for key in service):
            yield f"{name}: would be told everything in a file, other services' passwords too"


def documented(example: str) -> dict[str, str]:
    """The variables that a `.env.example` shows, and the values it shows."""
    return dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, re.MULTILINE))


def variables_are_documented(stack: Stack, example: str) -> Iterator[str]:
    """Each variable of the compose files is in `.env.example` with its default, and each there is read by somebody."""
    shown = documented(example)
    read = {use for file in stack.files.values() for use in uses(dict(file))}
    for use in sorted(read, key=lambda use: use.name):
        if use.name not in shown:
            yield f"{use.name} is not in .env.example"
        elif use.default and not use.name.startswith("OBSERVATORY_") and shown[use.name] != use.default:
            yield f"{use.name} is {use.default} without a word, and .env.example shows {shown[use.name] or 'nothing'}"
    known = {use.name for use in read} | {variable_name(field) for field in Settings.model_fields}
    yield from (f"{name} of .env.example is read by nobody" for name in sorted(shown.keys() - known))


RULES: Final[tuple[Rule, ...]] = (
    images_are_pinned,
    ports_are_published_on_loopback,
    mounted_files_are_there_and_not_written,
    volumes_and_networks_are_declared_and_used,
    health_checks_are_real,
    dependencies_can_be_met,
    secrets_come_from_variables,
    services_are_confined,
    settings_reach_the_runner,
)
"""Those that look at the compose files alone."""
