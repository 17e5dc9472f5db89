"""What the keyword libraries do alike: read the exchange behind a value, and assert as AssertionEngine does."""

from __future__ import annotations

import ast
import getpass
import json
import re
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

_A_SECOND = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(?:/ ?s|(?:requests )?(?:per|a) second)?")
_EQUALITY = frozenset({AssertionOperator.equal, AssertionOperator.inequal})


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


def content_of(answer: Answer) -> Any:
    """The plain JSON of an answer, of whatever part of it, or of any other value.

    Raises:
        ObservatoryError: the answer is a whole exchange whose body is not JSON.
    """
    if not isinstance(answer, Exchange):
        return plain(answer)
    try:
        return answer.json
    except ValueError as error:
        raise ObservatoryError(
            f"{answer.subject} was answered with {len(answer.body)} bytes that are not JSON, so it has no fields; "
            "look at it with `Get Body`."
        ) from error


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

    Text in `expected`, as it comes from a table cell, is read as what was seen is: number, truth, nothing or list,
    which may be written with commas alone, such as `grass, poison`, where it should be equal.

    Raises:
        AssertionError: the comparison does not hold; the message begins with `subject` and shows both values.
    """
    verify_assertion(plain(seen), operator, _like(plain(seen), expected, operator), subject)
    return seen


def _like(seen: Any, expected: Any, operator: AssertionOperator | None) -> Any:
    if isinstance(expected, timedelta):
        return expected.total_seconds()
    if isinstance(seen, str) or not isinstance(expected, str):
        return plain(expected)
    value = _read(expected)
    if isinstance(seen, list) and operator in _EQUALITY and not isinstance(value, list):
        return [_read(part.strip()) for part in expected.split(",")]
    return value


def _read(text: str) -> Any:
    with suppress(ValueError):
        return json.loads(text)
    with suppress(ValueError, SyntaxError):
        return ast.literal_eval(text)
    return text


def share_of(text: str | float) -> float:
    """The share that a person means by `20 %` or `0.2`.

    Raises:
        ObservatoryError: it is neither.
    """
    written = str(text).strip()
    try:
        share = float(written.removesuffix("%")) / (100 if written.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share < float("inf"):
        raise ObservatoryError(f"'{written}' is no share; write it like 20 % or 0.2.")
    return share


def per_second_of(text: str | float) -> float:
    """How many in a second a person means by `50 per second`, `50 a second`, `50/s` or `50`.

    Raises:
        ObservatoryError: it is none of these, or not above zero.
    """
    written = " ".join(str(text).lower().split())
    match = _A_SECOND.fullmatch(written)
    if match is None or float(match[1]) <= 0:
        raise ObservatoryError(f"'{text}' is not so many a second; write it like 50 per second, 50/s or 50.")
    return float(match[1])


def login() -> str:
    """The name of the person who runs the tests.

    Raises:
        ObservatoryError: nobody is logged in by a name.
    """
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:  # which of them depends on the platform and on Python's version
        raise ObservatoryError("Nobody is logged in here by a name; say who you are with 'by='.") from error
