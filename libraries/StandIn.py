"""Keywords that make the stand-in API misbehave, to see what the client makes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keyword_values import compared
from observatory.client import CircuitRules
from robot_listener import LISTENER
from robot_session import FAULTS, ROBOT_SESSION, plainly
from sandbox.faults import Fault, Faults, Injection, Kind, Nothing


@library(scope="GLOBAL", auto_keywords=False, listener=LISTENER, doc_format="MARKDOWN")
class StandIn:
    """Ask a stand-in of our own that answers as badly as you like.

    Between `Use Faulty Stand In` and `Leave Faulty Stand In` all keywords ask the stand-in, whatever the target of the
    run is: faults are never put in anybody else's way. What is seen there is remembered under the target `faults`, so
    that it teaches nothing about the API that is watched.

    | Fault | What happens | Details |
    |---|---|---|
    | `latency` | the answer comes late | `seconds` |
    | `status` | an error status | `status` |
    | `rate limited` | status 429 | `retry_after`, `as_date` |
    | `bad json` | a body that is not JSON | |
    | `content type` | a body said to be something else | `content_type` |
    | `truncated` | the connection ends before the body does | |
    | `reset` | the connection is reset | |
    | `slow drip` | the body comes in small pieces | `seconds` between them, `pieces` |
    | `redirect loop` | a redirect that leads to itself | |
    | `oversized` | a body larger than anybody wants | `size` in bytes |
    | `malformed` | a field is missing or wrong | `field`, `value` |
    """

    def __init__(self) -> None:
        """No fault was injected yet."""
        self._last: Injection | None = None

    @keyword
    def use_faulty_stand_in(
        self,
        pause: timedelta = timedelta(seconds=1),
        timeout: timedelta | None = None,
        circuit_rest: timedelta = timedelta(seconds=30),
    ) -> None:
        """Let all keywords ask a new stand-in from now on, until `Leave Faulty Stand In`.

        Everything begins anew: there are no faults, all circuits are closed, all numbers are 0.

        A stand-in on this machine need not be spared, so a test need not wait as long as it would for the public
        API. `pause` is the first pause between two attempts, by which the others are measured: with `100 ms` they are
        about 0.1, 0.2 and 0.4 instead of 1, 2 and 4 seconds. `timeout` is what an attempt may take, and `circuit_rest`
        how long an open circuit is left alone. Number, order and reasons of the attempts stay what they are
        everywhere else, and log.html shows the pauses as they were. A time that the API asks for is always kept.

        ```robotframework
        *** Settings ***
        Test Setup        Use Faulty Stand In    pause=20 ms
        Suite Teardown    Leave Faulty Stand In
        ```
        """
        self._last = None
        with plainly():
            session = ROBOT_SESSION.use_target(
                FAULTS,
                pause=pause.total_seconds(),
                timeout=timeout.total_seconds() if timeout else None,
                circuit_rules=CircuitRules(open_for=circuit_rest.total_seconds()),
            )
            logger.info(f"Asking a new stand-in at {session.target.base_url}.")

    @keyword
    def leave_faulty_stand_in(self) -> None:
        """Ask the target of the run again.

        ```robotframework
        Leave Faulty Stand In
        ```
        """
        ROBOT_SESSION.leave_target()

    @keyword
    def inject_fault(
        self,
        kind: Kind,
        *,
        times: int | None = None,
        share: float = 1.0,
        only: str = "",
        seconds: timedelta = timedelta(seconds=1),
        status: int = 503,
        retry_after: timedelta | None = None,
        as_date: bool = False,
        content_type: str = "text/html; charset=utf-8",
        pieces: int = 10,
        size: int = 10_485_760,
        field: str = "name",
        value: Any = Nothing.NOTHING,
    ) -> None:
        """Make something go wrong: for the next `times` requests, for a `share` of them, or until `Clear Faults`.

        `share=0.5` is every second request; `only=pokemon` or `only=pokemon/25` leaves all others alone.

        ```robotframework
        Inject Fault    status    status=503    times=2
        Inject Fault    rate limited    retry_after=1 s    times=1
        Inject Fault    latency    seconds=300 ms    only=pokemon/25
        ```
        """
        fault = Fault(
            kind=kind,
            times=times,
            share=share,
            only=only,
            seconds=seconds.total_seconds(),
            status=status,
            retry_after=None if retry_after is None else round(retry_after.total_seconds()),
            as_date=as_date,
            content_type=content_type,
            pieces=pieces,
            size=size,
            field=field,
            value=value,
        )
        self._last = _board().inject(fault)
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in fault.told().items())
        logger.info(f"Injected a fault: {told}.")

    @keyword
    def clear_faults(self) -> None:
        """Take all faults back.

        ```robotframework
        [Teardown]    Clear Faults
        ```
        """
        _board().clear()

    @keyword
    def get_number_of_faults(self, operator: AssertionOperator | None = None, expected: Any = None) -> int:
        """Get how often the fault that was injected last has struck, and assert how often that is.

        ```robotframework
        Inject Fault    reset    times=1
        Get Pokemon    25
        Get Number Of Faults    ==    1
        ```
        """
        fired = self._last.fired if self._last is not None else 0
        return int(compared(fired, operator, expected, "number of faults"))


def _board() -> Faults:
    board = ROBOT_SESSION.current.target.faults
    if board is None:
        raise AssertionError("Faults are injected into the stand-in only; begin with `Use Faulty Stand In`.")
    return board
