"""GitHub's expressions are evaluated here as its documentation says: our properties lean on it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.workflow_expressions import evaluate, holds, render
from tests.workflows import Ended, Event, Step, walk

CONTEXTS = {
    "inputs": {"suite": "smoke", "none": "", "yes": True, "list": "[1, 2]"},
    "needs": {"plan": {"result": "success", "outputs": {"load": "true"}}},
    "vars": {},
    "matrix": {"shard": 2},
}


def functions(*, is_good: bool = True) -> dict[str, Any]:
    told: dict[str, Any] = {"success": lambda: is_good, "failure": lambda: not is_good}
    return told | {"cancelled": lambda: False, "always": lambda: True, "fromJSON": json.loads}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'it''s'", "it's"),
        ("inputs.suite", "smoke"),
        ("inputs['suite']", "smoke"),
        ("inputs.unknown", None),
        ("inputs.unknown.deeper", None),
        ("inputs.none || vars.TARGET || 'live'", "live"),
        ("inputs.suite || 'live'", "smoke"),
        ("inputs.suite == 'SMOKE'", True),
        ("inputs.suite != 'smoke'", False),
        ("inputs.unknown == ''", True),
        ("inputs.yes == 'true'", False),
        ("matrix.shard == '2'", True),
        ("!inputs.yes", False),
        ("inputs.yes && needs.plan.outputs.load == 'true'", True),
        ("!cancelled() && (inputs.none == '' || failure())", True),
        ("false || true && false", False),
        ("fromJSON(inputs.list)", [1, 2]),
        ("-1.5", -1.5),
        ("null", None),
    ],
)
def test_an_expression_has_its_value(expression: str, value: Any) -> None:
    assert evaluate(expression, CONTEXTS, functions()) == value


@pytest.mark.parametrize("wrong", ["secrets.KEY", "unknown()", "inputs.suite inputs.suite", "(true", "a ? b", "== 1"])
def test_what_is_no_expression_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        evaluate(wrong, CONTEXTS, functions())


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("shard ${{ matrix.shard }} of ${{ inputs.suite }}", "shard 2 of smoke"),
        ("${{ inputs.yes }}", True),
        ("is ${{ inputs.yes }}", "is true"),
        ("${{ inputs.none }}${{ vars.NONE }}", ""),
        ("plain", "plain"),
        (3, 3),
    ],
)
def test_a_template_is_filled_in(template: Any, value: Any) -> None:
    assert render(template, CONTEXTS, functions()) == value


@pytest.mark.parametrize(
    ("condition", "after_success", "after_failure"),
    [
        (None, True, False),
        ("${{ inputs.yes }}", True, False),
        ("inputs.none", False, False),
        ("${{ !cancelled() }}", True, True),
        ("${{ !cancelled() && inputs.yes }}", True, True),
        ("always()", True, True),
        ("failure()", False, True),
        ("success()", True, False),
    ],
)
def test_a_condition_that_does_not_ask_how_it_went_wants_that_it_went_well(
    condition: str | None, after_success: bool, after_failure: bool
) -> None:
    assert holds(condition, CONTEXTS, functions()) is after_success
    assert holds(condition, CONTEXTS, functions(is_good=False)) is after_failure


def test_after_a_failed_step_only_those_are_reached_that_want_to() -> None:
    def act(step: Step) -> Ended:
        return Ended(step.name != "Run the tests")

    walked = walk("ci.yml", Event("push"), act)
    reached = [step.name for step in walked.steps if step.machine == "tests-3.11"]
    assert reached[-3:] == ["Run the tests", "Write the coverage down", "Keep the coverage"]
    assert walked.results["tests"] == "failure"
    assert walked.results["load"] == "success"


def test_a_job_is_skipped_when_one_before_it_has_failed() -> None:
    walked = walk("watch.yml", Event("schedule", schedule="0 0 1 1 *"), lambda step: Ended(step.job != "plan"))
    assert walked.results == {"plan": "failure", "suites": "skipped", "load": "skipped"}
    assert not walked.is_good
