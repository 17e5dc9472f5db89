"""The committed configuration of Loki: known keys, values of the right kind, and what the project promises of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alloy_shipper import CONFIG as PIPELINE
from tests.alloy_syntax import read_alloy
from tests.loki_store import CONFIG, Limits
from tests.loki_units import seconds, size

# Those keys of Loki 3 which are used here, and what its documentation says that they take.
DOCUMENTED: Mapping[str, str] = {
    "auth_enabled": "boolean",
    "server.http_listen_port": "int",
    "server.grpc_listen_port": "int",
    "server.log_level": "level",
    "common.path_prefix": "path",
    "common.replication_factor": "int",
    "common.instance_addr": "string",
    "common.ring.kvstore.store": "string",
    "common.storage.filesystem.chunks_directory": "path",
    "common.storage.filesystem.rules_directory": "path",
    "schema_config.configs[].from": "day",
    "schema_config.configs[].store": "string",
    "schema_config.configs[].object_store": "string",
    "schema_config.configs[].schema": "string",
    "schema_config.configs[].index.prefix": "string",
    "schema_config.configs[].index.period": "duration",
    "ingester.max_chunk_age": "duration",
    "querier.query_ingesters_within": "duration",
    "compactor.working_directory": "path",
    "compactor.compaction_interval": "duration",
    "compactor.retention_enabled": "boolean",
    "compactor.retention_delete_delay": "duration",
    "compactor.delete_request_store": "string",
    "limits_config.retention_period": "duration",
    "limits_config.max_query_lookback": "duration",
    "limits_config.reject_old_samples": "boolean",
    "limits_config.reject_old_samples_max_age": "duration",
    "limits_config.creation_grace_period": "duration",
    "limits_config.allow_structured_metadata": "boolean",
    "limits_config.max_structured_metadata_size": "size",
    "limits_config.max_structured_metadata_entries_count": "int",
    "limits_config.max_line_size": "size",
    "limits_config.max_line_size_truncate": "boolean",
    "limits_config.max_label_names_per_series": "int",
    "limits_config.max_global_streams_per_user": "int",
    "limits_config.ingestion_rate_mb": "int",
    "limits_config.ingestion_burst_size_mb": "int",
    "limits_config.per_stream_rate_limit": "size",
    "limits_config.per_stream_rate_limit_burst": "size",
    "limits_config.volume_enabled": "boolean",
    "analytics.reporting_enabled": "boolean",
}
HOUR = 3600.0


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(CONFIG.read_text("utf-8"))
    return loaded


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, f"{path}[]")
    else:
        yield path, value


def is_a(kind: str, value: Any) -> bool:
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool) and value > 0
        case "day":
            return isinstance(value, date)
        case "level":
            return value in {"debug", "info", "warn", "error"}
        case "path":
            return isinstance(value, str) and value.startswith("/loki")
        case "duration":
            return isinstance(value, str) and seconds(value) >= 0
        case "size":
            return isinstance(value, str) and size(value) > 0
        case _:
            return isinstance(value, str) and bool(value)


def test_every_key_is_documented_and_has_a_value_of_its_kind(config: dict[str, Any]) -> None:
    assert [path for path, _ in leaves(config) if path not in DOCUMENTED] == []
    assert [path for path, value in leaves(config) if not is_a(DOCUMENTED[path], value)] == []
    assert DOCUMENTED.keys() == {path for path, _ in leaves(config)}, "a key is listed that is not used"


def test_lines_are_kept_for_seven_days_and_deleted_then(config: dict[str, Any]) -> None:
    limits, compactor = config["limits_config"], config["compactor"]
    assert seconds(limits["retention_period"]) == 7 * 24 * HOUR
    # The compactor alone deletes, and Loki does not start when it is not told where deletions are noted.
    assert compactor["retention_enabled"] is True
    assert compactor["delete_request_store"] == "filesystem"
    # Retention of single days needs an index of single days.
    assert {each["index"]["period"] for each in config["schema_config"]["configs"]} == {"24h"}


def test_the_index_can_hold_structured_metadata(config: dict[str, Any]) -> None:
    (schema,) = config["schema_config"]["configs"]
    assert (schema["store"], schema["schema"], schema["object_store"]) == ("tsdb", "v13", "filesystem")
    assert config["limits_config"]["allow_structured_metadata"] is True


def test_nobody_is_told_that_it_runs_and_nobody_has_to_log_in(config: dict[str, Any]) -> None:
    assert config["analytics"]["reporting_enabled"] is False
    assert config["auth_enabled"] is False


def test_no_rules_are_run_and_no_ring_is_looked_for(config: dict[str, Any]) -> None:
    assert "ruler" not in config
    assert config["common"]["ring"]["kvstore"]["store"] == "inmemory"
    assert config["common"]["replication_factor"] == 1


def test_what_loki_would_refuse_or_forget_is_never_sent(config: dict[str, Any]) -> None:
    limits = Limits.read(CONFIG.read_text("utf-8"))
    blocks = {block.address: block for block in read_alloy(PIPELINE.read_text("utf-8"))}
    (drop,) = (block for block in blocks["loki.process.observatory"].blocks if block.name == "stage.drop")
    oldest_sent = seconds(drop.attributes["older_than"])
    assert limits.oldest is not None
    assert oldest_sent < limits.oldest <= seconds(config["limits_config"]["retention_period"])
    assert seconds(blocks["local.file_match.observatory"].attributes["ignore_older_than"]) >= oldest_sent


def test_late_lines_are_taken_and_found_at_once(config: dict[str, Any]) -> None:
    assert Limits.read(CONFIG.read_text("utf-8")).out_of_order == 24 * HOUR
    assert seconds(config["querier"]["query_ingesters_within"]) == 0, "0 asks the ingester whatever the time range"


def test_alloy_pushes_to_where_loki_listens(config: dict[str, Any]) -> None:
    blocks = {block.address: block for block in read_alloy(PIPELINE.read_text("utf-8"))}
    (endpoint,) = blocks["loki.write.loki"].blocks
    assert endpoint.attributes["url"] == f"http://loki:{config['server']['http_listen_port']}/loki/api/v1/push"


@pytest.mark.parametrize(("text", "expected"), [("168h", 604_800), ("1m30s", 90), ("500ms", 0.5), ("0s", 0)])
def test_durations_are_those_of_go(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["7d", "1w", "168", "", "h", "1 h", "-1h"])
def test_go_knows_no_days(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        seconds(text)


def test_sizes_are_powers_of_two() -> None:
    assert (size("256KB"), size("16MB")) == (262_144, 16_777_216)
    with pytest.raises(ValueError, match="no size"):
        size("256 kilobytes")


def test_the_page_names_the_images_versions() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "logs.md").read_text("utf-8")
    assert re.findall(r"grafana/(?:alloy|loki):(\S+)", page) == ["v1.18.1", "3.7.6"]


def test_loki_takes_its_configuration() -> None:
    """Where Loki itself is installed, it has the last word."""
    loki = shutil.which("loki")
    if loki is None:
        pytest.skip("there is no loki here; docs/logs.md says how to check with its image")
    command = [loki, f"-config.file={CONFIG}", "-verify-config"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
