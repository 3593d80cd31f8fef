# Messages of the scripts: one line per action on standard error, and the output of failed commands.
# When: sourced by the other scripts from the root of the repository, never run.
# Needs: bash with `set -euo pipefail`.
# shellcheck shell=bash

# Files that the scripts create. Git ignores this folder, and you can delete it at any time.
CACHE=$(pwd -P)/.cache
readonly CACHE
mkdir -p "$CACHE"

say() {
  printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2
}

# Exits with code 1. Arguments: the error, then hints.
fail() {
  say "error: $1"
  shift
  (($# == 0)) || printf '  hint: %s\n' "$@" >&2
  exit 1
}

# Runs a command and shows the end of its output only if it fails.
quietly() {
  local output status=0
  output=$(mktemp "$CACHE/output.XXXXXX")
  "$@" >"$output" 2>&1 </dev/null || status=$?
  if ((status != 0)); then
    say "\`$*\` failed with exit code $status; its last lines:"
    tail -n 20 "$output" | sed 's/^/  | /' >&2
  fi
  rm -f "$output"
  return "$status"
}
