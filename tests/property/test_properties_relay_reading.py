"""Whatever bytes are pushed to the relay: they are numbers that can be true, or the reader's own error, and soon."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from observatory.metrics.families import BOUNDS, FAMILIES, FAMILY_OF, LONGEST_LABEL, Family, Kind
from observatory.relay.address import PREFIX, read_address
from observatory.relay.reading import MOST_SAMPLES, PushError, Sample, read_push

PIECES = (
    *(
        "# TYPE ",
        "# HELP ",
        "# UNIT ",
        "# EOF",
        "#",
        "\n",
        "\r\n",
        " ",
        "\t",
        "{",
        "}",
        "=",
        '"',
        ",",
        "\\",
        '\\"',
        "\\n",
    ),
    *("counter", "gauge", "histogram", "summary", "untyped", "info", "+Inf", "-Inf", "NaN", "1e999", "-0", "1", "0.5"),
    *(
        "endpoint",
        "le",
        "suite",
        "test_name",
        "failure_type",
        "quantile",
        'endpoint="pokemon"',
        'le="+Inf"',
        'le="NaN"',
    ),
    *("_total", "_bucket", "_count", "_sum", "_created", "ä", "\u2028", "\0", "٣", "1_0", "0x1", "timeout"),
    *(name for name in FAMILY_OF),
)


def held_to_be_true(samples: list[Sample]) -> None:
    """What every number that was read keeps to, whatever it was read from."""
    assert len(samples) <= MOST_SAMPLES
    assert len({sample[:2] for sample in samples}) == len(samples)
    for sample in samples:
        family = FAMILY_OF[sample.name]
        names = [name for name, _ in sample.labels]
        assert names == sorted({*family.labels, *(["le"] if sample.name.endswith("_bucket") else [])})
        assert all(len(value) <= LONGEST_LABEL and value.isprintable() for _, value in sample.labels)
        assert math.isfinite(sample.value)
        assert sample.value >= 0


def read(push: bytes) -> list[Sample] | None:
    """The numbers of a push; None when the reader refuses it, by its own error and in a sentence."""
    said = ""
    samples = None
    try:
        samples = read_push(push)
    except PushError as error:
        said = str(error).strip() or "nothing"
    if samples is not None:
        held_to_be_true(samples)
    assert said != "nothing"
    assert len(said) < 2_000
    return samples


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=400))
@example(b"\xef\xbb\xbf# TYPE a counter\n")
@example(b'# TYPE pokeapi_requests_total counter\npokeapi_requests_total{endpoint="a"')
def test_any_bytes_are_numbers_or_an_error(push: bytes) -> None:
    read(push)


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_mixture_of_the_words_of_the_format_is_numbers_or_an_error(text: str) -> None:
    read(text.encode())


def one_label(label: tuple[str, str]) -> str:
    """A label as it stands in the text, whatever it says."""
    return '{}="{}"'.format(*label)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(FAMILY_OF)),
            st.dictionaries(
                st.sampled_from(["endpoint", "suite", "test_name", "failure_type", "le", "target"])
                | st.text(max_size=4),
                st.sampled_from(["pokemon", "timeout", "+Inf", "0.1", ""]) | st.text(max_size=5),
                max_size=3,
            ),
            st.sampled_from(["1", "-1", "0", "NaN", "1.5", "1e13"]) | st.floats().map(repr),
        ),
        max_size=6,
    ),
    st.sampled_from(["counter", "gauge", "histogram", "summary", ""]),
)
def test_any_samples_are_numbers_or_an_error(lines: list[tuple[str, dict[str, str], str]], kind: str) -> None:
    text = "".join(
        f"# TYPE {name} {kind}\n{name}{{{','.join(map(one_label, labels.items()))}}} {number}\n"
        for name, labels, number in lines
    )
    read(text.encode("utf-8", "surrogatepass"))


NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=LONGEST_LABEL)


@st.composite
def true_pushes(draw: st.DrawFn) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """The samples of a process that counted something, by name and labels."""
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for family in draw(st.lists(st.sampled_from(FAMILIES), max_size=4, unique=True)):
        for value in draw(st.lists(NAMES.filter(str.isprintable), max_size=3, unique=True)):
            samples |= dict(draw(_samples(family, value)))
    return samples


@st.composite
def _samples(
    draw: st.DrawFn, family: Family, value: str
) -> list[tuple[tuple[str, tuple[tuple[str, str], ...]], float]]:
    labels = {family.labels[0]: value} | ({"failure_type": "timeout"} if "failure_type" in family.labels else {})
    if family.kind is not Kind.HISTOGRAM:
        number = draw(st.integers(0, 2))
        return [((family.name, tuple(sorted(labels.items()))), float(number))]
    counts = sorted(draw(st.lists(st.integers(0, 9), min_size=len(BOUNDS), max_size=len(BOUNDS))))
    parts = {(f"{family.name}_count", tuple(labels.items())): float(counts[-1])}
    parts[f"{family.name}_sum", tuple(labels.items())] = float(counts[-1])
    for bound, count in zip(BOUNDS, counts, strict=True):
        parts[f"{family.name}_bucket", tuple(sorted({**labels, "le": bound}.items()))] = float(count)
    return list(parts.items())


def written(samples: dict[tuple[str, tuple[tuple[str, str], ...]], float]) -> str:
    """The samples in the text format."""
    lines: dict[Family, list[str]] = {}
    for (name, labels), value in samples.items():
        escaped = ((label, each.replace("\\", "\\\\").replace('"', '\\"')) for label, each in labels)
        told = ",".join(f'{label}="{each}"' for label, each in escaped)
        lines.setdefault(FAMILY_OF[name], []).append(f"{name}{{{told}}} {value}\n")
    return "".join(f"# TYPE {family.name} {family.kind}\n{''.join(each)}" for family, each in lines.items())


@settings(max_examples=200, deadline=None)
@given(true_pushes())
def test_what_a_process_counted_is_read_as_it_was(
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float],
) -> None:
    found = read_push(written(samples).encode())
    assert {(each.name, each.labels): each.value for each in found} == samples


@settings(max_examples=300, deadline=None)
@given(true_pushes(), st.data())
def test_a_push_with_a_byte_changed_is_numbers_or_an_error(
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float], data: st.DataObject
) -> None:
    push = bytearray(written(samples).encode())
    for _ in range(data.draw(st.integers(1, 3)) if push else 0):
        push[data.draw(st.integers(0, len(push) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(push[: data.draw(st.integers(0, len(push)))]))


@pytest.mark.parametrize("unit", ['\\"', "\\\\", '"', "{", "}", ",", "=", "\\", "#", " ", "a", '",a="', 'a="b",'])
@pytest.mark.parametrize(
    "frame", ['pokeapi_requests_total{endpoint="%s"} 1\n', "pokeapi_requests_total{%s} 1\n", "# HELP x %s\n", "%s"]
)
def test_no_push_takes_long_to_be_read(unit: str, frame: str) -> None:
    push = ("# TYPE pokeapi_requests_total counter\n" + frame % (unit * (1_500_000 // len(unit)))).encode()
    began = time.process_time()
    read(push)
    assert time.process_time() - began < 3


@settings(max_examples=500, deadline=None)
@given(
    st.binary(max_size=60)
    | st.lists(
        st.sampled_from(
            [
                b"job",
                b"target",
                b"push_id",
                b"instance",
                b"@base64",
                b"/",
                b"%2F",
                b"%",
                b"YQ==",
                b"=",
                b"%FF",
                b"a",
                b"..",
            ]
        ),
        max_size=12,
    ).map(b"".join)
)
def test_any_address_is_read_or_an_error(path: bytes) -> None:
    try:
        address = read_address(PREFIX.encode() + path)
    except PushError:
        return
    assert len(address.target) <= LONGEST_LABEL
    assert address.target.isprintable()
    assert address.push_id is None or "/" not in address.push_id
