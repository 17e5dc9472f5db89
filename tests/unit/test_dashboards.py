"""The dashboards in the repository are those that the code gives, can be read at a glance, and lead to each other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from config.grafana.board import TAG
from config.grafana.generate import FOLDER
from config.grafana.panels import WIDTH
from config.grafana.sources import LOKI, POSTGRES, PROMETHEUS
from tests.dashboards import LOAD, Question, boards, filled, in_time, logql, panels, promql, sql, texts, variables

NAMES: Final = sorted(boards())
ROOT: Final = Path(__file__).resolve().parents[2]
PROVISIONED: Final = ROOT / "config" / "grafana" / "provisioning"
_OF_ADDRESS: Final = re.compile(r"/d/([\w-]+)(\?[^\s\"']*)?")


def test_the_dashboards_are_those_that_the_requirements_name() -> None:
    assert {(board["uid"], board["title"]) for board in boards().values()} == {
        ("api-performance", "API Performance"),
        ("test-execution", "Test Execution"),
        ("load-test", "Load Test"),
        ("performance-baseline", "Performance Baseline"),
        ("drift", "Schema & Data Drift"),
    }


def test_the_files_are_those_of_the_code() -> None:
    assert sorted(file.name for file in FOLDER.iterdir()) == NAMES, "run `inv dashboards`"


@pytest.mark.parametrize(("name", "text"), list(texts().items()), ids=lambda value: str(value)[:20].split("\n")[0])
def test_a_file_is_what_the_code_gives(name: str, text: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == text, (
        f"{name} is not what its code gives: run `inv dashboards`"
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_says_what_it_shows(name: str) -> None:
    shown = panels(boards()[name])
    for panel in shown:
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        for question in panel["targets"][1:]:
            told_apart = question.get("legendFormat") or question.get("format") == "time_series"
            assert told_apart, f"{panel['title']}: series of several questions are told apart by a legend"
    titles = [panel["title"] for panel in shown]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_has_a_word_for_nothing(name: str) -> None:
    for panel in panels(boards()[name]):
        assert panel["fieldConfig"]["defaults"].get("noValue"), f"{panel['title']} would say No data"


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_cell_of_a_table_does_not_say_what_an_empty_table_says(name: str) -> None:
    for panel in panels(boards()[name]):
        if panel["type"] == "table":
            first = panel["fieldConfig"]["overrides"][0]
            assert first["matcher"] == {"id": "byRegexp", "options": "/.*/"}, panel["title"]
            assert first["properties"] == [{"id": "noValue", "value": "-"}], panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_a_unit(name: str) -> None:
    for panel in panels(boards()[name]):
        if panel["type"] in ("stat", "gauge", "bargauge", "piechart", "timeseries"):
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_where_there_is_good_and_bad_the_description_says_from_where_on(name: str) -> None:
    for panel in panels(boards()[name]):
        if panel["type"] not in ("stat", "gauge", "bargauge"):
            continue
        defaults = panel["fieldConfig"]["defaults"]
        words = {each["color"] for mapping in defaults.get("mappings", []) for each in mapping["options"].values()}
        colours = {step["color"] for step in defaults["thresholds"]["steps"]} - words
        for colour in colours & {"yellow", "red"}:
            assert re.search(rf"\b{colour}\b", panel["description"], re.IGNORECASE), f"{panel['title']}: {colour}"


@pytest.mark.parametrize("name", NAMES)
def test_no_colour_stands_alone(name: str) -> None:
    """A cell on a colour holds a word, and a series in a colour has its name beside it."""
    for panel in panels(boards()[name]):
        if panel["type"] in ("timeseries", "piechart", "state-timeline"):
            assert panel["options"]["legend"]["showLegend"], panel["title"]
        for override in panel["fieldConfig"]["overrides"]:
            properties = {each["id"]: each["value"] for each in override["properties"]}
            if properties.get("custom.cellOptions", {}).get("type") == "color-background":
                assert all(word for mapping in properties["mappings"] for word in mapping["options"]), panel["title"]


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


@pytest.mark.parametrize("question", [*sql(), *sql(of_loads=True)], ids=str)
def test_no_answer_is_longer_than_a_browser_can_show(question: Question) -> None:
    (board,) = [board for name, board in boards().items() if name == question.board]
    (kind,) = {panel["type"] for panel in panels(board) if panel["title"] == question.panel} or {"annotation"}
    limits = re.findall(r"LIMIT (\d+)", question.text)
    if kind in ("table", "annotation") and question.board != LOAD:
        assert limits, f"{question} has no limit"
    assert all(int(limit) <= 200 for limit in limits), f"{question} has more rows than anybody reads"


# Sources


def _sources() -> dict[str | None, dict[str, Any]]:
    text = (PROVISIONED / "datasources" / "datasources.yml").read_text("utf-8")
    return {source["uid"]: source for source in yaml.safe_load(text)["datasources"]}


@pytest.mark.parametrize("name", NAMES)
def test_panels_ask_the_sources_that_are_provisioned(name: str) -> None:
    known = {(source["uid"], source["type"]) for source in _sources().values()}
    board = boards()[name]
    asked = [each["datasource"] for each in board["annotations"].get("list", [])]
    asked += [each["datasource"] for each in variables(board).values() if "datasource" in each]
    for panel in panels(board):
        letters = [question["refId"] for question in panel["targets"]]
        assert letters == sorted(set(letters))
        asked += [panel["datasource"], *(question["datasource"] for question in panel["targets"])]
    assert {(each["uid"], each["type"]) for each in asked} <= known


def test_the_sources_are_services_and_nobody_can_write_through_them() -> None:
    sources = _sources()
    assert {uid: source["url"].removeprefix("http://") for uid, source in sources.items()} == {
        PROMETHEUS.uid: "prometheus:9090",
        LOKI.uid: "loki:3100",
        POSTGRES.uid: "postgres:5432",
        "alertmanager": "alertmanager:9093",
    }
    assert [uid for uid, source in sources.items() if source.get("isDefault")] == [PROMETHEUS.uid]
    assert not any(source["editable"] for source in sources.values())
    assert sources[POSTGRES.uid]["user"] == "reader"
    assert sources[PROMETHEUS.uid]["jsonData"]["alertmanagerUid"] == "alertmanager"


def test_no_password_stands_in_the_repository() -> None:
    secrets = [secret for source in _sources().values() for secret in source.get("secureJsonData", {}).values()]
    assert secrets
    assert all(re.fullmatch(r"\$__env\{\w+\}", secret) for secret in secrets)


def test_dashboards_are_read_from_where_they_are_mounted() -> None:
    text = (PROVISIONED / "dashboards" / "dashboards.yml").read_text("utf-8")
    (provider,) = yaml.safe_load(text)["providers"]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
    assert not provider["allowUiUpdates"]


# Ways


def _links(value: Any) -> Iterator[str]:
    """Every address of a dashboard within a value of JSON or YAML."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _links(each)
    elif isinstance(value, list):
        for each in value:
            yield from _links(each)
    elif isinstance(value, str):
        yield from (found[0] for found in _OF_ADDRESS.finditer(value))


def _all_links() -> Iterator[tuple[str, str]]:
    for name, board in boards().items():
        yield from ((name, link) for link in _links(board))
    yield from (("datasources.yml", link) for link in _links(list(_sources().values())))
    rules = (ROOT / "config" / "prometheus" / "rules" / "alerts.yml").read_text("utf-8")
    # What alerts write into an address has spaces.
    yield from (("alerts.yml", link) for link in _links(yaml.safe_load(re.sub(r"\{\{.*?\}\}", "x", rules))))


@pytest.mark.parametrize(("name", "link"), sorted(set(_all_links())))
def test_a_link_leads_to_a_dashboard_and_chooses_what_can_be_chosen_there(name: str, link: str) -> None:
    known = {board["uid"]: variables(board).keys() for board in boards().values()}
    found = urlsplit(link.replace("&${__url_time_range}", ""))
    uid = found.path.removeprefix("/d/")
    assert uid in known, f"{name} leads to {uid}, which there is not"
    chosen = [choice for choice in parse_qs(found.query, keep_blank_values=True) if choice.startswith("var-")]
    unknown = {choice.removeprefix("var-") for choice in chosen} - known[uid]
    assert not unknown, f"{name} chooses {unknown}, which {uid} does not know"


@pytest.mark.parametrize("name", NAMES)
def test_every_dashboard_leads_to_all_others_with_what_was_chosen(name: str) -> None:
    board = boards()[name]
    assert board["tags"] == [TAG]
    (link,) = board["links"]
    assert (link["type"], link["tags"]) == ("dashboards", [TAG])
    assert link["includeVars"]
    assert link["keepTime"]
    assert not link["placement"]


def test_what_is_called_alike_means_the_same_on_two_dashboards() -> None:
    known = {name: variables(board) for name, board in boards().items()}
    for (_, one), (_, other) in combinations(known.items(), 2):
        for name in one.keys() & other.keys():
            same = ("label", "description", "multi", "includeAll")
            assert [one[name][key] for key in same] == [other[name][key] for key in same], name


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_can_be_chosen_is_used(name: str) -> None:
    board = boards()[name]
    known = variables(board)
    text = json.dumps([board["panels"], board["annotations"], *(each.get("query") for each in known.values())])
    unused = [each for each in known if not re.search(rf"\$(\{{{each}\b|{each}\b)", text)]
    assert not unused


# Log lines


def _labels() -> set[str]:
    """What the shipper gives each line: labels, and what else a line can be found by."""
    text = (ROOT / "config" / "alloy" / "config.alloy").read_text("utf-8")
    found = {"job"} if re.search(r'"job"\s*=\s*"observatory"', text) else set()
    for block in re.findall(r"stage\.(?:labels|structured_metadata) \{\s*values = \{(.*?)\}", text, re.DOTALL):
        found |= set(re.findall(r"(\w+)\s*=", block))
    return found


def _named(expression: str) -> set[str]:
    """The labels that an expression in LogQL selects, filters or groups by."""
    quoted = r'"(?:[^"\\]|\\.)*"|`[^`]*`'
    compared = set(re.findall(rf"(\w+)\s*(?:=~|!~|!=|=)\s*(?:{quoted})", expression))
    return compared | {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(", ")}


@pytest.mark.parametrize("question", logql(), ids=str)
def test_a_question_to_loki_names_what_lines_are_found_by(question: Question) -> None:
    named = _named(question.text)
    assert {"job", "test_name", "endpoint", "level", "run_id", "target"} <= named
    assert named <= _labels(), f"{question} lies: no line has {', '.join(sorted(named - _labels()))}"
    assert set(re.findall(r"\{\{(\w+)\}\}", question.legend)) <= _labels()


@pytest.mark.parametrize("question", logql(), ids=str)
def test_a_question_to_loki_is_right_whatever_is_chosen(question: Question) -> None:
    nothing = {"test": "", "run": "", "level": None, "endpoint": None, "watched": "live"}
    assert (
        '{job="observatory", level=~".*"} | target="live" | test_name=~`(?i).*.*` | run_id=~`.*` | endpoint=~".*"'
    ) in filled(question, nothing, LOKI.uid or "")
    some = {"test": "No. 1 (a)", "run": "4bb3", "level": ["ERROR", "INFO"], "endpoint": "pokemon", "watched": "live"}
    assert (
        '{job="observatory", level=~"ERROR|INFO"} | target="live" | test_name=~`(?i).*No\\. 1 \\(a\\).*` '
        '| run_id=~`4bb3.*` | endpoint=~"pokemon"'
    ) in filled(question, some, LOKI.uid or "")


# Numbers


@pytest.mark.parametrize("question", promql(), ids=str)
def test_no_window_is_too_short_to_hold_a_run(question: Question) -> None:
    """Numbers of runs come in steps, hours apart: between two scrapes nothing happens."""
    windows = set(re.findall(r"\[([^\]]*)\]", question.text))
    assert windows <= {"$__range", "$window"}, f"{question} looks at {windows}"


def test_the_time_that_is_shown_is_filled_in_as_grafana_does() -> None:
    start, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    statement = "WHERE $__timeFilter(run.started_at) AND at > $__timeFrom() AND at < $__timeTo()"
    assert in_time(statement, start, end) == (
        "WHERE run.started_at BETWEEN '2026-11-01T00:00:00.000+00:00' AND '2026-11-02T00:00:00.000+00:00' "
        "AND at > '2026-11-01T00:00:00.000+00:00' AND at < '2026-11-02T00:00:00.000+00:00'"
    )
