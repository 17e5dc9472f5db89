"""A load within a test: Locust makes it in a process of its own, the console hears how it goes, log.html what came."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from robot.api import SkipExecution, logger
from robot.libraries.BuiltIn import BuiltIn

from observatory.errors import ObservatoryError
from observatory.load.report import REPORT_FILE, Ending, LoadReport, Numbers, read_report
from observatory.load.running import LoadError, run_load
from observatory.settings import Settings
from observatory.words import listed
from robot_run import log_of_the_run
from robot_session import FAULTS, ROBOT_SESSION

PAGE: Final = "report.html"
_PAGES: Final = (REPORT_FILE, PAGE, "locust.html")
_NOISE: Final = re.compile(r"(usage: |\s|$|\[\d{4}-)")  # of Locust's: help, what goes on in it, its log


@dataclass(frozen=True, slots=True)
class EndedLoad:
    """A load that came to an end, with the address of its page as seen from log.html."""

    report: LoadReport
    page: str

    @property
    def name(self) -> str:
        """Which load it was: `the load quick on embedded`."""
        return f"the load {self.report.plan.profile} on {self.report.plan.target}"

    def numbers(self, endpoint: str) -> Numbers:
        """What came of the requests to an endpoint, or to all if it is empty.

        Raises:
            ObservatoryError: no request to it came to an end.
        """
        if not endpoint.strip():
            if not self.report.total.requests:
                raise ObservatoryError(f"No request of {self.name} came to an end, so nothing can be said of them.")
            return self.report.total
        known = {each.endpoint.lower(): each for each in self.report.endpoints if each.requests}
        try:
            return known[endpoint.strip().lower()]
        except KeyError:
            asked = listed(known) or "nothing"
            raise ObservatoryError(f"No request of {self.name} went to '{endpoint}'; it asked for {asked}.") from None


def target_of_load(settings: Settings) -> str:
    """What a load of this run asks: the target of the run, where it may be loaded.

    Raises:
        SkipExecution: it is the public API.
    """
    from load.fair_use import is_shared

    if settings.target == "live" or is_shared(settings.target):
        raise SkipExecution(
            "The public API is shared by everyone and is not loaded by tests; "
            "give --variable TARGET:embedded, or the address of a server of your own."
        )
    return "embedded" if settings.target == FAULTS else settings.target


def run_and_show(options: Sequence[str], name: str) -> EndedLoad:
    """Run a load to its end, tell how it goes, and put what came of it into log.html.

    Raises:
        LoadError: it was not started.
        SkipExecution: the target of the run is not loaded.
    """
    settings = ROBOT_SESSION.main.settings
    target = target_of_load(settings)
    folder = _new_folder(name)
    heard: list[str] = []
    is_watched = sys.__stdout__ is not None and sys.__stdout__.isatty()
    if is_watched:
        logger.console("")  # the name of the test stands on this line

    def on_line(line: str) -> None:
        heard.append(ROBOT_SESSION.masked(line.rstrip()))
        logger.debug(heard[-1])
        if is_watched and line.strip():
            logger.console(heard[-1])

    try:
        run_load([*options, "--results", str(folder)], _environment(settings, target), on_line=on_line)
    finally:  # also when somebody stops it: what was done by then is shown
        load = _shown(folder)
    if load is None:
        raise LoadError(f"The load was not started: {_reason(heard)}")
    return load


def should_have_reached(load: EndedLoad) -> None:
    """Complain of a load that was stopped because nothing was reached.

    Raises:
        LoadError: it was.
    """
    if load.report.ending is Ending.UNREACHED:
        address, after = load.report.plan.address, load.report.seconds
        raise LoadError(
            f"{address} could not be reached, so the load was stopped after {after:.0f} s; see {load.page}."
        )


def _environment(settings: Settings, target: str) -> Mapping[str, str]:
    """The settings of this run as the load, which stands in another folder, will read them.

    An address may have a password in it, which everybody would see on a command line.
    """
    own = {"TARGET": target, "HOME": str(settings.home.resolve()), "RESULTS": str(settings.results.resolve())}
    if settings.recording is not None:
        own["RECORDING"] = str(settings.recording.resolve())
    return {**os.environ, **{f"OBSERVATORY_{name}": value for name, value in own.items()}}


def _new_folder(name: str) -> Path:
    """A folder for the next load of this process, in which no report of an earlier run is left."""
    loads = Path(BuiltIn().get_variable_value("${OUTPUT DIR}")) / "load"
    _FOLDERS.append(loads / f"{len(_FOLDERS) + 1}-{name}")
    for page in _PAGES:
        (_FOLDERS[-1] / page).unlink(missing_ok=True)
    return _FOLDERS[-1]


_FOLDERS: list[Path] = []


def _shown(folder: Path) -> EndedLoad | None:
    """Put what came of a load into log.html, with a warning of each doubt; None when there is no report."""
    if not (folder / REPORT_FILE).is_file():
        return None
    from observatory.load.verdict import doubts
    from observatory.load_page.log_block import load_block

    report = read_report(folder)

    def address(page: str) -> str:
        return _seen_from_log(folder / page) if (folder / page).is_file() else ""

    logger.info(load_block(report, address, ROBOT_SESSION.masked), html=True)
    load = EndedLoad(report, _seen_from_log(folder / PAGE))
    for doubt in doubts(report):
        logger.warn(ROBOT_SESSION.masked(f"What {load.name} measured may be wrong: {doubt}"))
    if report.verdict is None:
        logger.warn(f"The report of {load.name} could not be judged, nor remembered; see {folder}.")
    return load


def _seen_from_log(file: Path) -> str:
    """The address of a file as seen from log.html of the whole run, which may be moved together with it."""
    output = Path(BuiltIn().get_variable_value("${OUTPUT DIR}"))
    log = log_of_the_run(output, BuiltIn().get_variable_value("${LOG FILE}"))
    return quote(Path(os.path.relpath(file, Path(log).parent if log else output)).as_posix())


def _reason(heard: Sequence[str]) -> str:
    """The sentence in which Locust's side said why there was no load."""
    told = [line for line in heard if not _NOISE.match(line)] or [line for line in heard if line.strip()]
    return told[-1] if told else "it ended without a word."
