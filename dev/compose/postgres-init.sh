#!/bin/bash
# Runs once, when the volume is empty: one login and its databases for each user of this cluster.
# A crash in between leaves a volume that the image refuses to initialise again: remove it and start over.
set -euo pipefail

psql --no-psqlrc --set=ON_ERROR_STOP=1 --quiet --username=postgres \
  --set=steward_password="$STEWARD_DB_PASSWORD" --set=temporal_password="$TEMPORAL_DB_PASSWORD" <<'SQL'
CREATE ROLE steward LOGIN PASSWORD :'steward_password';
-- The backup of the steward database reads every row, whatever row security says later.
ALTER ROLE steward BYPASSRLS;
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE steward OWNER steward;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT ON DATABASE steward, temporal, temporal_visibility FROM PUBLIC;
SQL
