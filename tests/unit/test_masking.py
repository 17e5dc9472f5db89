"""Masking: what is a secret by name, by shape and by value, and what is left as it is."""

from __future__ import annotations

import base64
import copy
import json
import sys
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from html import escape
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from urllib.parse import quote, quote_plus

import pytest

from observatory.logs.masking import DEEPEST, Masker
from observatory.logs.secret_names import is_secret_key
from tests.conftest import RECORDING
from tests.examples import EXAMPLES

# pragma: allowlist nextline secret
SECRET = "open sesame/42+ä"
JWT = b".".join(map(base64.urlsafe_b64encode, (b'{"alg":"xs"}', b'{"sub":"ashes"}', b"signed"))).decode()


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            *("token", "TOKEN", "access_token", "accessToken", "refreshtoken", "X-Auth-Token", "csrf.token"),
            *("password", "dbPassword", "POSTGRES_PASSWORD", "passwd", "pwd", "passphrase", "password2"),
            *("secret", "client_secret", "AWS_SECRET_ACCESS_KEY", "secretKey", "secrets"),
            *("api_key", "apiKey", "APIKey", "x-api-key", "apikey", "private_key", "PrivateKey"),
            *("Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "cookies", "credentials"),
            *("auth", "basic_auth", "session_id", "jwt", "bearer"),
        ],
    )
    def test_a_secret_by_its_name(self, name: str) -> None:
        assert is_secret_key(name)
        assert Masker().mask({name: "any value", "beside": 1}) == {name: "***", "beside": 1}

    @pytest.mark.parametrize(
        "name",
        [
            *("name", "key", "keys", "id", "url", "endpoint", "test_name", "author", "authority", "monkey"),
            *(
                "tokenizer",
                "tokenizer_name",
                "tokenization",
                "secretary",
                "keyboard",
                "passed",
                "hash",
                "tag",
            ),
            *(
                "token_type",
                "token_count",
                "max_tokens",
                "password_length",
                "secret_name",
                "token_expires_in",
            ),
            *("cookie_policy", "has_token", "authorization_url", "", "42", "--"),
        ],
    )
    def test_an_innocent_name(self, name: str) -> None:
        assert not is_secret_key(name)
        assert Masker().mask({name: "any value"}) == {name: "any value"}

    def test_the_whole_value_goes_whatever_it_is(self) -> None:
        data = {"tokens": ["a", "b"], "cookies": {"session": "x"}, "password": 1234, b"secret": b"x"}
        assert Masker().mask(data) == {"tokens": "***", "cookies": "***", "password": "***", b"secret": "***"}

    @pytest.mark.parametrize("blank", [None, True, False, "", [], {}])
    def test_that_there_is_none_may_be_read(self, blank: object) -> None:
        assert Masker().mask({"token": blank}) == {"token": blank}

    def test_headers_kept_as_pairs(self) -> None:
        pairs = [("Accept", "json"), ("Authorization", "x"), (b"Cookie", b"y"), ("token", None)]
        assert Masker().mask(pairs) == [
            ("Accept", "json"),
            ("Authorization", "***"),
            (b"Cookie", "***"),
            ("token", None),
        ]


class TestPokeApi:
    @pytest.mark.parametrize("name", sorted(EXAMPLES))
    def test_bodies_are_left_as_they_are(self, name: str) -> None:
        body = EXAMPLES[name]
        assert Masker(["sesame"]).mask(body) == body
        assert Masker(["sesame"]).mask_text(json.dumps(body)) == json.dumps(body)

    @pytest.mark.skipif(not RECORDING.is_dir(), reason="no recorded responses beside this checkout")
    def test_recorded_responses_are_left_as_they_are(self) -> None:
        masker = Masker(["sesame"])
        for path in (
            *RECORDING.glob("api/v2/[at]*/*/index.json"),
            *RECORDING.glob("api/v2/pokemon/?/index.json"),
        ):
            text = path.read_text("utf-8")
            assert masker.mask_text(text) == text, path

    def test_a_sentence_about_a_bearer_is_no_token(self) -> None:
        sentence = "Doubles the damage that the bearer deals in the sun."
        assert Masker().mask_text(sentence) == sentence


class TestShapes:
    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            ("Bearer abc", "Bearer ***"),
            ("sent bearer a1b2, got 401", "sent bearer ***, got 401"),
            ("Basic YXNoOnBpa2FjaHU= was refused", "Basic *** was refused"),
            # pragma: allowlist nextline secret
            ("postgresql://ash:pika@db:5432/history", "postgresql://***@db:5432/history"),
            ("https://abc@example.org/a?b=c", "https://***@example.org/a?b=c"),
            (f"got {JWT}.", "got ***."),
            ("GET /x?api_key=abc&limit=20#top", "GET /x?api_key=***&limit=20#top"),
            ("GET /x?limit=20&access_token=a%20b", "GET /x?limit=20&access_token=***"),
            ("host=db password=pika dbname=history", "host=db password=*** dbname=history"),
            # pragma: allowlist nextline secret
            ("password='pi ka' user=ash", "password='***' user=ash"),
            ('{"token": "a\\"b", "name": "ash"}', '{"token": "***", "name": "ash"}'),
            ("{'apiKey': b'abc', 'id': 1}", "{'apiKey': b'***', 'id': 1}"),
            ('"{\\"secret\\":\\"abc\\",\\"id\\":1}"', '"{\\"secret\\":\\"***\\",\\"id\\":1}"'),
            ("Authorization: Digest a=b, c=d\nAccept: x", "Authorization: ***\nAccept: x"),
            ("> Set-Cookie: a=b; Path=/", "> Set-Cookie: ***"),
            ("PASSWORD : pika", "PASSWORD : ***"),
            ("assert token == 'pika'", "assert token == '***'"),
            (
                # pragma: allowlist nextline secret
                "a -----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY----- b",
                "a *** b",
            ),
            # pragma: allowlist nextline secret
            ("-----BEGIN PRIVATE KEY-----\ncut off", "***"),
            (
                "{&quot;token&quot;: &quot;a&amp;b&quot;, &#x27;pwd&#x27;: &#x27;c&#x27;}",
                "{&quot;token&quot;: &quot;***&quot;, &#x27;pwd&#x27;: &#x27;***&#x27;}",
            ),
            ("/x?a=b&amp;token=c", "/x?a=b&amp;token=***"),
            ("a=b=token=c", "a=b=token=***"),
            ("token=password=x", "token=***"),
        ],
    )
    def test_a_secret_by_its_shape(self, text: str, masked: str) -> None:
        assert Masker().mask_text(text) == masked

    @pytest.mark.parametrize(
        "text",
        [
            "Bearer token is missing",
            "Bearer authentication failed",
            'WWW-Authenticate: Bearer realm="pokeapi"',
            "basic usage of keywords",
            "Basic authentication",
            "mail ash@example.org about http://example.org/?who=a@b",
            "token=None, secret: null, password=''",
            "token_type=bearer&tokenizer_name=x",
            "tokens: ",
            "pokemon/25: expected name == 'pikachu', seen 'raichu'",
        ],
    )
    def test_what_only_speaks_of_secrets_stays(self, text: str) -> None:
        assert Masker().mask_text(text) == text


def json_escaped(secret: str) -> str:
    return json.dumps({"said": f"<{secret}>"})


def basic(secret: str) -> str:
    return base64.b64encode(f"ash:{secret}".encode()).decode()


WAYS: Mapping[str, Callable[[str], str]] = {
    "as it is": str,
    "percent-encoded": lambda secret: quote(secret, safe=""),
    "percent-encoded, slashes left": quote,
    "percent-encoded in lower case": lambda secret: quote(secret, safe="").lower(),
    "as a form": quote_plus,
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "base64 after a name": basic,
    "base64 after a longer name": lambda secret: basic("h" + secret),
    "base64 after a yet longer name": lambda secret: basic("hh" + secret),
    "base64 before a name": lambda secret: base64.b64encode(f"{secret}:ash".encode()).decode(),
    "base64 between names": lambda secret: basic(f"gym/{secret}:brock"),
    "JSON": json_escaped,
    "JSON in JSON": lambda secret: json.dumps(json.dumps(secret, ensure_ascii=False), ensure_ascii=False),
    "HTML": escape,
    "repr": repr,
    "repr of bytes": lambda secret: repr(secret.encode()),
    "user-info": lambda secret: f"https://ash:{quote(secret)}@example.org",
    "query": lambda secret: f"https://example.org/?q={quote_plus(secret)}&x=1",
}


class TestRegisteredSecrets:
    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize(
        "secret",
        [SECRET, "sesame-42-open", "sesame-42-opens", "sesame-42-opened", "open sesame", "quoted\"and'back\\slashed"],
    )
    def test_found_however_it_is_written(self, way: str, secret: str) -> None:
        written = WAYS[way](secret)
        masked = Masker([secret]).mask_text(f"before {written} after")
        assert masked != f"before {written} after"
        assert written not in masked
        assert secret not in masked
        assert masked.startswith("before ")
        assert masked.endswith(" after")

    def test_only_the_secret_goes(self) -> None:
        assert Masker(["sesame"]).mask_text("open sesame, sesameseeds") == "open ***, ***seeds"
        assert Masker(["sesame"]).mask_text("<sesamesesame>") == "<***>"

    def test_two_that_overlap_leave_no_remainder(self) -> None:
        assert Masker(["abcdef", "defghi"]).mask_text("<abcdefghi>") == "<***>"
        assert Masker(["open sesame now", "sesame"]).mask_text("<open sesame now>") == "<***>"

    def test_a_secret_that_the_mask_would_spell_goes_too(self) -> None:
        masked = Masker(["sesame", "***seed"]).mask_text("sesameseed")
        assert masked == "***"

    def test_a_text_that_spells_ever_new_ones_goes_as_a_whole(self) -> None:
        assert Masker(["sesame", "x***"]).mask_text("a, " + "x" * 30 + "sesame") == "***"

    def test_known_later(self) -> None:
        masker = Masker()
        assert masker.mask({"said": "sesame"}) == {"said": "sesame"}
        masker.add("sesame\n")
        assert masker.mask({"said": "sesame"}) == {"said": "***"}

    @pytest.mark.parametrize("short", ["", " ", "1", "abc", "    ", " ab "])
    def test_short_ones_do_not_tear_holes(self, short: str) -> None:
        text = "pokemon/1 gave abc in 1 s,    ab "
        assert Masker([short]).mask_text(text) == text
        assert Masker([short]).mask({"password": short or "x", "id": 1}) == {"password": "***", "id": 1}

    def test_numbers_that_are_secrets(self) -> None:
        data = {"a": 12345, "b": 99123459, "c": 0.12345, "d": 1234, "e": True, "f": 10**5000}
        masked = {"a": "***", "b": "***", "c": "***", "d": 1234, "e": True, "f": 10**5000}
        assert Masker(["12345"]).mask(data) == masked
        assert Masker(["12345"]).mask([data]) == [masked]

    def test_in_exceptions_and_tracebacks(self) -> None:
        def fail() -> None:
            raise ValueError("no entry for sesame-42")

        try:
            fail()
        except ValueError as error:
            caught = error
        masked = Masker(["sesame-42"]).mask({"error": caught, "trace": caught.__traceback__})
        assert masked["error"].startswith("Traceback (most recent call last):")
        assert masked["error"].endswith("ValueError: no entry for ***")
        assert "in fail" in masked["trace"]
        assert "sesame-42" not in masked["trace"]

    def test_an_environment_variable_that_is_not_utf8(self) -> None:
        secret = b"sesame\xff42".decode("utf-8", "surrogateescape")
        assert Masker([secret]).mask(["<" + secret + ">", b"<sesame\xff42>"]) == ["<***>", b"<***>"]


class Colour(StrEnum):
    RED = "red sesame"


class Answer(Enum):
    SPOKEN = ("sesame", 1)


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError("sesame")


class TestData:
    def test_a_copy_is_given_and_the_input_is_not_touched(self) -> None:
        data = {"a": [{"token": "x"}, ("sesame", {"sesame"})], "sesame": "y"}
        before = copy.deepcopy(data)
        masked = Masker(["sesame"]).mask(data)
        assert masked == {"a": [{"token": "***"}, ("***", {"***"})], "***": "y"}
        assert data == before

    @pytest.mark.parametrize("data", [{"a": 1}, {"a": [1]}, [{"a": {}}]])
    def test_also_harmless_data_is_copied(self, data: object) -> None:
        masked = Masker().mask(data)
        assert masked == data
        assert masked is not data

    @pytest.mark.parametrize(
        ("value", "masked"),
        [
            (b"<sesame>\xff", b"<***>\xff"),
            (bytearray(b"sesame"), b"***"),
            (memoryview(b"sesame"), b"***"),
            (frozenset({"sesame", 1}), frozenset({"***", 1})),
            (frozenset({frozenset({"sesame"})}), frozenset({frozenset({"***"})})),
            (MappingProxyType({"a": "sesame"}), {"a": "***"}),
            (OrderedDict(token="x"), {"token": "***"}),
            ({("sesame", 1): "x"}, {("***", 1): "x"}),
            (Colour.RED, "red ***"),
            (Answer.SPOKEN, ("***", 1)),
            (Path("/open/sesame"), "/open/***"),
            (PurePosixPath("/x"), "/x"),
            (datetime(2026, 8, 1, 12, tzinfo=UTC), "2026-08-01T12:00:00+00:00"),
            (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
            (Decimal("1.50"), "1.50"),
            (1.5, 1.5),
            (True, True),
            (None, None),
            (Unshowable(), "<Unshowable that cannot be shown: RuntimeError>"),
            (ValueError("x"), "ValueError: x"),
        ],
    )
    def test_each_kind(self, value: object, masked: object) -> None:
        assert Masker(["sesame"]).mask(value) == masked
        assert Masker(["sesame"]).mask([value]) == [masked]

    def test_an_object_is_shown_as_its_repr(self) -> None:
        assert Masker(["sesame"]).mask(slice("sesame")) == "slice(None, '***', None)"

    def test_a_dataclass_or_custom_mapping_as_a_key_cannot_break_it(self) -> None:
        class Hashable(dict[str, str]):
            def __hash__(self) -> int:  # type: ignore[override]  # what foreign code may do
                return 1

        assert Masker(["sesame"]).mask({Hashable(a="sesame")}) == {"{'a': '***'}"}

    def test_what_contains_itself(self) -> None:
        data: dict[str, object] = {"name": "x"}
        data["self"] = [data]
        masked = Masker().mask(data)
        assert masked == {"name": "x", "self": ["..."]}

    def test_what_is_met_twice_is_there_twice(self) -> None:
        shared = {"said": "sesame"}
        assert Masker(["sesame"]).mask([shared, shared]) == [{"said": "***"}, {"said": "***"}]

    def test_what_doubles_at_each_level_does_not_take_for_ever(self) -> None:
        data: list[object] = ["sesame"]
        for _ in range(60):
            data = [data, data]
        assert Masker(["sesame"]).mask(data)[0] is not data[0]

    def test_what_is_nested_without_end_is_cut(self) -> None:
        data: list[object] = []
        for _ in range(sys.getrecursionlimit() * 20):
            data = [data]
        masked = Masker(["sesame"]).mask(data)
        assert json.dumps(masked) == "[" * DEEPEST + '"..."' + "]" * DEEPEST

    def test_a_name_that_masking_makes_a_secrets_name(self) -> None:
        assert Masker().mask({"Bearer x": 1}) == {"Bearer ***": "***"}
        assert Masker().mask([("Bearer x", 1)]) == [("Bearer ***", "***")]

    def test_keys_that_become_equal_keep_the_later_value(self) -> None:
        assert Masker(["sesame1", "sesame2"]).mask({"sesame1": 1, "sesame2": 2}) == {"***": 2}
