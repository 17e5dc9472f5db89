"""Flaky tests: whose fault each failure was, which failures are the same, and which tests both pass and fail."""

from alembic import op

revision = "0004"
down_revision = "0003"

_TABLES = """
ALTER TABLE test_attempts
    ADD COLUMN attempt smallint NOT NULL DEFAULT 1,
    ADD COLUMN cause text NOT NULL DEFAULT '',
    ADD COLUMN fingerprint text NOT NULL DEFAULT '',
    ADD COLUMN quarantined boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN test_attempts.attempt IS 'The number of this attempt at the test within its process: 2 is a retry.';
COMMENT ON COLUMN test_attempts.cause IS
    'What of ours made it fail: history, stand_in, network or suite; empty when it was the API or the test.';
COMMENT ON COLUMN test_attempts.fingerprint IS 'Hash of the message without names and numbers: equal for equal errors.';
COMMENT ON COLUMN test_attempts.quarantined IS 'Whether the test was in quarantine, so that it could not fail the run.';
CREATE INDEX test_attempts_by_run ON test_attempts (run_id);
CREATE INDEX test_attempts_by_start ON test_attempts (started_at);

DROP VIEW flaky_tests;
CREATE FUNCTION flaky_tests_since(since timestamptz) RETURNS TABLE (
    target text,
    test_name text,
    attempts bigint,
    failures bigint,
    revisions bigint,
    first_flaked_at timestamptz,
    last_flaked_at timestamptz,
    last_attempt_at timestamptz,
    last_message text,
    last_fingerprint text
) LANGUAGE sql STABLE AS $$
    WITH recent AS (
        SELECT
            run.target_id,
            attempt.test_name,
            attempt.status = 'FAIL' AS failed,
            attempt.started_at,
            attempt.id,
            attempt.message,
            attempt.fingerprint,
            -- Where nobody knows what the tests were, only one run is surely of the same.
            coalesce(run.git_revision, run.id::text) AS git_revision,
            coalesce(run.api_revision, '') AS api_revision,
            row_number() OVER (
                PARTITION BY run.target_id, attempt.test_name ORDER BY attempt.started_at DESC, attempt.id DESC
            ) AS age
        FROM test_attempts AS attempt
        JOIN runs AS run ON run.id = attempt.run_id
        WHERE attempt.started_at > since AND attempt.status <> 'SKIP' AND attempt.cause = ''
    ), judged AS (
        SELECT *, bool_or(failed) OVER same AND NOT bool_and(failed) OVER same AS is_mixed
        FROM recent
        WHERE age <= 100
        WINDOW same AS (PARTITION BY target_id, test_name, git_revision, api_revision)
    )
    SELECT
        target.name,
        judged.test_name,
        count(*),
        count(*) FILTER (WHERE is_mixed AND failed),
        count(DISTINCT (git_revision, api_revision)) FILTER (WHERE is_mixed),
        min(started_at) FILTER (WHERE is_mixed AND failed),
        max(started_at) FILTER (WHERE is_mixed AND failed),
        max(started_at),
        (array_agg(message ORDER BY started_at DESC, judged.id DESC) FILTER (WHERE is_mixed AND failed))[1],
        (array_agg(fingerprint ORDER BY started_at DESC, judged.id DESC) FILTER (WHERE is_mixed AND failed))[1]
    FROM judged
    JOIN targets AS target ON target.id = judged.target_id
    GROUP BY target.name, judged.test_name
    HAVING bool_or(is_mixed)
$$;
COMMENT ON FUNCTION flaky_tests_since IS
    'Of the last 100 attempts at each test, none older than since: those of tests that both passed and failed at one '
    'revision of the tests and one of the API. failures: at such revisions only; a test that fails always is broken.';

CREATE VIEW flaky_tests AS SELECT * FROM flaky_tests_since(now() - interval '30 days');
COMMENT ON VIEW flaky_tests IS
    'Tests that both passed and failed at one revision, in their last 100 attempts of 30 days. Skipped attempts, and '
    'failures that were caused by something of ours, do not count.';
"""

_VIEW_BEFORE = """
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
"""


def upgrade() -> None:
    """Make what is new."""
    op.execute(_TABLES)


def downgrade() -> None:
    """Forget causes and fingerprints, and judge as before."""
    op.execute("DROP VIEW flaky_tests; DROP FUNCTION flaky_tests_since")
    op.execute("DROP INDEX test_attempts_by_run, test_attempts_by_start")
    op.execute(
        "ALTER TABLE test_attempts DROP COLUMN attempt, DROP COLUMN cause, DROP COLUMN fingerprint, "
        "DROP COLUMN quarantined"
    )
    op.execute(_VIEW_BEFORE)
