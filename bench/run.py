"""Measures the observatory against its peers, in the same run: `inv bench`, or `python bench/run.py --help`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.backfill import run_backfill
from bench.batch import run_batch
from bench.bodies import Shelf, fill_shelf
from bench.checks import run_checks
from bench.drift import run_drift
from bench.growth import run_growth
from bench.health import run_health
from bench.latency import run_latency
from bench.load_arrivals import run_arrivals
from bench.load_freeze import run_freeze
from bench.load_spike import run_spike
from bench.load_users import run_users
from bench.relay import run_relay
from bench.report import Result, paint, rendered
from bench.smoke import run_smoke
from bench.timing import BenchError, load
from bench.workplace import Workplace, check_env_file, passing_folder

Benchmark = Callable[[Workplace, Shelf], Result]

BENCHMARKS: Mapping[str, Benchmark] = {
    "checks": run_checks,
    "smoke": lambda place, _: run_smoke(place),
    "relay": lambda place, _: run_relay(place),
    "batch": run_batch,
    "growth": run_growth,
    "drift": run_drift,
    "backfill": lambda place, _: run_backfill(place),
    "health": lambda place, _: run_health(place),
    "latency": run_latency,
    "load": lambda place, _: run_users(place),
    "arrivals": lambda place, _: run_arrivals(place),
    "freeze": lambda place, _: run_freeze(place),
    "spike": lambda place, _: run_spike(place),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen benchmarks; returns 2 when one could not be run, 1 for a missed target if `--strict`, else 0."""
    chosen = _parser().parse_args(arguments)
    started = datetime.now(UTC)
    print(f"{started:%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, {load()}", flush=True)
    results: list[Result] = []
    try:
        check_env_file()
        with passing_folder() as folder:
            place = Workplace(folder, chosen.rounds, chosen.checks, _tell)
            _tell(f"making {chosen.checks} bodies")
            shelf = fill_shelf(place.folder / "bodies", chosen.checks)
            for benchmark in chosen.only:
                result = BENCHMARKS[benchmark](place.sub(benchmark), shelf)
                results.append(result)
                print(f"\n{rendered(result)}", flush=True)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        if chosen.json is not None:
            chosen.json.write_text(json.dumps(_document(started, results), indent=2) + "\n", "utf-8")
    missed = [judgement for result in results for judgement in result.judgements if not judgement.met]
    print(f"\n{load()}; {f'{len(missed)} targets missed' if missed else 'all targets met'}")
    return int(bool(missed) and chosen.strict)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", type=_names, default=list(BENCHMARKS), help=f"some of {','.join(BENCHMARKS)} (default: all)"
    )
    parser.add_argument("--rounds", type=_positive, default=5, help="rounds after the warm-up (default: 5)")
    parser.add_argument("--checks", type=_positive, default=500, help="checks in a round (default: 500)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured to FILE")
    parser.add_argument("--strict", action="store_true", help="end with exit code 1 when a target is missed")
    return parser


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    return names


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _tell(sentence: str) -> None:
    print(paint(sentence, "2"), file=sys.stderr, flush=True)


def _document(started: datetime, results: Sequence[Result]) -> Mapping[str, object]:
    """Everything as plain values; each target with whether it was met."""
    return {
        "started_at": started.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "results": [
            {
                **asdict(result),
                "judgements": [{**asdict(judgement), "met": judgement.met} for judgement in result.judgements],
            }
            for result in results
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
