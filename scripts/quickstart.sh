#!/usr/bin/env bash
# One command from a fresh machine to a running stack; its arguments go to `tdd-stack up`.
# When: to try tdd-stack. Where no public registry can be reached it takes the images of scripts/offline-images.sh.
# Needs: Rust; a Docker engine, or Debian and root to install one. TDD_STACK_REGISTRY and TDD_STACK_IMAGE name images of your own.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/messages.sh
source scripts/messages.sh
# shellcheck source=scripts/debian-packages.sh
source scripts/debian-packages.sh

images_are_present() {
  local reference
  while read -r _ reference _; do
    docker image inspect "$reference" >/dev/null 2>&1 || return 1
  done < <(scripts/image-pins.sh)
}

# Tries Docker Hub, then the mirrors that the engine would use for it.
public_registry_answers() {
  local url mirrors status
  need_command curl curl ca-certificates
  mirrors=$(docker info --format '{{join .RegistryConfig.Mirrors " "}}')
  for url in https://registry-1.docker.io $mirrors; do
    status=$(curl --silent --max-time 5 --output /dev/null --write-out '%{http_code}' "${url%/}/v2/") || continue
    # 401 asks for a token, which a pull then gets.
    [[ $status != 200 && $status != 401 ]] || return 0
  done
  return 1
}

scripts/engine.sh
need_rust
say "building tdd-stack (the first time takes minutes)"
cargo build --release --locked --bin tdd-stack
program=${CARGO_TARGET_DIR:-target}/release/tdd-stack

offline=
if [[ -n ${TDD_STACK_REGISTRY:-}${TDD_STACK_IMAGE:-} || " $*" == *" --registry"* || " $*" == *" --image"* ]]; then
  say "taking the images that you name"
elif images_are_present || public_registry_answers; then
  say "taking the public images"
else
  say "no public registry can be reached: taking the offline images"
  images=$(scripts/offline-images.sh)
  # The last line says which images the kit has.
  offline=${images##*$'\n'}
  export "${offline?}"
fi

status=0
"$program" up "$@" || status=$?

[[ -z $offline ]] || say "first run:   export $offline"
say "look at it:  $program status"
say "stop it:     $program down    (--volumes removes its data too)"
(($# == 0)) || say "these take the same global options that you gave"
[[ -z $offline ]] || say "Grafana is a test double of its HTTP API here: the offline images have no real one"
exit "$status"
