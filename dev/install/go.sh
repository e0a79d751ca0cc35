#!/usr/bin/env bash
# Says in one line, with the remedy, when there is no Go or one that is too old for this checkout.
set -euo pipefail
cd "$(dirname "$0")/../.."

wanted=$(sed -n 's/^go //p' go.mod)
if ! command -v go >/dev/null; then
  echo "go: not found. Install Go $wanted or newer (https://go.dev/dl/), then try again." >&2
  exit 2
fi
# Outside of a module go answers with its own version, whatever this module asks for.
have=$(cd / && GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//')
if [[ $(printf '%s\n%s\n' "$wanted" "$have" | sort -V | head -n 1) == "$wanted" ]]; then exit 0; fi
# An older Go may fetch a newer one by itself, where its owner allows that.
if [[ $(go env GOTOOLCHAIN) != local ]] && go version >/dev/null 2>&1; then exit 0; fi
echo "go: $have is too old, this checkout needs $wanted. Install it from https://go.dev/dl/ and put it first in PATH." >&2
exit 2
