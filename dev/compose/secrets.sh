#!/usr/bin/env bash
# Makes what docker-compose.yml needs and git must not hold: .env with fresh passwords, and secrets/ with a directory of
# keys for each role. What exists is left as it is, so it is safe to repeat. Root repeats it once keys and service accounts
# are there: the containers do not run as root, and cannot read what root put there.
set -euo pipefail
cd "$(dirname "$0")/../.."
umask 077

mkdir -p secrets/keys/core secrets/keys/backup secrets/keys/drill secrets/keys/vendors secrets/keys/erase secrets/keys/api secrets/gcp

# The master key that wraps the keys of cases (docs/keys.md), the same for whoever seals or opens.
if [[ ! -e secrets/keys/core/master.key ]]; then
  printf 'steward-master-1:%s\n' "$(head -c 32 /dev/urandom | base64 -w 0 | tr -d '=')" >secrets/keys/core/master.key
fi
for role in vendors erase api; do
  [[ -e secrets/keys/$role/master.key ]] || cp secrets/keys/core/master.key "secrets/keys/$role/master.key"
done

# The containers run as the owner of the key files. Root's containers get a number that owns nothing else.
uid=$(id -u)
if [[ $uid == 0 ]]; then
  uid=10001
  chown -R "$uid" secrets/keys secrets/gcp
fi

# Hexadecimal, because the passwords stand in URLs.
password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

touch .env
add() { # NAME VALUE
  grep -q "^$1=" .env || printf '%s=%s\n' "$1" "$2" >>.env
}
add STEWARD_UID "$uid"
# One for each login: two superusers, the owner of the steward database, the five workers, the API, Temporal.
for name in POSTGRES DRILL_DB STEWARD_OWNER STEWARD_CORE STEWARD_BACKUP STEWARD_DRILL STEWARD_API STEWARD_VENDORS STEWARD_ERASE TEMPORAL_DB; do
  add "${name}_PASSWORD" "$(password)"
done

echo 'Made .env and secrets/. Still yours to do:'
grep -q '^APP_DATABASE_URL=' .env || echo '  .env: APP_DATABASE_URL=postgres://…      the database that is backed up'
grep -q '^STEWARD_GCP_PROJECT=' .env || echo '  .env: STEWARD_GCP_PROJECT=…              the Google Cloud project of the buckets'
grep -q '^STEWARD_POLICY_FILE=' .env || echo '  .env: STEWARD_POLICY_FILE=/…/policy.yaml  your policy'
grep -q '^STEWARD_DATAMAP_FILE=' .env || echo '  .env: STEWARD_DATAMAP_FILE=/…/datamap.yaml your data map; nothing is erased without one'
grep -q '^APP_ERASE_DATABASE_URL=' .env || echo '  .env: APP_ERASE_DATABASE_URL=postgres://…  the login that erases, where the policy promises erasure'
for role in core backup drill erase; do
  [[ -e secrets/gcp/$role.json ]] || echo "  secrets/gcp/$role.json                    the service account of the $role role"
done
echo '  secrets/keys/<role>/                       the keys of each role (docs/keys.md)'
[[ -e secrets/keys/core/certificate.key ]] || echo '  secrets/keys/core/certificate.key          signs certificates of erasures'
for role in erase drill; do
  [[ -e secrets/keys/$role/replay.identity ]] || echo "  secrets/keys/$role/replay.identity         the replay key, the same file for erase and drill"
done
if [[ $uid != "$(id -u)" ]]; then
  echo "  then, as root, this script once more: it gives the files to the containers' user $uid"
fi
echo 'Rights of logins and service accounts: docs/production.md'
