"""The command `observatory`: what is done with the history outside a test run."""

from observatory.commands.main import main

__all__ = ["main"]
