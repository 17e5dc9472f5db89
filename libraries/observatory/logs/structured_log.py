"""The structured log: one line of JSON for each request, failure and message, with every secret masked."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pythonjsonlogger.json import JsonFormatter

from observatory.exchange import Attempt, Exchange
from observatory.logs.log_files import LogFiles, OneFile
from observatory.logs.masking import Masker, PlainData

if TYPE_CHECKING:
    from observatory.data_drift import DataChange
    from observatory.history.known_changes import KnownChange

LOGGER_NAME = "observatory"

# JSON leaves these as they are, and many readers take them for the end of a line.
_LINE_BREAKS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_LEVELS = logging.getLevelNamesMapping()


def _now() -> datetime:
    return datetime.now(UTC)


class StructuredLog:
    """Appends JSON lines to a file, or to a file a day; several processes may append to the same one.

    Each line has `timestamp` (ISO 8601, UTC, milliseconds), `level`, `test_name`, `message`, `run_id`, `environment`
    and `target`, and after them what belongs to its kind. Its logger is its own: nothing reaches Robot's log or the
    console, and two logs in one process do not mix. To take in what another logger says, give it `handler` too.

    A line is one write to a file opened for appending: on a local disk, lines of several processes do not
    interleave, and a process that is killed leaves whole lines. Network file systems promise neither, and a
    disk that fills up may cut one line short. When the file cannot be written, one sentence on `complaints`
    says so, the lines are counted in `lost`, and later lines are tried again. No method raises an error.
    """

    def __init__(
        self,
        files: LogFiles | Path,
        masker: Masker,
        level: str = "INFO",
        run_id: str = "",
        *,
        environment: str = "local",
        target: str = "",
        clock: Callable[[], datetime] = _now,
        complaints: TextIO | None = None,
    ) -> None:
        """Log to `files`, which are made, with their folders, for the first line.

        Args:
            files: where the lines go: to one file, whose path this is, or to files that are rotated.
            masker: what keeps secrets out of every line.
            level: the least level that is written: DEBUG, INFO, WARNING or ERROR.
            run_id: the run that a line names unless its exchange names another.
            environment: where this runs, as every line names it.
            target: what the run watches; a line names it unless it is about another target.
            clock: gives the time, with its time zone.
            complaints: where to say that the file cannot be written; None is standard error.
        """
        always = {"run_id": run_id, "environment": environment, "target": target}
        files = OneFile(files) if isinstance(files, Path) else files
        self.handler = LineHandler(files, LineFormatter(masker, always, clock), complaints)
        self._logger = logging.Logger(LOGGER_NAME, level)  # noqa: LOG001 - a shared one would mix two logs
        self._logger.addHandler(self.handler)

    @property
    def lost(self) -> int:
        """How many lines could not be written."""
        return self.handler.lost

    def exchange(self, exchange: Exchange, target: str = "") -> None:
        """Log a request and what came of it: INFO when it was good, WARNING when it failed.

        `target` is what was asked, when that is not what the run watches.
        """
        failure = exchange.failure
        level = logging.WARNING if failure else logging.INFO
        if not self._logger.isEnabledFor(level):
            return
        tries = f" after {len(exchange.attempts)} attempts" if len(exchange.attempts) > 1 else ""
        outcome = f"failed: {failure.type.value}" if failure else f"{exchange.status} in {exchange.elapsed:.3f} s"
        fields: dict[str, object] = {
            "test_name": exchange.test_name,
            "message": f"{exchange.method} {exchange.subject} {outcome}{tries}",
            "method": exchange.method,
            "endpoint": exchange.endpoint,
            "resource": exchange.resource,
            "url": exchange.url,
            "status_code": exchange.status,
            "elapsed_seconds": round(exchange.elapsed, 6),
            "attempts": len(exchange.attempts),
            "limited_seconds": round(sum(attempt.limited for attempt in exchange.attempts), 6),
            "waited_seconds": round(sum(attempt.waited for attempt in exchange.attempts), 6),
            "failure_type": failure.type.value if failure else None,
            "reason": failure.message if failure else None,
        }
        if exchange.run_id:
            fields["run_id"] = exchange.run_id
        if target:
            fields["target"] = target
        if exchange.attempts:
            fields.update(_phases(exchange.attempts[-1]))
        if exchange.unknown_fields:
            fields["unknown_fields"] = exchange.unknown_fields
        self._write(level, fields)

    def test_failed(
        self,
        test_name: str,
        reason: str,
        trace: object,
        assertion: object,
        endpoint: str = "",
        failure_type: str = "",
    ) -> None:
        """Log a failed test, as an ERROR.

        Args:
            test_name: the test's full name.
            reason: why it failed, as the test says it.
            trace: the way to the failure: a text, an exception or a traceback.
            assertion: what was asserted: a text, or plain data such as what was expected and what was seen.
            endpoint: the endpoint of the last request of the test.
            failure_type: one of the values of `FailureType`.
        """
        first_line = reason.strip().partition("\n")[0]
        fields = {
            "test_name": test_name,
            "message": f"Test failed: {first_line}" if first_line else "Test failed",
            "endpoint": endpoint,
            "failure_type": failure_type,
            "reason": reason,
            "trace": trace,
            "assertion": assertion,
        }
        self._write(logging.ERROR, fields)

    def schema_change(self, known: KnownChange) -> None:
        """Log a change of a schema, as a WARNING."""
        event = known.change.as_event()
        fields: dict[str, object] = {
            "test_name": "",
            "message": f"Schema changed: {known.change.sentence()}",
            "change_id": known.id,
            "target": _without_folder(known.target),
            **event,
            "run_id": known.run_id.hex,
            "found_at": known.found_at.isoformat(),
            "api_revision": known.api_revision,
            "is_unannounced": known.is_unannounced,
        }
        self._write(logging.WARNING, fields)

    def data_changes(
        self, endpoint: str, resource: str, changes: Iterable[DataChange], test_name: str = "", target: str = ""
    ) -> None:
        """Log what changed in a resource's data, a line for each place, as INFO; `target` is as in `exchange`."""
        for change in changes:
            fields: dict[str, object] = {
                "test_name": test_name,
                "message": f"Data changed: {endpoint}/{resource} {change.path}",
                "endpoint": endpoint,
                "resource": resource,
                "kind": change.kind.value,
                "path": change.path,
                "before": change.before,
                "after": change.after,
            }
            if target:
                fields["target"] = target
            self._write(logging.INFO, fields)

    def message(self, level: str, text: str, /, test_name: str = "", **fields: object) -> None:
        """Log a sentence, with whatever else is worth keeping; an unknown level counts as INFO."""
        number = _LEVELS.get(level.upper(), logging.INFO)
        self._write(number, {**fields, "test_name": test_name, "message": text})

    def close(self) -> None:
        """Close the file; a line that comes later opens it again."""
        self.handler.close()

    def _write(self, level: int, fields: dict[str, object]) -> None:
        if self._logger.isEnabledFor(level):
            # Made by hand, because Logger.log first walks the stack to find its caller.
            self._logger.handle(logging.LogRecord(LOGGER_NAME, level, "", 0, fields, None, None))


class LineFormatter(JsonFormatter):
    """Turns a log record, ours or any other, into one masked line of JSON."""

    def __init__(self, masker: Masker, always: Mapping[str, str], clock: Callable[[], datetime]) -> None:
        """Keep what every line needs; `always` are fields that each has, after time, level, test and message."""
        super().__init__(rename_fields={"exc_info": "trace", "stack_info": "stack"})
        self._mask = masker.mask
        self._always = dict(always)
        self._clock = clock
        self.moment = datetime.min.replace(tzinfo=UTC)
        """The time of the last line, in UTC."""
        self._encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=repr).encode

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Put the fields of every line first; nothing that is logged can take the place of time and level."""
        self.moment = self._clock().astimezone(UTC)
        moment = self.moment.isoformat(timespec="milliseconds")
        always = {"timestamp": moment.replace("+00:00", "Z"), "level": record.levelname}
        log_data.update(always, test_name="", message=record.message, **self._always)
        found: dict[str, Any] = {}
        super().add_fields(found, record, message_dict)
        for key, value in found.items():
            log_data[f"{key}_" if key in always else key] = value

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Mask every secret."""
        masked: dict[str, Any] = self._mask(log_data)
        return masked

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """Write the fields as JSON; what JSON does not know, as its `repr`."""
        try:
            line = self._encode(log_data)
        except (TypeError, ValueError):
            line = self._encode(_encodable(log_data))
        return line if line.isascii() else line.translate(_LINE_BREAKS)


class LineHandler(logging.Handler):
    """Appends each record to a file as one write, and never raises an error."""

    def __init__(self, files: LogFiles, formatter: LineFormatter, complaints: TextIO | None) -> None:
        """Keep the files; one is opened for the first line."""
        super().__init__()
        self.lost = 0
        self.formatter: LineFormatter = formatter
        self._files = files
        self._complaints = complaints
        self._torn: Path | None = None
        self._has_complained = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, or count it as lost."""
        try:
            # Lone surrogates, which UTF-8 cannot hold, become the escapes that JSON has for them.
            line = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
            self._append(line)
        except OSError as error:
            self._lose(error.strerror or str(error))
        except Exception as error:  # noqa: BLE001 - what is logged may fail in any way, and a test must not
            self._lose(f"a line could not be made ({type(error).__name__})")

    def close(self) -> None:
        """Close the file, until the next line."""
        self.acquire()
        try:
            self._files.close()
        except OSError as error:
            self._lose(error.strerror or str(error))
        finally:
            self.release()
        super().close()

    def _append(self, line: bytes) -> None:
        file = self._files.opened(self.formatter.moment.date(), len(line))
        if self._torn is not None and self._torn == self._files.path:
            line = b"\n" + line
        written = file.write(line)
        if written != len(line):
            self._torn = self._files.path
            raise OSError(f"only {written} of {len(line)} bytes were written")
        self._torn = None

    def _lose(self, reason: str) -> None:
        self.lost += 1
        if self._has_complained:
            return
        self._has_complained = True
        sentence = f"The structured log {self._files.path} is incomplete: {reason}. The tests go on without it.\n"
        stream = sys.stderr if self._complaints is None else self._complaints
        # When even this cannot be said, there is nobody left to say it to; `lost` still counts.
        with contextlib.suppress(OSError, ValueError):
            stream.write(sentence)


def _without_folder(target: str) -> str:
    """A target of the history as lines name it: where a recording lies is nobody's business."""
    return "replay" if target.startswith("replay:") else target


def _phases(attempt: Attempt) -> dict[str, float]:
    """The phases of an attempt that are known, in seconds from its start."""
    phases = {"connect_seconds": attempt.connect, "first_byte_seconds": attempt.first_byte}
    return {name: round(seconds, 6) for name, seconds in phases.items() if seconds is not None}


def _encodable(value: PlainData) -> PlainData:
    """Plain data with a text for what JSON cannot write: other keys than texts, NaN, enormous integers."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else repr(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encodable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, int) and value.bit_length() > 64:
        return hex(value)
    return value
