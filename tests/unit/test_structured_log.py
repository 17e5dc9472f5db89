"""The structured log: what its lines say, and what happens when they cannot be written."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from observatory.data_drift import DataChange, DataChangeKind
from observatory.exchange import Attempt, Exchange, Failure, FailureType
from observatory.logs.masking import Masker
from observatory.logs.structured_log import StructuredLog
from tests.drift_values import a_known_change

NOON = datetime(2026, 8, 1, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results" / "logs" / "observatory.jsonl"


@pytest.fixture
def log(path: Path) -> Iterator[StructuredLog]:
    log = StructuredLog(path, Masker(["sesame-42"]), level="DEBUG", run_id="r1", clock=lambda: NOON)
    yield log
    log.close()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def exchange(**changes: Any) -> Exchange:
    bulbasaur = Exchange(
        endpoint="pokemon",
        resource="1",
        url="http://127.0.0.1:8000/api/v2/pokemon/1",
        started_at=NOON,
        elapsed=0.0123456,
        attempts=(Attempt(1, 200, 0.0123456),),
        status=200,
        test_name="Smoke.Bulbasaur",
        run_id="r2",
    )
    return bulbasaur.having(**changes)


class TestLines:
    def test_a_good_request(self, log: StructuredLog, path: Path) -> None:
        log.exchange(exchange())
        assert lines(path) == [
            {
                "timestamp": "2026-08-01T12:00:00.123Z",
                "level": "INFO",
                "test_name": "Smoke.Bulbasaur",
                "message": "GET pokemon/1 200 in 0.012 s",
                "run_id": "r2",
                "environment": "local",
                "target": "",
                "method": "GET",
                "endpoint": "pokemon",
                "resource": "1",
                "url": "http://127.0.0.1:8000/api/v2/pokemon/1",
                "status_code": 200,
                "elapsed_seconds": 0.012346,
                "attempts": 1,
                "limited_seconds": 0.0,
                "waited_seconds": 0.0,
                "failure_type": None,
                "reason": None,
            }
        ]
        first = ["timestamp", "level", "test_name", "message", "run_id", "environment", "target"]
        assert list(lines(path)[0])[:7] == first

    def test_every_line_says_where_it_comes_from_and_what_was_asked(self, path: Path) -> None:
        log = StructuredLog(path, Masker(), environment="staging", target="live")
        log.message("INFO", "begun")
        log.exchange(exchange())
        log.exchange(exchange(), "faults")
        log.test_failed("Smoke.X", "no", "", "")
        change = DataChange("weight", DataChangeKind.CHANGED, 69, 70)
        log.data_changes("pokemon", "1", [change])
        log.data_changes("pokemon", "1", [change], target="embedded")
        log.close()
        assert {line["environment"] for line in lines(path)} == {"staging"}
        assert [line["target"] for line in lines(path)] == ["live", "live", "faults", "live", "live", "embedded"]

    @pytest.mark.parametrize(
        ("remembered", "told"),
        [("replay:/home/ash/recorded", "replay"), ("live", "live"), ("https://x.test/api", "https://x.test/api")],
    )
    def test_a_change_names_its_own_target_and_no_folder(
        self, log: StructuredLog, path: Path, remembered: str, told: str
    ) -> None:
        log.schema_change(a_known_change(target=remembered))
        assert lines(path)[0]["target"] == told

    def test_the_phases_of_the_last_attempt_as_far_as_they_are_known(self, log: StructuredLog, path: Path) -> None:
        first = Attempt(1, 503, 0.5, connect=0.25, first_byte=0.375)
        log.exchange(exchange(attempts=(first, Attempt(2, 200, 0.0123456, first_byte=0.0101234))))
        log.exchange(exchange(attempts=(first,)))
        log.exchange(exchange(attempts=()))
        again, once, never = lines(path)
        assert again["first_byte_seconds"] == 0.010123
        assert "connect_seconds" not in again
        assert (once["connect_seconds"], once["first_byte_seconds"]) == (0.25, 0.375)
        assert {"connect_seconds", "first_byte_seconds"}.isdisjoint(never)

    def test_a_failed_request_with_its_waits(self, log: StructuredLog, path: Path) -> None:
        attempts = (
            Attempt(1, None, 10.0, problem="no answer", limited=0.25),
            Attempt(2, None, 10.0, limited=0.5, waited=1.5),
        )
        failure = Failure(FailureType.TIMEOUT, "pokemon/1 gave no answer within 10 s, after 2 attempts.")
        log.exchange(exchange(status=None, failure=failure, attempts=attempts, run_id=""))
        (line,) = lines(path)
        assert line["level"] == "WARNING"
        assert line["message"] == "GET pokemon/1 failed: timeout after 2 attempts"
        assert line["status_code"] is None
        assert (line["attempts"], line["limited_seconds"], line["waited_seconds"]) == (2, 0.75, 1.5)
        assert (line["failure_type"], line["reason"]) == ("timeout", failure.message)
        assert line["run_id"] == "r1"

    def test_fields_that_the_model_does_not_know_are_noticed(self, log: StructuredLog, path: Path) -> None:
        log.exchange(exchange(unknown_fields=("moves[].order2",)))
        assert lines(path)[0]["unknown_fields"] == ["moves[].order2"]
        assert lines(path)[0]["level"] == "INFO"

    def test_a_failed_test(self, log: StructuredLog, path: Path) -> None:
        assertion = {"expected": 200, "seen": 500}
        log.test_failed("Smoke.X", "Status 500\nshould be 200", "at step 3", assertion, "type", "assertion")
        assert lines(path) == [
            {
                "timestamp": "2026-08-01T12:00:00.123Z",
                "level": "ERROR",
                "test_name": "Smoke.X",
                "message": "Test failed: Status 500",
                "run_id": "r1",
                "environment": "local",
                "target": "",
                "endpoint": "type",
                "failure_type": "assertion",
                "reason": "Status 500\nshould be 200",
                "trace": "at step 3",
                "assertion": assertion,
            }
        ]

    def test_a_failed_test_may_bring_its_exception(self, log: StructuredLog, path: Path) -> None:
        log.test_failed("Smoke.X", "", ValueError("sesame-42"), "")
        assert lines(path)[0]["trace"] == "ValueError: ***"
        assert lines(path)[0]["message"] == "Test failed"

    @pytest.mark.parametrize(
        ("level", "written"),
        [("DEBUG", "DEBUG"), ("info", "INFO"), ("WARN", "WARNING"), ("ERROR", "ERROR"), ("FAIL", "INFO")],
    )
    def test_a_message_with_what_else_is_worth_keeping(
        self, level: str, written: str, log: StructuredLog, path: Path
    ) -> None:
        log.message(level, "The database is away.", "Smoke.X", spooled=3, attempts=[1, 2])
        (line,) = lines(path)
        assert (line["level"], line["message"], line["test_name"]) == (written, "The database is away.", "Smoke.X")
        assert (line["spooled"], line["attempts"]) == (3, [1, 2])

    def test_times_are_in_utc_whatever_the_clock_says(self, path: Path) -> None:
        new_year_in_tokyo = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=9)))
        log = StructuredLog(path, Masker(), clock=lambda: new_year_in_tokyo)
        log.message("INFO", "x")
        log.close()
        assert lines(path)[0]["timestamp"] == "2025-12-31T15:00:00.000Z"

    def test_nothing_takes_the_place_of_time_level_and_message(self, log: StructuredLog, path: Path) -> None:
        log.message("INFO", "said", timestamp="then", level="HIGH", message="other")
        (line,) = lines(path)
        assert (line["timestamp"], line["timestamp_"]) == ("2026-08-01T12:00:00.123Z", "then")
        assert (line["level"], line["level_"]) == ("INFO", "HIGH")
        assert line["message"] == "said"

    def test_secrets_are_masked_by_name_value_and_shape(self, log: StructuredLog, path: Path) -> None:
        log.message("INFO", "open sesame-42", token="x", headers={"Cookie": "a=b"}, url="http://a:b@c/?api_key=d")
        (line,) = lines(path)
        assert line["message"] == "open ***"
        assert (line["token"], line["headers"], line["url"]) == (
            "***",
            {"Cookie": "***"},
            "http://***@c/?api_key=***",
        )
        assert "sesame" not in path.read_text()

    def test_what_json_has_no_word_for_becomes_text(self, log: StructuredLog, path: Path) -> None:
        log.message("INFO", "odd", a=float("nan"), b=10**5000, c={1: {2}}, d={("x", 1): b"y"}, e=object, f=NOON)
        (line,) = lines(path)
        assert line["a"] == "nan"
        assert line["b"].startswith("0x")
        assert line["c"] == {"1": "{2}"}
        assert line["d"] == {"('x', 1)": "b'y'"}
        assert line["e"] == "<class 'object'>"
        assert line["f"] == "2026-08-01T14:00:00.123456+02:00"

    def test_a_line_is_a_line_for_every_reader(self, log: StructuredLog, path: Path) -> None:
        text = "a\nb\rc\x85d\u2028e\u2029f\x1eg é 🙂 \ud800"
        log.message("INFO", text)
        assert lines(path)[0]["message"] == text
        assert "é 🙂" in path.read_text("utf-8")

    def test_lines_below_the_level_are_not_written(self, path: Path) -> None:
        log = StructuredLog(path, Masker(), level="WARNING")
        log.exchange(exchange())
        log.message("INFO", "quiet")
        assert not path.exists()
        log.message("WARNING", "loud")
        log.close()
        assert [line["message"] for line in lines(path)] == ["loud"]

    def test_a_level_that_does_not_exist_is_refused_at_once(self, path: Path) -> None:
        with pytest.raises(ValueError, match="LOUD"):
            StructuredLog(path, Masker(), level="LOUD")


class TestStandardLogging:
    def test_nothing_reaches_other_logs(
        self, log: StructuredLog, path: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path
    ) -> None:
        other = StructuredLog(tmp_path / "other.jsonl", Masker())
        other.message("ERROR", "not for others")
        other.close()
        log.message("ERROR", "nor this")
        assert caplog.records == []
        assert [line["message"] for line in lines(path)] == ["nor this"]

    def test_what_another_logger_says_can_be_taken_in(self, log: StructuredLog, path: Path) -> None:
        logger = logging.getLogger("elsewhere")
        logger.addHandler(log.handler)
        try:
            int("sesame-42")
        except ValueError:
            logger.exception("asked %s", "politely", extra={"test_name": "Smoke.X", "password": "p"})
        logger.removeHandler(log.handler)
        (line,) = lines(path)
        assert line["level"] == "ERROR"
        assert line["message"] == "asked politely"
        assert line["test_name"] == "Smoke.X"
        assert line["password"] == "***"
        assert line["run_id"] == "r1"
        assert line["trace"].startswith("Traceback")
        assert line["trace"].endswith("'***'")


class TestTrouble:
    def complaining(self, path: Path) -> tuple[StructuredLog, io.StringIO]:
        complaints = io.StringIO()
        return StructuredLog(path, Masker(), complaints=complaints), complaints

    def test_the_file_is_opened_with_the_first_line(self, log: StructuredLog, path: Path) -> None:
        assert not path.parent.exists()
        log.message("INFO", "now")
        assert path.is_file()

    def test_closing_twice_or_unopened_is_no_trouble_and_a_late_line_is_kept(
        self, log: StructuredLog, path: Path
    ) -> None:
        log.close()
        log.message("INFO", "one")
        log.close()
        log.close()
        log.message("INFO", "two")
        assert [line["message"] for line in lines(path)] == ["one", "two"]

    def test_one_sentence_when_the_file_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        log, complaints = self.complaining(tmp_path / "file" / "x.jsonl")
        for _ in range(3):
            log.exchange(exchange())
        log.close()
        assert complaints.getvalue().count("\n") == 1
        assert complaints.getvalue().startswith(f"The structured log {tmp_path / 'file' / 'x.jsonl'} is incomplete: ")
        assert log.lost == 3

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
    def test_one_sentence_when_the_disk_is_full(self) -> None:
        log, complaints = self.complaining(Path("/dev/full"))
        log.message("INFO", "one")
        log.message("INFO", "two")
        log.close()
        assert complaints.getvalue() == (
            "The structured log /dev/full is incomplete: No space left on device. The tests go on without it.\n"
        )
        assert log.lost == 2

    def test_it_is_said_on_standard_error_by_default(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        log = StructuredLog(tmp_path, Masker())
        log.message("INFO", "to a folder")
        assert "is incomplete" in capsys.readouterr().err

    def test_lines_are_written_again_when_they_can_be(self, tmp_path: Path) -> None:
        path = tmp_path / "x" / "log.jsonl"
        (tmp_path / "x").touch()
        log, _ = self.complaining(path)
        log.message("INFO", "lost")
        (tmp_path / "x").unlink()
        log.message("INFO", "kept")
        log.close()
        assert [line["message"] for line in lines(path)] == ["kept"]

    def test_what_cannot_even_be_turned_into_a_line_is_counted(self, path: Path) -> None:
        def broken_clock() -> datetime:
            raise RuntimeError("sesame-42")

        complaints = io.StringIO()
        log = StructuredLog(path, Masker(), clock=broken_clock, complaints=complaints)
        log.exchange(exchange())
        assert log.lost == 1
        assert "a line could not be made (RuntimeError)" in complaints.getvalue()
        assert "sesame-42" not in complaints.getvalue()

    def test_even_a_closed_standard_error_is_no_trouble(self, tmp_path: Path) -> None:
        log, complaints = self.complaining(tmp_path)
        complaints.close()
        log.message("INFO", "to a folder")
        assert log.lost == 1

    def test_a_line_cut_short_by_a_full_disk_spoils_no_other(self, path: Path) -> None:
        pytest.importorskip("resource", reason="file sizes can only be limited on POSIX")
        run_python(
            """
            import io, resource, sys
            from pathlib import Path
            from observatory.logs.masking import Masker
            from observatory.logs.structured_log import StructuredLog
            log = StructuredLog(Path(sys.argv[1]), Masker(), complaints=io.StringIO())
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
            for number in range(10):
                log.message("INFO", f"before {number}")
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            log.message("INFO", "after")
            log.message("INFO", f"lost {log.lost}")
            """,
            path,
        )
        whole, cut = [], []
        for line in path.read_text("utf-8").splitlines():
            try:
                whole.append(json.loads(line)["message"])
            except ValueError:
                cut.append(line)
        assert len(cut) == 1
        assert whole[0] == "before 0"
        lost = 10 - (len(whole) - 2)
        assert whole[-2:] == ["after", f"lost {lost}"]

    def test_several_processes_append_whole_lines_to_one_file(self, path: Path) -> None:
        script = """
            import sys
            from pathlib import Path
            from observatory.logs.masking import Masker
            from observatory.logs.structured_log import StructuredLog
            log = StructuredLog(Path(sys.argv[1]), Masker(), run_id=sys.argv[2])
            for number in range(200):
                log.message("INFO", "x" * number * 37, number=number)
            """
        processes = [start_python(script, path, str(number)) for number in range(4)]
        assert [process.wait(timeout=60) for process in processes] == [0, 0, 0, 0]
        written = lines(path)
        assert len(written) == 800
        for run in "0123":
            own = [line for line in written if line["run_id"] == run]
            assert [line["number"] for line in own] == list(range(200))
            assert all(len(line["message"]) == line["number"] * 37 for line in own)


def start_python(script: str, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)])


def run_python(script: str, *arguments: object) -> None:
    assert start_python(script, *arguments).wait(timeout=60) == 0
