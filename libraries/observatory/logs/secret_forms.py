"""The ways in which known secrets may be written in a text: escaped, encoded, or cut off before an ellipsis."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from html import escape
from typing import Final
from urllib.parse import quote, quote_plus

_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-")
_BASE64_RUN: Final = re.compile(r"[A-Za-z0-9+/=_-]*")
_SHORTEST_BASE64: Final = 8  # letters; fewer than these are met in texts by chance
_SHORTEST_LINE: Final = 12  # characters of a line that gives a secret of several lines away
_SHORTEST_NEEDED, _LONGEST_NEEDED = 4, 8  # characters of the beginning of a secret that was cut off
_ELLIPSES: Final = ("…", "\\u2026", "&hellip;")
_DOTS: Final = re.compile(r"\.{3,}")
_LAST_OF_QUOTE: Final = ('"', "'", ";", "\\")
_QUOTES: Final = ('"', "'", "&quot;", "&#x27;", "&#39;")
_MARKS: Final = ("\0", "\\", "%", "&", " ")
_WORDS: Final = re.compile(r"[A-Za-z0-9]+")
_AMP: Final = "&(?:amp;){0,3}"
_ENTITIES: Final = {"&": f"{_AMP}amp;", "<": f"{_AMP}lt;", ">": f"{_AMP}gt;", '"': f"{_AMP}quot;", "'": f"{_AMP}apos;"}
_SHORTHANDS: Final = {"\n": "n", "\t": "t", "\r": "r", "\b": "b", "\f": "f", '"': '"', "'": "'", "/": "/", "\\": r"\\"}


class WrittenSecrets:
    """Finds a set of secrets in texts, however they are written, in time that grows with the text and no faster."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Learn the ways of writing each; whatever needs a pattern makes it when a text first asks for it."""
        self._secrets = frozenset(secrets)
        self._literals = _by_mark(form for secret in self._secrets for form in _literal_forms(secret))
        self._cores = tuple(sorted({core for secret in self._secrets for core in _base64_cores(secret)}))
        self._mixed = [_Mixed(secret) for secret in sorted(self._secrets) if _WORDS.fullmatch(secret) is None]

    def may_be_in(self, text: str) -> bool:
        """Tell, quickly and erring on the side of yes, whether `spans` might find something."""
        for mark, literals in self._literals:
            if mark in text:
                for literal in literals:
                    if literal in text:
                        return True
        for core in self._cores:
            if core in text:
                return True
        for mixed in self._mixed:
            if mixed.may_be_in(text):
                return True
        return _is_cut(text) and next(self._cut_off(text), None) is not None

    def is_number_of(self, digits: str) -> bool:
        """Tell whether a secret stands in a number, written as digits."""
        return any(secret in digits for secret in self._secrets)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the secrets stand, in no order; spans may overlap, so that entwined secrets leave no remainder."""
        for mark, literals in self._literals:
            for literal in literals if mark in text else ():
                for start in _occurrences(literal, text):
                    yield start, start + len(literal)
        for core in self._cores:
            yield from _runs_around(core, text)
        for mixed in self._mixed:
            if mixed.may_be_in(text):
                yield from (match.span() for match in mixed.pattern.finditer(text))
        if _is_cut(text):
            yield from self._cut_off(text)

    def _cut_off(self, text: str) -> Iterator[tuple[int, int]]:
        """Where beginnings of secrets stand, and an ellipsis behind them."""
        for stop in _ellipses(text):
            for end in _ends(text, stop):
                for whole, length in self._beginnings.get(text[max(0, end - _SHORTEST_NEEDED) : end], ()):
                    if text.endswith(whole[:length], 0, end):
                        yield end - length, end

    @cached_property
    def _beginnings(self) -> Mapping[str, Sequence[tuple[str, int]]]:
        """Every beginning of a secret that gives it away when it was cut off there, by its last characters."""
        beginnings: dict[str, list[tuple[str, int]]] = {}
        forms = (_escaped_forms(secret) | _base64_cores(secret) for secret in self._secrets)
        for whole in {form for each in forms for form in each}:
            for length in range(_needed(whole), len(whole)):
                beginnings.setdefault(whole[length - _SHORTEST_NEEDED : length], []).append((whole, length))
        return beginnings


class _Mixed:
    """A secret of letters and others, where an encoder may have changed the others and left the letters."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._word = max(_WORDS.findall(secret), key=len, default="")
        self._marks = ("%", "\\", "&", "+") if " " in secret else ("%", "\\", "&")

    def may_be_in(self, text: str) -> bool:
        return self._word in text and any(mark in text for mark in self._marks)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile("".join(map(_letter, self._secret)))


def _letter(character: str) -> str:
    """A pattern of one character: as it is, percent-encoded, or escaped as JSON, Python and HTML do, even twice."""
    if _WORDS.fullmatch(character):
        return character
    code = ord(character)
    raw = _bytes_of(character)
    ways = [
        "".join(f"%(?:25){{0,3}}{byte:02x}" for byte in raw),
        "".join(rf"\\{{1,8}}x{byte:02x}" for byte in raw),
        rf"\\{{1,8}}U{code:08x}",
        "".join(rf"\\{{1,8}}u{unit:04x}" for unit in _utf16_units(character)),
        f"{_AMP}#0*{code};",
        f"{_AMP}#x0*{code:x};",
    ]
    if code < 256:
        ways.append(rf"\\{{1,8}}x{code:02x}")
    if character in _ENTITIES:
        ways.append(_ENTITIES[character])
    if character in _SHORTHANDS:
        ways.append(rf"\\{{1,8}}{_SHORTHANDS[character]}")
    if character == " ":
        ways.append(r"\+")
    # The longer ways first: the character itself may be how they begin.
    return f"(?:(?i:{'|'.join(ways)})|{re.escape(character)})"


def _by_mark(forms: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Forms by a character that each of them has and most texts have not, so that these need not be searched for them.

    Those that have none of these characters stand under the empty text, which is in every text.
    """
    marked: dict[str, list[str]] = {}
    for form in sorted(set(forms)):
        marked.setdefault(next((mark for mark in _MARKS if mark in form), ""), []).append(form)
    return tuple((mark, tuple(forms)) for mark, forms in marked.items())


def _literal_forms(secret: str) -> set[str]:
    """The secret in every way of writing that can be told beforehand."""
    wide = [secret.encode(encoding, "surrogatepass") for encoding in ("utf-16-le", "utf-16-be")]
    forms = {form.decode("utf-8", "surrogateescape") for form in wide} | {repr(form)[2:-1] for form in wide}
    return _escaped_forms(secret) | forms | {_in_json(form) for form in forms} | _letter_by_letter(secret)


def _escaped_forms(secret: str) -> set[str]:
    """The secret as it is, as JSON, Python, HTML and URLs write it, and as each of them writes that again."""
    once = {secret, *_written_once(secret), repr(_bytes_of(secret))[2:-1]}
    lines = [line.strip() for line in secret.splitlines()] if "\n" in secret.strip() else []
    once |= {line for line in lines if len(line) >= _SHORTEST_LINE and not line.startswith("-----")}
    return once | {form for each in once for form in _written_once(each)}


def _written_once(text: str) -> set[str]:
    raw = _bytes_of(text)
    escaped = {escape(text), _in_json(text), json.dumps(text)[1:-1], repr(text)[1:-1]}
    return escaped | {quote(raw), quote(raw, safe=""), quote_plus(raw)}


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _letter_by_letter(secret: str) -> set[str]:
    """Ways of writing that change every letter, plain ones too."""
    raw = _bytes_of(secret)
    units = list(_utf16_units(secret))
    return {
        *("".join(f"%{byte:02x}" for byte in raw), "".join(f"%{byte:02X}" for byte in raw)),
        *("".join(f"\\u{unit:04x}" for unit in units), "".join(f"\\u{unit:04X}" for unit in units)),
        *("".join(f"&#{ord(each)};" for each in secret), "".join(f"&#x{ord(each):x};" for each in secret)),
        *("".join(f"&#x{ord(each):X};" for each in secret), "".join(f"\\x{byte:02x}" for byte in raw)),
        *(raw.hex(), raw.hex().upper()),
    }


def _base64_cores(secret: str) -> set[str]:
    """What is certain to appear when a text that contains the secret is base64-encoded.

    Three bytes become four letters, so a secret is written in three ways, by where it begins; its first and
    last letters depend on its neighbours too and are left out. The secret encoded alone is among them whole.
    """
    raw = _bytes_of(secret)
    cores = {base64.b64encode(raw).decode().rstrip("=")}
    for shift, head in enumerate((0, 2, 3)):
        encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        tail = 1 if (shift + len(raw)) % 3 else 0
        core = encoded[head : len(encoded) - tail]
        if len(core) >= _SHORTEST_BASE64:
            cores.add(core)
    return cores | {core.translate(str.maketrans("+/", "-_")) for core in cores}


def _runs_around(core: str, text: str) -> Iterator[tuple[int, int]]:
    """The base64 in which a core stands: the letters around it hold a few bits of the secret, so the whole run goes."""
    stop = 0
    start = text.find(core)
    while start >= 0:
        begin = start
        while begin > stop and text[begin - 1] in _BASE64:
            begin -= 1
        run = _BASE64_RUN.match(text, start)
        stop = max(start + len(core), run.end() if run is not None else 0)
        yield begin, stop
        start = text.find(core, stop)


def _is_cut(text: str) -> bool:
    return "…" in text or "..." in text or "\\u2026" in text or "&hellip;" in text


def _needed(whole: str) -> int:
    """How many characters of a secret give it away when it was cut off: half of it, from four to eight."""
    return max(_SHORTEST_NEEDED, min(_LONGEST_NEEDED, (len(whole) + 1) // 2))


def _ellipses(text: str) -> Iterator[int]:
    """Where there is an ellipsis."""
    for ellipsis in _ELLIPSES:
        yield from _occurrences(ellipsis, text)
    if "..." in text:
        yield from (dots.start() for dots in _DOTS.finditer(text))


def _ends(text: str, stop: int) -> Iterator[int]:
    """Where what was cut off may end: before the ellipsis, or before the closing quote there, be it escaped or not."""
    yield stop
    if text[stop - 1 : stop] in _LAST_OF_QUOTE:
        end = stop - next((len(quote) for quote in _QUOTES if text.endswith(quote, 0, stop)), 0)
        while end and text[end - 1] == "\\":
            end -= 1
        if end < stop:
            yield end


def _utf16_units(text: str) -> Iterator[int]:
    raw = text.encode("utf-16-be", "surrogatepass")
    return (raw[at] << 8 | raw[at + 1] for at in range(0, len(raw), 2))


def _bytes_of(text: str) -> bytes:
    # An environment variable that is not UTF-8 reaches Python with lone surrogates in it.
    return text.encode("utf-8", "surrogatepass")


def _occurrences(needle: str, text: str) -> Iterator[int]:
    start = text.find(needle)
    while start >= 0:
        yield start
        start = text.find(needle, start + 1)
