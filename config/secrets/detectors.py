"""Detectors of our own for detect-secrets, named in `.secrets.baseline`: keys where it would not look for them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Generator

from detect_secrets.plugins.base import RegexBasedDetector

_NAMES = r"token|passw|pwd|secret|credential|api[ _]?key|access[ _]?key|private[ _]?key"
_LEAST_ENTROPY = 4.5  # bits a character, as detect-secrets wants of base64


class RobotVariableDetector(RegexBasedDetector):
    """A value that a suite gives to a variable with the name of a secret: Robot's data has no quotes."""

    secret_type = "Robot variable"  # noqa: S105  # pragma: allowlist secret
    denylist = (
        re.compile(rf"(?i)[$&@]\{{[^}}]*(?:{_NAMES})[^}}]*\}}\s*=?(?:\s{{2,}}|\t)([^\s$%&@{{}}][^\s]{{7,}})(?:\s|$)"),
    )


class ImageVariableDetector(RegexBasedDetector):
    """A value that a Dockerfile gives to a variable with a secret's name: whoever has the image has it."""

    secret_type = "Image variable"  # noqa: S105  # pragma: allowlist secret
    denylist = (re.compile(rf"(?i)^\s*(?:ENV|ARG)\s+\w*(?:{_NAMES})\w*(?<!_FILE)[= ]\s*\"?([^\s\"$</][^\s\"]{{7,}})"),)


class ReportPortalKeyDetector(RegexBasedDetector):
    """An API key of ReportPortal, which is its name, an underscore, and some 60 letters of base64."""

    secret_type = "ReportPortal key"  # noqa: S105  # pragma: allowlist secret
    denylist = (re.compile(r"(?<![\w/.-])([A-Za-z][\w.-]*_[A-Za-z0-9_-]{50,100})(?![\w/-])"),)

    def analyze_string(self, string: str) -> Generator[str, None, None]:
        """The keys in a line; a long name in words has not their disorder."""
        for key in super().analyze_string(string):
            letters = str(key).partition("_")[2]
            if any(map(str.isdigit, letters)) and letters.lower() != letters and _entropy(letters) >= _LEAST_ENTROPY:
                yield key


def _entropy(text: str) -> float:
    """The bits that each character of a text carries (Shannon)."""
    counts: Counter[str] = Counter(text)
    return -sum(each / len(text) * math.log2(each / len(text)) for each in counts.values())
