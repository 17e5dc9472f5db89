"""What has come of an answer so far: filled while it is read, so that a broken one can still be told of."""

from __future__ import annotations

from collections.abc import Iterable

from observatory.client.clock import Clock
from observatory.client.fault import Again, Fault, FaultError
from observatory.client.timing import Stopwatch, Timing
from observatory.exchange import FailureType


class Reply:
    """The answer to one request on the wire, within a limit of bytes and until a point in time.

    Header names are in lower case, and a header that came several times has its values joined by commas, as
    RFC 9110, section 5.3, allows.
    """

    def __init__(self, clock: Clock, *, timeout: float, max_bytes: int) -> None:
        """Begin to wait: the answer must be complete in `timeout` seconds from now."""
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.timeout = timeout
        self.received = 0
        self._max_bytes = max_bytes
        self._chunks: list[bytes] = []
        self.watch = Stopwatch(clock)

    def begin(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Take the head of the answer."""
        self.watch.answered()
        self.status = status
        for raw_name, raw_value in headers:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            earlier = self.headers.get(name)
            self.headers[name] = value if earlier is None else f"{earlier}, {value}"

    def take(self, chunk: bytes) -> None:
        """Take a piece of the body.

        Raises:
            FaultError: the body is larger than it may be.
            TimeoutError: the piece came too late, whatever the transport thinks of it.
        """
        self._chunks.append(chunk)
        self.received += len(chunk)
        if self.received > self._max_bytes:
            raise oversized(self._max_bytes)
        if self.watch.seconds() > self.timeout:
            raise TimeoutError

    @property
    def timing(self) -> Timing:
        """How long it took, phase by phase; complete when the watch was stopped."""
        return self.watch.timing

    @property
    def payload(self) -> bytes:
        """The bytes of the body as they came, still compressed."""
        return b"".join(self._chunks)


def oversized(max_bytes: int) -> FaultError:
    """The error of a body that is larger than it may be, on the wire or after decompression."""
    return FaultError(
        Fault(
            FailureType.OVERSIZED,
            f"the body is larger than {max_bytes:,} bytes, and reading was stopped there",
            Again.NEVER,
            "allow larger bodies if that is right",
        )
    )
