#!/usr/bin/env bash
# Prints the image that each service pins: the service, the reference, the file where the pin is.
# When: other scripts ask it, so that a pin stands in one place.
# Needs: nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/messages.sh
source scripts/messages.sh

for service in prometheus alertmanager node-exporter grafana; do
  file=src/services/${service//-/_}.rs
  reference=$(sed -n 's/^ *image: "\(.*\)",$/\1/p' "$file")
  [[ $reference == */*:* && $reference != *$'\n'* ]] || fail "no pinned image found in $file" "it is the line \`image: \"NAME:TAG\",\`"
  printf '%s %s %s\n' "$service" "$reference" "$file"
done
