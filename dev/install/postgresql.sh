#!/usr/bin/env bash
# Finds PostgreSQL's programs, and installs or upgrades them where it can.
#
#   postgresql.sh           make sure that they are there and free of known holes
#   postgresql.sh --check   change nothing; print the directory of the programs
#
# Exit codes: 0 ready, 2 programs missing, 3 programs with known holes, 4 installing failed.
# With 3, --check still prints the directory, so that the caller may decide.
# STEWARD_PG_BIN names a directory to use instead of searching.
# STEWARD_ALLOW_OLD_POSTGRES=1 takes programs with known holes, with a warning.
#
# Nothing here starts, stops or changes a database cluster: Steward runs its own, under .dev/.
set -euo pipefail

readonly looked=${0%/*}/../../.dev/apt-updated
readonly programs=(postgres initdb pg_ctl pg_dump pg_dumpall pg_restore psql)

# The first minor of each major without the holes that matter here: CVE-2026-116314 (a crafted archive runs code in
# pg_restore) and before it CVE-2026-18408 and CVE-2025-8714 (a crafted dump runs meta-commands).
# A major that is not listed and older than 14 gets no fixes any more; a newer one contains them.
first_good_minor() {
  case "$1" in
    18) echo 7 ;;
    17) echo 12 ;;
    16) echo 16 ;;
    15) echo 20 ;;
    14) echo 25 ;;
    *) if (($1 < 14)); then echo 9999; else echo 0; fi ;;
  esac
}

say() { printf 'postgresql: %s\n' "$*" >&2; }

# version_of DIR prints MAJOR.MINOR of the server in DIR (a beta has no minor: 0).
version_of() {
  "$1/postgres" --version | sed -E -e 's/^[^0-9]*([0-9]+)\.([0-9]+).*/\1.\2/' -e t -e 's/^[^0-9]*([0-9]+).*/\1.0/'
}

complete() {
  local program
  for program in "${programs[@]}"; do
    [[ -x "$1/$program" ]] || return 1
  done
}

candidates() {
  if [[ -n ${STEWARD_PG_BIN:-} ]]; then
    echo "$STEWARD_PG_BIN"
    return
  fi
  # Debian and Ubuntu, Red Hat's community packages, Homebrew on both kinds of Mac.
  ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin 2>/dev/null || true
  if command -v pg_config >/dev/null; then pg_config --bindir 2>/dev/null || true; fi
  local found
  if found=$(command -v initdb); then dirname "$(readlink -f "$found")"; fi
}

# find_newest prints "VERSION DIRECTORY" of the newest complete set, or nothing.
find_newest() {
  local dir
  candidates | sort -u | while read -r dir; do
    if complete "$dir"; then echo "$(version_of "$dir") $dir"; fi
  done | sort -V | tail -n 1
}

has_holes() { # VERSION
  local major=${1%%.*} minor=${1#*.}
  ((minor < $(first_good_minor "$major")))
}

# remedy prints the command that a person with the right to do so would type.
remedy() { # VERSION or ""
  if command -v apt-get >/dev/null; then
    echo "sudo $0"
  elif command -v dnf >/dev/null; then
    # install does nothing about a package that is there.
    if [[ -n $1 ]]; then echo "sudo dnf upgrade -y postgresql-server postgresql-contrib"
    else echo "sudo dnf install -y postgresql-server postgresql-contrib"; fi
  elif command -v brew >/dev/null; then
    if [[ -n $1 ]]; then echo "brew upgrade postgresql@${1%%.*}"; else echo "brew install postgresql@18"; fi
  else
    echo "install PostgreSQL 15.20, 16.16, 17.12, 18.7 or newer, then set STEWARD_PG_BIN to its bin directory"
  fi
}

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" >&2 </dev/null
}

# no_default_cluster stops Debian's package from creating and starting a cluster of its own on 5432.
no_default_cluster() {
  local conf=/etc/postgresql-common/createcluster.conf
  apt install --no-install-recommends postgresql-common
  if grep -qsE '^[[:space:]]*create_main_cluster[[:space:]]*=[[:space:]]*false' "$conf"; then return; fi
  mkdir -p "${conf%/*}"
  printf '\n# Steward runs its own private clusters.\ncreate_main_cluster = false\n' >>"$conf"
  say "wrote create_main_cluster = false to $conf"
}

# running_of MAJOR prints the clusters that Debian's tools know and that run. One that is down, such as the one that the
# package makes on a fresh machine, is restarted by nobody.
running_of() {
  if command -v pg_lsclusters >/dev/null; then pg_lsclusters -h | awk -v major="$1" '$1 == major && $4 ~ /^online/'; fi
}

# looked_today tells whether this clone has asked for newer packages within a day. A distribution that has no fixed one
# yet is asked once a day, not at every `make up`: that takes the network, and half a minute.
looked_today() { [[ -n $(find "$looked" -mmin -1440 2>/dev/null) ]]; }

install_or_upgrade() { # VERSION or ""
  local version=$1 major=${1%%.*}
  say "updating the package lists"
  apt update
  mkdir -p "${looked%/*}" && touch "$looked"
  if [[ -z $version ]]; then
    say "installing (a minute or two)"
    no_default_cluster
    apt install --no-install-recommends postgresql postgresql-contrib
    return
  fi
  if [[ -n $(running_of "$major") ]]; then
    # An upgrade restarts them. That is their owner's decision.
    say "PostgreSQL $version has known holes, but this machine runs clusters with it. When they may restart, run:"
    say "  apt-get install --only-upgrade postgresql-$major postgresql-client-$major"
    return 1
  fi
  say "upgrading $version"
  no_default_cluster
  apt install --no-install-recommends --only-upgrade "postgresql-$major" "postgresql-client-$major"
}

accept_old() { # VERSION DIRECTORY
  say "warning: PostgreSQL $1 in $2 has known holes (wanted: $(first_good_minor "${1%%.*}") as the minor of ${1%%.*})"
}

main() {
  local check=false version dir
  if [[ ${1:-} == --check ]]; then check=true; fi
  read -r version dir < <(find_newest) || true

  if [[ -n ${version:-} ]] && ! has_holes "$version"; then
    echo "$dir"
    return 0
  fi
  if [[ -n ${version:-} && ${STEWARD_ALLOW_OLD_POSTGRES:-} == 1 ]]; then
    accept_old "$version" "$dir"
    echo "$dir"
    return 0
  fi
  if $check || ((EUID != 0)) || ! command -v apt-get >/dev/null || [[ -n ${STEWARD_PG_BIN:-} ]]; then
    if [[ -z ${version:-} ]]; then
      say "the programs ${programs[*]} are not all here. Run: $(remedy "")"
      return 2
    fi
    accept_old "$version" "$dir"
    say "run: $(remedy "$version")   (or set STEWARD_ALLOW_OLD_POSTGRES=1 for a try)"
    echo "$dir"
    return 3
  fi

  if [[ -n ${version:-} ]] && looked_today; then
    accept_old "$version" "$dir"
    echo "$dir"
    return 0
  fi
  install_or_upgrade "${version:-}" || say "could not install or upgrade; see above"
  read -r version dir < <(find_newest) || true
  if [[ -z ${version:-} ]]; then
    say "the programs are still missing after the installation"
    return 4
  fi
  # A distribution that has no fixed package yet is not a reason to refuse a demo with made-up data.
  if has_holes "$version"; then accept_old "$version" "$dir"; fi
  say "using $version"
  echo "$dir"
}

main "$@"
