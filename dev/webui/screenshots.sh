#!/usr/bin/env bash
# Takes the pictures of the Temporal Web UI that stand in docs/: a backup at work and a finished one. Needs a running
# `make up`, curl, jq, Chromium and Node.js with npm.
set -euo pipefail
cd "$(dirname "$0")/../.."

for program in chromium curl jq npm; do
  command -v "$program" >/dev/null || { echo "missing: $program (apt-get install $program)" >&2; exit 2; }
done
eval "$(make -s env)"

slowed=
finish() {
  if [[ -n $slowed ]]; then curl -sf -X DELETE "$STORAGE_EMULATOR_HOST/_emulator/faults" >/dev/null || true; fi
}
trap finish EXIT

node=.dev/node
if [[ ! -d $node/node_modules/playwright-core ]]; then
  mkdir -p "$node"
  npm install --silent --no-audit --no-fund --prefix "$node" playwright-core@1.64.1
fi

# shot PATH FILE HEIGHT takes one picture.
shot() {
  NODE_PATH="$PWD/$node/node_modules" node dev/webui/shot.mjs "$TEMPORAL_UI_URL$1" "$2" "$3"
  echo "$2"
}

# newest STATUS prints the path of the newest backup of the app in that status.
newest() {
  curl -sfG "$TEMPORAL_UI_URL/api/v1/namespaces/$TEMPORAL_NAMESPACE/workflows" \
    --data-urlencode "query=WorkflowType='DailyBackup' AND StewardSubject='app' AND ExecutionStatus='$1'" |
    jq -r --arg ns "$TEMPORAL_NAMESPACE" '.executions[0].execution | "/namespaces/\($ns)/workflows/\(.workflowId | @uri)/\(.runId)"'
}

finished=$(newest Completed)
shot "$finished/timeline" docs/webui-backup-finished.png 900
shot "$finished/user-metadata" docs/webui-backup-details.png 640

# A day is backed up once, so the clone's clock is moved to tomorrow for a second backup, and the storage made slow.
echo 24h >"$STEWARD_DEV_CLOCK"
slowed=yes
curl -sf -X POST "$STORAGE_EMULATOR_HOST/_emulator/faults" \
  -d '{"operation":"object.insert","prefix":"app/","mode":"slow","count":-1,"bytes":60000}' >/dev/null
bin/steward backup run --database app --no-wait >/dev/null
running=null
for _ in $(seq 100); do
  running=$(newest Running)
  if [[ $running != *null* ]]; then break; fi
  sleep 0.2
done
shot "$running/timeline" docs/webui-backup-running.png 900
shot "$running/user-metadata" docs/webui-backup-running-details.png 640
echo "The clock of this clone is a day ahead now: make reset"
