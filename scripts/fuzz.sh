#!/usr/bin/env bash
# Feeds invalid files and responses to every parser, in rounds with new seeds, and prints the number of findings.
# When: after a change of a parser, before a release: `scripts/fuzz.sh [MINUTES]`, 60 minutes by default.
# Needs: Rust. Failing cases are stored in integration-tests/tests/fuzz/regressions/, and every later run tries them.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/messages.sh
source scripts/messages.sh
# shellcheck source=scripts/debian-packages.sh
source scripts/debian-packages.sh

readonly MINUTES=${1:-60}
readonly REGRESSIONS=integration-tests/tests/fuzz/regressions
[[ $MINUTES =~ ^[0-9]+$ ]] || fail "\`$MINUTES\` is not a number of minutes" "for example, run \`scripts/fuzz.sh 60\`"

# Prints the number of stored failing cases of a target.
kept() {
  grep -c '^cc ' "$REGRESSIONS/$1.txt" 2>/dev/null || true
}

need_rust
say "building the targets"
built=$(cargo test --workspace --locked --test fuzz --no-run 2>&1) || fail "cannot build the targets: $built"
targets=$(sed -n 's/.*Executable.*fuzz.*(\(.*\))$/\1/p' <<<"$built")
log=$(mktemp)
trap 'rm -f "$log"' EXIT

declare -A executions=() before=()
end=$((SECONDS + MINUTES * 60)) rounds=0
while ((rounds == 0 || SECONDS < end)); do
  # A failing target ends neither its round nor the run.
  "$targets" --nocapture --test-threads 1 >"$log" 2>&1 || say "a case failed in round $((rounds + 1)): see \`git status\`"
  while read -r _ name count _; do
    [[ -n ${before[$name]-} ]] || before[$name]=$(git show "HEAD:$REGRESSIONS/$name.txt" 2>/dev/null | grep -c '^cc ' || true)
    executions[$name]=$((${executions[$name]-0} + count))
  done < <(grep -oE 'fuzz [a-z-]+ [0-9]+ executions' "$log")
  rounds=$((rounds + 1))
done

say "$rounds rounds in $((SECONDS / 60)) minutes"
printf '%-18s | %12s | %s\n' target executions findings
findings=0
for name in $(printf '%s\n' "${!executions[@]}" | sort); do
  found=$(($(kept "$name") + 0 - before[$name]))
  findings=$((findings + found))
  printf '%-18s | %12d | %d\n' "$name" "${executions[$name]}" "$found"
done
((findings == 0)) || fail "$findings new failing cases" "run \`cargo test --workspace --test fuzz\`, which tries them first"
