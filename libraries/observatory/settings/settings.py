"""The settings of a run: one frozen object, read from `--variable`, the environment and `.env`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from observatory.errors import SettingsError
from observatory.settings.values import DatabaseUrl, Folder, HttpAddress, LogLevel, RunId, Seconds, TargetName

PREFIX = "OBSERVATORY_"
"""What the variables of the settings begin with; only those of other tools, such as `DATABASE_URL`, do not."""


def _project_root(source: Path, current: Path) -> Path:
    """The folder of the checkout that `source` lies in; when installed elsewhere, the current folder."""
    return next((folder for folder in source.parents if (folder / "pyproject.toml").is_file()), current)


PROJECT_ROOT = _project_root(Path(__file__).resolve(), Path.cwd())
ENV_FILE = PROJECT_ROOT / ".env"
"""The only `.env` that is read, whatever the current folder: every process of a run sees the same one."""


class Settings(BaseSettings):
    """Everything that can be chosen for a run; read it with `load_settings`, which explains what is wrong.

    Made directly, it takes only what it is given: neither the environment nor `.env` is looked at.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        env_file_encoding="utf-8-sig",
        frozen=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
    )

    target: TargetName = Field(
        "embedded", description="What is watched: embedded, live, replay, faults, or an http(s) address."
    )
    recording: Folder | None = Field(
        None,
        description="The folder of recorded responses that the target replay serves.",
    )
    database_url: DatabaseUrl | None = Field(
        None,
        description="The PostgreSQL server that remembers; without it, an embedded one.",
        validation_alias="database_url",
    )
    home: Folder = Field(
        PROJECT_ROOT / ".observatory", description="The folder of the embedded database and of the spool."
    )
    results: Folder = Field(PROJECT_ROOT / "results", description="The folder of structured logs and metrics.")
    timeout: Seconds = Field(10.0, description="Seconds that one try of a request may take.")
    retries: int = Field(3, ge=0, le=10, description="Further tries after a network error or a status 5xx.")
    test_retries: int | None = Field(
        None,
        ge=0,
        le=10,
        description="Further attempts at a test that fails; without it, none for a person and 2 in CI.",
    )
    rate_limit: int | None = Field(
        None,
        ge=1,
        description="Requests a minute, of all processes together; without it, the target's own limit.",
    )
    max_body_bytes: int = Field(
        10_485_760, ge=1024, description="Bytes of the largest body that is read; a larger one is a failure."
    )
    concurrency: int = Field(20, ge=1, le=1000, description="Requests at once when many are fetched together.")
    api_token: SecretStr | None = Field(None, description="The token sent to a target that is an address.")
    metrics_relay: HttpAddress | None = Field(
        None,
        description="The relay that each process sends its numbers to at its end; without it, they wait on the disk.",
    )
    metrics_token: SecretStr | None = Field(
        None, description="What the relay asks of those who send it numbers; the same for the relay and for them."
    )
    environment: str = Field(
        "local", min_length=1, description="Where this runs, such as local, ci or staging; logs and launches name it."
    )
    reportportal_endpoint: str | None = Field(
        None,
        description="The ReportPortal that runs are published to; without it, they are not.",
        validation_alias="reportportal_endpoint",
    )
    reportportal_project: str | None = Field(
        None,
        min_length=1,
        description="The project in ReportPortal that launches belong to.",
        validation_alias="reportportal_project",
    )
    reportportal_api_key: SecretStr | None = Field(
        None,
        description="The key that ReportPortal made for a user of that project.",
        validation_alias="reportportal_api_key",
    )
    log_level: LogLevel = Field(
        "INFO", description="The least level of structured log lines: DEBUG, INFO, WARNING or ERROR."
    )
    run_id: RunId | None = Field(
        None, description="The UUID of the run, to join several processes in one; without it, a new one."
    )
    host: str | None = Field(
        None,
        description=(
            "The machine that latencies are compared on; without it, this one's name, which changes in most CI."
        ),
    )
    latency_days: int = Field(
        7, ge=1, le=90, description="Days of runs that a latency baseline is made of, and after which it is made anew."
    )
    shard: str = Field("", description="Which part of a divided run this is.")
    git_revision: str | None = Field(
        None, description="The revision of the tests; without it, what git says of the current folder."
    )

    @field_validator("recording")
    @classmethod
    def _recording_is_there(cls, recording: Path | None, info: ValidationInfo) -> Path | None:
        if info.data.get("target") == "replay" and (recording is None or not recording.is_dir()):
            raise ValueError("no recording")
        return recording

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Leave environment and `.env` to `load_settings`, which keeps in mind where each value came from."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @property
    def latency_window(self) -> timedelta:
        """The time whose runs make a latency baseline."""
        return timedelta(days=self.latency_days)

    def secrets(self) -> tuple[str, ...]:
        """Every secret string in the settings, for a masker to look for; passwords within addresses too."""
        token = self.api_token.get_secret_value() if self.api_token else ""
        database = self.database_url.get_secret_value() if self.database_url else ""
        relay = self.metrics_token.get_secret_value() if self.metrics_token else ""
        key = self.reportportal_api_key.get_secret_value() if self.reportportal_api_key else ""
        target = urlsplit(self.target)
        passwords = (urlsplit(database).password or "", target.password or target.username or "")
        found = (token, database, relay, key, *passwords, *map(unquote, passwords))
        return tuple(dict.fromkeys(secret for secret in found if secret))


_ACCEPTED: Mapping[str, str] = {
    "target": "embedded, live, replay, faults, or an address such as https://pokeapi.co/api/v2",
    "recording": "an existing folder of recorded responses when the target is replay",
    # pragma: allowlist nextline secret
    "database_url": "an address such as postgresql://user:password@host:5432/name",
    "home": "a folder, or a path where one can be made",
    "results": "a folder, or a path where one can be made",
    "timeout": "a time above zero, in seconds (10, 2.5) or with its unit (500 ms, 10 s, 1 min)",
    "retries": "a whole number from 0 to 10",
    "test_retries": "a whole number from 0 to 10",
    "rate_limit": "a whole number of requests a minute, at least 1",
    "max_body_bytes": "a whole number of bytes, at least 1024",
    "concurrency": "a whole number from 1 to 1000",
    "api_token": "a text",
    "metrics_relay": "an address such as http://127.0.0.1:8000",
    "metrics_token": "a text",
    "environment": "a text",
    "reportportal_endpoint": "an address such as http://127.0.0.1:8080",
    "reportportal_project": "a text",
    # pragma: allowlist nextline secret
    "reportportal_api_key": "a text",
    "log_level": "DEBUG, INFO, WARNING or ERROR",
    "run_id": "a UUID such as 0b9bd1d3-9d2a-4d3b-8a0d-1f6c0d5b7a11",
    "host": "a text",
    "latency_days": "a whole number of days from 1 to 90",
    "shard": "a text",
    "git_revision": "a text",
}
RETRIES_OF_TESTS_IN_CI = 2
_NO = frozenset({"", "0", "false", "no", "off"})
_SECRET = frozenset({"api_token", "database_url", "metrics_token", "reportportal_api_key"})
_SHARED = frozenset({"database_url", "reportportal_endpoint", "reportportal_project", "reportportal_api_key"})
_FOLDERS = frozenset({"home", "recording", "results"})
_LONGEST_SHOWN = 100  # characters


def variable_name(field: str) -> str:
    """The environment variable of a setting: `timeout` is `OBSERVATORY_TIMEOUT`."""
    return field.upper() if field in _SHARED else f"{PREFIX}{field.upper()}"


def retries_of_tests(settings: Settings, environment: Mapping[str, str]) -> int:
    """How many further attempts a failing test has: as many as are set, else 2 in CI and none for a person.

    It is CI where the variable `CI` is set, to anything but a no.
    """
    if settings.test_retries is not None:
        return settings.test_retries
    return 0 if environment.get("CI", "").strip().lower() in _NO else RETRIES_OF_TESTS_IN_CI


_FIELDS: Mapping[str, str] = {variable_name(field).lower(): field for field in Settings.model_fields}


@dataclass(frozen=True, slots=True)
class _Given:
    """What was said for one setting: by which variable, as the person wrote it, and in which place."""

    field: str | None
    variable: str
    value: object
    place: str


def load_settings(*, env_file: Path | None = ENV_FILE, **overrides: object) -> Settings:
    """Read the settings: `overrides` win over the environment, that over `.env`, and that over defaults.

    What is empty or None counts as not given. A relative folder is taken from the current folder, in `.env`
    from the folder that `.env` is in.

    Args:
        env_file: the `.env` to read, which need not exist; None to read none.
        overrides: settings by name, from Robot's variables; texts are converted.

    Raises:
        SettingsError: with one sentence for each setting that is wrong and each name that is unknown.
    """
    given: dict[str, _Given] = {}
    problems: list[str] = []
    for one in (*_in_env_file(env_file), *_in_environment(), *_in_overrides(overrides)):
        if one.field is None:
            problems.append(_unknown(one))
        else:
            given[one.field] = one
    values: dict[str, Any] = {field: one.value for field, one in given.items()}
    try:
        settings = Settings(**values)
    except ValidationError as error:
        wrong = dict.fromkeys(str(detail["loc"][0]) for detail in error.errors(include_url=False))
        problems += [_wrong(field, given.get(field)) for field in wrong]
    else:
        if not problems:
            return settings
    # Raised outside the handler, so that no trace carries pydantic's error with a secret value in it.
    raise SettingsError("\n".join(problems))


def _in_overrides(overrides: Mapping[str, object]) -> Iterator[_Given]:
    for name, value in overrides.items():
        stripped = value.strip() if isinstance(value, str) else value
        if stripped is not None and stripped != "":
            field = name if name in Settings.model_fields else None
            yield _Given(field, name.upper(), stripped, "--variable")


def _in_environment() -> Iterator[_Given]:
    for name, value in EnvSettingsSource(Settings).env_vars.items():
        if _is_ours(name) and value and value.strip():
            yield _Given(_FIELDS.get(name), name.upper(), value.strip(), "the environment")


def _in_env_file(env_file: Path | None) -> Iterator[_Given]:
    if env_file is None or not env_file.exists():
        return
    lines = _lines(env_file)
    for name, value in DotEnvSettingsSource(Settings, env_file=env_file).env_vars.items():
        stripped = (value or "").strip()
        if _is_ours(name) and stripped:
            field = _FIELDS.get(name)
            if field in _FOLDERS and not stripped.startswith("~"):
                stripped = str(env_file.parent / stripped)
            yield _Given(field, name.upper(), stripped, f"line {lines[name]} of {env_file}")


def _lines(env_file: Path) -> dict[str, int]:
    """On which line each name of a `.env` is set.

    Raises:
        SettingsError: the file cannot be read, or a line is no `NAME=value`; the line is not quoted, for it
            may hold a secret.
    """
    try:
        text = env_file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{env_file} cannot be read: {error}. Make it a readable UTF-8 text file.") from error
    lines: dict[str, int] = {}
    for binding in parse_stream(StringIO(text)):
        written = binding.original.string
        line = binding.original.line + written[: len(written) - len(written.lstrip())].count("\n")
        name = (binding.key or "").lower()
        if binding.error or (_is_ours(name) and binding.value is None):
            raise SettingsError(f"Line {line} of {env_file} cannot be understood; write it as NAME=value.")
        lines[name] = line
    return lines


def _is_ours(name: str) -> bool:
    return name in _FIELDS or name.startswith(PREFIX.lower())


def _unknown(one: _Given) -> str:
    from difflib import get_close_matches

    name = one.variable.removeprefix(PREFIX).lower()
    near = get_close_matches(name, Settings.model_fields, n=1)
    in_robot = one.place == "--variable"
    advice = ".env.example lists them all."
    if near:
        advice = f"did you mean {near[0].upper() if in_robot else variable_name(near[0])}?"
    return f"{one.variable} (from {one.place}) is not a setting; {advice}"


def _wrong(field: str, one: _Given | None) -> str:
    must = f"but it must be {_ACCEPTED[field]}."
    if one is None:
        return f"{variable_name(field)} is not set, {must}"
    return f"{one.variable} is {_shown(field, one.value)} (from {one.place}), {must}"


def _shown(field: str, value: object) -> str:
    from observatory.logs.secret_shapes import MASK, mask_shapes

    if field in _SECRET:
        return f"'{MASK}'"
    text = mask_shapes(repr(value))
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
