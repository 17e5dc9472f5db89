"""The workflows as they are written: what sets them off, what they may do, and what they lean on."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from invoke.collection import Collection
from invoke.context import Context

import tasks
from observatory.settings import Settings, variable_name
from tests.workflows import ACTIONS, GITHUB, ROOT, WORKFLOWS, Ended, Event, read, walk

BY_NAME = {path.stem: read(path) for path in WORKFLOWS}
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
USES = re.compile(r"uses: +(\S+)(.*)")


def jobs() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each job of each workflow, with a name that messages can use."""
    for name, workflow in BY_NAME.items():
        for job, told in workflow["jobs"].items():
            yield f"{name}/{job}", told


def steps() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each step of each workflow and each action of ours, with a name that messages can use."""
    for name, job in jobs():
        for step in job.get("steps", []):
            yield f"{name}: {step.get('name', step.get('uses'))}", step
    for path in ACTIONS:
        for step in read(path)["runs"]["steps"]:
            yield f"{path.parent.name}: {step.get('name', step.get('uses'))}", step


def scripts() -> list[tuple[str, str]]:
    """Each script, with the name of its step."""
    return [(name, step["run"]) for name, step in steps() if "run" in step]


# What sets them off


def test_changes_are_checked_on_push_on_pull_request_and_by_hand() -> None:
    assert set(BY_NAME["ci"]["on"]) == {"push", "pull_request", "workflow_dispatch"}


def test_the_api_is_watched_by_the_clock() -> None:
    times = [each["cron"] for each in BY_NAME["watch"]["on"]["schedule"]]
    assert times == ["0 2 * * *", "15 */6 * * *", "30 4 * * 0"]


@pytest.mark.parametrize(
    ("event", "include", "load"),
    [
        (Event("schedule", schedule="0 2 * * *"), "smokeORregression", "false"),
        (Event("schedule", schedule="15 */6 * * *"), "smokeORdrift", "false"),
        (Event("schedule", schedule="30 4 * * 0"), "smoke", "true"),
        (Event("workflow_dispatch", inputs={"suite": "smoke"}), "smoke", "false"),
        (Event("workflow_dispatch", inputs={"suite": "regression"}), "smokeORregression", "false"),
        (Event("workflow_dispatch", inputs={"suite": "schema"}), "smokeORdrift", "false"),
        (Event("workflow_dispatch", inputs={"suite": "load"}), "smoke", "true"),
        (Event("workflow_dispatch", inputs={"suite": "all"}), "smokeORregression", "true"),
    ],
    ids=lambda value: f"{value.schedule}{value.inputs.get('suite', '')}" if isinstance(value, Event) else value,
)
def test_what_is_asked_for_is_what_is_planned(event: Event, include: str, load: str, tmp_path: Path) -> None:
    assert plan(event, tmp_path) == {"include": include, "load": load, "target": "live"}


@pytest.mark.parametrize(
    ("chosen", "watched", "target"),
    [
        ("", "", "live"),
        ("", "https://api.example.org/v2", "https://api.example.org/v2"),
        ("embedded", "https://api.example.org/v2", "embedded"),
        ("$(touch there); `touch there`", "", "$(touch there); `touch there`"),
    ],
)
def test_a_person_chooses_the_target_else_the_repository_else_it_is_the_public_api(
    chosen: str, watched: str, target: str, tmp_path: Path
) -> None:
    event = Event("workflow_dispatch", {"suite": "smoke", "target": chosen}, variables={"OBSERVATORY_TARGET": watched})
    assert plan(event, tmp_path)["target"] == target
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("target", ["live\nload=true", "live\n\ninclude=x"])
def test_a_target_of_several_lines_is_refused(target: str, tmp_path: Path) -> None:
    event = Event("workflow_dispatch", {"suite": "smoke", "target": target})
    with pytest.raises(subprocess.CalledProcessError):
        plan(event, tmp_path)
    assert not (tmp_path / "output").exists()


def plan(event: Event, folder: Path) -> dict[str, str]:
    """What the step that plans puts out, by a real shell; nothing else is done."""
    walked = walk("watch.yml", event, lambda _: Ended(is_good=False))
    [step] = [step for step in walked.steps if step.name == "Plan what runs"]
    output = folder / "output"
    subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.script],
        env={**step.environment, "GITHUB_OUTPUT": str(output), "PATH": "/usr/bin:/bin"},
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return dict(line.split("=", 1) for line in output.read_text("utf-8").splitlines())


def test_a_newer_push_cancels_the_older_one_and_nothing_cancels_a_watch() -> None:
    told = {name: workflow.get("concurrency") for name, workflow in BY_NAME.items()}
    assert told["ci"] == {"group": "${{ github.workflow }}-${{ github.ref }}", "cancel-in-progress": True}
    assert told["watch"] == told["accept"] == {"group": "observatory-memory", "cancel-in-progress": False}


def test_a_called_workflow_leaves_its_concurrency_to_the_caller() -> None:
    called = [name for name, workflow in BY_NAME.items() if "workflow_call" in workflow["on"]]
    assert called == ["load", "suites"]
    assert [BY_NAME[name].get("concurrency") for name in called] == [None, None]


# What they remember

GH = """#!/bin/bash
case "$*" in
  "api repos/somebody/observatory --jq .default_branch") echo main ;;
  *key=observatory-postgres18-*ref=refs/heads/main*) $ON_MAIN ;;
  *key=observatory-postgres18-*ref=refs/heads/else*) $ELSEWHERE ;;
  *) exit 9 ;;
esac
"""
"""GitHub's command, whose answers a test chooses."""


@pytest.mark.parametrize(
    ("ref", "on_main", "elsewhere", "begin"),
    [
        ("refs/heads/main", "echo 0", "echo 4", "true"),
        ("refs/heads/main", "echo 1", "echo 0", "false"),
        ("refs/heads/else", "echo 0", "echo 0", "true"),
        ("refs/heads/else", "echo 3", "echo 0", "false"),
        ("refs/heads/else", "echo 0", "echo 2", "false"),
        ("refs/heads/main", "exit 1", "echo 0", None),
        ("refs/heads/else", "exit 1", "echo 0", None),
        ("refs/heads/main", "true", "echo 0", "false"),
    ],
)
def test_a_history_is_begun_only_where_github_says_that_there_is_none(
    ref: str, on_main: str, elsewhere: str, begin: str | None, tmp_path: Path
) -> None:
    walked = walk("watch.yml", Event("workflow_dispatch", {"suite": "smoke"}, ref=ref), lambda _: Ended())
    [step] = [step for step in walked.steps if step.name == "See whether there is a history yet"]
    command = tmp_path / "gh"
    command.write_text(GH, "utf-8")
    command.chmod(0o755)
    output = tmp_path / "output"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.script],
        env={
            **step.environment,
            "ON_MAIN": on_main,
            "ELSEWHERE": elsewhere,
            "GITHUB_OUTPUT": str(output),
            "PATH": f"{tmp_path}:/usr/bin:/bin",
        },
        cwd=tmp_path,
        check=False,
        capture_output=True,
    )
    assert (done.returncode == 0) == (begin is not None)
    assert (output.read_text("utf-8") if output.exists() else None) == (None if begin is None else f"begin={begin}\n")


# What they may do


def test_every_workflow_may_read_the_repository_and_one_job_which_caches_there_are() -> None:
    assert {name: workflow["permissions"] for name, workflow in BY_NAME.items()} == {
        name: {"contents": "read"} for name in BY_NAME
    }
    own = {name: job["permissions"] for name, job in jobs() if "permissions" in job}
    assert own == {"watch/plan": {"actions": "read"}}
    assert [step["uses"] for step in BY_NAME["watch"]["jobs"]["plan"]["steps"] if "uses" in step] == []


def test_no_workflow_runs_on_behalf_of_others_with_our_secrets() -> None:
    assert [
        name for name, workflow in BY_NAME.items() if {"pull_request_target", "workflow_run"} & set(workflow["on"])
    ] == []


def test_a_pull_request_is_given_no_secret_but_the_key_to_publish() -> None:
    given = {name: job.get("secrets", {}) for name, job in jobs() if name.startswith("ci/")}
    assert {name: set(secrets) for name, secrets in given.items() if secrets} == {"ci/suites": {"REPORTPORTAL_API_KEY"}}


def test_secrets_are_given_by_name_to_called_workflows() -> None:
    assert [name for name, job in jobs() if isinstance(job.get("secrets"), str)] == []


def test_secrets_reach_only_the_steps_that_need_them() -> None:
    said = [
        f"{name}: {value}"
        for name, job in jobs()
        for value in job.get("env", {}).values()
        if "secrets." in str(value) and "==" not in str(value)
    ]
    assert said == []


def test_no_script_has_an_expression_in_it_that_a_shell_would_read() -> None:
    assert scripts()
    assert [name for name, script in scripts() if "${{" in script] == []


def test_no_checkout_leaves_its_token_behind() -> None:
    checkouts = [(name, step) for name, step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert [name for name, step in checkouts if step.get("with", {}).get("persist-credentials") is not False] == []


def test_every_action_of_others_is_pinned_by_its_hash_with_its_version_beside_it() -> None:
    for path in [*WORKFLOWS, *ACTIONS]:
        for used, rest in USES.findall(path.read_text("utf-8")):
            if not used.startswith("./"):
                assert PINNED.fullmatch(used), f"{path.name}: {used}"
                assert re.fullmatch(r"  # v\d+\.\d+\.\d+", rest), f"{path.name}: {used}{rest}"


def test_an_action_has_one_version_in_all_files() -> None:
    hashes: dict[str, set[str]] = {}
    for path in [*WORKFLOWS, *ACTIONS]:
        for owner, name, pin in re.findall(r"uses: +([\w.-]+)/([\w.-]+)[\w/]*@(\S+)", path.read_text("utf-8")):
            hashes.setdefault(f"{owner}/{name}", set()).add(pin)
    assert len(hashes) == 5
    assert {name: len(pins) for name, pins in hashes.items()} == dict.fromkeys(hashes, 1)


def test_what_a_second_attempt_keeps_takes_the_place_of_the_first() -> None:
    """A name is free once in a run, and failed jobs that are run again are the same run."""
    kept = [step["with"] for _, step in steps() if step.get("uses", "").startswith("actions/upload-artifact@")]
    assert kept
    assert [told["name"] for told in kept if told.get("overwrite") is not True] == []


def test_every_job_ends_in_time() -> None:
    assert [name for name, job in jobs() if "uses" not in job and not 0 < job.get("timeout-minutes", 0) <= 60] == []


def test_scripts_stop_at_the_first_error_also_within_a_pipe() -> None:
    assert {name: workflow["defaults"]["run"]["shell"] for name, workflow in BY_NAME.items()} == dict.fromkeys(
        BY_NAME, "bash"
    )
    in_actions = [step for path in ACTIONS for step in read(path)["runs"]["steps"] if "run" in step]
    assert {step["shell"] for step in in_actions} == {"bash"}


@pytest.mark.parametrize(("verdict", "code", "is_unsure"), [(0, 0, False), (1, 1, False), (2, 2, False), (3, 0, True)])
def test_a_load_that_failed_is_red_and_one_that_is_unsure_is_a_warning(
    verdict: int, code: int, is_unsure: bool, tmp_path: Path
) -> None:
    [script] = [script for name, script in scripts() if name == "load/load: Run the load"]
    for command, does in (("inv", f"exit {verdict}"), ("curl", "exit 7"), ("sleep", "exec /usr/bin/sleep 0.05")):
        path = tmp_path / command
        path.write_text(f"#!/bin/sh\n{does}\n", "utf-8")
        path.chmod(0o755)
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        env={"PROFILE": "quick", "TARGET": "embedded", "PATH": f"{tmp_path}:/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert ("::warning title=Unsure" in done.stdout) == is_unsure


# What they lean on


def test_every_task_and_setting_that_is_named_exists() -> None:
    text = "\n".join(path.read_text("utf-8") for path in [*WORKFLOWS, *ACTIONS])
    settings = {variable_name(field) for field in Settings.model_fields}
    named = set(re.findall(r"\b(?:OBSERVATORY|REPORTPORTAL)_[A-Z_]+\b", text))
    assert named
    assert named <= settings
    known = set(Collection.from_module(tasks).task_names)
    called = {word for _, script in scripts() for word in re.findall(r"^\s*inv ([a-z-]+)", script, re.MULTILINE)}
    called |= set(BY_NAME["ci"]["jobs"]["gate"]["strategy"]["matrix"]["gate"])
    assert {"unit", "load", "publish", "lint", "types", "secrets", "docs"} == called
    assert called <= known


WHERE = {
    **dict.fromkeys(["ruff check", "ruff format", "robocop check", "robocop format"], "gate lint"),
    **dict.fromkeys(["robot embedded", "pabot embedded", "robot replay", "pabot replay"], "suites"),
    "types": "gate types",
    "secrets": "gate secrets",  # pragma: allowlist secret - a name of a job
    "keyword docs": "gate docs",
    "unit tests": "tests",
    "robot load": "load",
}
"""The job of ci.yml that does a step of `inv test`. No checkout has a recording: the suites meet the stand-in."""


def test_every_step_of_inv_test_is_done_by_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    monkeypatch.setattr(tasks, "take", lambda taken: steps.extend(step.name for step in taken))
    tasks.test(Context())
    assert [step for step in steps if step not in WHERE] == [], "say in WHERE which job does it"
    workflow = BY_NAME["ci"]["jobs"]
    jobs = {*workflow, *(f"gate {gate}" for gate in workflow["gate"]["strategy"]["matrix"]["gate"])}
    assert {WHERE[step] for step in steps} <= jobs


def test_one_job_stands_for_all_of_a_change() -> None:
    passed = BY_NAME["ci"]["jobs"]["passed"]
    others = set(BY_NAME["ci"]["jobs"]) - {"passed"}
    assert set(passed["needs"]) == others
    asked = set(re.findall(r"needs\.(\w+)\.result", str(passed["steps"])))
    assert asked == others
    [script] = [step["run"] for step in passed["steps"]]
    for result in ("failure", "cancelled", "skipped", "success"):
        environment = {**dict.fromkeys([name.upper() for name in others], "success"), "SUITES": result}
        done = subprocess.run(
            ["bash", "-ec", script], env={**environment, "PATH": "/usr/bin:/bin"}, check=False, capture_output=True
        )
        assert (done.returncode == 0) == (result == "success"), result


def test_the_pythons_that_are_tested_are_those_that_we_support() -> None:
    pythons = BY_NAME["ci"]["jobs"]["tests"]["strategy"]["matrix"]["python"]
    assert pythons == ["3.11", "3.13", "3.14"]
    assert f'requires-python = ">={pythons[0]}"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_pip_is_cached_by_the_requirements() -> None:
    [setup] = [step for _, step in steps() if step.get("uses", "").startswith("actions/setup-python@")]
    assert setup["with"]["cache"] == "pip"
    assert setup["with"]["cache-dependency-path"].split() == [
        "requirements.txt",
        "requirements-dev.txt",
        "pyproject.toml",
    ]


def test_github_installs_what_our_own_ci_installs() -> None:
    own = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert ".github/actions/setup/packages" in own
    assert not any("apt-get" in line for line in own)


def test_only_what_is_missing_is_installed(tmp_path: Path) -> None:
    script = GITHUB / "actions" / "setup" / "packages"
    commands = re.findall(r"^    ([\w-]+)=[\w.-]+$", script.read_text("utf-8"), re.MULTILINE)
    for command in commands[1:]:
        (tmp_path / command).write_text("#!/bin/sh\n", "utf-8")
    for command, does in (
        ("apt-get", 'echo "$@"'),
        ("sudo", 'exec "$@"'),
        ("id", "echo 1000"),
        ("env", 'shift; exec "$@"'),
    ):
        (tmp_path / command).write_text(f"#!/bin/sh\n{does}\n", "utf-8")
    for path in tmp_path.iterdir():
        path.chmod(0o755)
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run([bash, str(script)], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["update", f"install --yes --no-install-recommends {commands[0]}"]


# What tools say of them


def tool(name: str, package: str = "") -> str:
    """A tool beside this Python or on the path; the test is skipped without it, which CI takes for a failure."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"install {package or name}")
    return found


def test_the_workflows_follow_githubs_schema() -> None:
    check = tool("check-jsonschema")
    for kind, files in (("vendor.github-workflows", WORKFLOWS), ("vendor.github-actions", ACTIONS)):
        done = subprocess.run([check, "--builtin-schema", kind, *files], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_no_weakness() -> None:
    done = subprocess.run(
        [tool("zizmor"), "--offline", "--no-progress", "--quiet", GITHUB], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_a_weakness_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / ".github" / "workflows" / "ci.yml"
    path.parent.mkdir(parents=True)
    text = (GITHUB / "workflows" / "ci.yml").read_text("utf-8")
    path.write_text(text.replace('run: inv "$GATE"', "run: echo ${{ github.head_ref }}"), "utf-8")
    done = subprocess.run(
        [tool("zizmor"), "--offline", "--no-progress", "--quiet", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "template-injection" in done.stdout


def test_shellcheck_finds_nothing_in_the_scripts() -> None:
    check = tool("shellcheck")
    for name, script in scripts():
        done = subprocess.run(
            [check, "--shell", "bash", "-"], input=script, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{name}: {done.stdout}"
    done = subprocess.run(
        [check, GITHUB / "actions" / "setup" / "packages"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
