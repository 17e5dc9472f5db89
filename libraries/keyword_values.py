"""What the keyword libraries do alike: read the exchange behind a value, and assert as AssertionEngine does."""

from __future__ import annotations

import ast
import json
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from assertionengine import AssertionOperator, verify_assertion

from observatory.errors import ObservatoryError
from observatory.exchange import Exchange
from observatory.record import exchange_of, plain

Answer = Any
"""What a request keyword returned: a record with its exchange behind it, or the exchange itself."""

_Seen = TypeVar("_Seen")


def exchange_behind(answer: Answer) -> Exchange:
    """The exchange that an answer came with.

    Raises:
        ObservatoryError: the value did not come from a request.
    """
    exchange = answer if isinstance(answer, Exchange) else exchange_of(answer)
    if exchange is None:
        raise ObservatoryError(
            f"There is no request behind {answer!r}. "
            "Give what a keyword such as `Get Pokemon` or `Send Request` returned."
        )
    return exchange


def checked(seen: _Seen, operator: AssertionOperator | None, expected: Any, exchange: Exchange, what: str) -> _Seen:
    """Give `seen` back, after it was compared with `expected` if there is an operator.

    Raises:
        AssertionError: the comparison does not hold; the message names the resource, what was compared, both values
            and the number of attempts.
    """
    attempts = len(exchange.attempts)
    subject = f"{exchange.subject}, after {attempts} attempt{'' if attempts == 1 else 's'}: {what}"
    return compared(seen, operator, expected, subject)


def compared(seen: _Seen, operator: AssertionOperator | None, expected: Any, subject: str) -> _Seen:
    """Give `seen` back, after it was compared with `expected` if there is an operator.

    Text in `expected`, as it comes from a table cell, is read as what was seen is: number, truth, nothing or list.

    Raises:
        AssertionError: the comparison does not hold; the message begins with `subject` and shows both values.
    """
    verify_assertion(plain(seen), operator, _like(plain(seen), expected), subject)
    return seen


def _like(seen: Any, expected: Any) -> Any:
    if isinstance(expected, timedelta):
        return expected.total_seconds()
    if isinstance(seen, str) or not isinstance(expected, str):
        return plain(expected)
    with suppress(ValueError):
        return json.loads(expected)
    with suppress(ValueError, SyntaxError):
        return ast.literal_eval(expected)
    return expected
