"""An exchange is a value: short to print, parsed once, and its failure becomes the right error."""

from __future__ import annotations

import pytest

from observatory.exchange import Failure, FailureType
from observatory.failures import (
    ExchangeError,
    InvalidModelError,
    NotRecordedError,
    UnreachableError,
    raise_for_failure,
    raise_for_failures,
)
from tests.history_values import an_exchange


def test_printing_an_exchange_never_prints_its_body() -> None:
    exchange = an_exchange(body={"text": "x" * 10_000})
    assert repr(exchange) == "<GET pokemon/1: status 200, 0.050 s, good>"


def test_a_changed_copy_keeps_what_was_parsed() -> None:
    exchange = an_exchange()
    parsed, digest = exchange.json, exchange.content_hash
    copy = exchange.having(test_name="A Test")
    assert copy.test_name == "A Test"
    assert copy.json is parsed
    assert copy.content_hash is digest


@pytest.mark.parametrize("failure_type", [kind for kind in FailureType if kind is not FailureType.ASSERTION])
def test_every_failure_of_a_request_has_its_error(failure_type: FailureType) -> None:
    exchange = an_exchange(failure=Failure(failure_type, "what happened"))
    with pytest.raises(ExchangeError, match=r"^what happened$") as raised:
        raise_for_failure(exchange)
    assert raised.value.exchange is exchange


def test_a_good_exchange_raises_nothing() -> None:
    raise_for_failure(an_exchange())
    raise_for_failures([an_exchange(), an_exchange()])


def test_the_failures_of_a_batch_are_one_error() -> None:
    failed = [an_exchange(failure=Failure(FailureType.TIMEOUT, f"{number} took too long.")) for number in range(5)]
    with pytest.raises(UnreachableError) as raised:
        raise_for_failures([an_exchange(), *failed])
    assert str(raised.value) == (
        "5 of 6 requests failed. 0 took too long. 1 took too long. 2 took too long. And 2 more."
    )


def test_what_a_recording_lacks_does_not_hide_a_failure() -> None:
    lacking = an_exchange(failure=Failure(FailureType.NOT_RECORDED, "not recorded."))
    broken = an_exchange(failure=Failure(FailureType.MODEL, "broken."))
    with pytest.raises(InvalidModelError, match=r"2 of 2 requests failed\. broken\. not recorded\."):
        raise_for_failures([lacking, broken])
    with pytest.raises(NotRecordedError):
        raise_for_failures([lacking, an_exchange()])
