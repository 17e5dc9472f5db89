"""Quarantine: a list of tests whose failures do not fail a run, each for a reason and until a day that is near."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from observatory.settings import PROJECT_ROOT
from observatory.words import one_line

LONGEST: Final = timedelta(days=60)
"""How far ahead the end of a quarantine may lie: nothing is hidden for ever."""

QUARANTINE_FILE: Final = PROJECT_ROOT / "variables" / "quarantine.py"
"""The project's list."""

_KEYS: Final = frozenset({"test", "until", "reason"})
_SHAPE: Final = '{"test": "Suite.Test Name", "until": "2026-12-01", "reason": "why"}'
_LONGEST_SHOWN: Final = 120  # characters


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A test in quarantine: its long name or the end of it after a dot, the last day, and why."""

    test: str
    until: date
    reason: str

    def is_of(self, long_name: str) -> bool:
        """Whether it is this test; as in Robot, case, spaces and underscores do not count."""
        name, wanted = _plain(long_name), _plain(self.test)
        return name == wanted or name.endswith(f".{wanted}")

    @property
    def words(self) -> str:
        """What a failed test says before what it failed for."""
        return f"In quarantine until {self.until:%Y-%m-%d} ({self.reason}): "


@dataclass(frozen=True, slots=True)
class QuarantineList:
    """What a list comes to on a day: entries that hold, entries that are over, and a sentence for each that is wrong.

    A wrong entry hides nothing.
    """

    active: tuple[Quarantined, ...] = ()
    expired: tuple[Quarantined, ...] = ()
    problems: tuple[str, ...] = ()

    def of(self, long_name: str) -> Quarantined | None:
        """The entry by which a test is in quarantine today."""
        return next((entry for entry in self.active if entry.is_of(long_name)), None)

    def over_for(self, long_name: str) -> Quarantined | None:
        """The entry by which a test was in quarantine until lately."""
        if self.of(long_name) is not None:
            return None
        return next((entry for entry in self.expired if entry.is_of(long_name)), None)

    def unknown(self, long_names: Iterable[str]) -> list[Quarantined]:
        """The entries of which there is no test."""
        names = list(long_names)
        return [entry for entry in (*self.active, *self.expired) if not any(map(entry.is_of, names))]


def read_quarantine(entries: object, today: date) -> QuarantineList:
    """Read a list as people write it, of mappings with `test`, `until` and `reason`."""
    if not isinstance(entries, Sequence) or isinstance(entries, str | bytes):
        return QuarantineList(problems=(f"QUARANTINE is no list; write it as a list of entries like {_SHAPE}.",))
    read = [_read(entry, number, today) for number, entry in enumerate(entries, start=1)]
    good = [entry for entry in read if isinstance(entry, Quarantined)]
    return QuarantineList(
        active=tuple(entry for entry in good if entry.until >= today),
        expired=tuple(entry for entry in good if entry.until < today),
        problems=tuple(entry for entry in read if isinstance(entry, str)),
    )


def written_list(file: Path) -> tuple[object, str]:
    """The list in a file of Python as somebody wrote it, and a sentence if it cannot be read; without a file none."""
    if not file.is_file():
        return [], ""
    from importlib.util import module_from_spec, spec_from_file_location

    try:
        spec = spec_from_file_location("quarantine", file)
        if spec is None or spec.loader is None:
            return [], f"The quarantine in {file} is no file of Python, so it hides nothing."
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return getattr(module, "QUARANTINE", []), ""
    except Exception as error:  # noqa: BLE001 -- a file that people write may fail in any way
        reason = one_line(f"{type(error).__name__}: {error}", _LONGEST_SHOWN)
        return [], f"The quarantine in {file} cannot be read ({reason}), so it hides nothing."


def expiry(entry: Quarantined) -> str:
    """That a quarantine is over, in a sentence."""
    return (
        f"The quarantine of '{entry.test}' ended on {entry.until:%Y-%m-%d}, so the test counts again: "
        "mend it, or take it off the list in variables/quarantine.py."
    )


def _read(entry: object, number: int, today: date) -> Quarantined | str:
    """The entry, or the sentence that says what is wrong with it."""
    if not isinstance(entry, Mapping) or set(entry) - _KEYS or not _text(entry.get("test")):
        shown = one_line(repr(entry), _LONGEST_SHOWN)
        return f"Entry {number} of the quarantine is {shown}, but must be like {_SHAPE}; it hides nothing."
    name, reason = _text(entry["test"]), _text(entry.get("reason"))
    if not reason:
        return (
            f"The quarantine of '{name}' has no reason; write why, for whoever finds it. Until then it hides nothing."
        )
    until = _day(entry.get("until"))
    if until is None:
        shown = one_line(repr(entry.get("until")), _LONGEST_SHOWN)
        return f"The quarantine of '{name}' lasts until {shown}, which is no date like 2026-12-01; it hides nothing."
    if until - today > LONGEST:
        return (
            f"The quarantine of '{name}' lasts until {until:%Y-%m-%d}, which is more than {LONGEST.days} days ahead; "
            f"choose a day until {today + LONGEST:%Y-%m-%d}. Until then it hides nothing."
        )
    return Quarantined(name, until, reason)


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _plain(name: str) -> str:
    return "".join(name.casefold().replace("_", "").split())
