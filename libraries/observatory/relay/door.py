"""The door of the relay: who knocks and then says nothing is shown out, so that there is room for those who speak."""

from __future__ import annotations

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE: Final = 2.0
"""Seconds after which it is looked whether a request has come; the second time, the connection is closed."""


class Door(H11Protocol):
    """HTTP as uvicorn speaks it, with a limit to the time that a head, or the body of an answered request, may take."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to look."""
        super().connection_made(transport)
        self._is_slow = False
        self.loop.call_later(PATIENCE, self._look)

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        waits = self._waits_for_head() or self._waits_for_unwanted()
        if waits and self._is_slow:
            self.transport.close()
            return
        self._is_slow = waits
        self.loop.call_later(PATIENCE, self._look)

    def _waits_for_head(self) -> bool:
        return self.conn.their_state is h11.IDLE and (self.cycle is None or bool(self.conn.trailing_data[0]))

    def _waits_for_unwanted(self) -> bool:
        """Whether the request was answered, and the rest of its body, which nobody reads, is still to come."""
        is_answered = self.cycle is not None and self.cycle.response_complete
        return is_answered and self.conn.their_state is h11.SEND_BODY
