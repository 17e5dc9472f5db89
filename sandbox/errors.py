"""Every error the stand-in raises on purpose; each message is a sentence that says what to do."""


class SandboxError(Exception):
    """Something about the stand-in is wrong that a person can mend."""


class RecordingError(SandboxError):
    """A recording cannot be read; the message names the folder or file."""


class FaultError(SandboxError, ValueError):
    """A fault makes no sense; the message names the field, the value seen and what is accepted."""


class ServerError(SandboxError):
    """The server cannot be started."""
