"""A function in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def apart(act: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Call a function of some module in a process of its own, with nothing but what it imports.

    What starts the embedded server looks at its folder once more when it exits, which must still be there; and what
    is timed in a new process meets nobody else's garbage.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(act, *arguments, **named).result()
