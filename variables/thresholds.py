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

LOAD_FAILURE_RATE = "1 %"
"""Below which share the failures of a load test must stay."""

LOAD_LATENCY = "500 ms"
"""What 95 of 100 requests of a load test may take."""

LOAD_THROUGHPUT = "25 per second"
"""How many requests ten users of the profile quick must get through."""

SPIKE_LATENCY = "1 s"
"""What 95 of 100 requests may take while the users are five times as many for a while."""

ARRIVAL_RATE = "40 per second"
"""At which rate requests arrive that wait for no answer."""

ARRIVAL_THROUGHPUT = "25 per second"
"""How many of them must come to their end in a second; in the first one, the load only begins."""
