#!/bin/sh
# Does what a new user does, in a scratch clone of the last commit: make up, look at
# what it promises, lose every process by SIGKILL, make up again, make down.
# Prints one line per step and ends with 0 only when all of it held.
#
#   dev/install/up-twice.sh
#
# Minutes with a warm build cache, so that it is no part of make test.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/steward-up-twice.XXXXXX")
clone=$scratch/clone

say() { printf '%s up-twice: %s\n' "$(date -u +%H:%M:%S)" "$*"; }

fail() {
	say "FAILED: $*"
	exit 1
}

finish() {
	code=$?
	trap - EXIT INT TERM
	if [ -d "$clone/.dev" ]; then
		make -C "$clone" reset || code=1
	fi
	rm -rf "$scratch"
	exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Process ids that the environment has recorded, keepers and programs.
recorded() {
	sed -n 's/.*"pid": *\([0-9][0-9]*\).*/\1/p' "$clone"/.dev/run/*.json 2>/dev/null | sort -un
}

# Process ids whose command line names the scratch clone.
around() {
	for line in /proc/[0-9]*/cmdline; do
		pid=${line#/proc/}
		pid=${pid%/cmdline}
		if [ "$pid" != "$$" ] && tr '\0' ' ' <"$line" 2>/dev/null | grep -qF "$clone/"; then
			echo "$pid"
		fi
	done
}

# The catalogue, as operators see it.
backups() { (cd "$clone" && bin/steward backup list --json 2>/dev/null); }

# Whether a process runs; one that has ended and that nobody has collected does not.
runs() { grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" 2>/dev/null; }

look() {
	list=$(backups) || fail "backup list"
	count=$(printf '%s\n' "$list" | grep -c '"state": "drilled"') || fail "no backup was drilled: $list"
	[ "$count" -eq 3 ] || fail "$count backups are drilled instead of those of two databases and of the files"
	(cd "$clone" && bin/steward ledger verify) || fail "ledger verify ended with $?"
	(cd "$clone" && bin/steward promises) || fail "promises ended with $?"
	make -s -C "$clone" status || fail "status"
}

git clone -q --local --no-hardlinks "$here" "$clone"
say "make up in $clone"
make -C "$clone" up
look
first=$(backups)

say "make up again, with all of it running"
pids=$(recorded)
make -C "$clone" up | tee "$scratch/again"
grep -q "done already" "$scratch/again" || fail "it made backups again"
[ "$pids" = "$(recorded)" ] || fail "it restarted something"
[ "$first" = "$(backups)" ] || fail "it changed the catalogue"

say "killing $(printf '%s' "$pids" | wc -w) processes"
for pid in $pids; do
	kill -KILL "$pid" 2>/dev/null || true # its keeper's death may have ended it
done

say "make up after the kill"
make -C "$clone" up
look
[ "$first" = "$(backups)" ] || fail "the catalogue changed"

say "make down"
pids=$(recorded)
make -C "$clone" down
for pid in $pids; do
	if runs "$pid"; then fail "process $pid is left"; fi
done
left=$(around)
[ -z "$left" ] || fail "processes are left: $left"
say "all of it held"
