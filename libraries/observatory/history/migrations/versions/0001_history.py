"""The first tables: targets, runs, bodies, responses, samples, attempts, and the shared rate limit."""

from alembic import op

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE targets (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
);
COMMENT ON TABLE targets IS
    'What is watched: embedded, live, replay:<folder> or an address; each with a history of its own.';

CREATE TABLE runs (
    id uuid PRIMARY KEY,
    target_id integer NOT NULL REFERENCES targets,
    kind text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    git_revision text,
    api_revision text,
    api_deployed_at timestamptz,
    host text NOT NULL,
    shard text NOT NULL
);
COMMENT ON TABLE runs IS 'One robot or pabot command with all its processes, or one backfill.';
COMMENT ON COLUMN runs.api_revision IS 'The revision the API says it is at (X-PokeAPI-Hash).';
CREATE INDEX runs_by_start ON runs (target_id, started_at);

CREATE TABLE bodies (
    hash bytea PRIMARY KEY,
    content text NOT NULL,
    size integer NOT NULL,
    accepted_by text
);
COMMENT ON TABLE bodies IS
    'Each distinct response body once. hash: SHA-256 of its bytes; content: the JSON as it came.';
COMMENT ON COLUMN bodies.accepted_by IS
    'Fingerprint of the models that accepted this body; those need not judge it again.';

CREATE TABLE api_responses (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target_id integer NOT NULL REFERENCES targets,
    endpoint text NOT NULL,
    resource text NOT NULL,
    body_hash bytea NOT NULL REFERENCES bodies,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    first_run_id uuid NOT NULL REFERENCES runs,
    last_run_id uuid NOT NULL REFERENCES runs,
    UNIQUE (target_id, endpoint, resource, body_hash)
) WITH (fillfactor = 70);
COMMENT ON TABLE api_responses IS
    'Each state a resource was seen in, with the first and the last time. An unchanged response touches one row.';

CREATE TABLE latency_samples (
    id uuid PRIMARY KEY,
    run_id uuid NOT NULL REFERENCES runs,
    endpoint text NOT NULL,
    resource text NOT NULL,
    started_at timestamptz NOT NULL,
    elapsed_seconds real NOT NULL,
    attempts smallint NOT NULL,
    status smallint,
    failure_type text,
    test_name text NOT NULL
);
COMMENT ON TABLE latency_samples IS
    'Each request as it was measured. elapsed_seconds: its last attempt, without waits.';
CREATE INDEX latency_samples_by_endpoint ON latency_samples (endpoint, started_at);

CREATE TABLE test_attempts (
    id uuid PRIMARY KEY,
    run_id uuid NOT NULL REFERENCES runs,
    test_name text NOT NULL,
    status text NOT NULL CHECK (status IN ('PASS', 'FAIL', 'SKIP')),
    started_at timestamptz NOT NULL,
    elapsed_seconds real NOT NULL,
    message text NOT NULL
);
COMMENT ON TABLE test_attempts IS 'Each attempt at each test, retries included.';
CREATE INDEX test_attempts_by_test ON test_attempts (test_name, started_at);

CREATE VIEW flaky_tests AS
SELECT
    target.name AS target,
    attempt.test_name,
    run.git_revision,
    run.api_revision,
    count(*) FILTER (WHERE attempt.status = 'PASS') AS passes,
    count(*) FILTER (WHERE attempt.status = 'FAIL') AS failures,
    max(attempt.started_at) AS last_attempt_at
FROM test_attempts AS attempt
JOIN runs AS run ON run.id = attempt.run_id
JOIN targets AS target ON target.id = run.target_id
WHERE attempt.started_at > now() - interval '30 days'
GROUP BY target.name, attempt.test_name, run.git_revision, run.api_revision
HAVING bool_or(attempt.status = 'PASS') AND bool_or(attempt.status = 'FAIL');
COMMENT ON VIEW flaky_tests IS
    'Tests that both passed and failed within 30 days at one revision of the tests and one of the API.';

CREATE UNLOGGED TABLE rate_limit_grants (
    target_id integer NOT NULL REFERENCES targets,
    leaves_at timestamptz NOT NULL
);
COMMENT ON TABLE rate_limit_grants IS 'When the latest requests to a target left or may leave, for all processes.';
CREATE INDEX rate_limit_grants_by_time ON rate_limit_grants (target_id, leaves_at);

CREATE FUNCTION reserve_request(target_name text, max_requests integer, time_window interval)
RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
    target integer;
    leaves timestamptz;
BEGIN
    SELECT id INTO target FROM targets WHERE name = target_name FOR UPDATE;
    IF target IS NULL THEN
        INSERT INTO targets (name) VALUES (target_name) ON CONFLICT DO NOTHING;
        SELECT id INTO target FROM targets WHERE name = target_name FOR UPDATE;
    END IF;
    DELETE FROM rate_limit_grants WHERE target_id = target AND leaves_at < clock_timestamp() - time_window;
    SELECT leaves_at + time_window INTO leaves FROM rate_limit_grants WHERE target_id = target
        ORDER BY leaves_at DESC OFFSET max_requests - 1 LIMIT 1;
    leaves := greatest(leaves, clock_timestamp());
    INSERT INTO rate_limit_grants VALUES (target, leaves);
    RETURN extract(epoch FROM leaves - clock_timestamp());
END
$$;
COMMENT ON FUNCTION reserve_request IS
    'Reserve the next request; gives the seconds to wait so that no window ever holds more than the maximum.';
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(_TABLES)


def downgrade() -> None:
    """Drop everything; the history is lost."""
    op.execute("DROP FUNCTION reserve_request; DROP VIEW flaky_tests")
    op.execute("DROP TABLE rate_limit_grants, test_attempts, latency_samples, api_responses, bodies, runs, targets")
