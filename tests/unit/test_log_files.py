"""The files of the structured log: a file a day, in parts, written by many processes and deleted when they are old."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from observatory.logs.log_files import DAYS_KEPT, DailyFiles
from observatory.logs.masking import Masker
from observatory.logs.structured_log import StructuredLog

TODAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FIRST, SECOND, THIRD = (f"observatory-2026-11-20{part}.jsonl" for part in ("", "_002", "_003"))


Daily = Callable[..., DailyFiles]


@pytest.fixture
def daily() -> Iterator[Daily]:
    """Makes daily files at noon, and closes them in the end."""
    made: list[DailyFiles] = []

    def make(folder: Path, **options: Any) -> DailyFiles:
        made.append(DailyFiles(folder, **{"clock": lambda: NOON, **options}))
        return made[-1]

    yield make
    for files in made:
        files.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def append(files: DailyFiles, text: str, day: date = TODAY) -> None:
    files.opened(day, len(text)).write(text.encode())


def old_file(folder: Path, name: str, age: timedelta = timedelta(days=30), size: int = 1) -> Path:
    """A file that was written to some time before noon."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(b"x" * size)
    at = (NOON - age).timestamp()
    os.utime(path, (at, at))
    return path


def lines(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()
    ]


class TestParts:
    def test_a_day_begins_with_a_file_that_bears_its_date(self, tmp_path: Path, daily: Daily) -> None:
        files = daily(tmp_path / "results" / "logs")
        append(files, "one\n")
        append(files, "two\n")
        assert files.path == tmp_path / "results" / "logs" / FIRST
        assert files.path.read_text() == "one\ntwo\n"

    def test_nothing_is_made_before_the_first_line(self, tmp_path: Path, daily: Daily) -> None:
        files = daily(tmp_path / "logs")
        files.close()
        assert not (tmp_path / "logs").exists()

    def test_a_part_that_is_full_stays_as_it_is_and_the_next_one_begins(self, tmp_path: Path, daily: Daily) -> None:
        files = daily(tmp_path, largest_part=10)
        for text in ("12345\n", "78\n", "next\n", "over\n", "and on\n"):
            append(files, text)
        assert names(tmp_path) == [FIRST, SECOND, THIRD]
        assert [(tmp_path / name).read_text() for name in names(tmp_path)] == [
            "12345\n78\n",
            "next\nover\n",
            "and on\n",
        ]

    def test_a_line_that_is_longer_than_a_part_has_one_for_itself(self, tmp_path: Path, daily: Daily) -> None:
        files = daily(tmp_path, largest_part=4)
        for text in ("a line\n", "another\n", "x\n"):
            append(files, text)
        assert [(tmp_path / name).read_text() for name in names(tmp_path)] == ["a line\n", "another\n", "x\n"]

    def test_who_comes_later_goes_on_in_the_newest_part(self, tmp_path: Path, daily: Daily) -> None:
        for name in (FIRST, "observatory-2026-11-20_009.jsonl", "observatory-2026-11-20_010.jsonl"):
            (tmp_path / name).write_text("full")
        files = daily(tmp_path, largest_part=4)
        append(files, "x")
        assert files.path.name == "observatory-2026-11-20_011.jsonl"

    def test_who_has_fallen_behind_goes_to_where_the_others_are(self, tmp_path: Path, daily: Daily) -> None:
        slow, fast = (daily(tmp_path, largest_part=4) for _ in range(2))
        append(slow, "1111")
        for text in ("2222", "3333", "44"):
            append(fast, text)
        append(slow, "5")
        assert slow.path == fast.path
        assert fast.path.read_text() == "445"

    def test_names_sort_as_the_lines_were_written(self, tmp_path: Path, daily: Daily) -> None:
        files = daily(tmp_path, largest_part=1)
        for number in range(12):
            append(files, chr(97 + number))
        append(files, "z", TODAY + timedelta(days=1))
        assert "".join((tmp_path / name).read_text() for name in names(tmp_path)) == "abcdefghijklz"

    def test_a_line_after_the_end_is_kept(self, tmp_path: Path, daily: Daily) -> None:
        files = daily(tmp_path)
        for text in ("one\n", "two\n"):
            append(files, text)
            files.close()
        assert (tmp_path / FIRST).read_text() == "one\ntwo\n"

    def test_a_file_that_somebody_deletes_is_made_anew(self, tmp_path: Path, daily: Daily) -> None:
        files = daily(tmp_path)
        append(files, "lost\n")
        (tmp_path / FIRST).unlink()
        append(files, "kept\n")
        assert (tmp_path / FIRST).read_text() == "kept\n"

    def test_a_folder_that_somebody_deletes_is_made_anew(self, tmp_path: Path, daily: Daily) -> None:
        files = daily(tmp_path / "logs")
        append(files, "lost\n")
        (tmp_path / "logs" / FIRST).unlink()
        (tmp_path / "logs").rmdir()
        append(files, "kept\n")
        assert (tmp_path / "logs" / FIRST).read_text() == "kept\n"


class TestMidnight:
    def test_a_line_stands_in_the_file_of_its_own_day(self, tmp_path: Path) -> None:
        moments = [datetime(2026, 11, 20, 23, 59, 59, 999_999, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)]
        clock = iter(moments)
        log = StructuredLog(DailyFiles(tmp_path), Masker(), clock=lambda: next(clock))
        log.message("INFO", "late")
        log.message("INFO", "early")
        log.close()
        assert names(tmp_path) == [FIRST, "observatory-2026-11-21.jsonl"]
        for name, line in zip(names(tmp_path), lines(tmp_path), strict=True):
            assert line["timestamp"][:10] in name
        assert [line["message"] for line in lines(tmp_path)] == ["late", "early"]

    def test_days_are_those_of_utc(self, tmp_path: Path) -> None:
        new_year_in_tokyo = datetime.fromisoformat("2026-01-01T00:00:00+09:00")
        log = StructuredLog(DailyFiles(tmp_path), Masker(), clock=lambda: new_year_in_tokyo)
        log.message("INFO", "x")
        log.close()
        assert names(tmp_path) == ["observatory-2025-12-31.jsonl"]


class TestOldFiles:
    def test_files_are_kept_for_two_weeks(self, tmp_path: Path, daily: Daily) -> None:
        for age in range(1, DAYS_KEPT + 3):
            old_file(tmp_path, f"observatory-{TODAY - timedelta(days=age)}.jsonl", timedelta(days=age))
        old_file(tmp_path, f"observatory-{TODAY - timedelta(days=DAYS_KEPT)}_002.jsonl", timedelta(days=DAYS_KEPT))
        append(daily(tmp_path), "x")
        kept = [f"observatory-{TODAY - timedelta(days=age)}.jsonl" for age in range(DAYS_KEPT)]
        assert names(tmp_path) == sorted(kept)

    def test_only_files_of_the_log_are_deleted(self, tmp_path: Path, daily: Daily) -> None:
        others = [
            *("notes.txt", "observatory.jsonl", "observatory-2020-01-01.jsonl.gz", "observatory-2020-01-01_2.jsonl"),
            *("observatory-2020-02-30.jsonl", "my-observatory-2020-01-01.jsonl", "observatory-2020-01-01.log"),
        ]
        for name in (*others, "observatory-2020-01-01.jsonl"):
            old_file(tmp_path, name)
        append(daily(tmp_path), "x")
        assert names(tmp_path) == sorted([*others, FIRST])

    def test_the_oldest_are_deleted_while_all_are_too_large_together(self, tmp_path: Path, daily: Daily) -> None:
        for age in (1, 2, 3, 4):
            old_file(tmp_path, f"observatory-{TODAY - timedelta(days=age)}.jsonl", timedelta(days=age), size=100)
        old_file(tmp_path, f"observatory-{TODAY - timedelta(days=3)}_002.jsonl", timedelta(days=3), size=50)
        append(daily(tmp_path, most_kept=260), "x")
        kept = ["observatory-2026-11-17_002.jsonl", "observatory-2026-11-18.jsonl", "observatory-2026-11-19.jsonl"]
        assert names(tmp_path) == [*kept, FIRST]

    def test_a_file_that_was_written_to_within_the_hour_is_in_use(self, tmp_path: Path, daily: Daily) -> None:
        old_file(tmp_path, "observatory-2026-01-01.jsonl", timedelta(minutes=59))
        old_file(tmp_path, "observatory-2026-01-02.jsonl", timedelta(minutes=61))
        append(daily(tmp_path), "x")
        assert names(tmp_path) == ["observatory-2026-01-01.jsonl", FIRST]

    def test_the_file_that_has_just_begun_stays_whatever_the_clocks_say(self, tmp_path: Path, daily: Daily) -> None:
        append(daily(tmp_path, most_kept=0, clock=lambda: datetime.max.replace(tzinfo=UTC)), "x")
        assert names(tmp_path) == [FIRST]

    def test_nobody_looks_for_old_files_while_a_file_goes_on(self, tmp_path: Path, daily: Daily) -> None:
        files = daily(tmp_path)
        append(files, "x")
        old = old_file(tmp_path, "observatory-2020-01-01.jsonl")
        append(files, "x")
        append(daily(tmp_path), "x")
        assert old.exists()
        append(files, "x", TODAY + timedelta(days=1))
        assert not old.exists()

    def test_that_a_file_cannot_be_deleted_is_said_and_costs_no_line(
        self, tmp_path: Path, daily: Daily, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "observatory-2020-01-01.jsonl").mkdir()  # which no unlink can delete
        os.utime(tmp_path / "observatory-2020-01-01.jsonl", (0, 0))
        heard: list[str] = []
        append(daily(tmp_path, complain=heard.append), "x")
        assert (tmp_path / FIRST).read_text() == "x"
        (sentence,) = heard
        assert sentence.startswith(f"Old files of the structured log in {tmp_path} cannot be deleted: ")
        append(daily(tmp_path), "y", TODAY + timedelta(days=1))
        assert capsys.readouterr().err.startswith("Old files of the structured log in ")


class TestManyProcesses:
    """Real processes, which know nothing of each other."""

    LINES, PROCESSES = 400, 4

    def test_no_line_is_lost_or_written_twice_while_all_change_files_at_once(self, tmp_path: Path) -> None:
        # 1,600 lines of about 250 bytes in parts of 8,000: each process goes through some fifty files.
        logs = tmp_path / "logs"
        script = """
            import sys
            from pathlib import Path
            from observatory.logs.log_files import DailyFiles
            from observatory.logs.masking import Masker
            from observatory.logs.structured_log import StructuredLog
            files = DailyFiles(Path(sys.argv[1]), largest_part=8000)
            log = StructuredLog(files, Masker(), run_id=sys.argv[2])
            for number in range(int(sys.argv[3])):
                log.message("INFO", "x" * (number % 97), number=number)
            assert log.lost == 0
            """
        self.run_all(script, logs, self.LINES)
        written = Counter((line["run_id"], line["number"]) for line in lines(logs))
        assert len(written) == self.PROCESSES * self.LINES
        assert set(written.values()) == {1}
        sizes = [path.stat().st_size for path in sorted(logs.iterdir())]
        assert len(sizes) > 20
        assert max(sizes) <= 8000 + (self.PROCESSES - 1) * 400
        assert min(sizes[:-1]) > 8000 - 400, "a part was left before it was full"
        for path in logs.iterdir():
            assert path.read_bytes().endswith(b"\n")

    def test_all_go_over_midnight_and_old_files_are_deleted_meanwhile(self, tmp_path: Path) -> None:
        logs = tmp_path / "logs"
        for age in range(20, 60):
            old_file(logs, f"observatory-{TODAY - timedelta(days=age)}.jsonl", timedelta(days=20_000))
        script = """
            import sys
            from datetime import UTC, datetime, timedelta
            from itertools import count
            from pathlib import Path
            from observatory.logs.log_files import DailyFiles
            from observatory.logs.masking import Masker
            from observatory.logs.structured_log import StructuredLog
            start, lines = datetime(2026, 11, 20, 23, 30, tzinfo=UTC), int(sys.argv[3])
            ticks = count()
            clock = lambda: start + timedelta(hours=1) * (next(ticks) / lines)
            files = DailyFiles(Path(sys.argv[1]), largest_part=20000)
            log = StructuredLog(files, Masker(), run_id=sys.argv[2], clock=clock)
            for number in range(lines):
                log.message("INFO", "a line", number=number)
            assert log.lost == 0
            """
        self.run_all(script, logs, self.LINES)
        written = Counter((line["run_id"], line["number"]) for line in lines(logs))
        assert len(written) == self.PROCESSES * self.LINES
        assert set(written.values()) == {1}
        assert {path.name[:22] for path in logs.iterdir()} == {"observatory-2026-11-20", "observatory-2026-11-21"}
        for path in logs.iterdir():
            assert {json.loads(line)["timestamp"][:10] for line in path.read_text().splitlines()} == {path.name[12:22]}

    def run_all(self, script: str, folder: Path, count: int) -> None:
        processes = [
            subprocess.Popen([sys.executable, "-c", textwrap.dedent(script), str(folder), str(each), str(count)])
            for each in range(self.PROCESSES)
        ]
        assert [process.wait(timeout=60) for process in processes] == [0] * self.PROCESSES
