"""Runs a configuration of Alloy as Alloy would: finds files, follows them, takes lines through stages, pushes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.alloy_stages import Clock, Entry, stages
from tests.alloy_syntax import AlloyError, Block, Reference, read_alloy
from tests.loki_units import seconds

Push: TypeAlias = Callable[[str, dict[str, Any]], int]
"""Sends streams to an address, and gives the status of the answer; 0 when nobody answers."""

CONFIG: Final = Path(__file__).resolve().parents[1] / "config" / "alloy" / "config.alloy"
_ARGUMENTS: Final[Mapping[str, Mapping[str, type]]] = {
    "logging": {"level": str, "format": str},
    "local.file_match": {"path_targets": list, "sync_period": str, "ignore_older_than": str},
    "loki.source.file": {"targets": Reference, "forward_to": list, "tail_from_end": bool},
    "loki.process": {"forward_to": list},
    "loki.write": {"external_labels": dict, "max_streams": int},
    "endpoint": {
        "url": str,
        "batch_wait": str,
        "batch_size": str,
        "min_backoff_period": str,
        "max_backoff_period": str,
        "max_backoff_retries": int,
    },
}
_DURATIONS: Final = ("batch_wait", "min_backoff_period", "max_backoff_period", "sync_period", "ignore_older_than")
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


def committed(logs: Path, loki: str) -> str:
    """The committed configuration, for another folder of logs and another Loki; nothing else is changed."""
    text = CONFIG.read_text("utf-8")
    for ours, here in (("/var/log/qa/", f"{logs}/"), ("http://loki:3100/", f"{loki}/")):
        assert text.count(f'"{ours}') == 1
        text = text.replace(ours, here)
    return text


class Alloy:
    """One process of Alloy, which acts when it is told to. What it remembers is below `storage`.

    It pushes in JSON what Alloy pushes as protocol buffers; Loki takes both.
    """

    def __init__(
        self,
        text: str,
        storage: Path,
        push: Push,
        *,
        clock: Clock = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Build the components.

        Raises:
            AlloyError: the configuration does not stand together.
        """
        self._components = {block.address: block for block in read_alloy(text)}
        for block in self._components.values():
            _check(block)
        self._source = self._only("loki.source.file")
        self._files = self._component(self._source.attributes["targets"], "local.file_match", "targets")
        process = self._next(self._source)
        write = self._next(process)
        if (process.name, write.name) != ("loki.process", "loki.write"):
            raise AlloyError("lines go from loki.source.file to loki.process to loki.write")
        self._stages = stages(process, clock)
        (self._endpoint,) = write.blocks
        self._external = write.attributes.get("external_labels", {})
        self._positions = storage / "positions.json"
        self._push, self._clock, self._sleep = push, clock, sleep
        self.refused = 0

    def ship(self) -> int:
        """Find the files, read what is new in them, and push it; gives the number of lines that were taken.

        A line is read when its end is there. Positions are kept when lines have been read, whatever comes of them.
        """
        positions = json.loads(self._positions.read_text()) if self._positions.exists() else {}
        entries: list[Entry | None] = []
        read = {}
        for path, labels in self._targets().items():
            start = positions.get(path, 0)
            new = Path(path).read_bytes()[start:]
            whole = new[: new.rfind(b"\n") + 1]
            read[path] = start + len(whole)
            lines = whole.decode("utf-8", "replace").split("\n")[:-1]
            entries += [self._entry(line, {**labels, "filename": path}) for line in lines]
        self._positions.parent.mkdir(parents=True, exist_ok=True)
        self._positions.write_text(json.dumps(read))
        sent = [entry for entry in entries if entry is not None]
        return len(sent) if self._send(sent) else 0

    def forget(self) -> None:
        """Lose the positions, as when the volume of Alloy is deleted."""
        self._positions.unlink()

    def _targets(self) -> dict[str, dict[str, str]]:
        """The files that match, with the labels of their target; what changed too long ago is left alone."""
        age = seconds(self._files.attributes.get("ignore_older_than", "0s"))
        found = {}
        for target in self._files.attributes["path_targets"]:
            labels = {name: value for name, value in target.items() if not name.startswith("__")}
            pattern = Path(target["__path__"])
            # Alloy follows all files at once, so that the lines of a newer one may well come first: here they do.
            for path in sorted(pattern.parent.glob(pattern.name), reverse=True):
                if not age or path.stat().st_mtime > self._clock().timestamp() - age:
                    found[str(path)] = labels
        return found

    def _entry(self, line: str, labels: dict[str, str]) -> Entry | None:
        at = int(self._clock().timestamp() * 1000) * 1_000_000
        entry = Entry(line, at, dict(labels), extracted=dict(labels))
        for stage in self._stages:
            if not stage(entry):
                return None
        entry.labels = {**self._external, **entry.labels}
        return entry

    def _send(self, entries: list[Entry]) -> bool:
        """Push one batch, and wait and try again as the endpoint has it; tells whether that came to an end."""
        if not entries:
            return True
        options = self._endpoint.attributes
        wait = seconds(options.get("min_backoff_period", "500ms"))
        longest = seconds(options.get("max_backoff_period", "5m"))
        for _ in range(options.get("max_backoff_retries", 10)):
            status = self._push(options["url"], _streams(entries))
            if 0 < status < _SERVER_ERROR and status != _TOO_MANY:
                self.refused += status >= 400
                return True
            self._sleep(wait)
            wait = min(wait * 2, longest)
        return False

    def _only(self, name: str) -> Block:
        found = [block for block in self._components.values() if block.name == name]
        if len(found) != 1:
            raise AlloyError(f"there is one {name} in a pipeline that is known here, not {len(found)}")
        return found[0]

    def _next(self, block: Block) -> Block:
        receivers = block.attributes.get("forward_to", [])
        if len(receivers) != 1:
            raise AlloyError(f"{block.address} sends to one receiver in a pipeline that is known here")
        return self._component(receivers[0], "loki.", "receiver")

    def _component(self, reference: Any, name: str, export: str) -> Block:
        if not isinstance(reference, Reference):
            raise AlloyError(f"{reference!r} refers to nothing")
        address, _, exported = reference.name.rpartition(".")
        block = self._components.get(address)
        if block is None or exported != export or not block.name.startswith(name):
            raise AlloyError(f"nothing exports {reference.name}")
        return block


def _check(block: Block) -> None:
    """That Alloy knows the component and its arguments; stages are checked where they are built."""
    known = _ARGUMENTS.get(block.name)
    if known is None:
        raise AlloyError(f"{block.name} is no component that is known here")
    for name, value in block.attributes.items():
        if name not in known or not isinstance(value, known[name]):
            raise AlloyError(f"{block.address} takes no {name} = {value!r}")
        if name in _DURATIONS:
            seconds(str(value))
    if block.name == "loki.write":
        for inner in block.blocks:
            _check(inner)


def _streams(entries: list[Entry]) -> dict[str, Any]:
    """The entries as Loki takes them in JSON."""
    by_labels: dict[frozenset[tuple[str, str]], list[list[Any]]] = {}
    for entry in entries:
        values = by_labels.setdefault(frozenset(entry.labels.items()), [])
        values.append([str(entry.at), entry.line, entry.metadata])
    return {"streams": [{"stream": dict(labels), "values": values} for labels, values in by_labels.items()]}
