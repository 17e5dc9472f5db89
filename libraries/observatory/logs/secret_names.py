"""The names that secrets stand under: fields, settings and headers."""

from __future__ import annotations

import re
from functools import lru_cache

_NOUNS = (
    *("token", "password", "passwd", "passphrase", "passcode", "pwd", "secret", "credential", "cookie"),
    *("apikey", "accesskey", "privatekey", "signingkey", "encryptionkey", "authkey", "sessionid"),
    *("authorization", "jwt", "bearer"),
)
PIECES = (
    *("token", "passw", "passp", "passc", "pwd", "secret", "credential", "cookie", "key", "session", "auth"),
    *("jwt", "bearer"),
)
"""In small letters; every secret's name has at least one of them."""

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
_HEADERS = frozenset(("authorization", "proxy-authorization", "cookie", "set-cookie", "api-key", "apikey"))
_KIND_OF_KEY = re.compile(r"\b(?:api|access|private|secret|signing|encryption|auth)[ ]\Z", re.IGNORECASE)


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


def is_secret_header(name: str) -> bool:
    """Tell whether this is the name of an HTTP header with a secret in it, and of nothing else.

    For places where a mere `token`, or PokéAPI's move `secret-power`, would be no name of a field.
    """
    lowered = name.lower()
    return lowered in _HEADERS or (lowered.startswith("x-") and is_secret_key(name))


def is_secret_phrase(before: str, name: str) -> bool:
    """Tell whether a name becomes a secret's by the word before it, as `key` does in `API key: abc`."""
    return name.lower() in ("key", "keys") and _KIND_OF_KEY.search(before) is not None
