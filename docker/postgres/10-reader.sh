#!/bin/bash
# Makes the user of the dashboards, who can read every table, of today and to come, and change none.
# PostgreSQL's image runs this once, when it makes the database.
set -euo pipefail

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set password="$READER_PASSWORD" <<'SQL'
CREATE ROLE reader LOGIN PASSWORD :'password' CONNECTION LIMIT 20;
ALTER ROLE reader SET default_transaction_read_only = on;
ALTER ROLE reader SET statement_timeout = '30s';
GRANT pg_read_all_data TO reader;
SQL
