"""The search for secrets: it finds each kind in each kind of file, and nothing that is committed can blind it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

import tasks
from tests.integration.test_gates import inv, put, shell

ROOT: Final = Path(tasks.__file__).parent

# In pieces, so that this file holds none.
KINDS: Final[Mapping[str, str]] = {
    "key of AWS": "AKIA" + "Q3EGRIZ7" + "XMLUV2OD",
    "PEM": "-----BEGIN " + "EC PRIVATE KEY-----",
    "address of a database": "postgresql://ash:" + "pik4chu9" + "@db.example.org/history",
    "token of GitHub": "ghp_" + "aB3dE5fG7hI9jK1l" + "M3nO5pQ7rS9tU1vW3xY5",
    "web hook of Slack": "https://hooks.slack.com/" + "services/T01234567" + "/B01234567/" + "abcdefgh" * 3,
    "key of ReportPortal": "team_" + "Hk3mZ0qv5TzX8bNw" + "2RfLc7yDs4Jg6QpV" + "tAeUiOxKrM1nB9hW" + "5Es3CdYfGv0LqZ2a",
    "web token": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiJhc2hrZXRjaHVtIn0" + ".dQw4w9WgXcQdQw4w9WgXcQdQw4w9WgXcQ",
    "disorder": "kT9xQ2mVb7RzYp4L" + "wJd8sHc3NfGa6EuK",
}
FILES: Final[Mapping[str, str]] = {
    "libraries/{}.py": '"""Planted."""\n\nAPI_KEY = "{}"\n',
    "suites/{}.robot": "*** Variables ***\n${{NAME}}    ash\n${{API_KEY}}    {}\n",
    "resources/{}.resource": "*** Variables ***\n${{NAME}}    ash\n${{API_KEY}} =    {}\n",
    "config/{}.yml": "name: ash\n\napi_key: {}\n",
    "config/{}.env": "NAME=ash\n\nAPI_KEY={}\n",
    "config/{}.json": '{{\n  "name": "ash",\n  "api_key": "{}"\n}}\n',
    "docker/{}.sh": "#!/bin/sh\n\nexport API_KEY={}\n",
    "docker/{}/Dockerfile": "FROM scratch\n\nENV API_KEY={}\n",
    ".github/workflows/{}.yml": "env:\n  NAME: ash\n  API_KEY: {}\n",
    "docs/{}.md": "# Keys\n\nexport API_KEY='{}'\n",
    "{}.toml": '[keys]\n\napi_key = "{}"\n',
    "{}.ini": "[keys]\n\napi_key = {}\n",
}
LINE: Final = 3  # in each of them
LOCATION: Final = re.compile(r"^Location: +(.+)$", re.MULTILINE)
HARMLESS: Final[Mapping[str, str]] = {
    # pragma: allowlist nextline secret
    "suites/clean.robot": "*** Variables ***\n${TOKEN: Secret}    %{API_TOKEN}\n${TOKEN_COUNT}    5\n${PWD}    ${X}\n",
    "docker/clean/Dockerfile": "FROM scratch\nENV API_KEY_FILE=/run/secrets/api_key\nARG API_TOKEN\n",
    "docs/clean.md": "Put your key into `.env`: OBSERVATORY_API_TOKEN=<your token>\n",
    "libraries/clean.py": '"""Clean."""\n\nTOKEN = os.environ["API_TOKEN"]\n\n\n'
    "def name_of_a_long_thing_that_says_in_words_what_Python3_is_for(): ...\n",
    ".github/workflows/clean.yml": "env:\n  API_KEY: ${{ secrets.API_KEY }}\n",
    ".env.example": "# OBSERVATORY_API_TOKEN=\n",
}


@dataclass(frozen=True)
class Answers:
    """What the task, the command of the hook, and pre-commit said."""

    by: Mapping[str, subprocess.CompletedProcess[str]]

    def located(self, who: str) -> set[str]:
        """The places that were named, as `file:line`."""
        return set(LOCATION.findall(self.by[who].stdout))


def file_of(kind: str, file: str) -> str:
    return file.format(kind.replace(" ", "_"))


def new_house(folder: Path) -> Path:
    """A project with the search of this one, in which no secret is."""
    if shutil.which("git") is None:
        pytest.skip("install git: the gates list files with it")
    for name in ("tasks.py", ".pre-commit-config.yaml", ".secrets.baseline", "config/secrets/detectors.py"):
        put(folder, name, (ROOT / name).read_text("utf-8"))
    for name, text in HARMLESS.items():
        put(folder, name, text)
    put(folder, ".gitignore", "__pycache__/\n")
    shell(folder, ["git", "init", "--quiet"])
    return folder


def searched(house: Path, cache: Path) -> Answers:
    """What each way of searching says."""
    shell(house, ["git", "add", "--all"])
    names = shell(house, ["git", "ls-files"]).stdout.split()
    commit = ["pre-commit", "run", "detect-secrets", "--all-files"]
    return Answers(
        {
            "inv secrets": inv(house, "secrets"),
            "the hook's command": shell(house, [*tasks.SECRETS, *names]),
            "pre-commit": shell(house, commit, PRE_COMMIT_HOME=str(cache)),
        }
    )


WAYS: Final = ("inv secrets", "the hook's command", "pre-commit")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    house = new_house(tmp_path_factory.mktemp("planted"))
    for kind, secret in KINDS.items():
        for file, text in FILES.items():
            put(house, file_of(kind, file), text.format(secret))
    return searched(house, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    return searched(new_house(tmp_path_factory.mktemp("clean")), tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("way", WAYS)
def test_a_clean_project_passes(clean: Answers, way: str) -> None:
    assert clean.by[way].returncode == 0, clean.by[way].stdout


@pytest.mark.parametrize("way", WAYS)
def test_a_planted_secret_fails(planted: Answers, way: str) -> None:
    assert planted.by[way].returncode != 0


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_found_in_each_kind_of_file_with_its_line(planted: Answers, kind: str, file: str) -> None:
    for way in WAYS:
        assert f"{file_of(kind, file)}:{LINE}" in planted.located(way), way


@pytest.mark.parametrize("way", WAYS)
def test_only_what_was_planted_is_named_and_never_shown(planted: Answers, way: str) -> None:
    expected = {f"{file_of(kind, file)}:{LINE}" for kind in KINDS for file in FILES}
    assert planted.located(way) == expected
    for secret in KINDS.values():
        assert secret not in planted.by[way].stdout + planted.by[way].stderr


# Nothing that is committed blinds the search


def baseline() -> dict[str, object]:
    found: dict[str, object] = json.loads((ROOT / ".secrets.baseline").read_text("utf-8"))
    return found


def test_no_secret_is_excused_by_the_baseline() -> None:
    assert baseline()["results"] == {}


def test_every_detector_is_used() -> None:
    used = {plugin["name"] for plugin in baseline()["plugins_used"]}  # type: ignore[attr-defined]  # it is JSON
    detectors: Any = get_mapping_from_secret_type_to_class().values()
    known = {detector.__name__ for detector in detectors}
    assert used >= known | {"RobotVariableDetector", "ImageVariableDetector", "ReportPortalKeyDetector"}


def test_no_file_or_line_is_left_out() -> None:
    filters = [each["path"] for each in baseline()["filters_used"]]  # type: ignore[attr-defined]  # it is JSON
    assert filters == sorted(filters)
    assert not [path for path in filters if "exclude" in path or "regex" in path or "custom" in path]


def test_a_secret_that_an_old_baseline_would_excuse_is_found_by_the_new_one(tmp_path: Path) -> None:
    house = new_house(tmp_path)
    put(house, "notes.yml", f"api_key: {KINDS['disorder']}\n")
    shell(house, ["git", "add", "--all"])
    excusing = shell(house, ["detect-secrets", "scan", "--baseline", ".secrets.baseline"])
    assert excusing.returncode == 0, excusing.stderr
    shell(house, ["git", "add", "--all"])
    assert inv(house, "secrets").returncode == 0, "whoever puts it into the baseline is not stopped by the hook"
    shutil.copy(ROOT / ".secrets.baseline", house)
    assert inv(house, "secrets").returncode != 0


def test_lines_are_excused_in_tests_and_where_examples_stand() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("only a checkout can list its files")
    listed = shell(ROOT, ["git", "grep", "--untracked", "-lE", "pragma: ?(allow|white)list"]).stdout.split()
    elsewhere = {name for name in listed if not name.startswith("tests/")}
    assert elsewhere <= EXCUSED


EXCUSED: Final = {
    *("CONTRIBUTING.md", "docs/security.md"),  # say how it is done
    "config/alertmanager/alertmanager.yml",  # the name of a file
    "config/secrets/detectors.py",  # the names of kinds of secrets
    "libraries/observatory/settings/settings.py",  # an example of an address with a password
}
