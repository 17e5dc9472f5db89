"""How many requests a second users of ours make, who check every answer, against bare users of Locust's, and wrk."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from statistics import median

from bench.load_bodies import write_api
from bench.load_generators import KEEN, USERS, Generator, end, generating, loading, report_of
from bench.nginx import INSTALL, Nginx, is_installed, nginx, skipped
from bench.processes import cpu_of_all
from bench.report import Judgement, Result
from bench.suites import ROOT
from bench.timing import BenchError, Command, Ratio, load, ratio
from bench.workplace import Workplace

OURS, TWO, BARE, WRK = "ours", "ours, two processes", "a bare FastHttpUser", "wrk -t1 -c50"

LOCUSTFILES = ROOT / "bench" / "locustfiles"

_SPELLS = 3  # in each round
_SETTLING = 0.2  # seconds at the beginning of a spell that do not count
_LASTING = 1.0  # seconds that count
_ALL_BUSY = 0.95  # share of all CPUs from which on there is none to be had


@dataclass(frozen=True, slots=True)
class Spell:
    """Some seconds of one generator: requests that nginx answered, and seconds of CPU: its, nginx's, everybody's."""

    seconds: float
    requests: int
    cpu: float
    nginx: float
    everybody: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def rate_by_cpu(self) -> float:
        """Requests for a second of CPU of the generator."""
        return self.requests / max(self.cpu, 0.01)


Spells = Mapping[str, Sequence[Spell]]


def run_users(place: Workplace) -> Result:
    """Let all generators run at once, all but one of them held, and measure one after the other, again and again.

    Raises:
        BenchError: one of them did not run, or requests of ours failed.
    """
    if not is_installed():
        return skipped("load")
    root = place.folder / "www"
    size = write_api(root)
    with nginx(root, place.folder / "nginx") as server, ExitStack() as running:
        generators: list[Generator] = []
        for command in _commands(place, server):
            generator = running.enter_context(generating(command))
            generator.wait_until_it_asks(server, USERS, 10 * USERS)
            generator.hold()
            generators.append(generator)
        spells = _in_turn(generators, server, _SPELLS * place.rounds, place.tell)
        for generator in generators:
            end(generator)
        _check(generators)
    return _result(spells, size)


def _commands(place: Workplace, server: Nginx) -> list[Command]:
    amount = _SPELLS * place.rounds
    lasting = f"{60 + 5 * amount * (_SETTLING + _LASTING):.0f}"  # nobody runs for ever, whatever happens
    keen = ("--profile", KEEN, "--run-time", lasting)
    bare = ("-m", "locust", "-f", str(LOCUSTFILES / "bare.py"), "--headless", "--only-summary", "--loglevel", "WARNING")
    users = ("--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", lasting, "--host", server.address)
    commands = [
        loading(place, OURS, server.address, *keen, locustfile=LOCUSTFILES / "keen.py"),
        place.command(BARE, *bare, *users, folder=place.folder / "bare"),
        loading(place, TWO, server.address, *keen, "--processes", "2", locustfile=LOCUSTFILES / "keen.py"),
    ]
    if shutil.which("wrk"):
        wrk = ("wrk", "-t1", f"-c{USERS}", f"-d{lasting}", f"{server.address}/ability/1/")
        commands.append(Command(WRK, wrk, place.folder / "wrk", commands[0].environment))
    return commands


def _in_turn(generators: Sequence[Generator], server: Nginx, amount: int, tell: Callable[[str], None]) -> Spells:
    spells: dict[str, list[Spell]] = {generator.name: [] for generator in generators}
    for number in range(amount):
        tell(f"load: spell {number + 1} of {amount}, {load()}")
        first = number % len(generators)
        for generator in (*generators[first:], *generators[:first]):
            spells[generator.name].append(_spell(generator, server))
    return spells


def _spell(generator: Generator, server: Nginx) -> Spell:
    generator.check()
    generator.go()
    try:
        time.sleep(_SETTLING)
        began = _reading(generator, server)
        time.sleep(_LASTING)
        ended = _reading(generator, server)
    finally:
        generator.hold()
    seconds, requests, *cpus = (after - before for before, after in zip(began, ended, strict=True))
    return Spell(seconds, round(requests), *cpus)


def _reading(generator: Generator, server: Nginx) -> tuple[float, float, float, float, float]:
    requests = server.seen().requests
    return time.perf_counter(), requests, generator.cpu(), server.cpu(), cpu_of_all()


def _check(generators: Sequence[Generator]) -> None:
    """Every answer of ours was checked and good."""
    for generator in generators:
        if generator.name in (OURS, TWO):
            report = report_of(generator)
            processes = 2 if generator.name == TWO else 1
            if report.generator.processes != processes or report.generator.lost or report.plan.validated != 1:
                raise BenchError(f"{generator.name} was not what it should be: {report.generator}, {report.plan}.")


def _result(spells: Spells, size: float) -> Result:
    rates = {name: [spell.rate for spell in each] for name, each in spells.items()}
    by_cpu = {name: [spell.rate_by_cpu for spell in each] for name, each in spells.items()}
    amount = len(spells[OURS])
    rows: list[tuple[str, ...]] = [
        ("", "requests/s", "to the bare one", "requests per CPU-second", "CPUs", "nginx", "others")
    ]
    rows += [_row(name, spells) for name in (BARE, OURS, TWO, WRK) if name in spells]
    notes = [
        f"ours: {_told(ratio(rates[OURS], rates[BARE]))} x the requests/s of {BARE}; asked for: 0.8 x",
        f"two processes: {_told(ratio(rates[TWO], rates[OURS]))} x the requests/s of one; asked for: 1.6 x",
        f"requests for the same CPU, ours to {BARE}: {_told(ratio(by_cpu[OURS], by_cpu[BARE]))} x",
        f"requests for the same CPU, two processes to one: {_told(ratio(by_cpu[TWO], by_cpu[OURS]))} x",
        _limit(spells),
    ]
    if WRK in spells:
        notes.append(f"ours to wrk: {ratio(rates[OURS], rates[WRK]).median:.3f} x; the bare one: "
                     f"{ratio(rates[BARE], rates[WRK]).median:.3f} x")  # fmt: skip
    else:
        notes.append(f"no ratio to wrk, for there is none: {INSTALL}")
    return Result(
        name="load",
        heading=f"{USERS} users who do not wait, JSON of {size:,.0f} B from nginx, all answers validated, "
        f"median of {amount} spells of {_LASTING} s",
        rows=rows,
        judgements=[
            Judgement.of(f"time for a request, ours to {BARE}", ratio(rates[BARE], rates[OURS]), 1 / 0.8),
            Judgement.of("time for a request, two processes to one", ratio(rates[OURS], rates[TWO]), 1 / 1.6),
        ],
        notes=notes,
        raw={"spells": {name: [asdict(spell) for spell in each] for name, each in spells.items()}},
    )


def _row(name: str, spells: Spells) -> tuple[str, ...]:
    each = spells[name]
    compared = ratio([spell.rate for spell in each], [spell.rate for spell in spells[BARE]])
    others = [spell.everybody - spell.cpu - spell.nginx for spell in each]
    return (
        name,
        f"{median(spell.rate for spell in each):,.0f}",
        f"{compared.median:.2f} x",
        f"{median(spell.rate_by_cpu for spell in each):,.0f}",
        _share([spell.cpu for spell in each], each),
        _share([spell.nginx for spell in each], each),
        _share(others, each),
    )


def _share(cpus: Sequence[float], spells: Sequence[Spell]) -> str:
    return f"{median(max(0.0, cpu) / spell.seconds for cpu, spell in zip(cpus, spells, strict=True)):.2f}"


def _limit(spells: Spells) -> str:
    """What held two processes back: the machine, or they themselves."""
    each, cpus = spells[TWO], os.cpu_count() or 1
    used = median(spell.everybody / spell.seconds for spell in each)
    theirs, its = _share([spell.cpu for spell in each], each), _share([spell.nginx for spell in each], each)
    others = _share([spell.everybody - spell.cpu - spell.nginx for spell in each], each)
    whose = f"{theirs} by them, {its} by nginx and {others} by others"
    if used > _ALL_BUSY * cpus:
        return f"the machine held two processes back: of its {cpus} CPUs {used:.2f} were used, {whose}"
    return f"while two processes ran, of {cpus} CPUs {used:.2f} were used, {whose}"


def _told(compared: Ratio) -> str:
    return f"{compared.median:.2f} ({compared.least:.2f} - {compared.most:.2f})"
