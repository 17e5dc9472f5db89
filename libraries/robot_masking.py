"""Secrets kept out of what Robot itself writes: messages of its log, reasons of failures, and the console.

Keywords of ours mask what they say. Robot says more: the values that keywords compare, log and give back, arguments and
tracebacks at the level TRACE, and whatever Python's own loggers tell it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robot import result


class SecretKeeper:
    """The part of a listener that masks messages before Robot, or a listener behind this one, writes them.

    Robot calls a listener once for each library that registered it; a message that is masked already is left alone.
    """

    def __init__(self, masked: Callable[[str], str]) -> None:
        """`masked` gives a text without the secrets in it."""
        self._masked = masked
        self._last: result.Message | None = None
        self._ended_keyword: result.Keyword | None = None

    def log_message(self, message: result.Message) -> None:
        """Mask a message of the log."""
        if message is not self._last:
            self._last = message
            message.message = self._masked(message.message)

    def message(self, message: result.Message) -> None:
        """Mask a warning or an error, which the console shows too."""
        self.log_message(message)

    def end_keyword(self, _data: Any, ended: result.Keyword) -> None:
        """Mask what a keyword was given, as the suite has it, and why it failed or was skipped."""
        if ended is not self._ended_keyword:
            self._ended_keyword = ended
            self.mask_reason(ended)
            if ended.args:
                ended.args = tuple(self._masked(each) if isinstance(each, str) else each for each in ended.args)

    def end_body_item(self, _data: Any, ended: Any) -> None:
        """Mask why a structure, such as a loop, failed or was skipped."""
        self.mask_reason(ended)

    def mask_reason(self, ended: Any) -> None:
        """Mask the message of a keyword, test or suite that is over."""
        if ended.message:
            ended.message = self._masked(ended.message)
