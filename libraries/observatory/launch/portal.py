"""A ReportPortal, asked for what concerns whole launches: whether it takes one, its start, its end, and its like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from observatory.errors import ObservatoryError
from observatory.launch.launch import Attribute, Launch
from observatory.settings import Settings, variable_name
from observatory.settings.values import http_address
from observatory.targets import without_credentials

if TYPE_CHECKING:
    import httpx

AGENT = "robotframework-reportportal"
_REASONS = (
    (("timed out", "timeout"), "not in time"),
    (("refused",), "the connection was refused"),
    (("resolve", "name or service", "getaddrinfo", "name resolution"), "its name is not known here"),
    (("certificate",), "its certificate is not trusted"),
    (("reset", "disconnect", "aborted", "closed"), "the connection was closed"),
)
_LONGEST_SAID = 200  # characters of what a server says of an error


class PortalError(ObservatoryError):
    """ReportPortal did not take what it was given, or was not there."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Where launches are published: the server's address, the project, and the key, which no `repr` shows."""

    endpoint: str
    project: str
    key: Key


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A key of ReportPortal's."""

    value: str


def terms_of(settings: Settings) -> Terms | None:
    """The terms that the settings name; None when none of them is set.

    Raises:
        PortalError: some are set and others are missing, or the endpoint is no address.
    """
    key = settings.reportportal_api_key
    given = {
        "reportportal_endpoint": settings.reportportal_endpoint,
        "reportportal_project": settings.reportportal_project,
        "reportportal_api_key": key.get_secret_value() if key is not None else None,
    }
    missing = [variable_name(field) for field, value in given.items() if value is None]
    if len(missing) == len(given):
        return None
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise PortalError(f"For ReportPortal, {' and '.join(missing)} {verb} not set; set all of its settings or none")
    endpoint, project, secret = (str(value) for value in given.values())
    try:
        endpoint = http_address(endpoint)
    except ValueError:
        shown = without_credentials(endpoint)
        raise PortalError(
            f"REPORTPORTAL_ENDPOINT is '{shown}', but it must be an address such as http://127.0.0.1:8080"
        ) from None
    return Terms(endpoint, project, Key(secret))


def problem_of(terms: Terms, status: int, said: str = "") -> str:
    """What a status that is no success means for a person, in one clause that says what to do."""
    where = f"ReportPortal at {terms.endpoint}"
    if status == HTTPStatus.UNAUTHORIZED:
        return f"{where} rejects the key (401); make a new one in its user profile, and set REPORTPORTAL_API_KEY"
    if status == HTTPStatus.FORBIDDEN:
        told = f"does not let the owner of the key into the project '{terms.project}' (403)"
        return f"{where} {told}; check REPORTPORTAL_PROJECT and REPORTPORTAL_API_KEY"
    if status == HTTPStatus.NOT_FOUND:
        return (
            f"{where} does not know the project '{terms.project}', or what was asked of it (404); check both settings"
        )
    why = f": {said[:_LONGEST_SAID]}" if said else ""
    return f"{where} answers with status {status}{why}; see its own log"


class Portal:
    """Asks one ReportPortal; each call is one request, which may take as many seconds as it was given."""

    def __init__(self, terms: Terms, timeout: float, transport: httpx.BaseTransport | None = None) -> None:
        """`timeout` is in seconds, `transport` another way than the network."""
        import httpx

        self.terms = terms
        self._client = httpx.Client(
            base_url=f"{terms.endpoint}/api",
            headers={"Authorization": f"Bearer {terms.key.value}"},
            timeout=timeout,
            verify=terms.endpoint.startswith("https:"),  # to read all certificates takes time, and http has none
            transport=transport,
        )

    def __enter__(self) -> Self:
        """The portal itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        self._client.close()

    def check(self) -> None:
        """Ask whether the key opens the project.

        Raises:
            PortalError: it does not, or the server is away.
        """
        self._ask("GET", f"v1/{self.terms.project}/settings")

    def start(self, launch: Launch) -> str:
        """Start a launch, and give its UUID.

        Raises:
            PortalError: it was not started.
        """
        asked = {
            "name": launch.name,
            "description": launch.description,
            "startTime": _milliseconds(launch.started_at),
            "attributes": [*_written(launch.attributes), {"key": "agent", "value": _agent(), "system": True}],
            "mode": "DEFAULT",
        }
        answer = self._ask("POST", f"v2/{self.terms.project}/launch", asked)
        return str(answer.get("id", ""))

    def finish(
        self, uuid: str, at: datetime, attributes: tuple[Attribute, ...], *, status: str | None = None, told: str = ""
    ) -> str:
        """Finish a launch, and give where it can be seen.

        Without `status`, the server makes it of its tests. What is still open in it ends as interrupted.

        Raises:
            PortalError: it was not finished.
        """
        asked: dict[str, Any] = {"endTime": _milliseconds(at), "attributes": _written(attributes)}
        asked |= {"status": status} if status else {}
        asked |= {"description": told} if told else {}
        answer = self._ask("PUT", f"v2/{self.terms.project}/launch/{uuid}/finish", asked)
        return str(answer.get("link") or self._page_of(uuid))

    def like(self, attribute: Attribute) -> str | None:
        """Where a launch with an attribute can be seen, the latest one; None when there is none.

        Raises:
            PortalError: the server does not say.
        """
        asked = {"filter.has.compositeAttribute": f"{attribute.key}:{attribute.value}", "page.sort": "startTime,DESC"}
        answer = self._ask("GET", f"v1/{self.terms.project}/launch", params=asked)
        found = answer.get("content") or []
        return self.page(str(found[0].get("id", ""))) if found else None

    def page(self, launch: str = "") -> str:
        """The page of a launch, by its id, or that of all launches."""
        return f"{self.terms.endpoint}/ui/#{self.terms.project.lower()}/launches/all/{launch}".rstrip("/")

    def _page_of(self, uuid: str) -> str:
        """The page of a launch by its UUID, which the pages do not go by."""
        try:
            launch = self._ask("GET", f"v1/{self.terms.project}/launch/uuid/{uuid}")
        except PortalError:  # the launch is finished, and that counts
            return self.page()
        return self.page(str(launch.get("id", "")))

    def _ask(
        self, method: str, path: str, asked: dict[str, Any] | None = None, params: dict[str, str] | None = None
    ) -> dict[str, Any]:
        import httpx

        try:
            answer = self._client.request(method, path, json=asked, params=params)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PortalError(unreachable(self.terms, error)) from error
        said = _said(answer)
        if not answer.is_success:
            raise PortalError(problem_of(self.terms, answer.status_code, str(said.get("message", ""))))
        if not said:
            raise PortalError(f"What answers at {self.terms.endpoint} is no ReportPortal; check REPORTPORTAL_ENDPOINT")
        return said


def unreachable(terms: Terms, error: Exception) -> str:
    """That no answer came, in one clause that says what to do."""
    said = str(error).lower()
    why = next((words for marks, words in _REASONS if any(mark in said for mark in marks)), "")
    why = why or f"{type(error).__name__}: {str(error)[:_LONGEST_SAID]}"
    return f"ReportPortal at {terms.endpoint} did not answer ({why}); see that it runs, and is REPORTPORTAL_ENDPOINT"


def _said(answer: httpx.Response) -> dict[str, Any]:
    """The object in an answer; empty when there is none."""
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _written(attributes: tuple[Attribute, ...]) -> list[dict[str, Any]]:
    return [{"key": each.key, "value": each.value} for each in attributes]


def _milliseconds(time: datetime) -> str:
    """Every version of ReportPortal reads a time as milliseconds since 1970."""
    return str(int(time.timestamp() * 1000))


def _agent() -> str:
    from importlib.metadata import version

    return f"{AGENT}|{version(AGENT)}"
