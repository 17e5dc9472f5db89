"""The stand-in PokéAPI: the suites meet it when there is no network.

It behaves as the public API does, serves its own catalogue or a recording, and misbehaves on request.
Importing it is cheap: the web server is loaded when a `Server` starts.
"""

from sandbox.catalogue import Catalogue
from sandbox.errors import FaultError, RecordingError, SandboxError, ServerError
from sandbox.faults import Fault, Faults, Injection, Kind
from sandbox.recording import Recording
from sandbox.server import Server
from sandbox.source import Source

__all__ = [
    "Catalogue",
    "Fault",
    "FaultError",
    "Faults",
    "Injection",
    "Kind",
    "Recording",
    "RecordingError",
    "SandboxError",
    "Server",
    "ServerError",
    "Source",
]
