"""A secret that changed is told to have changed, and not from what to what."""

from __future__ import annotations

from typing import Any

import pytest

from observatory.data_drift import differences
from observatory.logs.concealing import concealed


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"api_token": "old"}, {"api_token": "new"}, ("***", "***")),
        ({"user": {"password": "old"}}, {"user": {"password": None}}, ("***", None)),  # pragma: allowlist secret
        ({"l": [{"authorization": "a"}]}, {"l": [{"authorization": "b"}]}, ("***", "***")),
        ({}, {"secret": {"a": 1}}, (None, "***")),
        ({"weight": 60}, {"weight": 61}, (60, 61)),
        ({"token_count": 1}, {"token_count": 2}, (1, 2)),
    ],
)
def test_values_under_the_key_of_a_secret_are_masked(before: Any, after: Any, told: tuple[Any, Any]) -> None:
    (change,) = map(concealed, differences(before, after))
    assert (change.before, change.after) == told
