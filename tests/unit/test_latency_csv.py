"""`observatory latency FILE.csv`: what is read, what is told, and what is said of files that cannot be read."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner, Result

from observatory.commands.latency import latency
from tests.latency_values import RunOfAll, a_run, a_time, everything, noisy, scaled

COLUMNS = ("run", "at", "endpoint", "resource", "elapsed_seconds")
KEYS = ["run", "endpoint", "verdict", "effect", "low", "high", "p50", "p95", "p99"]
HEAD = ",".join(COLUMNS) + "\n"
GOOD = "nightly-1,2026-11-20T02:00:00Z,pokemon,25,0.118\n"

Command = Callable[..., Result]


@pytest.fixture
def judged(tmp_path: Path) -> Command:
    """The command on a file with this content."""

    def run(content: str | bytes, *options: str) -> Result:
        file = tmp_path / "measured.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return CliRunner().invoke(latency, [str(file), *options])

    return run


def as_csv(runs: Iterable[RunOfAll], columns: Sequence[str] = COLUMNS) -> str:
    """The file that a load test would write."""
    lines = io.StringIO(newline="")
    writer = csv.DictWriter(lines, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for run in runs:
        for endpoint, each in run.items():
            for number, (resource, seconds) in enumerate(each.requests):
                at = each.at + timedelta(seconds=number)
                row = {"run": each.run, "at": at.isoformat(), "endpoint": endpoint, "resource": resource}
                writer.writerow({**row, "elapsed_seconds": repr(seconds)})
    return lines.getvalue()


def course(slow_from: int = 20, amount: int = 26, endpoints: Sequence[str] = ("pokemon", "type")) -> Sequence[RunOfAll]:
    """Runs of which the last ones are slower in the first endpoint."""
    random = Random(8)
    runs = []
    for number in range(amount):
        factors = {name: 2.0 if name == endpoints[0] and number >= slow_from else 1.0 for name in endpoints}
        runs.append(
            {k: v for name in endpoints for k, v in a_run(number, noisy(random, 10, factors[name]), name).items()}
        )
    return runs


def events(result: Result) -> list[dict[str, Any]]:
    """The lines of JSON that a command printed, when it ended well."""
    assert result.exit_code == 0, result.output
    return [json.loads(line, parse_constant=_no_such_number) for line in result.output.splitlines()]


def _no_such_number(name: str) -> float:
    raise AssertionError(f"{name} is no JSON")


# What is told


def test_there_is_a_line_for_each_run_and_endpoint_in_the_order_of_the_runs(judged: Command) -> None:
    told = events(judged(as_csv(course()), "--json"))
    assert [(each["run"], each["endpoint"]) for each in told] == [
        (f"run-{number}", name) for number in range(26) for name in ("pokemon", "type")
    ]
    assert all(list(each) == KEYS for each in told)


def test_the_lines_say_what_the_engine_says(judged: Command) -> None:
    runs = course()
    told = events(judged(as_csv(runs), "--json"))
    expected = [
        (run[name], judgement)
        for run, one in zip(runs, everything(runs), strict=True)
        for name, judgement in one.items()
    ]
    for line, (each, judgement) in zip(told, expected, strict=True):
        assert line["verdict"] == judgement.verdict
        for name in ("effect", "low", "high"):
            assert line[name] == pytest.approx(getattr(judgement, name), abs=1e-5), name
        assert (line["p50"], line["p95"], line["p99"]) == pytest.approx(tuple(each.percentiles), rel=1e-4)
    assert {line["verdict"] for line in told} == {"learning", "steady", "regressed"}


def test_what_is_learnt_has_no_effect(judged: Command) -> None:
    first = events(judged(HEAD + GOOD, "--json"))
    assert first == [
        dict(zip(KEYS, ["nightly-1", "pokemon", "learning", None, None, None, 0.118, 0.118, 0.118], strict=True))
    ]


def test_the_order_of_the_lines_makes_no_difference(judged: Command) -> None:
    runs = course()
    head, *lines = as_csv(runs).splitlines(keepends=True)
    Random(1).shuffle(lines)
    shuffled = events(judged(head + "".join(lines), "--json"))
    straight = events(judged(as_csv(runs), "--json"))
    assert {str(each) for each in shuffled} == {str(each) for each in straight}
    assert [each["run"] for each in shuffled] == [each["run"] for each in straight]


def test_runs_are_in_the_order_in_which_they_began_whatever_they_are_called(judged: Command) -> None:
    rows = "b,2026-01-03,e,1,0.1\nc,2026-01-01,e,1,0.1\na,2026-01-02,e,1,0.1\nb,2025-12-31,e,1,0.2\n"
    assert [each["run"] for each in events(judged(HEAD + rows, "--json"))] == ["b", "c", "a"]


def test_by_the_plain_rule_the_effect_is_that_of_the_95th_percentile(judged: Command) -> None:
    told = events(judged(as_csv(course()), "--json", "--mode", "threshold"))
    last = [each for each in told if each["endpoint"] == "pokemon"][-1]
    assert last["verdict"] == "regressed"
    assert (last["low"], last["high"]) == (None, None)
    assert last["effect"] > 0.2


def test_without_json_a_person_reads_what_changed_and_how_it_is_now(judged: Command) -> None:
    output = judged(as_csv(course())).output
    assert re.search(r"^run run-2[0-3], 2026-01-\d\d \d\d:\d\d UTC: regressed$", output, re.MULTILINE)
    assert "regressed" in output
    assert "In the last run of each endpoint:" in output
    assert "pokemon: " in output
    assert "type: as usual: " in output
    assert not any(line.startswith("{") for line in output.splitlines())


def test_without_json_little_history_is_told_as_such(judged: Command) -> None:
    assert "learning, 3 of 10 runs" in judged(as_csv(course(amount=4))).output


@pytest.mark.parametrize(("slow_from", "exit_code"), [(20, 1), (99, 0)])
def test_with_fail_a_regression_in_the_last_run_ends_with_one(judged: Command, slow_from: int, exit_code: int) -> None:
    assert judged(as_csv(course(slow_from)), "--json", "--fail").exit_code == exit_code
    assert judged(as_csv(course(slow_from)), "--json").exit_code == 0


def test_times_are_told_in_utc_whatever_zone_the_file_has(judged: Command) -> None:
    zone = timezone(timedelta(hours=5, minutes=45))
    runs = course()
    elsewhere = [{name: replaced(each, zone) for name, each in run.items()} for run in runs]
    assert judged(as_csv(elsewhere)).output == judged(as_csv(runs)).output


def replaced(each: Any, zone: timezone) -> Any:
    """The same run at the same time, as it is told elsewhere."""
    return type(each)(each.run, each.at.astimezone(zone), each.endpoint, each.requests)


# What is read


@pytest.mark.parametrize(
    "at",
    [
        lambda at: at.isoformat(),
        lambda at: at.isoformat().replace("+00:00", "Z"),
        lambda at: at.replace(tzinfo=None).isoformat(),
        lambda at: at.replace(tzinfo=None).isoformat(" "),
        lambda at: at.astimezone(timezone(timedelta(hours=-8))).isoformat(),
        lambda at: str(int(at.timestamp())),
        lambda at: f"{at.timestamp():.6f}",
        lambda at: str(int(at.timestamp() * 1000)),
        lambda at: f"  {at.isoformat()} ",
    ],
    ids=["+00:00", "Z", "no zone", "a space", "-08:00", "seconds", "a fraction", "milliseconds", "blanks around"],
)
def test_a_time_may_be_written_in_many_ways(judged: Command, at: Callable[[datetime], str]) -> None:
    rows = "".join(f"run-{number},{at(a_time(number))},e,1,0.1\n" for number in (2, 0, 1))
    assert [each["run"] for each in events(judged(HEAD + rows, "--json"))] == ["run-0", "run-1", "run-2"]


def test_times_of_several_kinds_may_be_mixed(judged: Command) -> None:
    rows = "c,1767225602,e,1,1\na,2026-01-01T00:00:00,e,1,1\nb,2026-01-01T01:00:01+01:00,e,1,1\nd,1767225603000,e,1,1\n"
    assert [each["run"] for each in events(judged(HEAD + rows, "--json"))] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "content",
    [
        (HEAD + GOOD).replace("\n", "\r\n"),
        (HEAD + GOOD).replace("\n", "\r"),
        (HEAD + GOOD).rstrip("\n"),
        HEAD + "\n" + GOOD + "\n\n",
        "\ufeff" + HEAD + GOOD,
        "\ufeff" + '"run","at","endpoint","resource","elapsed_seconds"\n' + GOOD,
        '"run","at","endpoint","resource","elapsed_seconds"\n"nightly-1","2026-11-20","pokemon","25","0.118"\n',
        " run , at , endpoint , resource , elapsed_seconds \n" + GOOD.replace(",", " , "),
        "elapsed_seconds,resource,endpoint,at,run\n0.118,25,pokemon,2026-11-20,nightly-1\n",
        "user,run,at,status,endpoint,resource,elapsed_seconds\nann,nightly-1,2026-11-20,200,pokemon,25,0.118\n",
        HEAD + GOOD.rstrip("\n") + ",more,than,columns\n",
        HEAD + GOOD.replace("0.118", "1.18e-1"),
        HEAD + GOOD.replace("0.118", "+.118"),
    ],
    ids=[
        *("CRLF", "CR", "no end of line", "empty lines", "BOM", "BOM and quotes", "quotes", "blanks"),
        *("other order", "more columns", "more values", "exponent", "sign"),
    ],
)
def test_what_spreadsheets_and_scripts_write_is_read(judged: Command, content: str) -> None:
    (told,) = events(judged(content, "--json"))
    assert (told["run"], told["endpoint"], told["p50"]) == ("nightly-1", "pokemon", 0.118)


def test_names_may_have_commas_quotes_and_ends_of_lines(judged: Command) -> None:
    rows = '"a, ""b""\nc",2026-01-01,"größe, 大",1,0.1\n'
    (told,) = events(judged(HEAD + rows, "--json"))
    assert (told["run"], told["endpoint"]) == ('a, "b"\nc', "größe, 大")


def test_a_resource_may_be_empty(judged: Command) -> None:
    assert len(events(judged(HEAD + "a,2026-01-01,e,,0.1\n", "--json"))) == 1


def test_standard_input_is_read_too() -> None:
    result = CliRunner().invoke(latency, ["-", "--json"], input=HEAD + GOOD)
    assert [each["run"] for each in events(result)] == ["nightly-1"]


def test_a_person_may_ask_for_help() -> None:
    result = CliRunner().invoke(latency, ["--help"])
    assert result.exit_code == 0
    for column in COLUMNS:
        assert column in result.output


# What cannot be read: one clear sentence, with the line and what it has


BAD_VALUES = {
    "nan": "elapsed_seconds is 'nan'",
    "inf": "elapsed_seconds is 'inf'",
    "-Infinity": "elapsed_seconds is '-Infinity'",
    "0": "elapsed_seconds is '0'",
    "-0.1": "elapsed_seconds is '-0.1'",
    "1e999": "elapsed_seconds is '1e999'",
    "1e-999": "elapsed_seconds is '1e-999'",
    "fast": "elapsed_seconds is 'fast'",
    "118 ms": "elapsed_seconds is '118 ms'",
    "0.1.1": "elapsed_seconds is '0.1.1'",
    "1_0": "elapsed_seconds is '1_0'",
    "": "elapsed_seconds is ''",
    "x" * 1000: f"elapsed_seconds is '{'x' * 40}…'",
}
BAD_TIMES = ["yesterday", "nan", "inf", "1e300", "-1e300", "", "2026-13-01", "25:00", "1767225600000000000", "x" * 1000]


def refused(result: Result, *words: str) -> None:
    """Hold a message against what it must have: one sentence, nothing else."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.output.startswith("Error: ")
    assert result.output.rstrip().endswith(".")
    assert len(result.output.splitlines()) == 1
    assert "Traceback" not in result.output
    assert len(result.output) < 500
    for word in words:
        assert word in result.output


@pytest.mark.parametrize("seconds", BAD_VALUES, ids=lambda text: text[:12] or "empty")
def test_seconds_that_are_none_are_told_with_their_line(judged: Command, seconds: str) -> None:
    result = judged(f"{HEAD}{GOOD}b,2026-01-01,e,1,{seconds}\n", "--json")
    refused(result, "Line 3 of ", "measured.csv", BAD_VALUES[seconds], "must be a number of seconds above 0")


@pytest.mark.parametrize("at", BAD_TIMES, ids=lambda text: text[:12] or "empty")
def test_a_time_that_is_none_is_told_with_its_line(judged: Command, at: str) -> None:
    result = judged(f"{HEAD}{GOOD}b,{at},e,1,0.1\n", "--json")
    refused(result, "Line 3 of ", f"at is '{at[:40]}", "must be a time")


@pytest.mark.parametrize("missing", COLUMNS)
def test_a_missing_column_is_named(judged: Command, missing: str) -> None:
    columns = [column for column in COLUMNS if column != missing]
    result = judged(as_csv(course(amount=1), columns), "--json")
    refused(result, f"no column {missing}", *columns)


BAD_FILES: Mapping[str, tuple[str | bytes, Sequence[str]]] = {
    "header only": (HEAD, ["no measurements"]),
    "too few values": (HEAD + GOOD + "a,2026-01-01,e\n", ["Line 3", "3 values", "5 columns"]),
    "no run": (HEAD + ",2026-01-01,e,1,1\n", ["Line 2", "no run"]),
    "no endpoint": (HEAD + "a,2026-01-01, ,1,1\n", ["Line 2", "no endpoint"]),
    "semicolons": (HEAD.replace(",", ";") + GOOD.replace(",", ";"), ["no column run", "run;at;endpoint"]),
    "JSON": ('{"run": 1}\n', ["no column run"]),
    "a quote that is not closed": (HEAD + GOOD + '"a,2026-01-01,e,1,1\n', ["Line 3"]),
    "binary": (bytes(range(256)) * 8, ["not written in UTF-8"]),
    "UTF-16": ((HEAD + GOOD).encode("utf-16"), ["not written in UTF-8"]),
    "Latin-1": ((HEAD + GOOD.replace("pokemon", "pokémon")).encode("latin-1"), ["not written in UTF-8"]),
    "a field that never ends": (HEAD + f"a,2026-01-01,e,{'x' * 200_000},1\n", ["Line 2", "no CSV"]),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_no_such_table_is_refused(judged: Command, name: str) -> None:
    content, words = BAD_FILES[name]
    for options in (["--json"], []):
        refused(judged(content, *options), *words)


@pytest.mark.parametrize("content", [b"", b"\n\n", "\ufeff".encode()], ids=["nothing", "empty lines", "a BOM"])
def test_an_empty_file_is_called_empty(judged: Command, content: bytes) -> None:
    refused(judged(content, "--json"), "measured.csv", "empty")


def test_what_came_in_by_standard_input_is_called_so() -> None:
    result = CliRunner().invoke(latency, ["-", "--json"], input=HEAD + "a,b,c,d,e\n")
    refused(result, "standard input", "Line 2")


def test_a_folder_and_a_file_that_is_not_there_are_named(tmp_path: Path) -> None:
    for path, words in ((tmp_path, "is a directory"), (tmp_path / "none.csv", "does not exist")):
        result = CliRunner().invoke(latency, [str(path), "--json"])
        assert result.exit_code == 2
        assert words in result.output
        assert str(path) in result.output


@pytest.mark.parametrize(("few", "many"), [(1e-300, 1e300), (5e-324, 1.7e308), (1e-9, 1e9)])
@pytest.mark.parametrize("mode", ["statistical", "threshold"])
def test_times_beyond_all_measure_are_refused_or_judged_and_nothing_breaks(
    judged: Command, few: float, many: float, mode: str
) -> None:
    runs = [a_run(number, [few if number < 15 else many] * 5) for number in range(18)]
    result = judged(as_csv(runs), "--json", "--mode", mode)
    if result.exit_code:
        refused(result, "Line ", "elapsed_seconds")
    else:
        assert events(result)[-1]["verdict"] == "regressed"


def test_a_unit_makes_no_difference_to_the_verdicts(judged: Command) -> None:
    runs = course()
    told = events(judged(as_csv(runs), "--json"))
    other = events(judged(as_csv([scaled(run, 1000) for run in runs]), "--json"))
    assert [each["verdict"] for each in other] == [each["verdict"] for each in told]


# As a process


def test_a_pipe_that_is_closed_is_no_reason_for_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    file.write_text(HEAD + "".join(f"run-{number},{1767225600 + number},e,1,0.1\n" for number in range(4000)), "utf-8")
    command = [sys.executable, "-c", "from observatory.commands import main; main()", "latency", str(file), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["run"] == "run-0"
        process.stdout.close()
        assert process.stderr.read() == ""
