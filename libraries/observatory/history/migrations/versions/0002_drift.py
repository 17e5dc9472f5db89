"""Schema drift and data drift: versions of schemas, what running runs saw, the changes of schemas and of data."""

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = """
CREATE TABLE schema_versions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target_id integer NOT NULL REFERENCES targets,
    endpoint text NOT NULL,
    part text NOT NULL,
    number integer NOT NULL,
    run_id uuid NOT NULL REFERENCES runs,
    taught_by uuid NOT NULL REFERENCES runs,
    seen_at timestamptz NOT NULL,
    model json NOT NULL,
    UNIQUE (target_id, endpoint, part, number)
);
COMMENT ON TABLE schema_versions IS
    'What is known of the schema of an endpoint. A change makes a new version; what is just learned updates the last.';
COMMENT ON COLUMN schema_versions.part IS
    'Empty for the resources of the endpoint, list for the pages of its list, else the name of a sub-resource.';
COMMENT ON COLUMN schema_versions.run_id IS 'The run whose changes made this version.';
COMMENT ON COLUMN schema_versions.taught_by IS 'The run that taught it last.';
COMMENT ON COLUMN schema_versions.model IS
    'By path: kinds, and the bits of the resources that had a value, null, an object, no such key; enumerated words.';

CREATE TABLE schema_observations (
    run_id uuid NOT NULL REFERENCES runs,
    target_id integer NOT NULL REFERENCES targets,
    endpoint text NOT NULL,
    part text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    base json NOT NULL,
    base_revision text,
    seen json NOT NULL,
    PRIMARY KEY (run_id, endpoint, part)
);
COMMENT ON COLUMN schema_observations.base_revision IS
    'What the API called its revision when the base was taught last.';
COMMENT ON TABLE schema_observations IS
    'What all processes of a run saw so far, and the model that was known before it. Dropped a day after the run.';

CREATE TABLE schema_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target_id integer NOT NULL REFERENCES targets,
    run_id uuid NOT NULL REFERENCES runs,
    version_id bigint NOT NULL REFERENCES schema_versions,
    endpoint text NOT NULL,
    part text NOT NULL,
    kind text NOT NULL,
    path text NOT NULL,
    renamed_to text,
    before json,
    after json,
    breaking boolean NOT NULL,
    resources text[] NOT NULL,
    found_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'reverted')),
    closed_at timestamptz,
    closed_run_id uuid REFERENCES runs,
    closed_by text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT ''
);
COMMENT ON TABLE schema_changes IS
    'Each change of a schema, with all resources of its run that show it; open until accepted or reverted.';
-- By its digest, because an index takes no path of more than some thousand letters.
CREATE UNIQUE INDEX schema_changes_once ON schema_changes (run_id, endpoint, part, kind, md5(path));
CREATE INDEX schema_changes_by_endpoint ON schema_changes (target_id, endpoint, found_at);

CREATE TABLE data_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target_id integer NOT NULL REFERENCES targets,
    run_id uuid NOT NULL REFERENCES runs,
    endpoint text NOT NULL,
    part text NOT NULL,
    path text NOT NULL,
    kind text NOT NULL,
    about text NOT NULL,
    count integer NOT NULL,
    resources text[] NOT NULL,
    examples json NOT NULL,
    found_at timestamptz NOT NULL
);
COMMENT ON TABLE data_changes IS
    'What changed in the data of a run''s resources, one row for each place: changed, added, removed or rolled_back.';
CREATE UNIQUE INDEX data_changes_once ON data_changes (run_id, endpoint, part, md5(path), kind, about);
CREATE INDEX data_changes_by_endpoint ON data_changes (target_id, endpoint, found_at);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(_TABLES)


def downgrade() -> None:
    """Drop what is known of schemas and of changes."""
    op.execute("DROP TABLE data_changes, schema_changes, schema_observations, schema_versions")
