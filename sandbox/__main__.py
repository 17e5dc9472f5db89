"""Runs the stand-in for people and loads: `python -m sandbox [--port 8001] [--recording FOLDER] [--processes 2]`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial

from sandbox import Catalogue, Recording, SandboxError, Server
from sandbox.crowd import Crowd
from sandbox.source import API_PATH, Source

DEFAULT_PORT = 8001


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C or a request to end; the exit code is 2 when that is not possible."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="The stand-in PokéAPI.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on (default: %(default)s)")
    parser.add_argument("--recording", metavar="FOLDER", help="serve this recording instead of the catalogue")
    parser.add_argument("--processes", type=int, default=1, help="processes that share the port; faults need one (1)")
    parser.add_argument("--until-input-ends", action="store_true", help="end with whoever holds the standard input")
    chosen = parser.parse_args(arguments)
    end = threading.Event()
    if chosen.until_input_ends:
        threading.Thread(target=_wait_for_input_to_end, args=(end,), daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    make_source = partial(Recording, chosen.recording) if chosen.recording else Catalogue
    try:
        label = make_source().label
        with _server(make_source, chosen.processes, chosen.port) as server:
            sys.stdout.write(f"Serving {label} at {server.base_url}\n")
            if isinstance(server, Server):
                sys.stdout.write(f"Faults at {server.base_url.removesuffix(API_PATH)}/_faults\n")
            sys.stdout.write("Ctrl-C ends.\n")
            sys.stdout.flush()
            end.wait()
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _wait_for_input_to_end(end: threading.Event) -> None:
    sys.stdin.read()
    end.set()


def _server(make_source: Callable[[], Source], processes: int, port: int) -> Server | Crowd:
    return Server(make_source(), port=port) if processes <= 1 else Crowd(make_source, processes, port)


if __name__ == "__main__":
    sys.exit(main())
