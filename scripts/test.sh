#!/usr/bin/env bash
# Brings all that the tests need, checks the code, then runs all tests; its arguments go to `cargo test`.
# When: before a change is handed on; CI runs it. The first time takes long, later ones only build what has changed.
# Needs: Rust; a Docker engine, or Debian and root to install one and what else is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/messages.sh
source scripts/messages.sh
# shellcheck source=scripts/debian-packages.sh
source scripts/debian-packages.sh

readonly REQUIREMENTS=integration-tests/python/requirements.txt
readonly PYTHON=$CACHE/python/bin/python

make_python_environment() {
  local inputs
  python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3 python3-venv
  # An environment knows its own folder and Python, and does not survive a change of either.
  inputs=$(python3 --version && echo "$CACHE" && cat "$REQUIREMENTS")
  if [[ -x $PYTHON && -f $CACHE/python/inputs && $(<"$CACHE/python/inputs") == "$inputs" ]]; then
    return
  fi
  say "making a Python environment with the packages of $REQUIREMENTS"
  quietly python3 -m venv --clear "$CACHE/python" || fail "no Python environment can be made"
  quietly "$PYTHON" -m pip install --no-input --disable-pip-version-check --requirement "$REQUIREMENTS" ||
    fail "the packages of $REQUIREMENTS cannot be installed" "check that pip can reach its package index"
  echo "$inputs" >"$CACHE/python/inputs"
}

scripts/engine.sh

images=$(scripts/offline-images.sh)
printf '%s\n' "$images" >&2
export TDD_TEST_REGISTRY=${images%%/*}

make_python_environment
export TDD_TEST_PYTHON=$PYTHON

# The other way to start the same stack, which ours is measured against.
fetch_packages docker-compose
unpack_package docker-compose "$CACHE/compose"
export TDD_TEST_COMPOSE=$CACHE/compose/usr/libexec/docker/cli-plugins/docker-compose
say "docker compose $("$TDD_TEST_COMPOSE" version --short)"

scripts/check.sh

say "everything before the tests took $SECONDS s; running them"
cargo test --workspace --locked "$@"
