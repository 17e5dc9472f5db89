"""The committed rules and the committed routing of alerts, as tests read them."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
PROMETHEUS: Final = ROOT / "config" / "prometheus"
ALERTMANAGER: Final = ROOT / "config" / "alertmanager"
RULES: Final = PROMETHEUS / "rules" / "alerts.yml"
DOCUMENT: Final = ROOT / "docs" / "alerts.md"

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def read_yaml(text: str) -> Any:
    """The value of a YAML document, whose library has no types."""
    return import_module("yaml").safe_load(text)


def rules() -> list[dict[str, Any]]:
    """All rules, those that record and those that alert, in their order."""
    groups = read_yaml(RULES.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """The rules that alert, by the alerts' names."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def compressed(text: str, factor: float) -> str:
    """Rules or routes with every time shorter by a factor: windows, waits, offsets, and limits of an age in seconds.

    What limits a latency stays as it is: that is the API's time, not the alert's.
    """

    def shorter(found: re.Match[str]) -> str:
        return f"{round(float(found[1]) * _UNITS[found[2]] * 1000 / factor)}ms"

    at_work = r"(?:(?<=\[)|(?<=for: )|(?<=offset )|(?<=_wait: )|(?<=_interval: ))"
    text = re.sub(rf"{at_work}(\d+)([smhd])\b", shorter, text)
    return re.sub(r"(?<=> )93600\b", f"{93600 / factor:g}", text)
