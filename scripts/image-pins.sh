#!/usr/bin/env bash
# Prints the pinned image of each service: service, reference, and the file that contains the pin.
# When: called by other scripts, so that each pin is in one place.
# Needs: nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/messages.sh
source scripts/messages.sh

for service in prometheus alertmanager node-exporter grafana; do
  file=src/services/${service//-/_}.rs
  reference=$(sed -n 's/^ *image: "\(.*\)",$/\1/p' "$file")
  [[ $reference == */*:* && $reference != *$'\n'* ]] || fail "no pinned image found in $file" "the file needs a line \`image: \"NAME:TAG\",\`"
  printf '%s %s %s\n' "$service" "$reference" "$file"
done
