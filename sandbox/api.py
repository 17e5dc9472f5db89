"""The rules of the API: which answer a method and a path get. Nothing here knows of the network."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cached_property
from urllib.parse import unquote

from sandbox.answer import Answer, Answers, bad_request, cannot, not_found, plain, preflight
from sandbox.errors import RecordingError
from sandbox.paging import Window, page
from sandbox.source import API_PATH, BASE_URL, ENCOUNTERS, ENDPOINTS, Absence, Source, compact

_RESOURCE = re.compile(r"[A-Za-z0-9_-]+")
_KEPT_BYTES = 128 * 1024 * 1024


class Api:
    """Answers requests from a source, and keeps what it has built."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._shelf = Shelf(_KEPT_BYTES)

    def answer(self, method: str, path: str, query: str = "") -> Answer:
        """Answer a request.

        Args:
            method: the HTTP method.
            path: the path as it was sent, not decoded.
            query: what follows the question mark.
        """
        if method == "OPTIONS":
            return preflight()
        segments = _segments(path)
        if method not in {"GET", "HEAD"} or segments is None:
            return cannot(method, path)
        try:
            return self._find(path, [unquote(segment) for segment in segments], query)
        except RecordingError as error:
            return plain(500, str(error))

    def _find(self, path: str, segments: list[str], query: str) -> Answer:
        match segments:
            case []:
                return self._kept((), self._source.index)
            case [endpoint, *_] if endpoint not in self._endpoints:
                return bad_request()
            case ["meta"]:
                return self._kept(("meta",), self._meta)
            case [endpoint]:
                return self._page(endpoint, BASE_URL + path, Window.of(query))
            case [_, resource, *_] if not _RESOURCE.fullmatch(resource):
                return bad_request()
            case [endpoint, resource]:
                return self._document(endpoint, resource.lower())
            case [endpoint, resource, below] if below == ENCOUNTERS:
                return self._document(endpoint, resource.lower(), below)
        return bad_request()

    def _page(self, endpoint: str, address: str, window: Window) -> Answer:
        listing = self._source.listing(endpoint)
        if isinstance(listing, Absence):
            return not_found(not_recorded=endpoint)
        return self._kept((address, window), lambda: compact(page(listing, window, address)))

    def _document(self, endpoint: str, resource: str, below: str = "") -> Answer:
        if endpoint == "meta":
            return not_found()
        return self._kept(
            (endpoint, resource, below),
            lambda: self._source.document(endpoint, resource, below),
            name="/".join(filter(None, (endpoint, resource, below))),
        )

    def _meta(self) -> bytes:
        meta = self._source.meta
        return compact({"deploy_date": meta.deploy_date, "hash": meta.hash, "tag": meta.tag})

    def _kept(self, key: Hashable, body: Callable[[], bytes | Absence], name: str = "") -> Answer:
        """The answer from the shelf, else a new one around the body; absences are not worth keeping."""
        answer = self._shelf.get(key)
        if answer is None:
            found = body()
            if isinstance(found, Absence):
                return not_found(not_recorded=name if found is Absence.NOT_RECORDED else "")
            answer = self._answers.document(found)
            self._shelf.put(key, answer)
        return answer

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self._source.meta)

    @cached_property
    def _endpoints(self) -> frozenset[str]:
        return ENDPOINTS | self._source.endpoints


class Shelf:
    """Keeps the answers used last, up to a number of body bytes."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()

    def get(self, key: Hashable) -> Answer | None:
        """The answer under this key, which becomes the last used."""
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def put(self, key: Hashable, answer: Answer) -> None:
        """Keep an answer; those not used for longest make room."""
        self._answers[key] = answer
        self._size += len(answer.body)
        while self._size > self._capacity:
            _, dropped = self._answers.popitem(last=False)
            self._size -= len(dropped.body)


def _segments(path: str) -> list[str] | None:
    """The parts of a path below the API's root, one slash at the end left aside; None for any other path."""
    root, below = path[: len(API_PATH)], path[len(API_PATH) :]
    if root != API_PATH or (below and not below.startswith("/")):
        return None
    segments = below.removesuffix("/").split("/")[1:]
    is_possible = all(segments) and len(segments) <= 3 and not below.startswith("//")
    return segments if is_possible else None
