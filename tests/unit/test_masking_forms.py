"""Masking of secrets that are written in unusual ways, cut off, or stand in data of unusual kinds; and its speed."""

from __future__ import annotations

import base64
import codecs
import dataclasses
import json
import logging
import time
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
from pydantic import BaseModel, SecretStr

from observatory.logs.masking import Masker
from observatory.logs.structured_log import StructuredLog

SECRET = "Tk-CANARY/tok+7Qz9&<'x\"ä"  # pragma: allowlist secret
JWT = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=") + ".eyJzdWIiOiJhc2gifQ.c2lnbmVk"
SAID = "sesame"


def letter_by_letter(pattern: str) -> Callable[[str], str]:
    return lambda secret: "".join(pattern.format(ord(each)) for each in secret)


WAYS: Mapping[str, Callable[[str], str]] = {
    "JSON with every special letter escaped": lambda secret: (
        json.dumps(secret).replace("&", "\\u0026").replace("<", "\\u003c").replace("'", "\\u0027")
    ),
    "JSON with slashes escaped": lambda secret: json.dumps(secret).replace("/", "\\/"),
    "JSON in JSON in JSON": lambda secret: json.dumps(json.dumps(json.dumps(secret))),
    "HTML": escape,
    "HTML in HTML": lambda secret: escape(escape(secret)),
    "HTML by numbers": letter_by_letter("&#{};"),
    "HTML by hexadecimal numbers": letter_by_letter("&#x{:x};"),
    "JavaScript by numbers": letter_by_letter("\\u{:04x}"),
    "percent-encoded letter by letter": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "percent-encoded twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "percent-encoded, in JSON": lambda secret: json.dumps({"url": f"/x?q={quote(secret)}"}),
    "repr in repr": lambda secret: repr(repr(secret)),
    "repr of bytes": lambda secret: repr(secret.encode()),
    "hexadecimal": lambda secret: secret.encode().hex(),
    "hexadecimal in capitals": lambda secret: secret.encode().hex().upper(),
    "base64 in JSON": lambda secret: json.dumps({"b": base64.b64encode(f"Bearer {secret}".encode()).decode()}),
    "UTF-16": lambda secret: secret.encode("utf-16-le").decode("latin-1"),
    "UTF-16, the other way round": lambda secret: secret.encode("utf-16-be").decode("latin-1"),
    "repr of UTF-16": lambda secret: repr(secret.encode("utf-16-le")),
}


class TestWaysOfWriting:
    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("secret", [SECRET, "plain-secret-42", "Onlyletters42", "a\"b\\c'd&e"])
    def test_found(self, way: str, secret: str) -> None:
        if way.startswith("UTF-16") and not secret.isascii():
            secret = secret.replace("ä", "a")
        written = WAYS[way](secret)
        masked = Masker([secret]).mask_text(f"before {written} after")
        assert written not in masked
        assert masked.startswith("before ")
        assert masked.endswith(" after")
        assert "***" in masked

    def test_bytes_in_utf16(self) -> None:
        masked = Masker(["Onlyletters42"]).mask([codecs.BOM_UTF16_LE + "<Onlyletters42>".encode("utf-16-le")])
        assert "Onlyletters42".encode("utf-16-le") not in masked[0]

    def test_each_line_of_a_secret_of_several_lines(self) -> None:
        secret = "first-line-of-key\nsecond-line-of-key\nshort\n"  # pragma: allowlist secret
        masked = Masker([secret]).mask_text("  | first-line-of-key\n  | second-line-of-key\n  | short")
        assert masked == "  | ***\n  | ***\n  | short"


class TestCutOff:
    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            ("asked ?q=Tk-CANARY/…, after 1 attempt", "asked ?q=***…, after 1 attempt"),
            ("'you said Tk-CANAR'… (text of 50 characters)", "'you said ***'… (text of 50 characters)"),
            ("Tk-CANARY%2Ftok...", "***..."),
            ('{"said": "Tk-CANARY\\"...', '{"said": "***\\"...'),
            ("&quot;Tk-CANARY/tok+7Qz9&amp;&l…", "&quot;***…"),
            ("Tk-CANARY/tok…Tk-CANARY…", "***…***…"),
            (base64.b64encode(SECRET.encode()).decode()[:15] + "…", "***…"),
        ],
    )
    def test_a_beginning_before_an_ellipsis_is_masked(self, text: str, masked: str) -> None:
        assert Masker([SECRET]).mask_text(text) == masked

    @pytest.mark.parametrize("text", ["Tk-…", "and so on...", "Tk-CANARY is a word", "CANARY…", "...", "…"])
    def test_what_is_too_short_or_not_cut_off_stays(self, text: str) -> None:
        assert Masker([SECRET]).mask_text(text) == text

    def test_at_every_length_that_matters(self) -> None:
        for length in range(8, len(SECRET)):
            assert SECRET[:8] not in Masker([SECRET]).mask_text(f"<{SECRET[:length]}…>")


class TestShapes:
    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            ('{"tokens": ["a", {"b": "]"}], "c": 2}', '{"tokens": ***, "c": 2}'),
            ('{"credentials": {"user": "ash", "pw": "pika"}, "id": 1}', '{"credentials": ***, "id": 1}'),
            ("{'cookies': {'a': 'b'}}", "{'cookies': ***}"),
            ('"{\\"tokens\\": [\\"a\\", \\"b\\"], \\"id\\": 1}"', '"{\\"tokens\\": ***, \\"id\\": 1}"'),
            ("tokens: [a, b", "tokens: ***"),
            ("[(b'Set-Cookie', b'a=b; HttpOnly'), (b'X', b'1')]", "[(b'Set-Cookie', b'***'), (b'X', b'1')]"),
            ('["Authorization", "Token abc def"]', '["Authorization", "***"]'),
            ("header Set-Cookie 'a=b; c' (str) should be 'x'", "header Set-Cookie ***"),
            (
                '{"name": "Authorization", "value": "Token abc"}, {"name": "Accept", "value": "x"}',
                '{"name": "Authorization", "value": "***"}, {"name": "Accept", "value": "x"}',
            ),
            ("curl --token abc --limit 5", "curl --token *** --limit 5"),
            ("tool --password 'a b' --verbose", "tool --password '***' --verbose"),
            ("API key: abc, access keys = d", "API key: ***, access keys = ***"),
            ("authorization=ApiKey abc&x=1", "authorization=***&x=1"),
            (f"a:{JWT} b", "a:*** b"),
            ("AKIA" + "A1B2C3D4E5F6G7H8", "***"),
            ("ghp_" + "a1B2" * 9, "***"),
            ("glpat-" + "a1B2-" * 5, "***"),
            ("https://hooks.slack.com/" + "services/T0/B0/abc was asked", "https://hooks.slack.com/*** was asked"),
        ],
    )
    def test_masked(self, text: str, masked: str) -> None:
        assert Masker().mask_text(text) == masked
        assert Masker().mask_text(masked) == masked

    @pytest.mark.parametrize(
        "text",
        [
            '["secret-power", "tackle"]',
            '{"name": "secret-power", "url": "https://pokeapi.co/api/v2/move/290/"}',
            '{"moves": ["secret-power", "lava-cookie"], "key": "old-key"}',
            "the key item: a token of friendship, by a keyboard",
            "header Content-Type 'text/html' (str) should be 'application/json'",
            "tokens: [], cookies: {}",
            "--limit 5 --key x",
            "eyJ. eyJhbGci eyJhbGciOiJ.x",
        ],
    )
    def test_left_alone(self, text: str) -> None:
        assert Masker(["sesame"]).mask_text(text) == text


class Login(NamedTuple):
    user: str
    password: str


class Pair(NamedTuple):
    name: str
    size: int


@dataclasses.dataclass
class Account:
    user: str
    api_key: str
    headers: dict[str, str]


class Form(BaseModel):
    user: str
    token: str
    kept: SecretStr


class Text(str):
    __slots__ = ()


def stumble() -> None:
    raise KeyError(SAID)


class TestKinds:
    @pytest.mark.parametrize(
        ("value", "masked"),
        [
            (Login("ash", "pika"), ("ash", "***")),
            (Pair("token", 1), ("token", 1)),
            ({"name": "Cookie", "value": "a=b"}, {"name": "Cookie", "value": "***"}),
            ({"name": "cheri", "value": 20}, {"name": "cheri", "value": 20}),
            (["Set-Cookie", "a=b"], ["Set-Cookie", "***"]),
            (["secret-power", "tackle"], ["secret-power", "tackle"]),
            (Text("so sesame it is"), "so *** it is"),
            ({Text("token"): Text("x")}, {"token": "***"}),
            ({1: "sesame", None: "sesame", (1, "token"): "x"}, {1: "***", None: "***", (1, "token"): "x"}),
            (
                Account("ash", "pika", {"Authorization": "chu"}),
                "Account(user='ash', api_key='***', headers={'Authorization': '***'})",
            ),
            (
                Form(user="ash", token="pika", kept=SecretStr("chu")),
                "Form(user='ash', token='***', kept=SecretStr('**********'))",
            ),
            (json.dumps({"inner": json.dumps({"token": "pika"})}), '{"inner": "{\\"token\\": \\"***\\"}"}'),
        ],
    )
    def test_each(self, value: object, masked: object) -> None:
        assert Masker(["sesame"]).mask(value) == masked
        assert Masker(["sesame"]).mask({"deep": [value]}) == {"deep": [masked]}

    def test_a_chain_of_exceptions_with_notes(self) -> None:
        def fail() -> None:
            try:
                stumble()
            except KeyError as error:
                wrapped = ValueError(f"asked with {error}")
                wrapped.add_note("a note on sesame")
                raise wrapped from error

        try:
            fail()
        except ValueError as error:
            caught = ExceptionGroup("many, of sesame", [error, OSError("password=pika")])
        masked = Masker(["sesame"]).mask(caught)
        assert "sesame" not in masked.replace('"sesame"', "")  # the line of this file that raised it is not masked
        assert "pika" not in masked.replace('"password=pika"', "")
        assert masked.count("***") >= 4


class TestLogRecords:
    @pytest.mark.parametrize(
        "say",
        [
            lambda logger: logger.warning("asked %s with %r", "sesame", {"token": "x"}),
            lambda logger: logger.warning("asked", extra={"headers": [("Authorization", "pika")], "said": ["sesame"]}),
            lambda logger: logger.warning({"password": "pika", "said": "sesame"}),
            lambda logger: logger.warning(" ".join([f"{SAID!r} and", f"Bearer pika-{SAID}"])),
            lambda logger: logger.warning(b"token=pika of sesame"),
            lambda logger: logger.warning(ValueError("sesame")),
        ],
    )
    def test_whatever_another_logger_says(self, say: Callable[[logging.Logger], None], tmp_path: Path) -> None:
        assert "pika" not in self.logged(say, tmp_path)
        assert "sesame" not in self.logged(say, tmp_path)

    def test_the_trace_of_an_exception(self, tmp_path: Path) -> None:
        def say(logger: logging.Logger) -> None:
            try:
                stumble()
            except KeyError:
                logger.exception("no entry", stack_info=True)

        written = self.logged(say, tmp_path)
        assert "KeyError: '***'" in written
        assert "sesame" not in written

    def logged(self, say: Callable[[logging.Logger], None], folder: Path) -> str:
        log = StructuredLog(folder / "log.jsonl", Masker(["sesame"]))
        logger = logging.Logger("theirs")  # noqa: LOG001 - a logger of its own, which no other test hears
        logger.addHandler(log.handler)
        say(logger)
        log.close()
        return (folder / "log.jsonl").read_text("utf-8")


LARGE: Mapping[str, str] = {
    "nothing": "lorem ipsum dolor ",
    "names": "token ",
    "values": "token='x' ",  # pragma: allowlist secret
    "values that never end": "token='",
    "escaped values": 'token=\\"',
    "brackets": "token=[",
    "beginnings of web tokens": "-eyJ",
    "beginnings of keys": "-----BEGIN PRIVATE ",
    "addresses": "://a",
    "addresses with users": "://a@",
    "backslashes": "\\",
    "percent signs": "%20",
    "entities": "&amp;",
    "dots": ".",
    "cut off": "Tk-CANAR…",
    "headers": '"X-Api-Key", ',
    "flags": "--token ",
    "bearers": "bearer ",
    "a secret": SECRET,
    "a secret in base64": base64.b64encode(SECRET.encode() * 3).decode(),
    "letters of base64": "QUJD",
}


class TestLargeTexts:
    @pytest.mark.parametrize("unit", LARGE)
    @pytest.mark.parametrize("before", ["", "token"], ids=["alone", "behind a name"])
    def test_take_time_as_they_are_long(self, unit: str, before: str) -> None:
        """Sixteen times the length may take sixteen times as long, and somewhat more; a square would be 256 times."""
        short, long = (before + LARGE[unit] * (size // len(LARGE[unit])) for size in (10_000, 160_000))
        assert min(in_time(long) for _ in range(2)) < 60 * max(min(in_time(short) for _ in range(3)), 0.001)

    def test_megabytes_of_a_log_take_seconds(self) -> None:
        line = json.dumps({"message": "GET pokemon/25 200 in 0.012 s", "url": "http://127.0.0.1:8000/?a=b&c=d%20e"})
        text = "\n".join([line] * (2_000_000 // len(line)) + [f"Bearer {SECRET}"])
        began = time.process_time()
        masked = Masker([SECRET, "postgres-password-9"]).mask_text(text)
        assert time.process_time() - began < 15
        assert masked.endswith("Bearer ***")
        assert SECRET not in masked


def in_time(text: str) -> float:
    """The seconds of this process's work that it takes to mask a text."""
    began = time.process_time()
    Masker([SECRET, "postgres-password-9"]).mask_text(text)
    return time.process_time() - began
