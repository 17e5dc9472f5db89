"""The commands of the workflows, run for real on machines that know nothing of each other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from robot import result
from robot.api import ExecutionResult
from robot.api import TestSuite as Suites

from tests.conftest import wait_until_stopped
from tests.examples import TYPE, copy_of
from tests.recording_folder import RecordingFolder
from tests.workflow_machine import Cloud
from tests.workflows import ROOT, Ended, Event, Step, Walk, walk

REAL = ("suites/", "load/", "passed")
"""What is run of a change's jobs; the gates and the tests are this very run."""


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Machines in a folder that PostgreSQL's own user may enter, too."""
    with TemporaryDirectory(prefix="observatory-") as folder:
        Path(folder).chmod(0o755)
        yield Cloud(Path(folder))
        wait_until_stopped(Path(folder))


def of_a_change(cloud: Cloud, step: Step) -> Ended:
    """Run what a change runs besides the gates and the tests."""
    return cloud.act(step) if step.job.startswith(REAL) else Ended()


def names_in(output: Path) -> list[str]:
    """The full names of the tests that an output.xml or a folder of suites has."""
    suite = ExecutionResult(output).suite if output.is_file() else Suites.from_file_system(output)
    return [test.full_name for test in suite.all_tests]


def tree(suite: result.TestSuite) -> list[str]:
    """The names of a suite and all below it."""
    return [suite.full_name, *(name for each in suite.suites for name in tree(each))]


def test_three_shards_and_a_load_make_one_report(cloud: Cloud) -> None:
    walked = walk("ci.yml", Event("push"), lambda step: of_a_change(cloud, step))
    assert walked.is_good, cloud.printed
    report = cloud.artifact("report")
    everything = ExecutionResult(report / "output.xml").suite
    asked = Suites.from_file_system(ROOT / "suites")
    expected = [test.full_name for test in asked.all_tests if {"smoke", "regression"} & {str(tag) for tag in test.tags}]
    ran = [test.full_name for test in everything.all_tests]
    assert sorted(ran) == sorted(expected), "each test is there, and once"
    names = tree(everything)
    assert len(set(names)) == len(names), "no suite is there twice"
    assert everything.name == "Suites"
    assert {"log.html", "report.html", "output.xml"} <= {path.name for path in report.iterdir()}
    shards = [cloud.artifact(f"shard-{number}") / f"shard-{number}" for number in (1, 2, 3)]
    assert sum(len(names_in(shard / "output.xml")) for shard in shards) == len(expected)
    for shard in shards:
        assert list(shard.rglob("metrics.prom"))
    # The stand-in under faults is a target of its own, whose run has a name made of the same one.
    runs = [
        {
            json.loads(line).get("run_id")
            for path in shard.glob("logs/*.jsonl")
            for line in path.read_text().splitlines()
        }
        for shard in shards
    ]
    assert set.intersection(*runs) - {None}, "all shards are one run"
    summary = (cloud.machine("suites/report") / ".github_step_summary").read_text("utf-8")
    assert re.search(r"^[1-9]\d* passed, 0 failed, \d+ skipped\.$", summary, re.MULTILINE)
    assert "Not published" in cloud.printed["suites/report", "Publish to ReportPortal"]
    load = cloud.artifact("load") / "load"
    assert json.loads((load / "report.json").read_text("utf-8"))["verdict"]["outcome"] in {"passed", "unsure"}
    assert "pokeapi_load_requests_total" in (load / "metrics.prom").read_text("utf-8")
    assert (load / "report.html").is_file()


def only_the_drift(here: Path) -> None:
    """Leave the suite that asks whether the API is what it was, which is enough here."""
    for path in (here / "suites").rglob("*.robot"):
        if path.name != "drift.robot":
            path.unlink()


def an_api_of_the_past(here: Path) -> None:
    """Let the history say that the API's types had a field more until lately."""
    only_the_drift(here)
    recording = RecordingFolder(here / "recording", pokemon=0, berries=0)
    for number in range(1, 19):
        recording.write(f"type/{number}", {**copy_of(TYPE), "id": number, "name": f"t-{number}", "colour": "red"})
    environment = {**os.environ, "OBSERVATORY_HOME": str(here / ".observatory")}
    command = [sys.executable, "-m", "observatory.commands", "backfill", "recording"]
    subprocess.run(
        [*command, "--target", "embedded", "--at", "2026-01-01"], cwd=here, env=environment, check=True, timeout=60
    )


def watched(cloud: Cloud, run: str) -> Walk:
    """The check of the schema that comes due every six hours, of the stand-in, which needs no network."""
    cloud.next_run()
    event = Event("schedule", schedule="15 */6 * * *", variables={"OBSERVATORY_TARGET": "embedded"}, run=run)
    return walk("watch.yml", event, cloud.act)


def test_a_breaking_change_makes_a_run_red_until_it_is_accepted_on_another_machine(cloud: Cloud) -> None:
    schema = ("suites/shard-1", "See that no breaking change of the schema is open")
    cloud.prepare = an_api_of_the_past
    first = watched(cloud, "1")
    assert not first.is_good
    assert "colour" in cloud.printed[schema]
    assert "No history" in cloud.printed["suites/shard-1", "Say when there is none"]
    assert (cloud.artifact("report") / "health.html").is_file()
    assert "colour" in (cloud.machine("suites/report") / ".github_step_summary").read_text("utf-8")

    changes = " ".join(re.findall(r"^ *(\d+) ", cloud.printed[schema], re.MULTILINE))
    cloud.next_run()
    accepting = Event("workflow_dispatch", {"changes": changes, "reason": "Nobody's; #$(exit 3)"}, run="2")
    assert walk("accept.yml", accepting, cloud.act).is_good, cloud.printed
    assert "somebody" in cloud.printed["accept", "Accept the changes"]

    cloud.prepare = only_the_drift
    last = watched(cloud, "3")
    assert last.is_good, cloud.printed
    assert ("suites/shard-1", "Say when there is none") not in cloud.printed


def four_small_suites(here: Path) -> None:
    """Put four suites in place of ours, of which the second has a test that fails."""
    for path in (here / "suites").rglob("*.robot"):
        path.unlink()
    for number in (1, 2, 3, 4):
        step = "Fail    It | is not <b>well</b>." if number == 2 else "No Operation"
        text = f"*** Test Cases ***\nTest {number}\n    [Tags]    smoke\n    {step}\n"
        (here / "suites" / f"suite_{number}.robot").write_text(text, "utf-8")


def test_a_failed_test_and_a_lost_shard_leave_a_report_and_a_red_run(cloud: Cloud) -> None:
    cloud.prepare = four_small_suites
    cloud.lost = ["suites/shard-3"]

    def act(step: Step) -> Ended:
        return Ended() if step.job.startswith("load/") else of_a_change(cloud, step)

    walked = walk("ci.yml", Event("pull_request", ref="refs/pull/7/merge"), act)
    assert {name for name, result in walked.results.items() if result == "failure"} == {"suites", "passed"}
    output = ExecutionResult(cloud.artifact("report") / "output.xml").suite
    assert {test.name: test.status for test in output.all_tests} == {
        "Test 1": "PASS",
        "Test 2": "FAIL",
        "Test 3": "PASS",
    }
    assert (cloud.artifact("report") / "log.html").is_file()
    assert "Shard 3 is missing" in cloud.printed["suites/report", "See that no shard is missing"]
    summary = (cloud.machine("suites/report") / ".github_step_summary").read_text("utf-8")
    assert "2 passed, 1 failed, 0 skipped." in summary
    assert r"| Suites.Suite 2.Test 2 | It \| is not &lt;b>well&lt;/b>. |" in summary
    assert "suites: failure" in cloud.printed["passed", "See that every job has passed"]


def test_without_any_output_the_run_is_red_and_says_so(cloud: Cloud) -> None:
    cloud.prepare = four_small_suites
    cloud.lost = [f"suites/shard-{number}" for number in (1, 2, 3)]
    act = cloud.act
    walked = walk("ci.yml", Event("push"), lambda step: act(step) if step.job.startswith("suites/") else Ended())
    assert walked.results["suites"] == "failure"
    summary = (cloud.machine("suites/report") / ".github_step_summary").read_text("utf-8")
    assert summary.startswith("There is no results/output.xml")
