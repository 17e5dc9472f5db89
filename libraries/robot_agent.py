"""ReportPortal's own agent for Robot Framework, on our terms: no Robot variables, no waiting, no request in vain.

The agent takes its settings from Robot variables, where `Log Variables` would show the key; it repeats a request for
seconds when nobody answers; and it knows nothing of tests that are tried again. What differs is said here, the rest
is its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

# The agent and its client come without types.
from reportportal_client import OutputType, RPClient  # type: ignore[import-untyped]
from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter
from robotframework_reportportal.listener import listener  # type: ignore[import-untyped]
from robotframework_reportportal.model import LogMessage  # type: ignore[import-untyped]
from robotframework_reportportal.service import RobotService  # type: ignore[import-untyped]
from robotframework_reportportal.variables import Variables  # type: ignore[import-untyped]

from observatory.launch import Terms, problem_of
from observatory.launch.payloads import Payload
from observatory.launch.portal import unreachable

_LOGS_AT_ONCE = 20
_BYTES_AT_ONCE = 16_000_000

# They tell of each request that failed, with its trace; we tell of the first one, in a sentence.
for name in ("reportportal_client", "robotframework_reportportal"):
    logging.getLogger(name).addHandler(logging.NullHandler())
    logging.getLogger(name).propagate = False


class Circuit:
    """Lets requests pass until one fails, and none after it."""

    def __init__(self, terms: Terms, tell: Callable[[str], None], trouble: Callable[[], str]) -> None:
        """`tell` takes what went wrong, and `trouble` gives what did so far, here or in another process."""
        self.terms = terms
        self.trouble = trouble
        self._tell = tell

    def broke(self, error: Exception) -> None:
        """No answer came."""
        self._tell(unreachable(self.terms, error))

    def answered(self, response: Response) -> None:
        """An answer came, good or not."""
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            self._tell(problem_of(self.terms, response.status_code, _message(response)))


class _Wire(HTTPAdapter):
    def __init__(self, circuit: Circuit) -> None:
        super().__init__(max_retries=0)
        self._circuit = circuit

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        """Send a request, if none has failed before; otherwise the answer is empty."""
        if self._circuit.trouble():
            return _nothing(request)
        try:
            response = super().send(request, *args, **options)
        except RequestException as error:
            self._circuit.broke(error)
            return _nothing(request)
        self._circuit.answered(response)
        return response


class _Client(RPClient):  # type: ignore[misc]  # not typed
    retry_of: str | None = None
    """The item that the next test is another attempt at."""

    def start_test_item(self, *args: Any, **options: Any) -> Any:
        """Start an item; what has an id of a test case is a test, and may be another attempt at one."""
        if self.retry_of and options.get("test_case_id"):
            options |= {"retry": True, "retry_of": self.retry_of}
        return super().start_test_item(*args, **options)


class _Variables(Variables):  # type: ignore[misc]  # not typed
    """What the agent would read from Robot variables."""

    def __init__(self, terms: Terms) -> None:
        self.enabled = True
        self.endpoint = terms.endpoint
        self.project = terms.project
        self.launch_name = ""  # the launch is started and finished by us
        self.launch_doc = None
        self.launch_attributes: list[str] = []
        self.test_attributes: list[str] = []
        self.mode = None
        self.rerun = False
        self.rerun_of = None
        self.remove_keywords = False
        self.flatten_keywords = False
        self.attach_log = self.attach_report = self.attach_xunit = False

    @property
    def pabot_used(self) -> None:
        """A suite is called the same under pabot, so that ReportPortal knows its tests again."""


class Agent(listener):  # type: ignore[misc]  # not typed
    """The agent's listener, for one launch that was started already."""

    def __init__(self, circuit: Circuit, launch: str, timeout: tuple[float, float]) -> None:
        """`timeout` is the seconds that a connection may take, and an answer."""
        super().__init__()
        self._variables = _Variables(circuit.terms)
        self.client = _Client(
            endpoint=circuit.terms.endpoint,
            project=circuit.terms.project,
            api_key=circuit.terms.key.value,
            log_batch_size=_LOGS_AT_ONCE,
            log_batch_payload_limit=_BYTES_AT_ONCE,
            is_skipped_an_issue=False,  # which means that a skipped test waits for nobody's investigation
            retries=None,
            launch_uuid=launch,
            http_timeout=timeout,
            print_output=OutputType.STDERR,
        )
        for scheme in ("http://", "https://"):
            self.client.session.mount(scheme, _Wire(circuit))
        self._service = RobotService()
        self._service.rp = self.client
        self._service.timezone_offset = None

    def attach(self, payload: Payload) -> None:
        """Put a line with a file into the log of the item that is open."""
        message = LogMessage(payload.message)
        message.level = payload.level
        message.attachment = {"name": payload.name, "data": payload.data, "mime": payload.mime}
        timed = {} if payload.at is None else {"timestamp": payload.at}
        self.log_message({"message": message, "level": payload.level, **timed})


def _nothing(request: PreparedRequest) -> Response:
    """The answer to a request that was not sent."""
    response = Response()
    response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    response.request = request
    response.url = request.url or ""
    response._content = b"{}"  # noqa: SLF001 - requests has no other way to make an answer
    return response


def _message(response: Response) -> str:
    try:
        said = response.json()
    except ValueError:
        return ""
    return str(said.get("message", "")) if isinstance(said, dict) else ""
