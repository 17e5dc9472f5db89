"""What drift adds to a check whose answer is as it was: CPU, in a real run of `robot`."""

from __future__ import annotations

import json
from dataclasses import dataclass

from bench import suites
from bench.bodies import Shelf
from bench.server import serving
from bench.timing import BenchError, load, timed
from bench.workplace import Workplace

_CHECKS = "Robot + PokeApiClient"


@dataclass(slots=True)
class Spent:
    """What a run spent on its checks, and what drift added to it, in seconds.

    `cpu` and `wall` are those of `checks` checks, from the first to the last. The added CPU is that of Robot's thread,
    that of the writer's, both parts that are done once when the database is reached, and the database server's own for
    the queries of drift; `held_up` is how long Robot's thread was in what drift added, by the clock. `lessons` is the
    number of bodies that were new.
    """

    checks: int = 0
    cpu: float = 0.0
    wall: float = 0.0
    in_robots_thread: float = 0.0
    in_writer: float = 0.0
    once: float = 0.0
    in_server: float = 0.0
    held_up: float = 0.0
    lessons: int = 0

    @property
    def added(self) -> float:
        """All the CPU that drift added."""
        return self.in_robots_thread + self.in_writer + self.once + self.in_server


def time_unchanged(place: Workplace, shelf: Shelf) -> list[Spent]:
    """Run the checks once to fill the history, then round by round, and give what each of these rounds spent.

    Raises:
        BenchError: a run failed, or an answer was taken for a changed one.
    """
    suite, output = place.write("ours.robot", suites.ours(shelf.pokemon)), place.folder / "spent.json"
    watch = f"bench.stopwatch.Stopwatch:{output}"
    rounds: list[Spent] = []
    with serving(shelf.folder) as url:
        command = place.robot(_CHECKS, "--listener", watch, "--variable", f"TARGET:{url}", suite, folder=suites.ROOT)
        for number in range(place.rounds + 1):
            place.tell(f"drift: {f'round {number} of {place.rounds}' if number else 'warm-up'}, {load()}")
            timed(command, place.folder / "said.txt")
            spent = Spent(**json.loads(output.read_text("utf-8")))
            if spent.lessons != (0 if number else len(shelf.pokemon)):
                raise BenchError(f"In round {number} {spent.lessons} bodies of {len(shelf.pokemon)} were new.")
            rounds.append(spent)
    return rounds[1:]
