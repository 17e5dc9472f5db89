"""What gives a secret away without knowing it: the name it stands under, and the shapes that secrets have."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache

MASK = "***"
"""What stands in a secret's place."""

_NOUNS = (
    *("token", "password", "passwd", "passphrase", "passcode", "pwd", "secret", "credential", "cookie"),
    *("apikey", "accesskey", "privatekey", "signingkey", "encryptionkey", "authkey", "sessionid"),
    *("authorization", "jwt", "bearer"),
)
_ENDINGS = (*_NOUNS, *(f"{noun}s" for noun in _NOUNS))
# A last word that makes the name speak about a secret (`token_type`) instead of holding one (`token_value`).
_ABOUT = frozenset(
    (
        *("name", "names", "type", "types", "kind", "format", "version", "status", "enabled", "required"),
        *("count", "counts", "length", "len", "size", "limit", "rate", "used", "usage", "strength"),
        *("age", "ttl", "at", "in", "expiry", "expires", "expiration"),
        *("url", "uri", "endpoint", "path", "file", "field", "fields", "policy", "rule", "rules"),
        *("error", "errors", "message", "reason", "hint"),
    )
)
# A first word that counts secrets or asks about them: `max_tokens`, `has_password`.
_ASKING = frozenset(("max", "min", "num", "number", "total", "count", "has", "is", "needs", "requires", "uses"))
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")

# Lower-case pieces; every text that one of the shapes matches has at least one of them.
_HINTS = (
    *("token", "passw", "passp", "passc", "pwd", "secret", "credential", "cookie", "key", "session", "auth"),
    *("jwt", "bearer", "basic", "eyj", "@"),
)

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_USER_INFO = re.compile(r"""://[^\s/?#"'<>]+@""")
_JWT = re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?")
# `Bearer token is missing` is English, `Bearer realm="x"` is a server's challenge, and PokéAPI's own texts
# speak of what `the bearer uses`: after the small letter, what follows must not be a plain word.
_BEARER = re.compile(
    r"""\b((?:B(?:earer|EARER)\s+)"""
    r"""(?!(?:tokens?|auth(?:entication|orization)?)(?:[\s.,;:!?'"]|\Z)|(?:realm|error|scope)=)"""
    r"""|bearer\s+(?=[^\s"',;<>\\]*(?:[A-Z0-9_~+/=]|[.-]\w)|[^\s"',;<>\\]{16}))"""
    r"""[^\s"',;<>\\]+"""
)
_BASIC = re.compile(r"\b(basic\s+)([A-Za-z0-9+/_-]{4,}={0,2})", re.IGNORECASE)

_NAME = re.compile(r"""(?<![\w.-])([\w.-]+)((?:\\*["']|&quot;|&#x27;)?[ \t]*(?:[=!]?=|:)[ \t]*)""")
_QUOTED = re.compile(
    r"""[bruf]{0,2}(?:(?P<escaped>\\+["']|&quot;|&#x27;)(?P<inside>.*?)(?P=escaped)"""
    r"""|"(?P<double>(?:[^"\\]|\\.)*)"?|'(?P<single>(?:[^'\\]|\\.)*)'?)""",
    re.DOTALL,
)
_PLAIN = re.compile(r"""[^\s&;,"'<>()\[\]{}]+""")
_REST_OF_LINE = re.compile(r"[^\r\n]+")
_WHOLE_LINE_NAMES = ("authorization", "cookie", "cookies")
_HARMLESS_VALUE = re.compile(r"(?:true|false|null|none|\*{3})?\Z", re.IGNORECASE)


@lru_cache(maxsize=4096)
def is_secret_key(key: str) -> bool:
    """Tell whether a value under this name is a secret, in any case and with `-`, `_`, camelCase or none.

    `token`, `X-Api-Key`, `dbPassword` and `Set-Cookie` are; `tokenizer_name`, `token_type` and `max_tokens`
    are not: they say something about a secret. PokéAPI's own fields (`name`, `key`, ...) are not.
    """
    words: list[str] = [word.lower() for word in _WORD.findall(key)]
    if not words or words[-1] in _ABOUT or words[0] in _ASKING:
        return False
    squashed = ""
    for word in words:
        squashed += word
        if squashed.endswith(_ENDINGS):
            return True
    return words[-1] == "auth"


def has_hint(text: str) -> bool:
    """Tell, quickly and erring on the side of yes, whether `mask_shapes` might find something."""
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS)


def mask_shapes(text: str) -> str:
    """Mask what looks like a secret.

    These are a URL's user-info, what follows `Bearer` and `Basic`, JSON Web Tokens, private keys, and the
    value in `name=value` or `name: value` (with or without quotes) when `is_secret_key(name)`.
    """
    if not has_hint(text):
        return text
    text = _PRIVATE_KEY.sub(MASK, text)
    text = _USER_INFO.sub(f"://{MASK}@", text)
    text = _JWT.sub(MASK, text)
    text = _BEARER.sub(rf"\g<1>{MASK}", text)
    text = _BASIC.sub(_mask_basic, text)
    return _mask_pairs(text)


def _mask_basic(match: re.Match[str]) -> str:
    """Mask what follows `Basic` when it decodes to `user:password`, so that `basic usage` stays."""
    letters = match[2].rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        decoded = base64.b64decode(letters + "=" * (-len(letters) % 4))
    except binascii.Error:
        return match[0]
    return f"{match[1]}{MASK}" if b":" in decoded else match[0]


def _mask_pairs(text: str) -> str:
    pieces: list[str] = []
    end = 0
    position = 0
    while (name := _NAME.search(text, position)) is not None:
        position = name.end()
        if not is_secret_key(name[1]):
            continue
        start, stop = _value_span(text, name)
        if _HARMLESS_VALUE.match(text[start:stop].strip()):
            continue
        pieces += (text[end:start], MASK)
        end = position = stop
    return "".join((*pieces, text[end:]))


def _value_span(text: str, name: re.Match[str]) -> tuple[int, int]:
    """Where the value after a secret's name begins and ends, without its quotes."""
    start = name.end()
    quoted = _QUOTED.match(text, start)
    if quoted is not None:
        group = next(group for group in ("inside", "double", "single") if quoted[group] is not None)
        return quoted.span(group)
    # These headers hold several words and pairs, and every one of them is secret.
    whole_line = name[2].strip() == ":" and name[1].lower().endswith(_WHOLE_LINE_NAMES)
    plain = (_REST_OF_LINE if whole_line else _PLAIN).match(text, start)
    return plain.span() if plain is not None else (start, start)
