"""The dashboards in the repository are those that the code gives, and can be read at a glance."""

from __future__ import annotations

import pytest

from config.grafana.generate import FOLDER, generated
from config.grafana.panels import WIDTH
from config.grafana.sources import POSTGRES, PROMETHEUS
from tests.dashboards import boards, panels

NAMES = sorted(boards())


def test_the_files_are_those_of_the_code() -> None:
    assert sorted(file.name for file in FOLDER.iterdir()) == NAMES, "run `inv dashboards`"


@pytest.mark.parametrize(("name", "text"), list(generated()), ids=lambda value: str(value)[:20].split("\n")[0])
def test_a_file_is_what_the_code_gives(name: str, text: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == text, (
        f"{name} is not what its code gives: run `inv dashboards`"
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_says_what_it_shows(name: str) -> None:
    for panel in panels(boards()[name]):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        for question in panel["targets"][1:]:
            assert question["legendFormat"], f"{panel['title']}: series of several questions are told apart by a legend"


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_a_unit(name: str) -> None:
    for panel in panels(boards()[name]):
        if panel["type"] in ("stat", "timeseries"):
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_panels_are_found_again_and_do_not_cover_each_other(name: str) -> None:
    all_panels = boards()[name]["panels"]
    assert len({panel["id"] for panel in all_panels}) == len(all_panels)
    taken: set[tuple[int, int]] = set()
    for panel in all_panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= WIDTH, panel["title"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & cells, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", NAMES)
def test_panels_ask_the_sources_that_are_provisioned(name: str) -> None:
    known = {PROMETHEUS.uid, POSTGRES.uid}
    board = boards()[name]
    for panel in panels(board):
        letters = [question["refId"] for question in panel["targets"]]
        assert letters == sorted(set(letters))
        assert {question["datasource"]["uid"] for question in panel["targets"]} | {panel["datasource"]["uid"]} <= known
    assert {annotation["datasource"]["uid"] for annotation in board["annotations"]["list"]} <= known


def test_every_dashboard_has_an_address_of_its_own() -> None:
    addresses = [board["uid"] for board in boards().values()]
    assert len(set(addresses)) == len(addresses)
