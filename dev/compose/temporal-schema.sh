#!/bin/sh
# Brings both of Temporal's databases to the schema of this version. Safe to repeat: the first step does nothing when a
# version is recorded, the second starts from that version. The password comes from SQL_PASSWORD.
set -eu

for pair in temporal:temporal temporal_visibility:visibility; do
  database=${pair%%:*}
  schema=postgresql/v12/${pair##*:} # comes with the tool, so it fits the server of the same version
  tool() { temporal-sql-tool --plugin postgres12_pgx --endpoint postgres --port 5432 --user temporal --database "$database" "$@"; }
  echo "schema of $database"
  tool setup-schema --version 0.0
  tool update-schema --schema-name "$schema"
done
