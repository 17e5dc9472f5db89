"""A recording of the public API: a folder of JSON files in the API's own layout."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path

from sandbox.errors import RecordingError
from sandbox.source import API_PATH, BASE_URL, Absence, Listing, Meta, address, compact, why_absent

_FILE = "index.json"
_LONGEST_NAME = 255
"""Bytes that file systems allow for a name; to ask for a longer one is an error to them."""


class Recording:
    """Serves `FOLDER/api/v2/<endpoint>/<id>/index.json`; files are read when they are asked for.

    Raises:
        RecordingError: the folder is missing or holds no recording; later, when a file cannot be read.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._root = self.folder / "api" / "v2"
        if not self.folder.is_dir():
            raise RecordingError(f"The recording {self.folder} is not a folder; give the folder that holds api/v2.")
        if not self.endpoints:
            raise RecordingError(
                f"The recording {self.folder} is empty; it should hold files like api/v2/pokemon/25/{_FILE}."
            )
        self._listings: dict[str, Listing | Absence] = {}

    @property
    def label(self) -> str:
        """What this source is, for people."""
        return f"the recording {self.folder}"

    @cached_property
    def endpoints(self) -> frozenset[str]:
        """The endpoints that have a folder in the recording."""
        if not self._root.is_dir():
            return frozenset()
        return frozenset(entry.name for entry in self._root.iterdir() if entry.is_dir())

    @cached_property
    def meta(self) -> Meta:
        """The revision the recording was made of, else a digest of its files' names and sizes."""
        file = self._root / "meta" / _FILE
        if not file.is_file():
            files = sorted(self._root.rglob(_FILE))
            inventory = "\n".join(f"{file.relative_to(self._root)} {file.stat().st_size}" for file in files)
            newest = max((file.stat().st_mtime for file in files), default=0)
            return Meta(hash=hashlib.sha256(inventory.encode()).hexdigest()[:40], deploy_date=str(int(newest)))
        try:
            told = json.loads(_body(file))
            return Meta(hash=str(told["hash"]), deploy_date=str(told["deploy_date"]), tag=told.get("tag"))
        except (TypeError, KeyError) as error:
            raise RecordingError(f"The file {file} does not tell hash and deploy_date; record it again.") from error

    def index(self) -> bytes:
        """The recorded root page, else one that names the endpoints whose list was recorded."""
        file = self._root / _FILE
        if file.is_file():
            return _body(file)
        listed = (name for name in self.endpoints - {"meta"} if (self._root / name / _FILE).is_file())
        return compact({name: address(name) for name in listed})

    def listing(self, endpoint: str) -> Listing | Absence:
        """The full list of an endpoint, if it was recorded."""
        if endpoint not in self._listings:
            self._listings[endpoint] = self._read_listing(endpoint)
        return self._listings[endpoint]

    def document(self, endpoint: str, resource: str, below: str = "") -> bytes | Absence:
        """The recorded body of a resource, found by id, or by name with the help of the endpoint's list."""
        listing = self.listing(endpoint)
        known_as = {resource}
        if isinstance(listing, Listing):
            known_as.add(listing.ids.get(resource, resource))
        for name in known_as:
            file = self._root / endpoint / name / below / _FILE
            if len(name) <= _LONGEST_NAME and file.is_file():
                return _body(file)
        return why_absent(listing, endpoint, resource, below)

    def _read_listing(self, endpoint: str) -> Listing | Absence:
        file = self._root / endpoint / _FILE
        if not file.is_file():
            return Absence.NOT_RECORDED
        page = json.loads(_body(file))
        try:
            return Listing(count=int(page["count"]), results=tuple(page["results"]))
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise RecordingError(
                f"The file {file} is no list of resources with count, results and url; record it again."
            ) from error


def _read(file: Path) -> object:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise RecordingError(f"The recorded file {file} cannot be read as JSON ({error}); record it again.") from error


def _body(file: Path) -> bytes:
    """Read a file into the form the public API sends: compact, sorted, with absolute addresses."""
    return compact(_read(file)).replace(f'"{API_PATH}/'.encode(), f'"{BASE_URL}{API_PATH}/'.encode())
