"""The settings: where they come from, who wins, and what a person is told when one is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from observatory.errors import SettingsError
from observatory.settings import ENV_FILE, PROJECT_ROOT, Settings, load_settings, variable_name
from observatory.settings import settings as module

EXAMPLE = PROJECT_ROOT / ".env.example"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine that runs the tests speaks for the settings."""
    for name in os.environ:
        if name.upper().startswith(("OBSERVATORY_", "REPORTPORTAL_")) or name.upper() == "DATABASE_URL":
            monkeypatch.delenv(name)


def env_file(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text, "utf-8")
    return path


def complaint(path: Path | None = None, /, **overrides: object) -> str:
    """What a person reads when the settings are wrong."""
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file=path, **overrides)
    return str(caught.value)


class TestValues:
    def test_defaults_hold_when_nothing_is_said(self) -> None:
        settings = load_settings(env_file=None)
        assert settings.model_dump() == {
            "target": "embedded",
            "recording": None,
            "database_url": None,
            "home": PROJECT_ROOT / ".observatory",
            "results": PROJECT_ROOT / "results",
            "timeout": 10.0,
            "retries": 3,
            "test_retries": None,
            "rate_limit": None,
            "max_body_bytes": 10 * 1024 * 1024,
            "concurrency": 20,
            "api_token": None,
            "log_level": "INFO",
            "run_id": None,
            "host": None,
            "latency_days": 7,
            "shard": "",
            "metrics_relay": None,
            "metrics_token": None,
            "environment": "local",
            "reportportal_endpoint": None,
            "reportportal_project": None,
            "reportportal_api_key": None,
            "git_revision": None,
        }

    @pytest.mark.parametrize(
        ("name", "written", "read"),
        [
            ("target", " LIVE ", "live"),
            ("target", "http://127.0.0.1:8000/api/v2/", "http://127.0.0.1:8000/api/v2"),
            ("timeout", "2.5", 2.5),
            ("timeout", "10 s", 10.0),
            ("timeout", "500ms", 0.5),
            ("timeout", "2 min", 120.0),
            ("timeout", 3, 3.0),
            ("retries", "0", 0),
            ("rate_limit", "60", 60),
            ("test_retries", "2", 2),
            ("log_level", "debug", "DEBUG"),
            ("run_id", "0B9BD1D39D2A4D3B8A0D1F6C0D5B7A11", "0b9bd1d3-9d2a-4d3b-8a0d-1f6c0d5b7a11"),
            ("shard", 2, "2"),
            ("git_revision", 1234567, "1234567"),
        ],
    )
    def test_robot_variables_may_be_texts_or_values(self, name: str, written: object, read: object) -> None:
        assert getattr(load_settings(env_file=None, **{name: written}), name) == read

    @pytest.mark.parametrize("target", ["embedded", "live", "replay", "faults", "https://pokeapi.co/api/v2"])
    def test_every_target_is_accepted(self, target: str, tmp_path: Path) -> None:
        assert load_settings(env_file=None, target=target, recording=tmp_path).target == target

    def test_settings_never_change(self) -> None:
        with pytest.raises(ValidationError):
            load_settings(env_file=None).timeout = 1.0  # type: ignore[misc]  # the very mistake

    def test_made_directly_they_look_at_nothing_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OBSERVATORY_TIMEOUT", "1")
        assert Settings().timeout == 10.0

    def test_secrets_are_not_shown_when_printed(self) -> None:
        settings = Settings(api_token=SecretStr("not-for-eyes"))
        assert "not-for-eyes" not in f"{settings!r} {settings}"

    def test_secrets_are_gathered_for_the_masker(self) -> None:
        settings = Settings(
            api_token=SecretStr("first-one"),
            database_url=SecretStr("postgresql://observer:second%20one@db/history"),
            target="https://third-one@example.org",
        )
        assert set(settings.secrets()) == {
            "first-one",
            # pragma: allowlist nextline secret
            "postgresql://observer:second%20one@db/history",
            "second%20one",
            "second one",
            "third-one",
        }
        assert Settings().secrets() == ()


class TestWhoWins:
    def test_variable_over_environment_over_env_file_over_default(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = env_file(tmp_path, "OBSERVATORY_TIMEOUT=1\nOBSERVATORY_RETRIES=1\nOBSERVATORY_SHARD=file\n")
        monkeypatch.setenv("OBSERVATORY_TIMEOUT", "2")
        monkeypatch.setenv("observatory_retries", "2")
        settings = load_settings(env_file=path, timeout="3")
        assert (settings.timeout, settings.retries, settings.shard) == (3.0, 2, "file")
        assert settings.concurrency == 20

    def test_the_database_has_a_variable_without_prefix(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/history\n")
        database_url = load_settings(env_file=None).database_url
        assert database_url is not None
        assert database_url.get_secret_value() == "postgresql://localhost/history"

    @pytest.mark.parametrize("nothing", [None, "", "  "])
    def test_empty_and_none_count_as_not_given(self, nothing: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OBSERVATORY_TIMEOUT", "2")
        monkeypatch.setenv("OBSERVATORY_RETRIES", "  ")
        settings = load_settings(env_file=None, timeout=nothing)
        assert (settings.timeout, settings.retries) == (2.0, 3)

    def test_a_wrong_value_that_is_overruled_is_no_problem(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OBSERVATORY_TIMEOUT", "soon")
        assert load_settings(env_file=None, timeout=1).timeout == 1.0


class TestEnvFile:
    def test_it_is_the_one_of_the_project_wherever_one_stands(self) -> None:
        assert ENV_FILE == PROJECT_ROOT / ".env"
        assert (PROJECT_ROOT / "pyproject.toml").is_file()

    def test_installed_elsewhere_the_current_folder_is_the_project(self, tmp_path: Path) -> None:
        source = tmp_path / "site-packages" / "observatory" / "settings.py"
        assert module._project_root(source, Path("here")) == Path("here")
        (tmp_path / "pyproject.toml").touch()
        assert module._project_root(source, Path("here")) == tmp_path

    def test_one_in_the_current_folder_is_not_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        env_file(tmp_path, "OBSERVATORY_TIMEOUT=1\n")
        monkeypatch.chdir(tmp_path)
        assert load_settings(env_file=tmp_path / "project" / ".env").timeout == 10.0

    def test_variables_of_other_tools_are_left_alone(self, tmp_path: Path) -> None:
        path = env_file(tmp_path, "POSTGRES_PASSWORD=x\nTIMEOUT=1\nFROM_THE_SHELL\n")
        assert load_settings(env_file=path) == load_settings(env_file=None)

    def test_quotes_comments_and_a_byte_order_mark_are_understood(self, tmp_path: Path) -> None:
        path = env_file(tmp_path, '\ufeffOBSERVATORY_TIMEOUT=4 # seconds\nexport OBSERVATORY_SHARD="a b"\n')
        settings = load_settings(env_file=path)
        assert (settings.timeout, settings.shard) == (4.0, "a b")

    def test_relative_folders_start_at_the_file_and_elsewhere_at_the_current_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = tmp_path / "here"
        here.mkdir()
        monkeypatch.chdir(here)
        path = env_file(tmp_path, "OBSERVATORY_HOME=./kept\nOBSERVATORY_RECORDING=/recorded\n")
        monkeypatch.setenv("OBSERVATORY_RESULTS", "out/../seen")
        settings = load_settings(env_file=path)
        assert settings.home == tmp_path / "kept"
        assert settings.recording == Path("/recorded")
        assert settings.results == here / "seen"

    def test_the_home_folder_may_be_meant(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path / "me"))
        path = env_file(tmp_path, "OBSERVATORY_HOME=~/kept\n")
        assert load_settings(env_file=path).home == tmp_path / "me" / "kept"

    @pytest.mark.parametrize(
        ("text", "line"),
        [("# one\n\nnonsense here\n", 3), ("A=1\nOBSERVATORY_SHARD\n", 2)],
    )
    def test_a_line_that_is_no_assignment_is_named_and_not_quoted(self, text: str, line: int, tmp_path: Path) -> None:
        path = env_file(tmp_path, text)
        assert complaint(path) == f"Line {line} of {path} cannot be understood; write it as NAME=value."

    def test_a_file_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / ".env"
        path.write_bytes(b"OBSERVATORY_SHARD=\xff\n")
        assert complaint(path).startswith(f"{path} cannot be read: ")
        assert complaint(tmp_path).startswith(f"{tmp_path} cannot be read: ")


WRONG: Mapping[str, tuple[object, ...]] = {
    "target": ("pokeapi", "ftp://example.org", "http://", "http://a b", "http://x:99999", "http://x?a=1"),
    "database_url": ("localhost", "mysql://localhost/x", "postgresql://[x", "postgres:/u@h/history"),
    "home": (str(Path(__file__)), "~nobody-of-this-name/x"),
    "results": (str(Path(__file__)),),
    "timeout": ("ten", 0, "-1", "nan", "inf", "10 x", "1.2.3 s"),
    "retries": ("many", -1, 11, 1.5),
    "test_retries": ("many", -1, 11, 1.5),
    "rate_limit": (0, "all", "-5"),
    "max_body_bytes": ("10 MB", 1),
    "concurrency": (0, 1001),
    "log_level": ("LOUD",),
    "run_id": ("my-run",),
}


class TestWhatAPersonIsTold:
    @pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
    def test_a_wrong_value_is_refused_with_what_is_accepted(self, name: str, value: object) -> None:
        told = complaint(**{name: value})
        assert told.startswith(f"{name.upper()} is ")
        assert told.endswith(f" (from --variable), but it must be {module._ACCEPTED[name]}.")
        assert "\n" not in told

    def test_the_variable_the_value_and_the_place_are_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        accepted = "but it must be a whole number from 0 to 10."
        path = env_file(tmp_path, "# Tries\n\nOBSERVATORY_RETRIES=many\n")
        assert complaint(path) == f"OBSERVATORY_RETRIES is 'many' (from line 3 of {path}), {accepted}"
        monkeypatch.setenv("OBSERVATORY_RETRIES", "lots")
        assert complaint(path) == f"OBSERVATORY_RETRIES is 'lots' (from the environment), {accepted}"
        assert complaint(path, retries=99) == f"RETRIES is 99 (from --variable), {accepted}"

    def test_each_problem_has_its_sentence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OBSERVATORY_TIMOUT", "1")
        monkeypatch.setenv("OBSERVATORY_RETRIES", "x")
        told = complaint(concurrency="y").splitlines()
        assert [line.split(" ")[0] for line in told] == [
            "OBSERVATORY_TIMOUT",
            "OBSERVATORY_RETRIES",
            "CONCURRENCY",
        ]

    def test_a_misspelt_name_is_told_with_the_nearest_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OBSERVATORY_TIMOUT", "1")
        assert complaint() == (
            "OBSERVATORY_TIMOUT (from the environment) is not a setting; did you mean OBSERVATORY_TIMEOUT?"
        )
        monkeypatch.delenv("OBSERVATORY_TIMOUT")
        path = env_file(tmp_path, "OBSERVATORY_DATABASE_URL=x\n")
        assert complaint(path) == (
            f"OBSERVATORY_DATABASE_URL (from line 1 of {path}) is not a setting; did you mean DATABASE_URL?"
        )
        assert complaint(trget="live") == ("TRGET (from --variable) is not a setting; did you mean TARGET?")

    def test_a_name_like_no_other_is_told_where_the_names_are(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OBSERVATORY_XYZ", "hidden value")
        assert complaint() == ("OBSERVATORY_XYZ (from the environment) is not a setting; .env.example lists them all.")

    def test_replay_needs_a_recording_that_exists(self, tmp_path: Path) -> None:
        accepted = "but it must be an existing folder of recorded responses when the target is replay."
        assert complaint(target="replay") == f"OBSERVATORY_RECORDING is not set, {accepted}"
        missing = str(tmp_path / "missing")
        assert complaint(target="replay", recording=missing) == (
            f"RECORDING is '{missing}' (from --variable), {accepted}"
        )
        assert load_settings(env_file=None, target="live", recording=missing).recording == Path(missing)
        assert load_settings(env_file=None, target="Replay", recording=str(tmp_path)).recording == tmp_path

    def test_a_secret_is_never_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # pragma: allowlist nextline secret
        monkeypatch.setenv("DATABASE_URL", "mysql://observer:not-for-eyes@db/history")
        with pytest.raises(SettingsError) as caught:
            # pragma: allowlist nextline secret
            load_settings(env_file=None, target="ftp://me:not-for-eyes@example.org")
        assert "DATABASE_URL is '***' (from the environment), but it must be" in str(caught.value)
        assert "TARGET is 'ftp://***@example.org'" in str(caught.value)
        assert "not-for-eyes" not in str(caught.value)
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None

    def test_an_endless_value_is_cut(self) -> None:
        assert len(complaint(target="x" * 10_000)) < 400


class TestExampleFile:
    def test_it_lists_every_setting_with_its_line_of_explanation(self) -> None:
        # What comes after them is for the containers, and held against their files elsewhere.
        lines = EXAMPLE.read_text("utf-8").partition("\n# Docker Compose.")[0].splitlines()
        explained = {
            line.split("=")[0].removeprefix("#"): lines[number - 1]
            for number, line in enumerate(lines)
            if "=" in line and not line.startswith("# ")
        }
        assert explained == {
            variable_name(name): f"# {field.description}" for name, field in Settings.model_fields.items()
        }

    def test_the_values_it_shows_are_the_defaults(self, tmp_path: Path) -> None:
        text = EXAMPLE.read_text("utf-8")
        path = env_file(tmp_path, "\n".join(line.removeprefix("#") for line in text.splitlines() if line[1:2] != " "))
        elsewhere = {"home": tmp_path / ".observatory", "results": tmp_path / "results"}
        assert load_settings(env_file=path) == Settings().model_copy(update=elsewhere)
        assert load_settings(env_file=EXAMPLE) == Settings()


def test_every_setting_says_what_it_accepts_and_every_secret_is_hidden() -> None:
    assert set(module._ACCEPTED) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        assert ("SecretStr" in str(field.annotation)) == (name in module._SECRET)
        assert ("Path" in str(field.annotation)) == (name in module._FOLDERS)
