"""Tests in quarantine: while they are, their failures are recorded and shown, and do not fail the run.

An entry names a test, by its long name or the end of it after a dot, the last day of its quarantine, at most 60 days
ahead, and the reason:

    {"test": "Basic Endpoints.Bulbasaur Is Served With All Required Fields", "until": "2026-12-01", "reason": "#123"},

After that day the test counts again. The list is reviewed like everything else here.
"""

QUARANTINE: list[dict[str, str]] = []
