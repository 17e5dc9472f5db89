"""What the loads of the benchmarks ask for: small abilities of 1 KB, and the stand-in's pokemon and types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.timing import BenchError
from observatory.models import judge, model_of
from sandbox.catalogue import Catalogue
from sandbox.source import Listing, address, compact

ABILITIES = 100
SIZE = 1000
"""About so many bytes has each of the abilities."""

_LANGUAGES = ("en", "de", "fr", "es", "it", "ja")


def write_api(root: Path) -> float:
    """Write an API as files below `root`, with its lists; gives how many bytes an ability has on average.

    Raises:
        BenchError: a body does not fit its model, so that to check it would take another time than it should.
    """
    catalogue = Catalogue()
    for endpoint in ("pokemon", "type"):
        listing = catalogue.listing(endpoint)
        assert isinstance(listing, Listing), "the catalogue lists its pokemon and types"
        numbers = sorted({int(number) for number in listing.ids.values()})
        for number in numbers:
            body = catalogue.document(endpoint, str(number))
            assert isinstance(body, bytes), "the catalogue has what it lists"
            _write(root, endpoint, number, body)
        _write_list(root, endpoint, numbers)
    sizes = []
    for number in range(1, ABILITIES + 1):
        body = compact(_ability(number))
        sizes.append(len(body))
        _write(root, "ability", number, body)
    _write_list(root, "ability", range(1, ABILITIES + 1))
    return sum(sizes) / len(sizes)


def _write(root: Path, endpoint: str, number: int, body: bytes) -> None:
    verdict = judge(model_of(endpoint), body)
    if not verdict.accepted:
        raise BenchError(f"{endpoint}/{number} should fit its model, but {verdict.errors[0]} was found.")
    folder = root / "api" / "v2" / endpoint / str(number)
    folder.mkdir(parents=True)
    (folder / "index.json").write_bytes(body)


def _write_list(root: Path, endpoint: str, numbers: Any) -> None:
    results = [_reference(endpoint, number, f"{endpoint}-{number}") for number in numbers]
    page = {"count": len(results), "next": None, "previous": None, "results": results}
    (root / "api" / "v2" / endpoint / "index.json").write_bytes(compact(page))


def _ability(number: int) -> dict[str, Any]:
    """An ability that nobody has, with names in some languages, as large as it should be by its effect."""
    english = _reference("language", 9, "en")
    ability: dict[str, Any] = {
        "effect_changes": [],
        "effect_entries": [{"effect": "", "language": english, "short_effect": "Is measured."}],
        "flavor_text_entries": [],
        "generation": _reference("generation", 3, "generation-iii"),
        "id": number,
        "is_main_series": True,
        "name": f"measured-{number}",
        "names": [
            {"language": _reference("language", place, code), "name": f"Measured {number}"}
            for place, code in enumerate(_LANGUAGES, start=1)
        ],
        "pokemon": [],
    }
    ability["effect_entries"][0]["effect"] = "." * max(0, SIZE - len(compact(ability)))
    return ability


def _reference(endpoint: str, number: int, name: str) -> dict[str, str]:
    return {"name": name, "url": address(endpoint, number)}
