"""Patterns of what is not compared: what they cover, and how a wrong one is named."""

from __future__ import annotations

import pytest

from observatory.data_drift import Ignoring, IgnoringSyntaxError
from observatory.errors import ObservatoryError


@pytest.mark.parametrize(
    ("patterns", "path"),
    [
        ("moves", "moves"),
        ("moves", "moves[3].move.name"),
        ("moves[]", "moves[0]"),
        ("moves[]", "moves[].move"),
        ("moves[3]", "moves[3].move"),
        ("sprites.versions", "sprites.versions.generation-i"),
        ("sprites.*.front", "sprites.other.front"),
        ("game_indices[].*", "game_indices[7].version"),
        ("**.url", "url"),
        ("**.url", "moves[3].move.url"),
        ("**.url", "a.url.b"),
        ("a.**", "a"),
        ("a.**.b", "a.b"),
        ("a.**.b", "a[0][1].c.b"),
        ("**", ""),
        ("**[]", "a.b[4]"),
        ("*[0]", "a[0]"),
        ('a["b.c"].d', 'a["b.c"].d'),
        ('["*"]', '["*"].a'),
        ('["a,b"], c', '["a,b"]'),
        ('["a,b"], c', "c"),
        (' moves ,, weight, "" '.replace('""', "height"), "height"),
        ("*.**.*", "a[3].b"),
        ('**["a\\"b"]', 'x[0]["a\\"b"]'),
    ],
)
def test_a_pattern_covers_its_place_and_everything_below(patterns: str, path: str) -> None:
    assert Ignoring.of(patterns).covers(path)


@pytest.mark.parametrize(
    ("patterns", "path"),
    [
        ("", ""),
        (" , ", "a"),
        ("moves", ""),
        ("moves", "move"),
        ("moves", "a.moves"),
        ("moves[]", "moves"),
        ("moves[3]", "moves[2]"),
        ("moves[3]", "moves[]"),
        ("moves.*", "moves[3]"),
        ("sprites.*", "sprites"),
        ("sprites.*.front", "sprites.other.official.front"),
        ("game_indices[].*", "game_indices[7]"),
        ("**.url", "moves[3].urls"),
        ("a.**.b", "b"),
        ("**[]", "a.b"),
        ('["*"]', "a"),
        ('["**"]', "a"),
        ('["a,b"]', "a"),
        ("*.**.*", "a[3]"),
    ],
)
def test_a_pattern_covers_nothing_else(patterns: str, path: str) -> None:
    assert not Ignoring.of(patterns).covers(path)


@pytest.mark.parametrize(
    "pattern",
    [
        "a..b",
        ".a",
        ".*",
        "a.",
        "*.",
        "***",
        "a*",
        "front_*",
        "*a",
        "a.*b",
        "a[",
        "a[x]",
        "[*]",
        '"a"',
        "a]b",
        "*..*",
        "**..a",
    ],
)
def test_a_pattern_that_cannot_be_read_is_named(pattern: str) -> None:
    with pytest.raises(IgnoringSyntaxError) as caught:
        Ignoring.of(f"fine, {pattern}, fine.too")
    assert repr(pattern) in str(caught.value)
    assert isinstance(caught.value, ObservatoryError)


def test_patterns_come_as_one_text_or_as_several() -> None:
    assert Ignoring.of("moves, **.url") == Ignoring.of(["moves", "**.url"]) == Ignoring.of(["**.url,moves"])
    assert Ignoring.of("moves") != Ignoring.of("moves[]")
    assert hash(Ignoring.of("a,b")) == hash(Ignoring.of("b,a"))
    assert not Ignoring.of([])
    assert Ignoring.of("a")


def test_what_was_walked_once_is_remembered_by_patterns_and_not_by_keys() -> None:
    ignoring = Ignoring.of("a.**.b, c[3].*")
    for number in range(1000):
        ignoring.covers(f"a.key{number}[{number}].b")
        ignoring.covers(f"c[{number}].key{number}")
    assert len(ignoring._steps) < 30


def test_what_was_walked_once_does_not_answer_for_another_item() -> None:
    ignoring = Ignoring.of("moves[3], stats[].effort")
    asked = ["moves[3]", "moves[2]", "moves[3].move", "moves[]", "stats[0].effort", "stats[3].effort", "stats[3].x"]
    assert [ignoring.covers(path) for path in asked] == [True, False, True, False, True, True, False]
