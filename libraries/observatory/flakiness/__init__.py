"""Flaky tests: whose fault a failure is, which failures are the same, how often a test lies, what is in quarantine."""

from observatory.flakiness.causes import Asked, Cause, CauseFinder, cause_of_error, cause_of_message
from observatory.flakiness.fingerprints import fingerprint, normalised

__all__ = ["Asked", "Cause", "CauseFinder", "cause_of_error", "cause_of_message", "fingerprint", "normalised"]
