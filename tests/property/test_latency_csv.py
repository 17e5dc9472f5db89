"""Whatever is in a file of measurements: it is judged, or refused in one sentence; nothing breaks."""

from __future__ import annotations

import json
from random import Random

from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.commands.latency import latency

HEAD = "run,at,endpoint,resource,elapsed_seconds\n"
KEYS = ["run", "endpoint", "verdict", "effect", "low", "high", "p50", "p95", "p99"]

odd_numbers = st.sampled_from(["0.1", "1e-9", "0", "-1", "nan", "inf", "1e400", "", " 2 ", "0x1", "1,5", "1_0", "٣"])
odd_times = st.sampled_from(
    ["2026-01-01", "2026-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0", "-1e9"]
) | st.floats().map(str)
names = st.text(max_size=5)
rows = st.lists(
    st.tuples(names, odd_times, names, names, odd_numbers | st.floats(min_value=0).map(str)).map(",".join), max_size=40
)


def outcome(content: bytes, *options: str) -> Result:
    """What the command says of standard input with this content, when it is one of two things."""
    result = CliRunner().invoke(latency, ["-", *options], input=content)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    if result.exit_code:
        assert result.exit_code == 1
        assert result.output.startswith("Error: ")
        assert result.output.rstrip().endswith(".")
    return result


def told(content: bytes) -> None:
    """Judge it by both rules, for programs and for people."""
    for options in ((), ("--json",), ("--json", "--mode", "threshold")):
        result = outcome(content, *options)
        if result.exit_code == 0 and "--json" in options:
            for line in result.output.splitlines():
                assert list(json.loads(line)) == KEYS


@given(st.binary(max_size=300))
@settings(max_examples=60)
def test_any_bytes(content: bytes) -> None:
    told(content)


@given(st.text(max_size=300))
@settings(max_examples=60)
def test_any_text_below_the_right_head(content: str) -> None:
    told((HEAD + content).encode("utf-8", "surrogatepass"))


@given(rows)
@settings(max_examples=100)
def test_any_rows(lines: list[str]) -> None:
    told((HEAD + "\n".join(lines)).encode("utf-8", "surrogatepass"))


@given(st.lists(st.floats(min_value=5e-324, allow_infinity=False), min_size=1, max_size=12), st.integers(0, 2**32))
@settings(max_examples=100)
def test_any_times_that_are_numbers(seconds: list[float], seed: int) -> None:
    random = Random(seed)
    lines = [
        f"run-{number},{1767225600 + 21600 * number},e,{place},{random.choice(seconds)!r}"
        for number in range(14)
        for place in range(4)
    ]
    told((HEAD + "\n".join(lines)).encode())


@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_a_good_file_with_a_few_characters_changed(seed: int) -> None:
    random = Random(seed)
    lines = [f"run-{number},{1767225600 + 21600 * number},e,1,{0.1 + number / 1000}" for number in range(15)]
    content = bytearray((HEAD + "\n".join(lines)).encode())
    for _ in range(random.randint(1, 4)):
        content[random.randrange(len(content))] = random.choice(b'",\n\r\t 0e-\x00\xff;+Z')
    told(bytes(content))
