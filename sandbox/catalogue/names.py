"""The names of a type or an ability in the languages of the catalogue."""

from __future__ import annotations

from typing import Any

from sandbox.catalogue.facts import Facts, Row

ENGLISH = 9

_LANGUAGES = {"fr": 5, "de": 6, "en": ENGLISH, "ja": 11}


def names(row: Row, facts: Facts) -> list[dict[str, Any]]:
    """One entry for each language whose column holds a name."""
    return [
        {"language": facts.link("language", number), "name": row[column]}
        for column, number in _LANGUAGES.items()
        if row[column]
    ]
