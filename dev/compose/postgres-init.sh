#!/bin/bash
# Runs once, when the volume is empty: one login for each user of this cluster, and their databases.
# A crash in between leaves a volume that the image refuses to initialise again: remove it and start over.
#
# The groups are those that the migrations give rights to. The migrations make missing ones, for which the owner
# would need CREATEROLE; here they exist beforehand, so that the owner cannot make itself a member of them.
set -euo pipefail

psql --no-psqlrc --set=ON_ERROR_STOP=1 --quiet --username=postgres --dbname=postgres \
  --set=owner_password="$STEWARD_OWNER_PASSWORD" --set=core_password="$STEWARD_CORE_PASSWORD" \
  --set=backup_password="$STEWARD_BACKUP_PASSWORD" --set=drill_password="$STEWARD_DRILL_PASSWORD" \
  --set=api_password="$STEWARD_API_PASSWORD" --set=vendors_password="$STEWARD_VENDORS_PASSWORD" \
  --set=erase_password="$STEWARD_ERASE_PASSWORD" \
  --set=temporal_password="$TEMPORAL_DB_PASSWORD" <<'SQL'
CREATE ROLE steward_core NOLOGIN;
CREATE ROLE steward_backup NOLOGIN;
CREATE ROLE steward_drill NOLOGIN;
CREATE ROLE steward_api NOLOGIN;
CREATE ROLE steward_vendors NOLOGIN;
CREATE ROLE steward_erase NOLOGIN;

CREATE ROLE steward_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE steward_core_login LOGIN PASSWORD :'core_password' IN ROLE steward_core;
-- It dumps the steward database too: every table, and every row whatever row security says later.
CREATE ROLE steward_backup_login LOGIN BYPASSRLS PASSWORD :'backup_password' IN ROLE steward_backup, pg_read_all_data;
CREATE ROLE steward_drill_login LOGIN PASSWORD :'drill_password' IN ROLE steward_drill;
CREATE ROLE steward_api_login LOGIN PASSWORD :'api_password' IN ROLE steward_api;
CREATE ROLE steward_vendors_login LOGIN PASSWORD :'vendors_password' IN ROLE steward_vendors;
-- Its rights to erase are those of another login, in the app's own cluster (docs/production.md).
CREATE ROLE steward_erase_login LOGIN PASSWORD :'erase_password' IN ROLE steward_erase;
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';

CREATE DATABASE steward OWNER steward_owner;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT, TEMPORARY ON DATABASE steward, temporal, temporal_visibility FROM PUBLIC;
GRANT CONNECT ON DATABASE steward TO steward_core_login, steward_backup_login, steward_drill_login, steward_api_login,
  steward_vendors_login, steward_erase_login;
SQL
