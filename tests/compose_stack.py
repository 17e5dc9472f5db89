"""The compose files as values: read, put together as `include` does, and filled in as Compose fills in variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[1]
MAIN: Final = "docker-compose.yml"
REPORTPORTAL: Final = "compose.reportportal.yaml"
FILES: Final = (MAIN, REPORTPORTAL)
OVERRIDE: Final = "docker-compose.override.yml.example"

_VARIABLE = re.compile(
    r"\$(?:(?P<dollar>\$)|(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-+?])(?P<word>[^}]*))?\})"
)

Service = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Use:
    """A place where a variable is read: its name, and what stands there when it is not set, or None."""

    name: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Stack:
    """All compose files together; values are as they are written, with their variables."""

    services: Mapping[str, Service]
    volumes: frozenset[str]
    networks: frozenset[str]
    files: Mapping[str, Mapping[str, Any]]

    def started_by(self, *profiles: str) -> set[str]:
        """The services that `docker compose up` starts with these profiles."""
        return {
            name
            for name, service in self.services.items()
            if not service.get("profiles") or set(service["profiles"]) & set(profiles)
        }


def texts() -> dict[str, str]:
    """The compose files of the project, by name."""
    return {name: (ROOT / name).read_text("utf-8") for name in FILES}


def stack_of(written: Mapping[str, str]) -> Stack:
    """Put the files together.

    Raises:
        ValueError: two files have a service of the same name, which Compose refuses, too.
    """
    files = {name: yaml.safe_load(text) for name, text in written.items()}
    services: dict[str, Service] = {}
    for name, file in files.items():
        twice = services.keys() & file.get("services", {}).keys()
        if twice:
            raise ValueError(f"{name} has a service again: {', '.join(sorted(twice))}")
        services |= file.get("services", {})
    return Stack(
        services=services,
        volumes=frozenset(volume for file in files.values() for volume in file.get("volumes", {})),
        networks=frozenset(network for file in files.values() for network in file.get("networks", {})),
        files=files,
    )


def fill_in(value: Any, given: Mapping[str, str] | None = None) -> Any:
    """A value with its variables replaced, as Compose does it; without any given, by their defaults."""
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _filled(match, given or {}), value)
    if isinstance(value, dict):
        return {key: fill_in(each, given) for key, each in value.items()}
    if isinstance(value, list):
        return [fill_in(each, given) for each in value]
    return value


def _filled(match: re.Match[str], given: Mapping[str, str]) -> str:
    if match["dollar"]:
        return "$"
    how, word = match["how"] or "", match["word"] or ""
    found = given.get(match["name"] or match["plain"])
    is_there = bool(found) if how.startswith(":") else found is not None
    if how.endswith("+"):
        return word if is_there else ""
    if how.endswith("?") and not is_there:
        raise ValueError(f"{match[0]} has to be set")
    return (found or "") if is_there or not how else word


def uses(value: Any) -> Iterator[Use]:
    """Every variable that a value reads; also those that an environment hands on by its name alone."""
    if isinstance(value, str):
        for match in _VARIABLE.finditer(value):
            name = match["name"] or match["plain"]
            if name:
                yield Use(name, match["word"] if (match["how"] or "").endswith("-") else None)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from (Use(name, None) for name in _handed_on(key, each))
            yield from uses(each)
    elif isinstance(value, list):
        for each in value:
            yield from uses(each)


def _handed_on(key: object, value: object) -> list[str]:
    if key != "environment" or not isinstance(value, dict):
        return []
    return [name for name, given in value.items() if given is None]


def environment(service: Service) -> dict[str, str | None]:
    """What a service finds in its environment, as it is written; None for what is handed on."""
    return {name: None if value is None else str(value) for name, value in service.get("environment", {}).items()}


def bind_mounts(service: Service) -> Iterator[tuple[str, str, str]]:
    """The files and folders of the project that are mounted: where they are, where they appear, and how."""
    for mount in service.get("volumes", []):
        source, target, *how = fill_in(mount).split(":")
        if source.startswith((".", "/", "~")):
            yield source, target, how[0] if how else ""


def named_volumes(service: Service) -> Iterator[tuple[str, str]]:
    """The volumes that are mounted: their name, and where they appear."""
    for mount in service.get("volumes", []):
        source, target, *_ = fill_in(mount).split(":")
        if not source.startswith((".", "/", "~")):
            yield source, target


def published(service: Service) -> Iterator[tuple[str, int, int]]:
    """The published ports with nothing set: the address and the port on this machine, and that in the container."""
    for port in service.get("ports", []):
        *address, outside, inside = fill_in(str(port)).split(":")
        yield ":".join(address), int(outside), int(inside)


def dependencies(service: Service) -> dict[str, str]:
    """What a service waits for, and in which condition."""
    waits = service.get("depends_on", {})
    if isinstance(waits, list):
        return dict.fromkeys(waits, "service_started")
    return {name: each["condition"] for name, each in waits.items()}
