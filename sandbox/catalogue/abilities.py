"""The body of an ability, built from the facts and a sentence of our own."""

from __future__ import annotations

from typing import Any

from sandbox.catalogue.facts import Facts, Row
from sandbox.catalogue.names import ENGLISH, names
from sandbox.catalogue.notation import AbilitySlot

_SCARLET_VIOLET = 25
"""The id of the version group whose games our sentences describe."""


def ability_document(row: Row, facts: Facts) -> dict[str, Any]:
    """Build the whole body; its pokemon are those of the catalogue."""
    number = int(row["id"])
    english = facts.link("language", ENGLISH)
    return {
        "effect_changes": [
            {
                "effect_entries": [{"effect": change["sentence"], "language": english}],
                "version_group": facts.link("version-group", change["version_group_id"]),
            }
            for change in facts.ability_changes
            if change["ability_id"] == row["id"]
        ],
        "effect_entries": [{"effect": row["sentence"], "language": english, "short_effect": row["sentence"]}],
        "flavor_text_entries": [
            {
                "flavor_text": row["sentence"],
                "language": english,
                "version_group": facts.link("version-group", _SCARLET_VIOLET),
            }
        ],
        "generation": facts.link("generation", row["generation_id"]),
        "id": number,
        "is_main_series": row["is_main_series"] == "yes",
        "name": row["name"],
        "names": names(row, facts),
        "pokemon": [
            {"is_hidden": slot.is_hidden, "pokemon": facts.link("pokemon", pokemon), "slot": slot.slot}
            for pokemon, told in facts.table("pokemon").items()
            for slot in AbilitySlot.all(told["abilities"])
            if slot.ability == number
        ],
    }
