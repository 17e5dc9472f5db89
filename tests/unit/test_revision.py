"""The revision of the tests: the commit, and a mark of what is not committed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from observatory.revision import git_revision

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """A checkout with one commit of `suites/one.robot`, and git in it."""

    def run(*arguments: str) -> str:
        who = {
            f"GIT_{role}_{what}": "ann@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        environment = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *arguments], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "one.robot").write_text("one")
    run("init", "--quiet")
    run("add", ".")
    run("commit", "--quiet", "--message", "First.")
    return run


def test_a_clean_work_tree_is_its_commit(git: Git, tmp_path: Path) -> None:
    assert git_revision(tmp_path) == git("rev-parse", "HEAD")
    assert git_revision(tmp_path / "suites") == git("rev-parse", "HEAD")


def test_an_edited_test_is_another_revision_each_time_it_is_edited(git: Git, tmp_path: Path) -> None:
    head, suite = git("rev-parse", "HEAD"), tmp_path / "suites" / "one.robot"
    seen = {head}
    for text in ("two", "three"):
        suite.write_text(text)
        revision = git_revision(tmp_path)
        assert revision is not None
        assert revision.startswith(f"{head}+")
        assert git_revision(tmp_path) == revision
        seen.add(revision)
    assert len(seen) == 3
    suite.write_text("one")
    assert git_revision(tmp_path) == head


def test_a_new_test_that_is_not_added_yet_counts_and_a_log_does_not(git: Git, tmp_path: Path) -> None:
    head = git_revision(tmp_path)
    (tmp_path / "log.html").write_text("a log")
    assert git_revision(tmp_path) == head
    (tmp_path / "suites" / "a new one.robot").write_text("new")
    first = git_revision(tmp_path)
    assert first != head
    (tmp_path / "suites" / "a new one.robot").write_text("newer")
    assert git_revision(tmp_path) not in (head, first)


def test_a_test_that_is_gone_or_renamed_counts(git: Git, tmp_path: Path) -> None:
    head = git_revision(tmp_path)
    git("mv", "suites/one.robot", "suites/other.robot")
    renamed = git_revision(tmp_path)
    (tmp_path / "suites" / "other.robot").unlink()
    assert len({head, renamed, git_revision(tmp_path)}) == 3


def test_a_pipe_and_a_large_file_are_not_read(git: Git, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    with (tmp_path / "large.csv").open("wb") as large:
        large.truncate(2_000_000)
    assert git_revision(tmp_path) == git_revision(tmp_path) != git("rev-parse", "HEAD")


def test_a_checkout_without_a_commit_has_no_revision(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    assert git_revision(tmp_path) is None
