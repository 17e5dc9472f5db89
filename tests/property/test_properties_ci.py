"""Properties 29 to 31: whatever sets a run off and whatever it finds, it tests, loads, publishes and keeps.

The workflows are walked through as GitHub would: each `if` is evaluated, each matrix unfolded, and the step that plans
is run by a real shell. What a step finds is drawn.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows import WORKFLOWS, Ended, Event, Step, Walk, read, walk

CI = "ci.yml"
WATCH = "watch.yml"
SCHEDULE = [each["cron"] for path in WORKFLOWS if path.name == WATCH for each in read(path)["on"]["schedule"]]
SUITES = next(
    read(path)["on"]["workflow_dispatch"]["inputs"]["suite"]["options"] for path in WORKFLOWS if path.name == WATCH
)
LOADS = {"load", "all", "30 4 * * 0"}  # what is asked for when a load shall run, besides every change
JUDGES = [
    *("Pass the gate", "Run the tests", "Run the suites", "Run the load", "Make one log.html of all shards"),
    *("See that no breaking change of the schema is open", "See that no shard is missing", "Publish to ReportPortal"),
]

variables = st.fixed_dictionaries(
    {},
    optional={
        "REPORTPORTAL_ENDPOINT": st.just("https://reportportal.example.org"),
        "REPORTPORTAL_PROJECT": st.just("observatory"),
        "OBSERVATORY_TARGET": st.sampled_from(["live", "embedded", "https://api.example.org/v2"]),
    },
)
secrets = st.fixed_dictionaries(
    {},
    optional={"REPORTPORTAL_API_KEY": st.just("a-key"), "DATABASE_URL": st.just("postgresql://db.example.org/history")},
)
changes = st.builds(
    Event,
    st.sampled_from(["push", "pull_request", "workflow_dispatch"]),
    ref=st.sampled_from(["refs/heads/main", "refs/pull/7/merge", "refs/heads/else"]),
    variables=variables,
    secrets=secrets,
).map(lambda event: (CI, event))
by_the_clock = st.builds(
    Event, st.just("schedule"), schedule=st.sampled_from(SCHEDULE), variables=variables, secrets=secrets
)
by_hand = st.builds(
    Event,
    st.just("workflow_dispatch"),
    inputs=st.fixed_dictionaries(
        {
            "suite": st.sampled_from(SUITES),
            "target": st.sampled_from(["", "live", "embedded", "https://api.example.org/v2", "$(reboot)", "'; reboot"]),
        }
    ),
    variables=variables,
    secrets=secrets,
)
runs = changes | (by_the_clock | by_hand).map(lambda event: (WATCH, event))
"""A workflow, and what sets it off."""
findings = st.frozensets(st.sampled_from(JUDGES))
"""The steps that find something wrong."""

RUN_FOR_REAL = {"Plan what runs", "Say when there is none", "See that it came", "Note that it may be kept"}


@cache
def ended(script: str, environment: frozenset[tuple[str, str]]) -> Ended:
    """How a script ends, by a real shell."""
    with TemporaryDirectory() as folder:
        files = {name: Path(folder) / name for name in ("GITHUB_OUTPUT", "GITHUB_ENV")}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            env={**dict(environment), **{name: str(path) for name, path in files.items()}, "PATH": "/usr/bin:/bin"},
            cwd=folder,
            check=False,
            capture_output=True,
        )
        outputs, set_for_later = (
            dict(line.split("=", 1) for line in path.read_text("utf-8").splitlines()) if path.exists() else {}
            for path in files.values()
        )
    return Ended(done.returncode == 0, outputs, set_for_later)


def taken(
    run: tuple[str, Event], failing: frozenset[str], *, has_history: bool = True, is_cache_away: bool = False
) -> Walk:
    """Walk a run through, in which these steps find something wrong.

    What a restore finds is what was kept before, of this run or of others; nothing while GitHub's cache is away.
    """
    kept = [has_history]

    def act(step: Step) -> Ended:
        if step.name in RUN_FOR_REAL:
            return ended(step.script, frozenset(step.environment.items()))
        if step.name == "See whether there is a history yet":
            return Ended(step.name not in failing, {"begin": "false" if has_history else "true"})
        if step.uses.startswith("actions/cache/restore@"):
            return Ended(outputs={"cache-matched-key": "some"} if any(kept) and not is_cache_away else {})
        kept.append(step.uses.startswith("actions/cache/save@"))
        return Ended(step.name not in failing)

    return walk(*run, act)


def reached(walked: Walk, command: str) -> list[Step]:
    """The steps whose script calls a command."""
    return [step for step in walked.steps if re.search(rf"^\s*{re.escape(command)}\b", step.script, re.MULTILINE)]


def loads(run: tuple[str, Event]) -> bool:
    """Whether a run shall make a load: every change, and whatever was asked for by that name."""
    workflow, event = run
    return workflow == CI or event.inputs.get("suite", event.schedule) in LOADS


# Property 29: CI/CD executes tests and publishes results


@pytest.mark.property(29)
@settings(max_examples=200)
@given(runs, findings)
def test_every_run_tests_and_publishes_whatever_it_finds(run: tuple[str, Event], failing: frozenset[str]) -> None:
    walked = taken(run, failing)
    shards = reached(walked, "pabot")
    assert shards, "suites run"
    assert {step.environment["INCLUDE"] for step in shards} <= {"smoke", "smokeORregression", "smokeORdrift"}
    assert len(reached(walked, "rebot")) == 1, "one report is made of all shards"
    [published] = reached(walked, "inv publish")
    given = {**run[1].variables, **run[1].secrets}
    names = ("REPORTPORTAL_ENDPOINT", "REPORTPORTAL_PROJECT", "REPORTPORTAL_API_KEY")
    assert {name: published.environment[name] for name in names} == {name: given.get(name, "") for name in names}
    if run[0] == CI:
        assert len(reached(walked, "inv unit")) == 3, "the project's own tests run on three Pythons"


@pytest.mark.property(29)
@settings(max_examples=200)
@given(runs, findings)
def test_a_run_is_red_exactly_when_something_was_found(run: tuple[str, Event], failing: frozenset[str]) -> None:
    walked = taken(run, failing)
    found = {step.name for step in walked.steps} & failing
    # A ReportPortal that is away says nothing of the API.
    is_good = not found - {"Publish to ReportPortal"}
    assert walked.is_good == is_good
    if run[0] == CI:
        # Never skipped: the rules of a branch take a skipped check for a passed one.
        asked = {name: result for name, result in walked.results.items() if name != "passed"}
        assert is_good == (set(asked.values()) == {"success"})
        [passed] = [step for step in walked.steps if step.job == "passed"]
        assert {name.lower(): result for name, result in passed.environment.items()} == asked


@pytest.mark.property(29)
@settings(max_examples=200)
@given(runs)
def test_every_shard_is_run_once_and_each_knows_which_it_is(run: tuple[str, Event]) -> None:
    shards = reached(taken(run, frozenset()), "pabot")
    told = [step.environment["OBSERVATORY_SHARD"] for step in shards]
    assert told == [f"{number}/{len(shards)}" for number in range(1, len(shards) + 1)]
    is_watching = run[0] == WATCH
    assert len(shards) == (1 if is_watching else 3)
    if not is_watching:
        assert {step.environment["OBSERVATORY_TARGET"] for step in shards} == {"embedded"}


# Property 30: CI/CD executes load tests


@pytest.mark.property(30)
@settings(max_examples=200)
@given(runs, findings)
def test_a_load_that_is_asked_for_runs_whatever_the_suites_find(
    run: tuple[str, Event], failing: frozenset[str]
) -> None:
    walked = taken(run, failing)
    made = reached(walked, "inv load")
    assert len(made) == (1 if loads(run) else 0)
    for step in made:
        assert step.environment["PROFILE"] == ("quick" if run[0] == CI else "light")
        assert "9646/metrics" in step.script, "its metrics are written down"
        kept = [each for each in walked.steps if each.machine == step.machine and is_upload(each)]
        assert [each.options["path"] for each in kept] == ["results"]


# Property 31: CI/CD uploads artifacts


def is_upload(step: Step) -> bool:
    """Whether a step keeps an artifact."""
    return step.uses.startswith("actions/upload-artifact@")


@pytest.mark.property(31)
@settings(max_examples=200)
@given(runs, findings)
def test_whatever_a_run_finds_its_artifacts_are_kept_for_thirty_days(
    run: tuple[str, Event], failing: frozenset[str]
) -> None:
    walked = taken(run, failing)
    kept = [step for step in walked.steps if is_upload(step)]
    assert {step.options["retention-days"] for step in kept} == {"30"}
    expected = ["shard-1", "report"] if run[0] == WATCH else ["shard-1", "shard-2", "shard-3", "report"]
    expected += ["coverage-3.11", "coverage-3.13", "coverage-3.14"] if run[0] == CI else []
    expected += ["load"] if loads(run) else []
    names = [step.options["name"] for step in kept]
    assert sorted(names) == sorted(expected), "each artifact is kept, under a name of its own"


@pytest.mark.property(31)
@settings(max_examples=200)
@given(runs, findings, st.booleans())
def test_what_a_watch_has_learned_is_kept_whatever_it_found(
    run: tuple[str, Event], failing: frozenset[str], has_history: bool
) -> None:
    walked = taken(run, failing, has_history=has_history)
    caches: Mapping[str, list[Step]] = {
        do: [step for step in walked.steps if step.uses.startswith(f"actions/cache/{do}@")]
        for do in ("restore", "save")
    }
    is_carried = run[0] == WATCH and "DATABASE_URL" not in run[1].secrets
    expected = (2 if loads(run) else 1) if is_carried else 0
    assert {do: len(steps) for do, steps in caches.items()} == {"restore": expected, "save": expected}
    keys = [step.options["key"] for step in caches["save"]]
    assert len(set(keys)) == len(keys), "no key is used twice: what has one is never written again"


@pytest.mark.property(31)
@settings(max_examples=200)
@given(by_the_clock | by_hand, findings)
def test_a_history_that_did_not_come_is_never_written_over(event: Event, failing: frozenset[str]) -> None:
    walked = taken((WATCH, event), failing, is_cache_away=True)
    restored = [step for step in walked.steps if step.uses.startswith("actions/cache/restore@")]
    assert [step for step in walked.steps if step.uses.startswith("actions/cache/save@")] == []
    if "DATABASE_URL" in event.secrets:
        assert not restored
        assert reached(walked, "pabot"), "a server remembers, whatever the cache does"
    else:
        assert restored
        assert not walked.is_good, "the run is red"
        assert not reached(walked, "pabot"), "nothing is asked of the API that nothing can be compared with"


@pytest.mark.property(31)
@settings(max_examples=200)
@given(by_the_clock | by_hand)
def test_nothing_runs_when_github_does_not_say_whether_there_is_a_history(event: Event) -> None:
    walked = taken((WATCH, event), frozenset({"See whether there is a history yet"}), has_history=False)
    assert bool(reached(walked, "pabot")) == ("DATABASE_URL" in event.secrets)
    assert walked.is_good == ("DATABASE_URL" in event.secrets)
    assert [step for step in walked.steps if step.uses.startswith("actions/cache/save@")] == []
