"""Latency: the phases of each attempt, versions of baselines, and what was judged of each run."""

from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = """
ALTER TABLE runs ADD COLUMN log text;
COMMENT ON COLUMN runs.log IS 'Where the log.html of the run was written, if it was told.';

ALTER TABLE latency_samples
    ADD COLUMN attempt smallint NOT NULL DEFAULT 1,
    ADD COLUMN connect_seconds real,
    ADD COLUMN first_byte_seconds real,
    ADD COLUMN in_batch boolean NOT NULL DEFAULT false,
    ADD COLUMN left_out text NOT NULL DEFAULT '';
UPDATE latency_samples SET left_out = 'failed' WHERE status IS DISTINCT FROM 200
    OR coalesce(failure_type, 'model') <> 'model';
COMMENT ON TABLE latency_samples IS
    'Each attempt at a request, as it was measured. elapsed_seconds: of this attempt alone, without any wait.';
COMMENT ON COLUMN latency_samples.attempts IS
    'How many attempts the request took in all; attempt is the number of this one.';
COMMENT ON COLUMN latency_samples.connect_seconds IS
    'Name, connection and TLS; null when a connection was used again.';
COMMENT ON COLUMN latency_samples.first_byte_seconds IS 'From the start of the attempt to the head of the answer.';
COMMENT ON COLUMN latency_samples.in_batch IS 'Whether it was one of many at once, which are slower than one alone.';
COMMENT ON COLUMN latency_samples.left_out IS
    'Why it is not held against a baseline: failed, other method, cold start, clock jump; empty when it is.';
CREATE INDEX latency_samples_by_run ON latency_samples (run_id, endpoint) INCLUDE (elapsed_seconds)
    WHERE left_out = '';

CREATE TABLE performance_baselines (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target_id integer NOT NULL REFERENCES targets,
    host text NOT NULL,
    shard text NOT NULL,
    kind text NOT NULL,
    endpoint text NOT NULL,
    number integer NOT NULL,
    p50 real NOT NULL,
    p95 real NOT NULL,
    p99 real NOT NULL,
    samples integer NOT NULL,
    runs integer NOT NULL,
    first_run_at timestamptz NOT NULL,
    last_run_at timestamptz NOT NULL,
    calculated_at timestamptz NOT NULL DEFAULT now(),
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    not_before timestamptz,
    accepted_at timestamptz,
    accepted_by text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    reference json NOT NULL,
    UNIQUE (target_id, host, shard, kind, endpoint, number)
);
COMMENT ON TABLE performance_baselines IS
    'Versions of what is normal for an endpoint: percentiles in seconds, the runs they are of, from when to when they '
    'hold. valid_until is null in the one that holds. Targets, hosts, shards and kinds of runs share none.';
COMMENT ON COLUMN performance_baselines.calculated_at IS
    'When it was learnt last: it grows with each run until it has a full window, and is then made anew after one.';
COMMENT ON COLUMN performance_baselines.not_before IS
    'Runs that began before are of another level; from there to accepted_at they count, whatever was said of them.';
COMMENT ON COLUMN performance_baselines.reference IS
    'What the statistical rule knows of these runs: usual logarithms of seconds by resource, and their spread.';

CREATE TABLE latency_verdicts (
    id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    run_id uuid NOT NULL REFERENCES runs,
    endpoint text NOT NULL,
    started_at timestamptz NOT NULL,
    requests integer NOT NULL,
    p50 real NOT NULL,
    p95 real NOT NULL,
    p99 real NOT NULL,
    baseline_id bigint REFERENCES performance_baselines,
    verdict text NOT NULL CHECK (verdict IN ('learning', 'steady', 'regressed', 'improved')),
    effect real,
    low real,
    high real,
    since timestamptz,
    runs_since integer,
    way text NOT NULL DEFAULT '',
    slow real,
    usually_slow real,
    known_runs integer NOT NULL DEFAULT 0,
    evidence json NOT NULL DEFAULT '{}',
    PRIMARY KEY (run_id, endpoint)
);
COMMENT ON TABLE latency_verdicts IS
    'What was judged of the latency of each finished run, by endpoint; percentiles in seconds, started_at of the run.';
COMMENT ON COLUMN latency_verdicts.id IS 'In the order in which they were judged, whatever the clock says.';
COMMENT ON COLUMN latency_verdicts.effect IS
    'How much slower than the baseline, as a fraction (0.1: 10 % slower), with its 95 % interval from low to high.';
COMMENT ON COLUMN latency_verdicts.since IS 'The first of the runs_since runs that the effect is of.';
COMMENT ON COLUMN latency_verdicts.way IS
    'alone: slower than the other endpoints of its runs; with all: by itself; slow ones: more requests are slow.';
COMMENT ON COLUMN latency_verdicts.slow IS 'The share of slow requests, where usually_slow of them are.';
COMMENT ON COLUMN latency_verdicts.known_runs IS 'How many runs of the endpoint were known before this one.';
COMMENT ON COLUMN latency_verdicts.evidence IS 'The sums that the rule carries from run to run.';
CREATE INDEX latency_verdicts_by_endpoint ON latency_verdicts (endpoint, started_at);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(_TABLES)


def downgrade() -> None:
    """Drop what is known of baselines, and the phases of the attempts."""
    op.execute("DROP TABLE latency_verdicts, performance_baselines")
    op.execute("DROP INDEX latency_samples_by_run")
    op.execute("ALTER TABLE runs DROP COLUMN log")
    op.execute(
        "ALTER TABLE latency_samples DROP COLUMN attempt, DROP COLUMN connect_seconds, "
        "DROP COLUMN first_byte_seconds, DROP COLUMN in_batch, DROP COLUMN left_out"
    )
