"""The person at the terminal: who it is, and what they gave as a reason."""

from __future__ import annotations

import getpass
from collections.abc import Callable

import click


def said(option: str, text: str) -> str:
    """What a person gave, without blanks around it; it must say something, and be text."""
    stripped = text.strip()
    if not stripped:
        raise click.BadParameter("it is blank; write a few words that others will understand.", param_hint=option)
    try:
        stripped.encode()
    except UnicodeEncodeError as error:
        raise click.BadParameter("it is no text in the encoding of your terminal.", param_hint=option) from error
    return stripped


def login(ask: Callable[[], str] = getpass.getuser) -> str:
    """The name that the person at the terminal is logged in with; ends the command when there is none."""
    try:
        return ask()
    except (OSError, KeyError, ImportError) as error:  # which of them depends on the platform and on Python's version
        raise click.UsageError("Nobody is logged in here by a name; say who you are with --name.") from error
