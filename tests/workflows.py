"""Our workflows of GitHub, walked through as GitHub would: which jobs and steps a trigger reaches, and in which order.

What a step does is left to whoever walks: a property lets steps fail as it likes, an integration test runs them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Final

import yaml

from tests.workflow_expressions import Functions, holds, render, shown

ROOT: Final = Path(__file__).resolve().parents[1]
GITHUB: Final = ROOT / ".github"
WORKFLOWS: Final = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS: Final = sorted((GITHUB / "actions").glob("*/action.yml"))

Document = Mapping[str, Any]


@cache
def read(path: Path) -> Document:
    """What a workflow or an action says."""
    document: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    # The word `on` means yes in YAML.
    return {("on" if key is True else key): value for key, value in document.items()}


@dataclass(frozen=True)
class Event:
    """What sets a workflow off, and what the repository has been given."""

    name: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    schedule: str = ""
    ref: str = "refs/heads/main"
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    run: str = "1"

    @property
    def github(self) -> dict[str, Any]:
        """The context `github`."""
        return {
            "event_name": self.name,
            "event": {"schedule": self.schedule or None},
            "ref": self.ref,
            "sha": "0" * 40,
            "repository": "somebody/observatory",
            "run_id": self.run,
            "run_attempt": "1",
            "actor": "somebody",
        }


@dataclass(frozen=True)
class Step:
    """A step that was reached: in which job, on which machine, what it is and what it gets."""

    job: str
    machine: str
    name: str
    uses: str
    script: str
    options: Mapping[str, str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Ended:
    """How a step ended: whether it went well, what it put out, and what it set for the steps after it."""

    is_good: bool = True
    outputs: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


Act = Callable[[Step], Ended]


@dataclass(frozen=True)
class Walk:
    """A run that is over: the steps that were reached in their order, and the results of the workflow's jobs."""

    steps: tuple[Step, ...]
    results: Mapping[str, str]

    @property
    def is_good(self) -> bool:
        """Whether GitHub shows the run as passed."""
        return all(result in {"success", "skipped"} for result in self.results.values())


def walk(workflow: str, event: Event, act: Act) -> Walk:
    """Walk through the run that an event makes of a workflow, such as `ci.yml`."""
    steps: list[Step] = []

    def note(step: Step) -> Ended:
        steps.append(step)
        return act(step)

    inputs = {name: one.get("default") for name, one in _asked(workflow, event.name).items()} | dict(event.inputs)
    contexts = {"github": event.github, "vars": event.variables, "inputs": inputs}
    results = _run(workflow, contexts | {"secrets": event.secrets}, note, "")
    return Walk(tuple(steps), {name: job["result"] for name, job in results.items()})


def _asked(workflow: str, trigger: str) -> Mapping[str, Any]:
    """The inputs that a trigger of a workflow takes."""
    how = read(GITHUB / "workflows" / workflow)["on"].get(trigger)
    inputs: Mapping[str, Any] = how.get("inputs", {}) if isinstance(how, Mapping) else {}
    return inputs


def _run(workflow: str, contexts: Mapping[str, Any], act: Act, prefix: str) -> dict[str, dict[str, Any]]:
    """The jobs of a workflow, each with its result and outputs; a skipped one has no outputs."""
    jobs: Mapping[str, Any] = read(GITHUB / "workflows" / workflow)["jobs"]
    done: dict[str, dict[str, Any]] = {}
    while len(done) < len(jobs):
        name = next(name for name, job in jobs.items() if name not in done and set(_needs(job)) <= set(done))
        job = jobs[name]
        needs = {each: done[each] for each in _needs(job)}
        here = {**contexts, "needs": needs}
        well = all(done[each]["result"] == "success" for each in _before(name, jobs))
        done[name] = {"result": "skipped", "outputs": {}}
        if holds(job.get("if"), here, _functions(is_good=well)):
            done[name] = _job(job, here, act, f"{prefix}{name}")
    return done


def _job(job: Document, contexts: Mapping[str, Any], act: Act, name: str) -> dict[str, Any]:
    functions = _functions(is_good=True)
    axes = {axis: render(values, contexts, functions) for axis, values in _axes(job).items()}
    places = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    is_good, outputs = True, {}
    for place in places:
        here = {**contexts, "matrix": place, "strategy": {"job-total": len(places)}}
        machine = "-".join([name, *map(str, place.values())])
        if "uses" in job:
            ended = _called(job, here, act, machine)
        else:
            ended, steps = _on_a_machine(job, here, act, name, machine)
            outputs = {
                key: render(value, {**here, "steps": steps}, functions) for key, value in job.get("outputs", {}).items()
            }
        is_good = is_good and ended
    return {"result": "success" if is_good else "failure", "outputs": outputs}


def _called(job: Document, contexts: Mapping[str, Any], act: Act, name: str) -> bool:
    """Run a workflow of ours that a job calls; it gets what it is given, and nothing more."""
    workflow = Path(job["uses"]).name
    functions = _functions(is_good=True)
    asked = _asked(workflow, "workflow_call")
    given = {key: render(value, contexts, functions) for key, value in job.get("with", {}).items()}
    missing = {key for key, one in asked.items() if one.get("required")} - set(given)
    assert set(given) <= set(asked), f"{workflow} knows no {set(given) - set(asked)}"
    assert not missing, f"{workflow} lacks {missing}"
    inputs = {key: one.get("default") for key, one in asked.items()} | given
    secrets = {key: render(value, contexts, functions) for key, value in job.get("secrets", {}).items()}
    inner = {"github": contexts["github"], "vars": contexts["vars"], "inputs": inputs, "secrets": secrets}
    done = _run(workflow, inner, act, f"{name}/")
    return all(each["result"] in {"success", "skipped"} for each in done.values())


def _on_a_machine(
    job: Document, contexts: Mapping[str, Any], act: Act, name: str, machine: str
) -> tuple[bool, dict[str, Any]]:
    environment = {key: shown(render(value, contexts, _functions(is_good=True))) for key, value in _env(job)}
    ended, done = _steps(job["steps"], {**contexts, "env": environment}, act, name, machine)
    return ended.is_good, done


def _steps(
    steps: list[Document], contexts: Mapping[str, Any], act: Act, name: str, machine: str
) -> tuple[Ended, dict[str, Any]]:
    """Reach the steps of a job or an action; gives how they ended as a whole, and what each with an id put out."""
    environment: dict[str, str] = dict(contexts["env"])
    for_later: dict[str, str] = {}
    done: dict[str, Any] = {}
    is_good = True
    for step in steps:
        here = {**contexts, "env": environment, "steps": done}
        functions = _functions(is_good=is_good)
        if not holds(step.get("if"), here, functions):
            continue
        own = environment | {key: shown(render(value, here, functions)) for key, value in _env(step)}
        options = {key: shown(render(value, here, functions)) for key, value in step.get("with", {}).items()}
        uses = step.get("uses", "")
        if uses.startswith("./"):
            action = read(ROOT / uses / "action.yml")
            inputs = {key: one.get("default", "") for key, one in action["inputs"].items()} | options
            inner = {**here, "env": own, "inputs": inputs}
            ended, _ = _steps(action["runs"]["steps"], inner, act, name, machine)
        else:
            script = shown(render(step.get("run", ""), here, functions))
            ended = act(Step(name, machine, step.get("name", uses), uses, script, options, own))
        environment.update(ended.environment)
        for_later.update(ended.environment)
        if "id" in step:
            done[step["id"]] = {"outputs": ended.outputs}
        is_good = is_good and (ended.is_good or bool(step.get("continue-on-error")))
    return Ended(is_good, environment=for_later), done


def _functions(*, is_good: bool) -> Functions:
    """What expressions may call. Nobody cancels a run here: then nothing of it counts."""
    return {
        "success": lambda: is_good,
        "failure": lambda: not is_good,
        "cancelled": lambda: False,
        "always": lambda: True,
        "fromJSON": json.loads,
        "toJSON": json.dumps,
    }


def _env(part: Document) -> Iterator[tuple[str, Any]]:
    yield from part.get("env", {}).items()


def _needs(job: Document) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else list(needs)


def _before(name: str, jobs: Mapping[str, Any]) -> set[str]:
    """All jobs that must be over before a job."""
    direct = set(_needs(jobs[name]))
    return direct.union(*(_before(each, jobs) for each in direct))


def _axes(job: Document) -> Mapping[str, Any]:
    axes: Mapping[str, Any] = job.get("strategy", {}).get("matrix", {})
    return axes
