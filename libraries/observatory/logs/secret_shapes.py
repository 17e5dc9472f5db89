"""What gives a secret away without knowing it: the name it stands under, and the shapes that secrets have."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from observatory.logs.secret_names import PIECES, is_secret_header, is_secret_key, is_secret_phrase

MASK: Final = "***"
"""What stands in a secret's place."""

# Lower-case pieces; every text that one of the shapes matches has at least one of them.
_HINTS = (
    *PIECES,
    *("basic", "eyj", "@", "akia", "asia", "glpat-", "xox", "hooks.slack"),
    *("ghp_", "gho_", "ghr_", "ghs_", "ghu_", "github_pat_"),
)

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_USER_INFO = re.compile(r"""://[^\s/?#"'<>]+@""")
_JWT_PART = re.compile(r"[\w-]+")
# Keys whose makers gave them a form of their own: AWS, GitHub, GitLab, Slack and its webhooks.
_ISSUED = re.compile(
    r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}\b|gh[ops]_\w{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abeoprs]-[\w-]{10,})"
    r"|(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/-]+"
)
# `Bearer token is missing` is English, `Bearer realm="x"` is a server's challenge, and PokéAPI's own texts
# speak of what `the bearer uses`: after the small letter, what follows must not be a plain word.
_BEARER = re.compile(
    r"""\b((?:B(?:earer|EARER)\s+)"""
    r"""(?!(?:tokens?|auth(?:entication|orization)?)(?:[\s.,;:!?'"]|\Z)|(?:realm|error|scope)=)"""
    r"""|bearer\s+(?=[^\s"',;<>\\]*(?:[A-Z0-9_~+/=]|[.-]\w)|[^\s"',;<>\\]{16}))"""
    r"""[^\s"',;<>\\]+"""
)
_BASIC = re.compile(r"\b(basic\s+)([A-Za-z0-9+/_-]{4,}={0,2})", re.IGNORECASE)

_QUOTE = r"""(?:\\*["']|&quot;|&#x27;|&#39;)"""
_NAME = re.compile(rf"""(?<![\w.-])([\w.-]+)({_QUOTE}?[ \t]*(?:[=!]?=|:)[ \t]*)""")
# A header beside its value, as lists of pairs are written, and as the keyword Get Header complains.
_HEADER = re.compile(
    rf"""(?<![\w-])(?:header[ ]([\w-]+)[ ](?=['"])"""
    rf"""|([\w-]+){_QUOTE}[ \t]*,\s*(?=[bruf]{{0,2}}{_QUOTE})(?!{_QUOTE}\w+{_QUOTE}\s*:))"""
)
# `--token abc`, as a command line says it, and the name and value of a header in two fields, as archives of HTTP do.
_FLAG = re.compile(r"(?<![\w-])--([A-Za-z][\w-]*)[ ]+(?=[^\s-])")
_NAMED = re.compile(rf"""name{_QUOTE}?\s*[:=]\s*{_QUOTE}?([\w-]+){_QUOTE}?\s*,\s*{_QUOTE}?value{_QUOTE}?\s*[:=]\s*""")
_QUOTED = re.compile(
    r"""[bruf]{0,2}(?:(?P<escaped>\\+["']|&quot;|&#x27;|&#39;)(?P<inside>.*?)(?P=escaped)"""
    r"""|"(?P<double>(?:[^"\\]|\\.)*)"?|'(?P<single>(?:[^'\\]|\\.)*)'?)""",
    re.DOTALL,
)
_PLAIN = re.compile(r"""[^\s&;,"'<>()\[\]{}]+""")
_REST_OF_LINE = re.compile(r"[^\r\n]+")
# Several words and pairs, every one of them secret, up to what ends a field.
_REST_OF_FIELD = re.compile(r"""[^\r\n&"'<>()\[\]{}]+""")
_WHOLE_LINE_NAMES = ("authorization", "cookie", "cookies")
_OPENING = {"[": "]", "{": "}"}
_BRACKETS = re.compile(r"""[\[\]{}]|\\+["']?|["']|&quot;|&#x27;|&#39;""")
_HARMLESS_VALUE = re.compile(r"(?:true|false|null|none|\*{3}|\[\s*\]|\{\s*\})?\Z", re.IGNORECASE)


def has_hint(text: str) -> bool:
    """Tell, quickly and erring on the side of yes, whether `mask_shapes` might find something."""
    lowered = text.lower()
    for hint in _HINTS:  # noqa: SIM110 - nearly every text is asked, and a generator takes twice as long
        if hint in lowered:
            return True
    return False


def mask_shapes(text: str) -> str:
    """Mask what looks like a secret, in time that grows with the length of the text and no faster.

    These are a URL's user-info, what follows `Bearer` and `Basic`, JSON Web Tokens, private keys, keys of a known
    issuer, and the value in `name=value` or `name: value` (with or without quotes, a list or object too) when
    `is_secret_key(name)`; the value of a secret header that stands beside its name; and `--token value`.
    """
    if not has_hint(text):
        return text
    text = _PRIVATE_KEY.sub(MASK, text)
    text = _USER_INFO.sub(f"://{MASK}@", text)
    text = _without(text, _web_tokens(text))
    text = _ISSUED.sub(MASK, text)
    text = _BEARER.sub(rf"\g<1>{MASK}", text)
    text = _BASIC.sub(_mask_basic, text)
    text = _without(text, _named_values(text, _HEADER))
    text = _without(text, _named_values(text, _NAMED))
    text = _without(text, _named_values(text, _FLAG))
    return _without(text, _named_values(text, _NAME))


def _mask_basic(match: re.Match[str]) -> str:
    """Mask what follows `Basic` when it decodes to `user:password`, so that `basic usage` stays."""
    letters = match[2].rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        decoded = base64.b64decode(letters + "=" * (-len(letters) % 4))
    except binascii.Error:
        return match[0]
    return f"{match[1]}{MASK}" if b":" in decoded else match[0]


def _without(text: str, spans: Iterator[tuple[int, int]]) -> str:
    """The text with a mask in place of each span; the spans come in order and do not overlap."""
    pieces: list[str] = []
    end = 0
    for start, stop in spans:
        pieces += (text[end:start], MASK)
        end = stop
    return "".join((*pieces, text[end:])) if pieces else text


def _web_tokens(text: str) -> Iterator[tuple[int, int]]:
    """Where JSON Web Tokens stand: `eyJ…`, a dot, and one or two parts more.

    Looked for by hand: a pattern would begin anew at each of the many `eyJ` that one long word may have.
    """
    start = text.find("eyJ")
    while start >= 0:
        if start and (text[start - 1].isalnum() or text[start - 1] == "_"):
            start = text.find("eyJ", start + 1)
            continue
        parts = [_JWT_PART.match(text, start)]
        while len(parts) < 3 and (last := parts[-1]) is not None and text.startswith(".", last.end()):
            parts.append(_JWT_PART.match(text, last.end() + 1))
        found = [part for part in parts if part is not None]
        stop = found[0].end()  # whatever else begins in this part is followed by the same, and is shorter
        if len(found) > 1 and len(found[0][0]) >= 8 and len(found[1][0]) >= 5:
            stop = found[-1].end()
            yield start, stop
        start = text.find("eyJ", stop)


def _named_values(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where the values stand whose names say that they are secret, without their quotes."""
    position = 0
    while (named := pattern.search(text, position)) is not None:
        position = named.end()
        if not _says_secret(text, named, pattern):
            continue
        start, stop = _value_span(text, named, pattern)
        if not _HARMLESS_VALUE.match(text[start:stop].strip()):
            position = stop
            yield start, stop


def _says_secret(text: str, named: re.Match[str], pattern: re.Pattern[str]) -> bool:
    name = named[1] or named[2]
    if pattern in (_HEADER, _NAMED):
        return is_secret_header(name)
    before = text[max(0, named.start() - 12) : named.start()]
    return is_secret_key(name) or is_secret_phrase(before, name)


def _value_span(text: str, named: re.Match[str], pattern: re.Pattern[str]) -> tuple[int, int]:
    """Where the value after a secret's name begins and ends, without its quotes."""
    start = named.end()
    if pattern is _HEADER and named[1]:
        return _span(_REST_OF_LINE, text, start)
    quoted = _QUOTED.match(text, start)
    if quoted is not None:
        group = next(group for group in ("inside", "double", "single") if quoted[group] is not None)
        return quoted.span(group)
    if text[start : start + 1] in _OPENING:
        return start, _end_of_container(text, start)
    if pattern is _NAME and named[1].lower().endswith(_WHOLE_LINE_NAMES):
        # These headers hold several words and pairs, and every one of them is secret.
        return _span(_REST_OF_LINE if named[2].strip() == ":" else _REST_OF_FIELD, text, start)
    return _span(_PLAIN, text, start)


def _span(pattern: re.Pattern[str], text: str, start: int) -> tuple[int, int]:
    found = pattern.match(text, start)
    return found.span() if found is not None else (start, start)


def _end_of_container(text: str, start: int) -> int:
    """Behind the bracket that closes the one at `start`; the end of the text when none does."""
    open_ones: list[str] = []
    quote = ""
    for piece in _BRACKETS.finditer(text, start):
        found = piece[0]
        if quote:
            quote = "" if found == quote else quote
        elif found in _OPENING:
            open_ones.append(_OPENING[found])
        elif found == open_ones[-1]:
            open_ones.pop()
            if not open_ones:
                return piece.end()
        elif found[-1] not in "\\]}":
            quote = found
    return len(text)
