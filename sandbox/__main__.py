"""Runs the stand-in for people: `python -m sandbox [--port 8001] [--recording FOLDER]`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from sandbox import Catalogue, Recording, SandboxError, Server
from sandbox.source import API_PATH, Source

DEFAULT_PORT = 8001


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C or a request to end; the exit code is 2 when that is not possible."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="The stand-in PokéAPI.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on (default: %(default)s)")
    parser.add_argument("--recording", metavar="FOLDER", help="serve this recording instead of the catalogue")
    chosen = parser.parse_args(arguments)
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    try:
        source: Source = Recording(chosen.recording) if chosen.recording else Catalogue()
        with Server(source, port=chosen.port) as server:
            faults = server.base_url.removesuffix(API_PATH) + "/_faults"
            sys.stdout.write(f"Serving {source.label} at {server.base_url}\nFaults at {faults}\nCtrl-C ends.\n")
            sys.stdout.flush()
            end.wait()
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
