"""The options of a load: what times, shares and rates may look like, and what is said of those that do not."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from load.options import LoadOptionError, add_options, address, rate, seconds, share, target
from observatory.load.choices import METRICS_PORT

Reader = Callable[[str, str], float | None]
READERS = pytest.mark.parametrize("read", [seconds, share, rate])


class LocustsParser(argparse.ArgumentParser):
    """Locust's parser, as far as the load's options have to do with it."""

    def add_argument(self, *names: Any, include_in_web_ui: bool = True, **values: Any) -> argparse.Action:
        if not include_in_web_ui:
            hidden_from_page.append(names[0])
        return super().add_argument(*names, **values)


hidden_from_page: list[str] = []


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    hidden_from_page.clear()
    parser = LocustsParser()
    parser.add_argument("--profile", help="Locust's words")
    parser.add_argument("--web-host", default="")
    parser.add_argument("--enable-rebalancing", action="store_true", default=False)
    add_options(parser)
    return parser


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500 ms", 0.5),
        ("500ms", 0.5),
        ("10 s", 10),
        ("2.5s", 2.5),
        ("2 min", 120),
        ("1 h", 3600),
        (" 3 s\n", 3),
    ],
)
def test_a_time_has_a_unit(text: str, value: float) -> None:
    assert seconds(text, "--max-p95") == pytest.approx(value)


@pytest.mark.parametrize("text", ["300", "0.5", "10 ", "10 seconds", "5m", "1 d"])
def test_a_time_without_a_known_unit_is_refused(text: str) -> None:
    with pytest.raises(LoadOptionError) as caught:
        seconds(text, "--max-p95")
    assert str(caught.value) == (
        f"--max-p95 is '{text}', but it must be a time with its unit, such as 500 ms, 10 s or 2 min."
    )


@pytest.mark.parametrize(("text", "value"), [("1 %", 0.01), ("1%", 0.01), ("0.01", 0.01), ("0", 0), ("100 %", 1)])
def test_a_share_is_in_percent_or_a_part_of_one(text: str, value: float) -> None:
    assert share(text, "--max-failures") == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "value"), [("500", 500), ("0.5/s", 0.5), ("50 per second", 50), ("50 a second", 50), ("1 / s", 1)]
)
def test_a_rate_is_requests_a_second(text: str, value: float) -> None:
    assert rate(text, "--rate") == value


@READERS
@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_option_asks_for_nothing(read: Reader, text: str) -> None:
    assert read(text, "--max-p95") is None


@READERS
@pytest.mark.parametrize("text", ["soon", "-1", "1e3", "1,5", "1 s 2", "nan", "inf", "٣", "1\n2", "--"])
def test_what_is_no_value_is_refused_in_one_sentence_that_quotes_it(read: Reader, text: str) -> None:
    with pytest.raises(LoadOptionError) as caught:
        read(text, "--that-option")
    message = str(caught.value)
    assert message.startswith("--that-option is '")
    assert message.endswith(".")
    assert "such as" in message
    assert message.isprintable()


@pytest.mark.parametrize("text", ["0", "0 s", "0.000 ms", f"{'9' * 400} s", f"0.{'0' * 322}5 ms"])
def test_a_time_is_above_zero_and_ends(text: str) -> None:
    with pytest.raises(LoadOptionError, match=r"^--give-up-after is '.*', but it must be a time"):
        seconds(text, "--give-up-after")


@pytest.mark.parametrize("text", ["0", "0/s", "9" * 400])
def test_a_rate_is_above_zero_and_has_an_end(text: str) -> None:
    with pytest.raises(LoadOptionError, match=r"^--rate is '.*', but it must be requests a second, such as 500\.$"):
        rate(text, "--rate")


@pytest.mark.parametrize("text", ["101 %", "1.01", "2"])
def test_a_share_is_at_most_all(text: str) -> None:
    with pytest.raises(LoadOptionError, match=r"must be a share such as 1 % or 0\.01\.$"):
        share(text, "--validate")


@pytest.mark.parametrize("text", ["embedded", "replay", "live", " Embedded\n"])
def test_a_target_has_a_name(text: str) -> None:
    assert target(text) == text.strip().lower()


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:8001/api/v2", "https://example.org", "HTTP://example.org/", "http://[::1]:80/api/v2/ "]
)
def test_a_target_or_a_host_may_be_an_address_whose_last_slash_goes(text: str) -> None:
    assert target(text) == address(text, "--host") == text.strip().rstrip("/")


def test_without_a_target_there_is_none() -> None:
    assert target("  ") is None


@pytest.mark.parametrize(
    "text",
    [
        "foo",
        "faults",
        "127.0.0.1:8001",
        "ftp://example.org",
        "http://",
        "http:///api/v2",
        "http://example.org:port",
        "http://example.org:99999",
        "http://example.org:0",
        "http://example.org/?limit=1",
        "http://example.org/#there",
        "http://example.org/\x00",
    ],
)
def test_what_is_no_address_is_refused_with_what_would_be_one(text: str) -> None:
    told = []
    for read in (target, lambda given: address(given, "--host")):
        with pytest.raises(LoadOptionError) as caught:
            read(text)
        told.append(str(caught.value))
    of_target, of_host = told
    assert of_target.startswith("--target is '")
    assert of_target.endswith(
        "', but it must be embedded, replay, live, or an address such as http://127.0.0.1:8001/api/v2."
    )
    assert of_host.startswith("--host is '")
    assert of_host.endswith("', but it must be an address such as http://127.0.0.1:8001/api/v2.")
    assert of_target.isprintable()


def test_an_address_that_is_refused_shows_no_password() -> None:
    word = "hidden"
    with pytest.raises(LoadOptionError) as caught:
        address(f"ftp://someone:{word}@example.org/", "--host")
    assert word not in str(caught.value)


NUMBERS = st.from_regex(r"\s*[0-9]{1,9}(\.[0-9]{1,9})? ?(ms|s|min|h|%|/s|a second)?\s*", fullmatch=True)


def read_or_refused(read: Reader, text: str) -> float | str | None:
    try:
        return read(text, "--option")
    except LoadOptionError as error:
        return str(error)


@READERS
@given(text=st.one_of(st.text(), NUMBERS))
@example(text="9" * 5000)
def test_whatever_is_given_is_a_value_or_refused(read: Reader, text: str) -> None:
    found = read_or_refused(read, text)
    if isinstance(found, str):
        assert found.startswith("--option is '")
        assert found.isprintable()
        assert len(found) < 500
    else:
        assert found is None or (math.isfinite(found) and found >= 0)


def test_without_options_all_answers_are_validated_and_the_limits_are_one_percent_and_500_ms(
    parser: argparse.ArgumentParser,
) -> None:
    given = parser.parse_args([])
    assert share(given.validate, "--validate") == 1
    assert share(given.max_failures, "--max-failures") == 0.01
    assert seconds(given.max_p95, "--max-p95") == 0.5
    assert rate(given.min_throughput, "--min-throughput") is None
    assert rate(given.rate, "--rate") is None
    assert seconds(given.give_up_after, "--give-up-after") == 10
    assert not given.i_own_this_server
    assert given.metrics_port == METRICS_PORT == 9646
    assert given.metrics_host == "127.0.0.1"


def test_the_page_that_starts_load_is_for_this_machine_and_a_dead_worker_leaves_its_users_to_the_others(
    parser: argparse.ArgumentParser,
) -> None:
    given = parser.parse_args([])
    assert given.web_host == "127.0.0.1"
    assert given.enable_rebalancing


def test_what_belongs_to_the_process_is_not_to_be_changed_on_its_page(parser: argparse.ArgumentParser) -> None:
    hidden = {"--target", "--results", "--metrics-port", "--metrics-host", "--give-up-after", "--i-own-this-server"}
    assert hidden <= set(hidden_from_page)
    assert not {"--shape", "--rate", "--visitor"} & set(hidden_from_page)


def test_the_help_names_what_can_be_chosen(parser: argparse.ArgumentParser) -> None:
    text = " ".join(parser.format_help().split())
    assert "quick, light, medium, heavy" in text
    assert "steady,ramp,spike,sawtooth" in text
    assert "Locust's words" not in text


@pytest.mark.parametrize("arguments", [["--shape", "round"], ["--visitor", "burglar"], ["--metrics-port", "http"]])
def test_a_choice_that_there_is_not_is_refused(
    parser: argparse.ArgumentParser, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(arguments)
    assert caught.value.code == 2
    assert arguments[1] in capsys.readouterr().err
