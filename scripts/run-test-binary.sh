#!/usr/bin/env bash
# Runs a test binary for cargo: more tests at once than there are cores where they wait more than they compute.
# When: never by hand; scripts/test.sh hands it to cargo.
# Needs: nothing.
set -euo pipefail
case ${1##*/} in
  # A dozen of them wait for time limits of 10 to 25 seconds. With 2 cores, 8 at once take half the time of 2.
  wire-*) export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$((4 * $(nproc)))} ;;
esac
exec "$@"
