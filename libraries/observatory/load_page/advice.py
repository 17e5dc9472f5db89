"""What a tester who does not program should know to read the page of a load, and what to do next."""

from __future__ import annotations

import shlex
from typing import Final

from observatory.health.html import Desk, listed_items
from observatory.load.report import LoadModel, LoadReport, Outcome
from observatory.load.words import outcome_of

LOCUST_PAGE: Final = "locust.html"

_OWN: Final = "own"  # the profile of those who say themselves how many users there are
_P95: Final = (
    "<b>P95</b> is the time that 95 of 100 requests did not exceed; the other 5 took longer. An average would hide "
    "those who wait the longest."
)
_UNSURE: Final = (
    "<b>Unsure</b> means that the load was not the one that was planned: it was stopped, or the machine that made it "
    "could not keep up. Its numbers then prove nothing about the API."
)
_NEXT: Final = {
    Outcome.PASSED: "nothing has to be done. A heavier profile tells how much more the API holds.",
    Outcome.FAILED: "see what failed above, and in the charts when it began. If it fails again, give this page to "
    "those who make the API.",
    Outcome.UNSURE: "do what the first sentences of this page say, and run it again. Until then it has neither passed "
    "nor failed.",
    None: "let it be judged, or run it again.",
}


def how_to_read(report: LoadReport, desk: Desk, *, has_locust_page: bool) -> str:
    """The words that the page uses, what comes next, and where there is more."""
    told = listed_items(
        (
            _P95,
            f"<b>Throughput</b> is how many requests were answered well in a second. {_throughput(report.plan.model)}",
            _UNSURE,
            f"<b>What next:</b> {_NEXT[outcome_of(report)]}{_again(report, desk)}",
        ),
        class_="help",
    )
    if has_locust_page:
        told += f'<p><a href="{LOCUST_PAGE}">Locust\'s own report</a> of this load is beside this page.</p>'
    return told


def _again(report: LoadReport, desk: Desk) -> str:
    """The command that runs a profile once more; nothing for those who said themselves how many users there are."""
    plan = report.plan
    if plan.profile == _OWN:
        return ""
    words = ["observatory", "load", "run", "--profile", plan.profile, "--target", plan.target.partition(":/")[0]]
    if plan.target.startswith("http"):
        words[-1] = plan.address
    words += ["--shape", plan.shape, "--visitor", plan.visitor]
    words += ["--rate", f"{plan.rate:g}"] if plan.rate is not None else ["--users", str(plan.users)]
    words += ["--run-time", f"{plan.seconds:g}"] if plan.seconds else []
    return f" Once more: <pre><code>{desk.text(shlex.join(words), 400)}</code></pre>"


def _throughput(model: LoadModel) -> str:
    if model is LoadModel.OPEN:
        return "Here so many were sent as the plan says, however long the answers took."
    return "Users wait for an answer, and think a while, before they ask again: more users ask for more."
