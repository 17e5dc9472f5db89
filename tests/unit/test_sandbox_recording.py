"""A recording is served as the API would serve it, and says honestly what it lacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox import Recording, RecordingError
from sandbox.answer import NOT_RECORDED_HEADER
from sandbox.api import Api
from sandbox.source import Absence


def write(folder: Path, path: str, content: object) -> Path:
    file = folder / "api" / "v2" / path / "index.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recording whose list knows two pokemon, of which one was recorded; and a berry without a list."""
    results = [{"name": name, "url": f"/api/v2/pokemon/{number}/"} for name, number in (("eevee", 133), ("mew", 151))]
    write(tmp_path, "pokemon", {"count": 2, "next": None, "previous": None, "results": results})
    write(
        tmp_path,
        "pokemon/133",
        {"name": "eevee", "id": 133, "species": {"url": "/api/v2/pokemon-species/133/"}},
    )
    write(tmp_path, "berry/1", {"id": 1, "name": "cheri", "text": "Pokémon"})
    write(tmp_path, "meta", {"hash": "abc", "deploy_date": "1786004122", "tag": None})
    return tmp_path


@pytest.mark.parametrize("resource", ["133", "eevee"])
def test_a_body_is_compact_and_sorted_with_absolute_addresses(folder: Path, resource: str) -> None:
    assert Recording(folder).document("pokemon", resource) == (
        b'{"id":133,"name":"eevee","species":{"url":"https://pokeapi.co/api/v2/pokemon-species/133/"}}'
    )


def test_text_is_kept_as_it_is(folder: Path) -> None:
    assert Recording(folder).document("berry", "1") == '{"id":1,"name":"cheri","text":"Pokémon"}'.encode()


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        ("/pokemon/151", "pokemon/151"),
        ("/pokemon/MEW/", "pokemon/mew"),
        ("/pokemon/133/encounters", "pokemon/133/encounters"),
        ("/pokemon/EEVEE/encounters", "pokemon/eevee/encounters"),
        ("/berry/2", "berry/2"),
        ("/berry", "berry"),
        ("/move/1", "move/1"),
        ("/pokemon/999999", None),
        ("/pokemon/999999/encounters", None),
        ("/meta/1", None),
    ],
)
def test_what_was_not_recorded_is_told_from_what_does_not_exist(folder: Path, path: str, marked: str | None) -> None:
    answer = Api(Recording(folder)).answer("GET", f"/api/v2{path}")
    assert (answer.status, answer.body) == (404, b"Not Found")
    assert answer.headers.get(NOT_RECORDED_HEADER) == marked


def test_an_endpoint_the_api_does_not_have_is_served_when_it_was_recorded(folder: Path) -> None:
    write(folder, "gadget/7", {"id": 7})
    assert Api(Recording(folder)).answer("GET", "/api/v2/gadget/7").body == b'{"id":7}'


def test_no_path_leads_out_of_the_recording(folder: Path) -> None:
    (folder / "index.json").write_text("{}")
    api = Api(Recording(folder))
    for path in (
        "/pokemon/..",
        "/pokemon/%2e%2e",
        "/pokemon/..%2f..",
        "/../..",
        "/%2e%2e/1",
        "/pokemon/%2Fetc",
    ):
        assert api.answer("GET", f"/api/v2{path}").status == 400


def test_the_root_names_the_endpoints_whose_list_was_recorded(folder: Path) -> None:
    assert json.loads(Recording(folder).index()) == {"pokemon": "https://pokeapi.co/api/v2/pokemon/"}


def test_a_recorded_root_is_served_as_it_is(folder: Path) -> None:
    write(folder, "", {"berry": "/api/v2/berry/"})
    assert json.loads(Recording(folder).index()) == {"berry": "https://pokeapi.co/api/v2/berry/"}


def test_the_revision_is_the_recorded_one(folder: Path) -> None:
    answer = Api(Recording(folder)).answer("GET", "/api/v2/meta/")
    assert json.loads(answer.body) == {"hash": "abc", "deploy_date": "1786004122", "tag": None}
    assert answer.headers["X-PokeAPI-Hash"] == "abc"


def test_without_a_recorded_revision_there_is_one_that_follows_the_files(folder: Path) -> None:
    (folder / "api" / "v2" / "meta" / "index.json").unlink()
    before = Recording(folder).meta
    assert Recording(folder).meta == before
    write(folder, "berry/2", {"id": 2})
    assert Recording(folder).meta.hash != before.hash


def test_files_are_read_when_they_are_asked_for(folder: Path) -> None:
    api = Api(Recording(folder))
    write(folder, "berry/3", {"id": 3})
    assert api.answer("GET", "/api/v2/berry/3").body == b'{"id":3}'


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    with pytest.raises(RecordingError, match=r"nowhere is not a folder; give the folder that holds api/v2\."):
        Recording(missing)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=f"The recording {tmp_path} is empty"):
        Recording(tmp_path)


@pytest.mark.parametrize("content", ["{broken", "", b"\xff\xfe".decode("latin-1")])
def test_a_broken_file_is_named(folder: Path, content: str) -> None:
    file = write(folder, "berry/1", content)
    with pytest.raises(RecordingError, match=f"The recorded file {file} cannot be read as JSON"):
        Recording(folder).document("berry", "1")
    answer = Api(Recording(folder)).answer("GET", "/api/v2/berry/1")
    assert answer.status == 500
    assert str(file) in answer.body.decode()


@pytest.mark.parametrize("content", [[], {"count": 1}, {"count": "many", "results": []}, {"count": 1, "results": [{}]}])
def test_a_list_of_another_form_is_named(folder: Path, content: object) -> None:
    file = write(folder, "type", content)
    with pytest.raises(RecordingError, match=f"The file {file} is no list of resources"):
        Recording(folder).listing("type")


def test_a_revision_of_another_form_is_named(folder: Path) -> None:
    file = write(folder, "meta", {"hash": "abc"})
    with pytest.raises(RecordingError, match=f"The file {file} does not tell hash and deploy_date"):
        _ = Recording(folder).meta


def test_a_list_without_names_is_known_by_its_ids(folder: Path) -> None:
    write(folder, "machine", {"count": 1, "results": [{"url": "/api/v2/machine/1/"}]})
    recording = Recording(folder)
    assert recording.document("machine", "1") is Absence.NOT_RECORDED
    assert recording.document("machine", "2") is Absence.UNKNOWN
