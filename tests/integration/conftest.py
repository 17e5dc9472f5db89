"""What integration tests of several files share: loads that take half a minute."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import new_database
from tests.watched_load import WatchedLoad, watch_load


@pytest.fixture(scope="session")
def watched_load(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedLoad]:
    """Two real loads that are over, and the Prometheus that watched them."""
    with watch_load(tmp_path_factory.mktemp("watched"), new_database(postgres)) as watched:
        yield watched
