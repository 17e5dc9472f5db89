"""Machines for our workflows: each job gets a fresh folder with the project's files, where its scripts really run."""

from __future__ import annotations

import fnmatch
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.workflows import ROOT, Ended, Step

_FILES: Final = (
    *("suites", "resources", "variables", "libraries", "load", "sandbox", "config"),
    *(".github", "docs", "tasks.py", "bootstrap.py", "pyproject.toml"),
)
_GH: Final = """#!/usr/bin/env python3
import fnmatch, os, sys
asked = dict(each.split("=", 1) for each in sys.argv if "=" in each)
if sys.argv[1:4] == ["api", "repos/somebody/observatory", "--jq"]:
    print("main")
elif "repos/somebody/observatory/actions/caches" in sys.argv and asked["ref"] == "refs/heads/main":
    caches = os.listdir({caches!r}) if os.path.isdir({caches!r}) else []
    print(len(fnmatch.filter(caches, asked["key"] + "*")))
else:
    sys.exit(f"gh does not know {{sys.argv[1:]}} here")
"""
"""GitHub's own command, as far as our workflows ask it: which caches there are."""

_CHOICES: Final = ("OBSERVATORY_", "REPORTPORTAL_", "DATABASE_URL", "GITHUB_", "ROBOT_OPTIONS", "CI")


@dataclass
class Cloud:
    """What GitHub has for a repository: machines, artifacts of a run, caches of all runs.

    When the cache is away, a restore finds nothing and says nothing, as the action does.
    """

    folder: Path
    prepare: Callable[[Path], None] = lambda _: None
    lost: Sequence[str] = ()
    is_cache_away: bool = False
    printed: dict[tuple[str, str], str] = field(default_factory=dict)
    _set: dict[str, dict[str, str]] = field(default_factory=dict)

    def next_run(self) -> None:
        """Begin another run, which has fresh machines and no artifact, and the caches that there are."""
        for name in ("machines", "artifacts"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        self.printed.clear()
        self._set.clear()

    def artifact(self, name: str) -> Path:
        """The folder of an artifact."""
        return self.folder / "artifacts" / name

    def machine(self, name: str) -> Path:
        """The folder of a machine."""
        return self.folder / "machines" / name.replace("/", "-")

    def act(self, step: Step) -> Ended:
        """Do what a step says; a machine that is lost does nothing from its suites on, and keeps nothing.

        Raises:
            ValueError: the step uses an action that is unknown here.
        """
        here = self.machine(step.machine)
        if step.machine in self.lost and step.name != "Keep the shard's output":
            return Ended(step.name != "Run the suites")
        if step.script:
            return self._run(step, here)
        action = step.uses.partition("@")[0].removeprefix("actions/")
        if action == "checkout":
            self._check_out(here)
            return Ended()
        if action == "setup-python":
            return Ended()
        act = {
            "upload-artifact": self._upload,
            "download-artifact": self._download,
            "cache/restore": self._restore,
            "cache/save": self._save,
        }.get(action)
        if act is None:
            raise ValueError(f"'{step.uses}' is unknown here")
        return act(step, here)

    def _check_out(self, here: Path) -> None:
        here.mkdir(parents=True)
        for name in _FILES:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, here / name, ignore=shutil.ignore_patterns("__pycache__", "pictures"))
            else:
                shutil.copy2(source, here / name)
        self.prepare(here)

    def _run(self, step: Step, here: Path) -> Ended:
        if step.name == "Install what is missing":  # this Python has it all
            return Ended()
        here.mkdir(parents=True, exist_ok=True)
        files = {name: here / f".{name.lower()}" for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for name in ("GITHUB_ENV", "GITHUB_OUTPUT"):
            files[name].unlink(missing_ok=True)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_CHOICES)}
        environment = {
            **inherited,
            **{name: str(path) for name, path in files.items()},
            "CI": "true",
            # In a checkout that is the folder's own; here the engine is installed from elsewhere.
            "OBSERVATORY_HOME": str(here / ".observatory"),
            "OBSERVATORY_RESULTS": str(here / "results"),
            **step.environment,
            "PATH": os.pathsep.join([str(self._commands()), str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.script],
            cwd=here,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        self.printed[step.machine, step.name] = done.stdout
        return Ended(done.returncode == 0, _lines(files["GITHUB_OUTPUT"]), _lines(files["GITHUB_ENV"]))

    def _commands(self) -> Path:
        """A folder with what GitHub's machines have besides."""
        folder = self.folder / "commands"
        folder.mkdir(exist_ok=True)
        command = folder / "gh"
        if not command.exists():
            command.write_text(_GH.format(caches=str(self.folder / "caches")), "utf-8")
            command.chmod(0o755)
        return folder

    def _upload(self, step: Step, here: Path) -> Ended:
        source, target = here / step.options["path"], self.artifact(step.options["name"])
        assert not target.exists(), f"the artifact {target.name} is there already"
        if source.is_dir():
            shutil.copytree(source, target)
        return Ended()

    def _download(self, step: Step, here: Path) -> Ended:
        assert step.options["merge-multiple"] == "true"
        for source in sorted((self.folder / "artifacts").glob("*")):
            if fnmatch.fnmatch(source.name, step.options["pattern"]):
                shutil.copytree(source, here / step.options["path"], dirs_exist_ok=True)
        return Ended()

    def _restore(self, step: Step, here: Path) -> Ended:
        kept = sorted((self.folder / "caches").glob(f"{step.options['restore-keys']}*"), key=_age)
        if not kept or self.is_cache_away:
            return Ended()
        # As the action does: rights and owners come along, which PostgreSQL looks at.
        subprocess.run(["tar", "--extract", "--preserve-permissions", "--file", kept[-1]], cwd=here, check=True)
        return Ended(outputs={"cache-matched-key": kept[-1].name})

    def _save(self, step: Step, here: Path) -> Ended:
        target = self.folder / "caches" / step.options["key"]
        assert not target.exists(), f"the cache {target.name} is written twice"
        target.parent.mkdir(exist_ok=True)
        subprocess.run(["tar", "--create", "--file", target, step.options["path"]], cwd=here, check=True)
        return Ended()


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns


def _lines(path: Path) -> dict[str, str]:
    """What a step has put into one of GitHub's files."""
    return dict(line.split("=", 1) for line in path.read_text("utf-8").splitlines()) if path.exists() else {}
