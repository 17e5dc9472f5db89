"""Where a load goes: the address that was given, that of the target, or a stand-in that is started for it."""

from __future__ import annotations

import os
from typing import Any

from load.options import LoadOptionError, address
from load.stand_in import StandIn, start_stand_in
from observatory.settings import Settings
from observatory.targets import LIVE_URL, url_name


class Venue:
    """The address that loads go to unless another is chosen, with what was started for it.

    `options` are Locust's, of which `processes` says how many the stand-in should have, too.

    Raises:
        StandInError: the stand-in did not start.
        LoadOptionError: the target is none for a load.
    """

    def __init__(self, given: str | None, settings: Settings, options: Any) -> None:
        self._stand_in: StandIn | None = None
        self._stand_in_name = ""
        self.address = address(given, "--host") if given else self._address_of(settings, options)

    def name_of(self, place: str) -> str:
        """The name in the history of what is at an address."""
        if self._stand_in is not None and place == self._stand_in.address:
            return self._stand_in_name
        return url_name(place)

    def close(self) -> None:
        """Stop what was started."""
        if self._stand_in is not None:
            self._stand_in.stop()

    def _address_of(self, settings: Settings, options: Any) -> str:
        if settings.target == "live":
            return LIVE_URL
        if settings.target.startswith("http"):
            return settings.target
        if settings.target == "faults":
            raise LoadOptionError(
                "A load does not go to the faulty stand-in, where suites inject faults: say --target embedded."
            )
        recording = settings.recording if settings.target == "replay" else None
        self._stand_in = start_stand_in(min(options.processes or 1, os.cpu_count() or 1), recording)
        self._stand_in_name = f"replay:{recording}" if recording else "embedded"
        return self._stand_in.address
