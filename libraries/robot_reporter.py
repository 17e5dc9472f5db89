"""A run as ReportPortal is told of it: the events of Robot's listeners, readable, without secrets, and not too many.

Both ways to publish go through here: live, and from an output file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from observatory.launch import Report
from observatory.launch.payloads import Payload, exchange_payload, kept
from observatory.launch.readable import images, readable
from observatory.logs.masking import Masker
from robot_retries import RETRIED

if TYPE_CHECKING:
    from observatory.exchange import Exchange
    from robot_agent import Agent

DEEPEST = 2
"""Levels of keywords in a test that are told of; what is logged below them stands in the lowest of these."""

_HTML = "*HTML*"
_NOT_RUN = "NOT RUN"
_MIME = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif"}

Attributes = dict[str, Any]
"""What Robot tells a listener of version 2."""


@dataclass
class _Step:
    """A keyword or control structure: as it began and ended, and what was in it."""

    name: str
    begun: Attributes
    ended: Attributes = field(default_factory=dict)
    inside: list[_Step | Payload | Attributes] = field(default_factory=list)


class Reporter:
    """Tells the agent what happens, in the order of Robot's events."""

    def __init__(self, agent: Agent, masker: Masker, folder: Path) -> None:
        """`folder` is where the log is, and pictures with it."""
        self._agent = agent
        self._masker = masker
        self._folder = folder
        self._open: list[_Step] = []
        self._exchanges: list[tuple[Exchange, Masker]] = []
        self._tried: tuple[str, str] | None = None
        self._test: str | None = None
        self._tests = 0
        self._tags: set[str] = set()

    @property
    def report(self) -> Report:
        """What was published so far."""
        return Report(tests=self._tests, tags=tuple(sorted(self._tags)))

    def start_suite(self, name: str, attributes: Attributes) -> None:
        """A suite begins."""
        self._agent.start_suite(name, self._clean(attributes))

    def end_suite(self, name: str, attributes: Attributes) -> None:
        """A suite ended; what its set-up and tear-down asked for is attached to it."""
        self._attach_exchanges(failed=attributes["status"] == "FAIL")
        self._agent.end_suite(name, self._clean(attributes))

    def start_test(self, name: str, attributes: Attributes) -> None:
        """A test begins, or another attempt at the one before."""
        before, self._tried = self._tried, None
        is_retry = before is not None and before[0] == attributes["longname"]
        self._agent.client.retry_of = before[1] if before is not None and is_retry else None
        self._agent.start_test(name, self._clean(attributes))
        self._agent.client.retry_of = None
        self._test = self._agent.current_item.rp_item_id

    def end_test(self, name: str, attributes: Attributes) -> None:
        """A test ended, or an attempt after which there is another."""
        self._attach_exchanges(failed=attributes["status"] == "FAIL")
        if RETRIED in attributes["tags"]:
            self._tried = (attributes["longname"], self._test or "")
        else:
            self._tests += 1
        self._agent.end_test(name, self._clean(attributes))
        self._tags |= {str(tag) for tag in attributes["tags"]}

    def start_keyword(self, name: str, attributes: Attributes) -> None:
        """A keyword begins."""
        step = _Step(name, attributes)
        if self._open:
            self._open[-1].inside.append(step)
        self._open.append(step)

    def end_keyword(self, name: str, attributes: Attributes) -> None:
        """A keyword ended; the outermost is told with all that happened in it.

        One that failed is an item of its own. One that passed is a line in the log, for an item costs two requests, and
        on a slow line the run would be over long before they are.
        """
        del name
        step = self._open.pop()
        step.ended = attributes
        if not self._open:
            self._tell_step(step, 1)

    def log_message(self, message: Attributes) -> None:
        """Something was logged."""
        if self._open:
            self._open[-1].inside.append(message)
        else:
            self._log(message)

    def saw(self, exchanges: Sequence[Exchange], masker: Masker) -> None:
        """Something was asked; whether it is attached, shows at the end of the test."""
        self._exchanges += [(exchange, masker) for exchange in exchanges]

    def attach(self, make: Callable[[], Payload | None]) -> None:
        """Attach something to what is running now."""
        payload = make()
        if payload is None:
            return
        if self._open:
            self._open[-1].inside.append(payload)
        else:
            self._agent.attach(payload)

    def close(self) -> None:
        """Send what waits for company."""
        self._agent.close()

    def _tell_step(self, step: _Step, depth: int) -> None:
        about, is_item = step.begun, depth <= DEEPEST and step.ended["status"] == "FAIL"
        if is_item:
            self._agent.start_keyword(step.name, self._clean(about))
        elif depth <= DEEPEST and step.ended["status"] != _NOT_RUN:
            line = "    ".join([step.name, *(str(each) for each in about["args"])])
            self._log({"message": line, "level": "INFO", "timestamp": about["starttime"]})
        for part in step.inside:
            if isinstance(part, _Step):
                self._tell_step(part, depth + 1)
            elif isinstance(part, Payload):
                self._agent.attach(part)
            else:
                self._log(part)
        if is_item:
            self._agent.end_keyword(step.name, self._clean(step.ended))

    def _log(self, message: Attributes) -> None:
        text = str(message["message"])
        is_html = message.get("html") == "yes"
        shown = self._masker.mask_text(readable(text) if is_html else text)
        if shown:
            self._agent.log_message({**message, "message": shown, "html": "no"})
        for source in images(text) if is_html else ():
            self._attach_image(unquote(source))

    def _attach_exchanges(self, *, failed: bool) -> None:
        maskers = {exchange.id: masker for exchange, masker in self._exchanges}
        for exchange in kept([exchange for exchange, _ in self._exchanges], failed=failed):
            self._agent.attach(exchange_payload(exchange, maskers[exchange.id]))
        self._exchanges.clear()

    def _attach_image(self, source: str) -> None:
        path = self._folder / source
        mime = _MIME.get(path.suffix.lower())
        if mime is not None and path.is_file():
            self._agent.attach(Payload(path.name, path.read_bytes(), path.name, mime=mime))

    def _clean(self, attributes: Attributes) -> Attributes:
        """The attributes without secrets, in plain text, and without what is nobody else's business."""
        cleaned = {**attributes}
        message = str(attributes.get("message") or "")
        if message.startswith(_HTML):
            message = readable(message.removeprefix(_HTML))
        cleaned |= {"message": self._masker.mask_text(message)} if "message" in attributes else {}
        cleaned |= {"doc": self._masker.mask_text(attributes["doc"])}
        if not attributes.get("source"):  # of a suite that is in no file
            cleaned["source"] = None
        if "args" in attributes:
            cleaned["args"] = [self._masker.mask_text(str(each)) for each in attributes["args"]]
        if "tags" in attributes:
            cleaned["tags"] = [str(tag) for tag in attributes["tags"] if tag != RETRIED]
        return cleaned
