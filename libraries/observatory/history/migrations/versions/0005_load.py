"""Loads: what came of each, in all and by endpoint."""

from alembic import op

revision = "0005"
down_revision = "0004"

_TABLES = """
CREATE TABLE load_runs (
    run_id uuid PRIMARY KEY REFERENCES runs,
    profile text NOT NULL,
    shape text NOT NULL,
    model text NOT NULL CHECK (model IN ('closed', 'open')),
    visitor text NOT NULL,
    users integer NOT NULL,
    rate double precision,
    planned_seconds double precision,
    seconds double precision NOT NULL,
    ending text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('passed', 'failed', 'unsure')),
    requests integer NOT NULL,
    failures integer NOT NULL,
    throughput double precision NOT NULL,
    p50 real,
    p90 real,
    p95 real,
    p99 real,
    longest real,
    scheduled integer,
    sent integer,
    processes integer NOT NULL
);
COMMENT ON TABLE load_runs IS
    'Each load, a run of the kind load: what was planned, and what came of all its requests. p50 to longest: seconds, '
    'null when nobody answered. When it began and ended, its target and its host are in runs.';
COMMENT ON COLUMN load_runs.model IS
    'closed: users wait for their answers; open: requests are sent at a rate, whatever the answers do.';
COMMENT ON COLUMN load_runs.visitor IS 'What a user does.';
COMMENT ON COLUMN load_runs.users IS 'The most users at once, as planned.';
COMMENT ON COLUMN load_runs.rate IS 'The most arrivals a second, as planned; null in the closed model.';
COMMENT ON COLUMN load_runs.planned_seconds IS 'Null when it was to go on until somebody stops it.';
COMMENT ON COLUMN load_runs.seconds IS 'How long it lasted.';
COMMENT ON COLUMN load_runs.ending IS 'finished, interrupted, unreached or workers lost.';
COMMENT ON COLUMN load_runs.outcome IS
    'What was judged. unsure: the load was not as it should be, so that its numbers prove nothing.';
COMMENT ON COLUMN load_runs.throughput IS 'Requests a second over the whole time.';
COMMENT ON COLUMN load_runs.scheduled IS
    'Requests that should have been sent, of which sent ones were; null in the closed model.';
COMMENT ON COLUMN load_runs.processes IS 'How many processes made the load.';

CREATE TABLE load_endpoints (
    run_id uuid NOT NULL REFERENCES load_runs,
    endpoint text NOT NULL,
    requests integer NOT NULL,
    failures integer NOT NULL,
    throughput double precision NOT NULL,
    p50 real,
    p90 real,
    p95 real,
    p99 real,
    longest real,
    PRIMARY KEY (run_id, endpoint)
);
COMMENT ON TABLE load_endpoints IS
    'What came of the requests of a load by endpoint. p50 to longest: seconds; throughput: requests a second.';

-- Each batch of samples asks which loads were going on, and there is hardly ever one.
CREATE INDEX runs_of_loads ON runs (finished_at) WHERE kind = 'load';
COMMENT ON TABLE runs IS 'One robot or pabot command with all its processes, one backfill, or one load.';
COMMENT ON COLUMN latency_samples.left_out IS
    'Why it is not held against a baseline: failed, other method, cold start, clock jump, load (one went on '
    'meanwhile); empty when it is.';
"""


def upgrade() -> None:
    """Make what is new."""
    op.execute(_TABLES)


def downgrade() -> None:
    """Forget what came of loads; that they were is still in runs, and what was measured meanwhile stays left out."""
    op.execute("DROP INDEX runs_of_loads")
    op.execute("DROP TABLE load_endpoints, load_runs")
