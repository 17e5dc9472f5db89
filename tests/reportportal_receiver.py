"""A ReportPortal for tests: its HTTP API as far as agents use it, in memory, and stricter than the server.

What the server's own queue would find out behind the answer (a parent that is not there, a child that is older than its
parent) is refused at once here, with the server's error codes, so that no test passes on what a person would miss.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

KEY = "observatory_M1ssingno-is-n0t-a-secret"  # pragma: allowlist secret
PROJECT = "pokeapi"

_TYPES = frozenset(
    [
        "suite",
        "story",
        "test",
        "scenario",
        "step",
        "before_class",
        "before_groups",
        "before_method",
        "before_suite",
        "before_test",
        "after_class",
        "after_groups",
        "after_method",
        "after_suite",
        "after_test",
    ]
)
_STATUSES = frozenset(["passed", "failed", "stopped", "skipped", "interrupted", "cancelled", "info", "warn"])
_LEVELS = frozenset(["error", "warn", "info", "debug", "trace", "fatal", "unknown"])
_NAME, _VALUE = 1024, 128  # characters


@dataclass
class Log:
    """One line of a log."""

    message: str
    level: str
    time: float
    attachment: str = ""
    mime: str = ""
    data: bytes = b""

    @property
    def json(self) -> Any:
        """What is attached."""
        return json.loads(self.data)


@dataclass
class Item:
    """A suite, a test or a step."""

    uuid: str
    name: str
    type: str
    parent: str | None
    started: float
    attributes: list[dict[str, Any]]
    description: str = ""
    test_case_id: str = ""
    code_ref: str = ""
    has_stats: bool = True
    retry: bool = False
    retry_of: str | None = None
    ended: float | None = None
    status: str | None = None
    issue: str | None = None
    logs: list[Log] = field(default_factory=list)

    @property
    def tags(self) -> set[str]:
        """Its attributes that have no key."""
        return {each["value"] for each in self.attributes if not each.get("key")}

    @property
    def is_test(self) -> bool:
        """Whether it counts."""
        return self.type == "step" and self.has_stats


@dataclass
class LaunchSeen:
    """A launch with everything in it."""

    uuid: str
    name: str
    description: str
    attributes: list[dict[str, Any]]
    started: float
    number: int
    ended: float | None = None
    status: str | None = None
    items: dict[str, Item] = field(default_factory=dict)
    logs: list[Log] = field(default_factory=list)

    @property
    def tests(self) -> list[Item]:
        """The tests, each attempt by itself."""
        return [item for item in self.items.values() if item.is_test]

    @property
    def counted(self) -> dict[str, Item]:
        """The last attempt at each test, by name: what a person sees in the list."""
        retried = {item.retry_of for item in self.tests}
        return {item.name: item for item in self.tests if item.uuid not in retried}

    def logs_of(self, item: Item) -> list[Log]:
        """The log of an item and of everything in it."""
        below = [each for each in self.items.values() if each.parent == item.uuid]
        return [*item.logs, *(log for each in below for log in self.logs_of(each))]

    def values(self, key: str) -> list[str]:
        """The values of an attribute."""
        return [each["value"] for each in self.attributes if each.get("key") == key]

    def children(self, parent: str | None) -> list[Item]:
        """The items directly in another one, or in none."""
        return [item for item in self.items.values() if item.parent == parent]


class RefusedError(Exception):
    """The server does not take a request."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Receiver:
    """Listens on loopback from `with` to its end.

    `before` is called with each request's number, from 1, and its path: it may sleep, raise `RefusedError`, or raise
    `ConnectionError`, which drops the connection.
    """

    def __init__(self, before: Callable[[int, str], None] | None = None, version: str = "5.15.1") -> None:
        self.before = before or slow(0)
        self.version = version
        self.launches: dict[str, LaunchSeen] = {}
        self.refused: list[str] = []
        self.asked: list[str] = []
        self.keys: set[str] = set()
        self.lock = threading.RLock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.receiver = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings that publish to it."""
        return {
            "REPORTPORTAL_ENDPOINT": self.endpoint,
            "REPORTPORTAL_PROJECT": PROJECT,
            "REPORTPORTAL_API_KEY": KEY,
        }

    @property
    def launch(self) -> LaunchSeen:
        """The only launch."""
        assert len(self.launches) == 1, f"{len(self.launches)} launches: {self.refused}"
        return next(iter(self.launches.values()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Listen no more, as a server that dies."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5)
            self._server.server_close()

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> dict[str, Any]:
        """Do what a request asks."""
        parts = path.strip("/").split("/")[1:]
        return self._told(parts, query) if method == "GET" else self._done(method, parts, body)

    def _told(self, parts: list[str], query: dict[str, list[str]]) -> dict[str, Any]:
        match parts:
            case ["info"]:
                return {"build": {"version": self.version, "name": "Service API"}}
            case ["v1", _, "settings"]:
                return {"project": 1, "subTypes": {}}
            case ["v1", _, "launch"]:
                return self._found(query)
            case ["v1", _, "launch", "uuid", launch]:
                return {"id": self._launch(launch).number, "uuid": launch}
        raise RefusedError(404, 40400, f"GET {'/'.join(parts)} is not part of the API")

    def _done(self, method: str, parts: list[str], body: Any) -> dict[str, Any]:
        match method, parts:
            case "POST", ["v2", _, "launch"]:
                return self._start_launch(body)
            case "PUT", ["v2", _, "launch", launch, "finish"]:
                return self._finish_launch(launch, body)
            case "POST", ["v2", _, "item"]:
                return self._start_item(None, body)
            case "POST", ["v2", _, "item", parent]:
                return self._start_item(parent, body)
            case "PUT", ["v2", _, "item", item]:
                return self._finish_item(item, body)
            case "POST", ["v2", _, "log"]:
                return self._log(*body)
        raise RefusedError(404, 40400, f"{method} {'/'.join(parts)} is not part of the API")

    def _found(self, query: dict[str, list[str]]) -> dict[str, Any]:
        key, _, value = query["filter.has.compositeAttribute"][0].partition(":")
        found = [each for each in self.launches.values() if value in each.values(key)]
        return {"content": [{"id": each.number, "uuid": each.uuid, "name": each.name} for each in found]}

    def _start_launch(self, body: dict[str, Any]) -> dict[str, Any]:
        _require(body, "name", "startTime")
        _check_attributes(body)
        if len(body["name"]) > 256:
            raise RefusedError(400, 4001, "Field 'name' should have size from 1 to 256.")
        number = len(self.launches) + 1
        launch = LaunchSeen(
            body.get("uuid") or str(uuid.uuid4()),
            body["name"],
            body.get("description") or "",
            body.get("attributes") or [],
            _seconds(body["startTime"]),
            number,
        )
        self.launches[launch.uuid] = launch
        return {"id": launch.uuid, "number": number}

    def _finish_launch(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        launch = self._launch(key)
        _require(body, "endTime")
        _check_attributes(body)
        if launch.ended is not None:
            raise RefusedError(406, 40023, f"Finish launch is not allowed. Launch '{key}' already finished")
        ended = _seconds(body["endTime"])
        if ended < launch.started:
            raise RefusedError(406, 40022, "Finish time is earlier than start time")
        status = _status(body)
        open_items = [item for item in launch.items.values() if item.status is None]
        for item in open_items:
            item.status, item.ended = status or "interrupted", ended
        launch.ended = ended
        failed = any(item.status == "failed" for item in launch.counted.values())
        launch.status = status or ("failed" if failed or open_items else "passed")
        if body.get("attributes"):  # they take the place of those at the start, except the system's own
            own = [each for each in launch.attributes if each.get("system")]
            launch.attributes = [*body["attributes"], *own]
        if body.get("description"):
            launch.description = body["description"]
        return {"id": key, "number": launch.number}

    def _start_item(self, parent: str | None, body: dict[str, Any]) -> dict[str, Any]:
        _require(body, "name", "startTime", "type", "launchUuid")
        _check_attributes(body)
        launch = self._launch(body["launchUuid"])
        kind = str(body["type"]).lower()
        if kind not in _TYPES:
            raise RefusedError(400, 40026, f"Test Item type {kind} is unsupported")
        if len(body["name"]) > _NAME:
            raise RefusedError(400, 4001, f"Field 'name' should have size from 1 to {_NAME}.")
        self._check_place(launch, parent, body)
        key = body.get("uuid") or str(uuid.uuid4())
        item = Item(
            key,
            body["name"],
            kind,
            parent,
            _seconds(body["startTime"]),
            body.get("attributes") or [],
            body.get("description") or "",
            body.get("testCaseId") or "",
            body.get("codeRef") or "",
            body.get("hasStats") is not False,
            bool(body.get("retry")),
            body.get("retryOf"),
        )
        if item.retry_of is not None:
            before = self._item(launch, item.retry_of)
            if (before.name, before.parent, before.test_case_id) != (item.name, parent, item.test_case_id):
                raise RefusedError(400, 4001, f"'{item.name}' is no retry of '{before.name}'")
        launch.items[key] = item
        return {"id": key}

    def _check_place(self, launch: LaunchSeen, parent: str | None, body: dict[str, Any]) -> None:
        started, above = _seconds(body["startTime"]), launch.started
        if launch.ended is not None:
            raise RefusedError(406, 40024, f"Start test item is not allowed. Launch '{launch.uuid}' is not in progress")
        if parent is not None:
            owner = self._item(launch, parent)
            above = owner.started
            if owner.status is not None:
                raise RefusedError(406, 40024, f"Start test item is not allowed. Item '{parent}' is not in progress")
            if not owner.has_stats and body.get("hasStats", True):
                raise RefusedError(400, 4001, "Unable to add a not nested step item, because parent is a nested step")
        elif body.get("retry"):
            raise RefusedError(400, 4001, "Root test item can't be a retry.")
        if started < above:
            raise RefusedError(
                406, 40025, f"Start time of child ['{started}'] item should be same or later than '{above}'"
            )

    def _finish_item(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        _require(body, "endTime", "launchUuid")
        _check_attributes(body)
        launch = self._launch(body["launchUuid"])
        item = self._item(launch, key)
        if item.status is not None:
            raise RefusedError(406, 40018, f"Finish test item is not allowed. Item '{key}' is not in progress")
        if any(each.status is None for each in launch.children(key)):
            raise RefusedError(406, 40018, f"Finish test item is not allowed. Item '{key}' has descendants in progress")
        ended = _seconds(body["endTime"])
        if ended < item.started:
            raise RefusedError(406, 40022, f"Finish time {ended} is earlier than start time {item.started}")
        status = _status(body)
        children = launch.children(key)
        if status is None and not children:
            raise RefusedError(400, 40017, "There is no status provided from request and there are no descendants")
        failed = any(each.status == "failed" for each in children)
        item.ended, item.status = ended, status or ("failed" if failed else "passed")
        if body.get("attributes") is not None:
            item.attributes = body["attributes"]
        if body.get("description"):
            item.description = body["description"]
        issue = body.get("issue") or {}
        named = issue.get("issueType") or issue.get("issue_type")
        is_to_investigate = item.is_test and item.status in {"failed", "skipped"}
        item.issue = named or ("ti001" if is_to_investigate else None)
        return {"message": f"Accepted finish request for test item ID = {key}"}

    def _log(self, lines: list[dict[str, Any]], files: dict[str, list[tuple[str, bytes]]]) -> dict[str, Any]:
        responses = []
        for line in lines:
            _require(line, "launchUuid", "time", "level")
            if line["level"].lower() not in _LEVELS:
                raise RefusedError(400, 4001, f"'{line['level']}' is no level")
            launch = self._launch(line["launchUuid"])
            log = Log(line.get("message") or "", line["level"].lower(), _seconds(line["time"]))
            if line.get("file"):
                name = line["file"]["name"]
                if not files.get(name):
                    raise RefusedError(400, 40012, f"Cannot find the file '{name}' of a log in the request")
                log.attachment = name
                log.mime, log.data = files[name].pop(0)
            owner = self._item(launch, line["itemUuid"]) if line.get("itemUuid") else launch
            owner.logs.append(log)
            responses.append({"id": str(uuid.uuid4())})
        return {"responses": responses}

    def _launch(self, key: str) -> LaunchSeen:
        if key not in self.launches:
            raise RefusedError(404, 40410, f"Launch '{key}' not found. Did you use correct Launch ID?")
        return self.launches[key]

    def _item(self, launch: LaunchSeen, key: str) -> Item:
        if key not in launch.items:
            raise RefusedError(404, 40412, f"Test Item '{key}' not found. Did you use correct Test Item ID?")
        return launch.items[key]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    receiver: Receiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client may go without a word; anything else is a fault of the receiver's."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_PUT(self) -> None:
        self._handle("PUT")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""

    def _handle(self, method: str) -> None:
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        with receiver.lock:
            receiver.asked.append(f"{method} {address.path}")
            number = len(receiver.asked)
        try:
            receiver.before(number, address.path)
            self._authorize(address.path)
            with receiver.lock:
                query = parse_qs(address.query)
                self._send(200, receiver.answer(method, address.path, query, self._parsed(body)))
        except RefusedError as refused:
            receiver.refused.append(f"{method} {address.path}: {refused}")
            self._send(refused.status, {"errorCode": refused.code, "message": str(refused)})
        except ConnectionError:
            self.close_connection = True

    def _authorize(self, path: str) -> None:
        kind, _, key = self.headers.get("Authorization", "").partition(" ")
        self.server.receiver.keys.add(key)
        if path == "/api/info":
            return
        if kind.lower() != "bearer" or key != KEY:
            raise RefusedError(401, 4010, "Full authentication is required to access this resource")
        if path.split("/")[3] != PROJECT:
            raise RefusedError(
                404, 4040, f"Project '{path.split('/')[3]}' not found. Did you use correct project name?"
            )

    def _parsed(self, body: bytes) -> Any:
        kind = self.headers.get("Content-Type", "")
        if not body:
            return {}
        if kind.startswith("application/json"):
            return json.loads(body)
        if not kind.startswith("multipart/form-data"):
            raise RefusedError(415, 4015, f"Content type '{kind}' is not supported")
        message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        lines: list[dict[str, Any]] | None = None
        files: dict[str, list[tuple[str, bytes]]] = {}
        for part in message.iter_parts():
            data = part.get_payload(decode=True)
            assert isinstance(data, bytes)
            if part.get_param("name", header="content-disposition") == "json_request_part":
                lines = json.loads(data)
            else:
                files.setdefault(part.get_filename() or "", []).append((part.get_content_type(), data))
        if lines is None:
            raise RefusedError(400, 4001, "Required part 'json_request_part' is not present.")
        return lines, files

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def hanging(after: int, seconds: float = 30.0) -> Callable[[int, str], None]:
    """A server that does not answer any more, after so many requests."""

    def hang(number: int, path: str) -> None:
        if number > after:
            time.sleep(seconds)

    return hang


def dying(after: int) -> Callable[[int, str], None]:
    """A server that drops every connection, after so many requests."""

    def drop(number: int, path: str) -> None:
        if number > after:
            raise ConnectionResetError

    return drop


def refusing(status: int, after: int = 0) -> Callable[[int, str], None]:
    """A server that answers with an error, after so many requests."""

    def refuse(number: int, path: str) -> None:
        if number > after:
            raise RefusedError(status, status * 10, "no")

    return refuse


def slow(seconds: float) -> Callable[[int, str], None]:
    """A server that takes its time for each answer."""
    return hanging(0, seconds)


def everything(launch: LaunchSeen) -> Iterator[str]:
    """Every text that a launch has."""
    yield from (launch.name, launch.description, json.dumps(launch.attributes))
    for item in launch.items.values():
        yield from (item.name, item.description, json.dumps(item.attributes), item.test_case_id, item.code_ref)
    for log in [*launch.logs, *(log for item in launch.items.values() for log in item.logs)]:
        yield log.message
        yield log.data.decode("utf-8", errors="replace")


def _require(body: dict[str, Any], *names: str) -> None:
    for name in names:
        if body.get(name) in (None, ""):
            raise RefusedError(400, 4001, f"Incorrect Request. Field '{name}' should not be null.")


def _check_attributes(body: dict[str, Any]) -> None:
    for each in body.get("attributes") or []:
        if not each.get("value") or len(str(each["value"])) > _VALUE or len(str(each.get("key") or "")) > _VALUE:
            raise RefusedError(
                400, 4001, f"Incorrect Request. The attribute {each} should have size from 1 to {_VALUE}."
            )


def _status(body: dict[str, Any]) -> str | None:
    status = body.get("status")
    if status is None:
        return None
    if str(status).lower() not in _STATUSES:
        raise RefusedError(400, 4001, f"Status '{status}' is unknown")
    return str(status).lower()


def _seconds(written: str) -> float:
    """Milliseconds since 1970, or the ISO form that 5.13.2 and later read."""
    if str(written).isdigit():
        return int(written) / 1000
    return datetime.strptime(str(written), "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
