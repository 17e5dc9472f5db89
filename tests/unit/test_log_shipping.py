"""The committed pipeline: what becomes of lines of every kind, and that nothing in it could be missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.alloy_shipper import CONFIG, Alloy, committed
from tests.alloy_stages import stages
from tests.alloy_syntax import AlloyError, Reference, read_alloy
from tests.loki_store import LokiStore

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
STAGES = ("static_labels", "json", "timestamp", "drop", "labels", "structured_metadata")


def a_line(at: datetime, level: str = "INFO", **fields: Any) -> str:
    stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    always = {"timestamp": stamp, "level": level, "test_name": "", "message": "m", "run_id": "r1"}
    return json.dumps({**always, "environment": "ci", "target": "live", **fields})


def a_request(at: datetime, **fields: Any) -> str:
    about = {"endpoint": "pokemon", "method": "GET", "status_code": 200, "failure_type": None, "test_name": "Smoke.X"}
    return a_line(at, **{**about, **fields})


class Pipeline:
    """A folder of logs, and a Loki with the committed limits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.store = LokiStore.committed(clock=lambda: NOW)
        self.problems: list[str] = []
        self.statuses: list[int] = []
        self.sleeps: list[float] = []
        self.text = committed(self.logs, "http://loki")

    def write(self, name: str, *lines: str, age: timedelta = timedelta(0), end: str = "\n") -> Path:
        path = self.logs / name
        with path.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + end)
        at = (NOW - age).timestamp()
        os.utime(path, (at, at))
        return path

    def push(self, url: str, body: dict[str, Any]) -> int:
        assert url == "http://loki/loki/api/v1/push"
        if self.statuses:
            return self.statuses.pop(0)
        found = self.store.push(body)
        self.problems += found
        return 400 if found else 204

    def alloy(self) -> Alloy:
        return Alloy(self.text, self.folder / "storage", self.push, clock=lambda: NOW, sleep=self.sleeps.append)

    def ship(self) -> int:
        return self.alloy().ship()


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path)


class TestLines:
    def test_a_request(self, pipeline: Pipeline) -> None:
        at = NOW - timedelta(minutes=1, milliseconds=7)
        path = pipeline.write("observatory-2026-11-20.jsonl", a_request(at))
        assert pipeline.ship() == 1
        ((labels, line),) = pipeline.store.lines
        assert labels == {
            "job": "observatory",
            "service_name": "observatory",
            "filename": str(path),
            "level": "INFO",
            "environment": "ci",
        }
        assert line.text == a_request(at)
        assert line.at == round(at.timestamp() * 1000) * 1_000_000
        assert line.metadata == {
            "test_name": "Smoke.X",
            "run_id": "r1",
            "target": "live",
            "endpoint": "pokemon",
            "method": "GET",
            "status_code": "200",
        }

    def test_what_a_line_does_not_say_is_not_there(self, pipeline: Pipeline) -> None:
        pipeline.write("a.jsonl", a_request(NOW, status_code=None), a_line(NOW))
        pipeline.ship()
        (_, request), (_, message) = pipeline.store.lines
        assert "status_code" not in request.metadata
        assert message.metadata == {"run_id": "r1", "target": "live"}

    def test_a_line_that_a_full_disk_cut_short_is_kept_at_the_time_of_the_one_before(self, pipeline: Pipeline) -> None:
        at = NOW - timedelta(hours=3)
        pipeline.write("a.jsonl", a_line(at, "ERROR"), a_line(NOW)[:50], a_line(at))
        pipeline.write("b.jsonl", a_line(NOW))
        pipeline.ship()
        ((labels, line),) = pipeline.store.ask('{level="UNKNOWN"}')
        assert line.at == int(at.timestamp() * 1e9) + 1
        assert (labels["environment"], line.metadata) == ("unknown", {})
        assert len(pipeline.store.ask('{job="observatory"}')) == 4

    def test_a_line_is_sent_when_its_end_is_there(self, pipeline: Pipeline) -> None:
        half = len(a_line(NOW)) // 2
        pipeline.write("a.jsonl", a_line(NOW)[:half], end="")
        assert pipeline.ship() == 0
        pipeline.write("a.jsonl", a_line(NOW)[half:])
        assert pipeline.ship() == 1
        assert [line.text for _, line in pipeline.store.lines] == [a_line(NOW)]

    def test_files_of_several_days_come_at_once_and_none_is_refused(self, pipeline: Pipeline) -> None:
        for day in range(6):
            at = NOW - timedelta(days=day)
            pipeline.write(f"observatory-{at:%Y-%m-%d}.jsonl", a_line(at), a_line(at, "ERROR"))
        assert pipeline.ship() == 12
        assert pipeline.problems == []
        assert len(pipeline.store.ask('{level="ERROR"}')) == 6

    def test_what_loki_would_not_keep_is_left_where_it_is(self, pipeline: Pipeline) -> None:
        pipeline.write("old.jsonl", a_line(NOW - timedelta(days=8)), age=timedelta(days=8))
        pipeline.write("long.jsonl", a_line(NOW - timedelta(days=8)), a_line(NOW))
        assert pipeline.ship() == 1
        assert pipeline.problems == []

    def test_an_enormous_line_is_cut_and_not_refused(self, pipeline: Pipeline) -> None:
        pipeline.write("a.jsonl", a_request(NOW, reason="x" * 300_000))
        pipeline.ship()
        assert pipeline.problems == []
        ((labels, line),) = pipeline.store.ask('{job="observatory"} | test_name="Smoke.X"')
        assert len(line.text) == 256 * 1024
        assert labels["endpoint"] == "pokemon"


class TestDelivery:
    def test_alloy_goes_on_where_it_was_after_a_restart_and_follows_new_parts(self, pipeline: Pipeline) -> None:
        pipeline.write("observatory-2026-11-20.jsonl", a_line(NOW, number=1))
        assert pipeline.ship() == 1
        pipeline.write("observatory-2026-11-20.jsonl", a_line(NOW, number=2))
        pipeline.write("observatory-2026-11-20_002.jsonl", a_line(NOW, number=3))
        assert pipeline.ship() == 2
        assert pipeline.ship() == 0
        assert sorted(json.loads(line.text)["number"] for _, line in pipeline.store.lines) == [1, 2, 3]

    @pytest.mark.parametrize("status", [0, 429, 500, 503])
    def test_nothing_is_lost_while_loki_is_away_or_busy(self, pipeline: Pipeline, status: int) -> None:
        pipeline.write("a.jsonl", a_line(NOW))
        pipeline.statuses = [status] * 20
        assert pipeline.ship() == 1
        assert len(pipeline.store.lines) == 1
        assert pipeline.sleeps[:3] == [0.5, 1, 2]
        assert max(pipeline.sleeps) == 60

    def test_loki_may_be_away_for_most_of_a_day(self, pipeline: Pipeline) -> None:
        pipeline.write("a.jsonl", a_line(NOW))
        pipeline.statuses = [0] * 1439
        assert pipeline.ship() == 1
        assert sum(pipeline.sleeps) >= 20 * 3600

    def test_what_alloy_had_to_give_up_is_sent_again_without_its_positions_and_nothing_is_there_twice(
        self, pipeline: Pipeline
    ) -> None:
        pipeline.write("observatory-2026-11-20.jsonl", *(a_line(NOW - timedelta(hours=hour)) for hour in (17, 9, 5)))
        assert pipeline.ship() == 3
        pipeline.write("observatory-2026-11-20.jsonl", a_line(NOW - timedelta(hours=4)))
        pipeline.statuses = [0] * 5000
        assert pipeline.ship() == 0
        pipeline.statuses = []
        pipeline.write("observatory-2026-11-20.jsonl", a_line(NOW))
        assert pipeline.ship() == 1
        assert len(pipeline.store.lines) == 4
        pipeline.alloy().forget()
        assert pipeline.ship() == 5
        assert pipeline.problems == []
        assert len(pipeline.store.lines) == 5


def _without_stage(text: str, stage: str) -> str:
    changed, found = re.subn(rf"\n  stage\.{stage} \{{.*?\n  \}}\n", "\n", text, flags=re.DOTALL)
    assert found == 1
    return changed


def flaws(pipeline: Pipeline) -> list[str]:
    """What is wrong with what a pipeline makes of a few lines that have everything in them."""
    yesterday, before = NOW - timedelta(days=1), NOW - timedelta(hours=2)
    failed = a_line(NOW, "ERROR", test_name="Smoke.Y", endpoint="type", failure_type="assertion")
    pipeline.write("observatory-2026-11-19.jsonl", a_line(yesterday, number=1), a_line(NOW - timedelta(days=8)))
    pipeline.write("observatory-2026-11-20.jsonl", a_request(before, status_code=500), a_line(before)[:40], failed)
    pipeline.ship()
    found = list(pipeline.problems)
    for query, expected in {
        '{job="observatory"}': 4,
        '{service_name="observatory", environment="ci"}': 3,
        '{level="ERROR"}': 1,
        '{level="UNKNOWN", environment="unknown"}': 1,
        '{job="observatory"} | test_name="Smoke.Y"': 1,
        '{job="observatory"} | run_id="r1"': 3,
        '{job="observatory"} | target="live"': 3,
        '{job="observatory"} | endpoint="type" | failure_type="assertion"': 1,
        '{job="observatory"} | method="GET" | status_code >= 500': 1,
    }.items():
        seen = len(pipeline.store.ask(query))
        if seen != expected:
            found.append(f"{query} finds {seen} lines, not {expected}")
    times = [line.at for _, line in pipeline.store.ask('{level!="ERROR", job="observatory"}')]
    expected_times = [
        int(yesterday.timestamp() * 1e9),
        int(before.timestamp() * 1e9),
        int(before.timestamp() * 1e9) + 1,
    ]
    if times != expected_times:
        found.append(f"the times are not those of the lines: {times}")
    return found


class TestNothingIsSuperfluous:
    def test_the_committed_pipeline_has_no_flaw(self, pipeline: Pipeline) -> None:
        assert flaws(pipeline) == []

    @pytest.mark.parametrize("stage", STAGES)
    def test_every_stage_is_missed_when_it_is_not_there(self, pipeline: Pipeline, stage: str) -> None:
        pipeline.text = _without_stage(pipeline.text, stage)
        assert flaws(pipeline) != []

    @pytest.mark.parametrize(
        "field", ["target", "test_name", "run_id", "endpoint", "method", "status_code", "failure_type"]
    )
    def test_every_field_is_missed_when_it_is_not_there(self, pipeline: Pipeline, field: str) -> None:
        changed, found = re.subn(
            rf'(structured_metadata \{{.*?)\n +{field} += "",', r"\1", pipeline.text, flags=re.DOTALL
        )
        assert found == 1
        pipeline.text = changed
        assert flaws(pipeline) != []

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('"service_name" = "observatory",', ""),
            ('level       = "UNKNOWN",', ""),
            ("RFC3339Nano", "RFC3339x"),
            ('older_than          = "167h"', 'older_than          = "1h"'),
            ('"fudge"', '"skip"'),
            ("[loki.process.observatory.receiver]", "[loki.write.loki.receiver]"),
            ("local.file_match.observatory.targets", "local.file_match.other.targets"),
        ],
    )
    def test_a_changed_line_is_noticed(self, pipeline: Pipeline, old: str, new: str) -> None:
        assert pipeline.text.count(old) == 1
        pipeline.text = pipeline.text.replace(old, new)
        try:
            found = flaws(pipeline)
        except AlloyError as error:
            found = [str(error)]
        assert found != []

    def test_the_stages_are_those_that_are_tried(self) -> None:
        (process,) = (block for block in read_alloy(CONFIG.read_text("utf-8")) if block.name == "loki.process")
        assert [block.name for block in process.blocks] == [f"stage.{name}" for name in STAGES]


class TestLabels:
    def test_only_what_has_few_values_is_a_label(self) -> None:
        (process,) = (block for block in read_alloy(CONFIG.read_text("utf-8")) if block.name == "loki.process")
        labels = {name for block in process.blocks if "labels" in block.name for name in block.attributes["values"]}
        assert labels == {"level", "environment"}


class TestLanguage:
    """The reader of Alloy's language refuses what Alloy refuses."""

    def test_blocks_values_and_references(self) -> None:
        text = """
            // a comment
            a.b "c" { /* another */ x = ["1", `2\\`, -3, 4.5, true, null,] inner { y = {"k" = d.e.f, n = ""} } }
            """
        (block,) = read_alloy(text)
        assert block.address == "a.b.c"
        assert block.attributes == {"x": ["1", "2\\", -3, 4.5, True, None]}
        assert block.blocks[0].attributes == {"y": {"k": Reference("d.e.f"), "n": ""}}

    @pytest.mark.parametrize(
        "text",
        [
            'a { x = "open }',
            "a { x = 1",
            "a { x 1 }",
            "a { x = 1 x = 2 }",
            'a { x = ["1" "2"] }',
            'a { x = {"a" = 1 "b" = 2} }',
            'a { x = "\\q" }',
            "a {} a {}",
            "x = 1",
            "a { } }",
            "a { x = @ }",
            "a { x = } ",
        ],
    )
    def test_what_is_no_configuration(self, text: str) -> None:
        with pytest.raises(AlloyError):
            read_alloy(text)

    @pytest.mark.parametrize(
        "stage",
        [
            'stage.jason { expressions = {a = ""} }',
            "stage.json {}",
            'stage.json { expression = {a = ""} }',
            'stage.json { expressions = {a = "b[0]"} }',
            'stage.timestamp { source = "t" }',
            'stage.timestamp { source = "t" format = "yyyy" }',
            "stage.drop {}",
            'stage.drop { longer_than = "8KB" }',
            'stage.labels { values = "level" }',
        ],
    )
    def test_what_is_no_stage(self, stage: str) -> None:
        (process,) = read_alloy(f'loki.process "p" {{ {stage} }}')
        with pytest.raises(AlloyError):
            stages(process, lambda: NOW)


class TestTheRealOnes:
    """Where the programs themselves are installed, they have the last word."""

    def test_alloy_takes_its_configuration(self) -> None:
        alloy = shutil.which("alloy")
        if alloy is None:
            pytest.skip("there is no alloy here; docs/logs.md says how to check with its image")
        done = subprocess.run([alloy, "validate", str(CONFIG)], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
