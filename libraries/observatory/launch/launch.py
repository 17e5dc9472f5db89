"""What a launch is called and marked with: from the settings, the command that makes it, and the tests in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from observatory.logs.masking import Masker
from observatory.revision import git_revision
from observatory.settings import PROJECT_ROOT, Settings

SUITE_TYPES = ("smoke", "regression", "resilience", "load")
"""Tags that say what kind of suite a test belongs to."""

LONGEST_VALUE = 128
"""Characters of an attribute's value, in ReportPortal."""

_SETTINGS = ("target", "recording")  # that are given as variables, too
_PART = re.compile(r"AND|OR|&")
_SHORT = {"-i": "--include", "-d": "--outputdir", "-o": "--output", "-v": "--variable", "-l": "--log"}


class Attribute(NamedTuple):
    """What launches are found by: a key and a value."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch that begins at a time, which is aware."""

    name: str
    description: str
    attributes: tuple[Attribute, ...]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options of a command say of its launch."""

    included: tuple[str, ...]
    settings: Mapping[str, Any]
    folder: Path
    output: str
    log: str
    is_dry: bool

    @property
    def output_file(self) -> Path:
        """The output file, absolute."""
        name = Path(self.output)
        return (self.folder / (name if name.suffix else name.with_suffix(".xml"))).absolute()

    @property
    def log_file(self) -> Path | None:
        """The log of the run, absolute; None when the run writes none."""
        name = Path(self.log)
        if self.log.upper() == "NONE":
            return None
        return (self.folder / (name if name.suffix else name.with_suffix(".html"))).absolute()


def asked_by(arguments: Sequence[str]) -> Asked:
    """Read the options of `robot` or `pabot` that a launch tells of; argument files are not looked into."""
    given = list(_options(arguments))
    variables = [value.partition(":") for name, value in given if name == "--variable"]
    named = {name.strip("${}").lower(): value for name, _, value in variables}

    def last(option: str, default: str) -> str:
        return next((value for name, value in reversed(given) if name == option), default)

    return Asked(
        included=tuple(value for name, value in given if name == "--include"),
        settings={name: named[name] for name in _SETTINGS if name in named},
        folder=Path(last("--outputdir", ".")),
        output=last("--output", "output.xml"),
        log=last("--log", "log.html"),
        is_dry="--dryrun" in arguments,
    )


def suite_types(tags: Iterable[str]) -> tuple[str, ...]:
    """The kinds of suites that tags name, or patterns of tags as in `--include`, in one order and each once."""
    parts = {part.lower().strip() for tag in tags for part in _PART.split(str(tag).partition("NOT")[0])}
    return tuple(kind for kind in SUITE_TYPES if kind in parts)


def attributes_of(
    settings: Settings,
    types: Iterable[str],
    *,
    run_id: str | None = None,
    api_revision: str | None = None,
    output: str | None = None,
) -> tuple[Attribute, ...]:
    """What a launch is found by; what is not known is left out.

    Args:
        settings: name target, environment, and the revision of the tests if git does not.
        types: the kinds of suites in it.
        run_id: the run in the history.
        api_revision: the revision that the API said it is at.
        output: the fingerprint of the output file.
    """
    mask = Masker(settings.secrets()).mask_text
    known = (
        *(("suite", kind) for kind in types),
        ("target", mask(settings.target)),
        ("revision", settings.git_revision or git_revision(PROJECT_ROOT)),
        ("environment", settings.environment),
        ("run", run_id),
        ("api_revision", api_revision),
        ("output", output),
    )
    return tuple(Attribute(key, mask(value)[:LONGEST_VALUE]) for key, value in known if value)


def launch_of(
    settings: Settings,
    types: Sequence[str],
    at: datetime,
    *,
    log: Path | None = None,
    attributes: tuple[Attribute, ...] = (),
) -> Launch:
    """A launch that begins at a time; `attributes` are those of the settings if none are given.

    Launches of one kind have one name, for ReportPortal counts them and compares tests by it.
    """
    kind = f"{types[0]} suites" if len(types) == 1 else "all suites"
    mask = Masker(settings.secrets()).mask_text
    where = f"The whole log: {log}" if log is not None else "The run wrote no log."
    told = f"{kind.capitalize()} against {mask(settings.target)}. {where}"
    return Launch(f"Observatory: {kind}", told, attributes or attributes_of(settings, types), at)


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each option with what stands behind it, which for a flag is something else, and nobody asks for that."""
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if argument.startswith("--") and equals:
            yield name, value
        elif argument.startswith("-") and index + 1 < len(arguments):
            yield _SHORT.get(argument, argument), arguments[index + 1]
