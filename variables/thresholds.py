"""What the suites hold the API to. Change a number here, or with `--variable`, and no suite needs to be touched."""

QUICK_RESPONSE = "5 s"
"""In which time an answer should come, on a slow line too."""

RAW_TIMEOUT = 10
"""Seconds that a request of RequestsLibrary may take."""

SHORT_PAUSE = "20 ms"
"""The first pause between two attempts at the stand-in, which need not be spared as the public API must be."""

SHORT_TIMEOUT = "250 ms"
"""What an attempt may take where a test is about answers that come too late."""

SHORT_REST = "500 ms"
"""How long an open circuit is left alone where a test is about what comes after."""

LATENCY_MODE = "statistical"
"""How it is judged whether an endpoint is slower than it was: `statistical`, or by the plain `threshold` of 20 %."""

LATENCY_POLICY = "warn"
"""What a suite does when an endpoint is slower than it was: `warn` says so and goes on, `fail` fails the test."""

FLAKY_THRESHOLD = 0.05
"""A test that surely fails more often than this share of its attempts, though nothing changed, cannot be trusted."""
