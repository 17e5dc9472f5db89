"""Masking of any data: no secret is left, nothing else is lost, and the input stays what it was."""

from __future__ import annotations

import base64
import copy
import json
import string
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from observatory.logs.masking import DEEPEST, SHORTEST_SECRET, Masker
from tests.conftest import RECORDING

# Letters that JSON writes as they are, so that a secret that is left can be seen in the JSON; `null` and the
# like are JSON's own.
LETTERS = string.ascii_letters + string.digits + "-_.~+/=!$*@%&?#;:, "
SECRETS = st.text(LETTERS, min_size=SHORTEST_SECRET, max_size=24).filter(
    lambda secret: (
        len(secret.strip()) >= SHORTEST_SECRET
        and not any(piece in '"": {}, [], null true false NaN Infinity ... ***' for piece in (secret, secret.strip()))
    )
)
ANY_TEXT = st.text(st.characters(codec=None), max_size=12)
PLAIN_TEXT = st.text(LETTERS, max_size=12)


def around(secret: str, texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The secret in the middle of a text, written in one of many ways."""
    ways = (
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode(),
        base64.urlsafe_b64encode(secret.encode("utf-8", "surrogatepass")).decode(),
        json.dumps(secret),
        f"https://ash:{quote(secret)}@example.org/",
        f"https://example.org/?q={quote_plus(secret)}",
        f"Bearer {secret}",
        secret * 2,
        secret[:-1] + secret,
    )
    return st.tuples(texts, st.sampled_from(ways), texts).map("".join)


def data_with(secrets: list[str], texts: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    """Nested data that holds the secrets as keys, values and numbers, in the middle of texts."""
    spoken = texts | st.sampled_from(secrets).flatmap(lambda secret: around(secret, texts))
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    names = spoken | st.sampled_from(["token", "Set-Cookie", "name", "key"])
    return st.recursive(
        scalars | spoken,
        lambda inner: st.lists(inner, max_size=4) | st.tuples(names, inner) | st.dictionaries(names, inner, max_size=4),
        max_leaves=12,
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], object]:
    secrets = draw(st.lists(SECRETS, min_size=1, max_size=3, unique=True))
    return secrets, draw(data_with(secrets, PLAIN_TEXT))


def texts_in(value: object) -> Iterator[str]:
    """Every text of nested data, keys too, and what bytes and exceptions say."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from texts_in(key)
            yield from texts_in(item)
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "surrogateescape")
    elif isinstance(value, str):
        yield value


@settings(max_examples=400, deadline=None)
@given(cases())
def test_no_registered_secret_survives_in_the_json_of_any_data(case: tuple[list[str], object]) -> None:
    secrets, data = case
    before = copy.deepcopy(data)
    written = json.dumps(Masker(secrets).mask(data))
    for secret in secrets:
        assert secret not in written
        assert quote(secret, safe="") not in written
        assert quote_plus(secret) not in written
        assert base64.b64encode(secret.encode()).decode() not in written
        assert base64.urlsafe_b64encode(secret.encode()).decode().rstrip("=") not in written
    assert data == before


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_secret_of_any_letters_survives_in_texts_bytes_and_exceptions(data: st.DataObject) -> None:
    secrets = data.draw(
        st.lists(
            st.text(st.characters(codec=None), min_size=SHORTEST_SECRET).filter(
                lambda text: len(text.strip()) >= SHORTEST_SECRET
            ),
            min_size=1,
            max_size=3,
        )
    )
    secret = data.draw(st.sampled_from(secrets))
    text = data.draw(st.tuples(ANY_TEXT, st.just(secret), ANY_TEXT).map("".join))
    masked = Masker(secrets).mask(
        {
            "text": text,
            "bytes": text.encode("utf-8", "surrogatepass"),
            "set": {text},
            "deep": [({text: [text]},)],
            "error": ValueError(text),
        }
    )
    for found in texts_in(masked):
        assert not any(secret in found for secret in secrets)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_masking_twice_is_masking_once(case: tuple[list[str], object]) -> None:
    secrets, data = case
    masker = Masker(secrets)
    once = masker.mask(data)
    assert masker.mask(once) == once


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from(
            [
                "token",
                "Bearer ",
                "Basic ",
                "=",
                ": ",
                '"',
                "'",
                "\\",
                '\\"',
                "://",
                "@",
                "a",
                "eyJ",
                ".",
                "abcde",
                "\n",
                " ",
                "b",
                "Authorization",
                "password",
                # pragma: allowlist nextline secret
                "-----BEGIN PRIVATE KEY-----",
                "***",
                "{",
                "}",
                ",",
                "&",
                "%41",
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_texts_full_of_shapes_are_masked_once_and_for_all(text: str) -> None:
    once = Masker().mask_text(text)
    assert Masker().mask_text(once) == once


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("xyz 0123/-:.", max_size=30),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("xyz_", max_size=6), inner, max_size=4),
        max_leaves=20,
    )
)
def test_data_without_secrets_comes_back_as_it_was(data: object) -> None:
    assert Masker(["sesame"]).mask(data) == data


@settings(max_examples=100, deadline=None)
@given(depth=st.integers(1, 3 * DEEPEST), secret=SECRETS, in_lists=st.booleans())
def test_any_depth_is_masked_or_cut(depth: int, secret: str, *, in_lists: bool) -> None:
    data: object = secret
    for _ in range(depth):
        data = [data] if in_lists else {"deeper": data}
    assert secret not in json.dumps(Masker([secret]).mask(data)).replace("deeper", "")


ENCODERS: dict[str, Callable[[str], str]] = {
    "percent": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "JSON": json.dumps,
    "HTML": escape,
    "repr": repr,
    "base64": lambda text: base64.b64encode(text.encode("utf-8", "surrogatepass")).decode(),
    "hexadecimal": lambda text: text.encode("utf-8", "surrogatepass").hex(),
}
# Base64 hides what is within; what is outside of it can be seen in the text.
AROUND = st.sampled_from([encoder for name, encoder in ENCODERS.items() if name not in ("base64", "hexadecimal")])


@settings(max_examples=400, deadline=None)
@given(SECRETS, PLAIN_TEXT, PLAIN_TEXT, st.sampled_from(sorted(ENCODERS)), AROUND)
def test_no_secret_survives_within_a_text_that_is_encoded_even_twice(
    secret: str, before: str, after: str, within: str, outside: Callable[[str], str]
) -> None:
    written = ENCODERS[within](secret)
    assume(within != "base64" or len(written.rstrip("=")) >= 8)
    masked = Masker([secret]).mask_text(outside(before + written + after))
    assert outside(written)[1:-1] not in masked
    assert written not in masked


@settings(max_examples=300, deadline=None)
@given(SECRETS.filter(lambda secret: len(secret) >= 16), PLAIN_TEXT, st.data())
def test_no_secret_survives_that_was_cut_off(secret: str, before: str, data: st.DataObject) -> None:
    length = data.draw(st.integers(8, len(secret) - 1))
    ellipsis = data.draw(st.sampled_from(["…", "...", "'…", '"...']))
    assert secret[:length] not in Masker([secret]).mask_text(f"{before}{secret[:length]}{ellipsis} and more")


RECORDED = sorted(path for path in RECORDING.glob("api/v2/*/*/index.json") if path.stat().st_size < 60_000)


@pytest.mark.skipif(not RECORDED, reason="no recorded responses beside this checkout")
@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(RECORDED or [RECORDING]),
    st.lists(st.text("QXZ0123456789-_.~+/%&<", min_size=12, max_size=30), max_size=2),
)
def test_what_the_api_really_said_comes_back_as_it_was(path: Path, secrets: list[str]) -> None:
    text = path.read_text("utf-8")
    body = json.loads(text)
    masker = Masker(secrets)
    assert masker.mask(body) == body
    assert masker.mask_text(text) == text
