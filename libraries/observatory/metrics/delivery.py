"""The numbers of a process on their way to the relay: kept while it runs, sent at its end, or when somebody says so."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Final

from observatory.metrics.counting import Metrics
from observatory.metrics.outbox import LONGEST_WAIT, MOST_WAITING, Outbox
from observatory.metrics.sending import Relay, send
from observatory.settings import Settings
from observatory.words import count

_DAY: Final = 86_400


class Delivery:
    """Sees to it that the relay gets what a process counts: now, with a later run, but never twice."""

    def __init__(self, settings: Settings, run_id: uuid.UUID, target: str, metrics: Metrics) -> None:
        """Begin to keep the numbers that are counted of a target; `run_id` is shared by all processes of a run."""
        folder = settings.home / "metrics"
        token = settings.metrics_token
        address = settings.metrics_relay
        self._relay = Relay(address, token.get_secret_value() if token else None) if address else None
        self._outbox = Outbox(folder)
        self._away = folder / f"{run_id}.away"
        self._target = target
        self._metrics = metrics
        self._keeping = self._outbox.begin(target, metrics)
        metrics.on_change = self._keeping.changed

    def send_now(self) -> str:
        """Send what was counted so far, and go on with what comes; gives what went wrong, in a sentence, or nothing.

        Raises:
            OSError: the numbers cannot be written.
        """
        sent = self._keeping.close()
        self._keeping = self._outbox.begin(self._target, self._metrics, since=sent)
        self._metrics.on_change = self._keeping.changed
        return self._send(None)

    def end(self) -> str:
        """Send the rest; gives what went wrong, in a sentence, or nothing.

        Raises:
            OSError: the numbers cannot be written.
        """
        self._keeping.close()
        return self._send(self._away)

    def _send(self, away: Path | None) -> str:
        let_go = self._outbox.tidy(time.time())
        if self._relay is None:  # nobody waits for these numbers
            return ""
        complaint = send(self._outbox, self._relay, away).complaint
        if not let_go:
            return complaint
        many = f"{MOST_WAITING} runs or {LONGEST_WAIT / _DAY:.0f} days"
        gone = f"The numbers of {count(let_go, 'old run')} were let go: more than {many} waited for the relay."
        return f"{complaint} {gone}".strip()
