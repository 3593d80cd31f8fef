# How scripts speak: one line a step on standard error, and the evidence where a step fails.
# When: sourced by the other scripts from the repository's root, never run.
# Needs: bash with `set -euo pipefail`.
# shellcheck shell=bash

# All that scripts make lies here; git ignores it, and it may be deleted at any time.
CACHE=$(pwd -P)/.cache
readonly CACHE
mkdir -p "$CACHE"

say() {
  printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2
}

# Ends the script: what failed, then the ways out.
fail() {
  say "error: $1"
  shift
  (($# == 0)) || printf '  hint: %s\n' "$@" >&2
  exit 1
}

# Runs a command whose output is worth reading only when it fails.
quietly() {
  local output status=0
  output=$(mktemp "$CACHE/output.XXXXXX")
  "$@" >"$output" 2>&1 </dev/null || status=$?
  if ((status != 0)); then
    say "\`$*\` ended with exit code $status; its last lines:"
    tail -n 20 "$output" | sed 's/^/  | /' >&2
  fi
  rm -f "$output"
  return "$status"
}
