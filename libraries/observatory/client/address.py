"""Where a request goes: always to the target that is being watched."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote, unquote, urlencode

import httpx

from observatory.errors import SettingsError
from observatory.exchange import Request

_HOST = re.compile(r"^(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/?#]*")
_ROOT = re.compile(r"^.*?/api/v2(?=[/?#]|$)")
_CREDENTIALS = re.compile(r"//[^/]*@")
_PATH_SAFE = "/%:@!$&'()*+,;=~"
_QUERY_SAFE = _PATH_SAFE + "?"
_STANDARD_PORTS = {"http": 80, "https": 443}


class BaseAddress:
    """The address that all requests go below, and the credentials in it, if any."""

    def __init__(self, base_url: str) -> None:
        """Take the address apart.

        Raises:
            SettingsError: it is not the http or https address of a host.
        """
        try:
            url = httpx.URL(base_url.strip().rstrip("/"))
        except httpx.InvalidURL as error:
            raise _not_an_address(base_url) from error
        if url.scheme not in _STANDARD_PORTS or not url.host or url.query or url.fragment:
            raise _not_an_address(base_url)
        self.authorization = _basic(url)
        """The header `Authorization` for the credentials in the address, which are shown nowhere else."""
        self.url = url.copy_with(userinfo=b"")
        self.text = str(self.url).rstrip("/")

    def address_of(self, request: Request) -> str:
        """The absolute address of a request.

        A resource is one segment of the path, whatever characters it has. An address found in a body keeps
        what follows `/api/v2`, and its query; without `/api/v2` its whole path is taken. Its host is never
        asked.
        """
        if request.url is None:
            segments = [segment for segment in (request.endpoint, request.resource) if segment]
            tail = "".join(f"/{_segment(segment)}" for segment in segments) + "/"
        else:
            tail = _tail(request.url)
        if request.params:
            tail += f"{'&' if '?' in tail else '?'}{urlencode(request.params, errors='replace')}"
        return self.text + tail

    def holds(self, url: httpx.URL) -> bool:
        """Whether an address is on the target's host, so that it may be followed to and told the credentials.

        The step from http to https on the standard ports of one host is no other host; the step back is.
        """
        if url.host != self.url.host or url.scheme not in _STANDARD_PORTS:
            return False
        if url.scheme == self.url.scheme:
            return _port(url) == _port(self.url)
        return url.scheme == "https" and (_port(self.url), _port(url)) == (80, 443)


def _tail(address: str) -> str:
    rest = _HOST.sub("", address, count=1).partition("#")[0]
    path, question_mark, query = _ROOT.sub("", rest, count=1).partition("?")
    if path and not path.startswith("/"):
        path = f"/{path}"
    return _quoted(path, _PATH_SAFE) + question_mark + _quoted(query, _QUERY_SAFE)


def _segment(text: str) -> str:
    """A text as one segment: a dot or two alone would be taken for steps along the path."""
    return text.replace(".", "%2E") if text in {".", ".."} else _quoted(text, "")


def _quoted(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="replace")


def _port(url: httpx.URL) -> int | None:
    return url.port or _STANDARD_PORTS.get(url.scheme)


def _basic(url: httpx.URL) -> str | None:
    if not url.userinfo:
        return None
    credentials = f"{unquote(url.username)}:{unquote(url.password)}"
    return f"Basic {base64.b64encode(credentials.encode()).decode('ascii')}"


def _not_an_address(base_url: str) -> SettingsError:
    shown = _CREDENTIALS.sub("//…@", base_url)
    return SettingsError(
        f"The target '{shown}' is not an address that can be watched; "
        "give one that begins with http:// or https://, such as https://pokeapi.co/api/v2."
    )
