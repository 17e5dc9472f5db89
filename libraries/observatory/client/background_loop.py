"""An event loop on a thread of its own, for whoever wants many things at once and may run a loop already."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class BackgroundLoop:
    """Runs coroutines for callers on any thread, and stays for the next, so that connections can be kept."""

    def __init__(self, name: str, at_end: Callable[[], Awaitable[None]]) -> None:
        """Start the thread; `at_end` is the last thing to run on the loop."""
        started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        # A daemon: a process that forgot to close its client can still end.
        self._thread = Thread(target=_run, args=(started, at_end), name=name, daemon=True)
        self._thread.start()
        self._loop, self._over = started.result()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine; cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self) -> None:
        """Cancel what still runs and wait for the thread to end."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()


def _run(
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]], at_end: Callable[[], Awaitable[None]]
) -> None:
    async def stay() -> None:
        over = asyncio.Event()
        started.set_result((asyncio.get_running_loop(), over))
        await over.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await at_end()

    with asyncio.Runner() as runner:
        runner.run(stay())
