#!/usr/bin/env bash
# Builds tdd-stack and starts the stack on a new machine; passes its arguments to `tdd-stack up`.
# When: to try tdd-stack. Without a public registry, it uses the images of scripts/offline-images.sh.
# Needs: Rust; a Docker Engine, or Debian and root to install one. TDD_STACK_REGISTRY or TDD_STACK_IMAGE select other images.
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

# Tries Docker Hub, then the mirrors that the engine uses for it.
public_registry_answers() {
  local url mirrors status
  need_command curl curl ca-certificates
  mirrors=$(docker info --format '{{join .RegistryConfig.Mirrors " "}}')
  for url in https://registry-1.docker.io $mirrors; do
    status=$(curl --silent --max-time 5 --output /dev/null --write-out '%{http_code}' "${url%/}/v2/") || continue
    # 401 requests a token, which a pull gets later.
    [[ $status != 200 && $status != 401 ]] || return 0
  done
  return 1
}

scripts/engine.sh
need_rust
say "building tdd-stack (the first build takes minutes)"
cargo build --release --locked --bin tdd-stack
program=${CARGO_TARGET_DIR:-target}/release/tdd-stack

offline=
if [[ -n ${TDD_STACK_REGISTRY:-}${TDD_STACK_IMAGE:-} || " $*" == *" --registry"* || " $*" == *" --image"* ]]; then
  say "using your images"
elif images_are_present || public_registry_answers; then
  say "using public images"
else
  say "no public registry is reachable: using the offline images"
  images=$(scripts/offline-images.sh)
  # The last line lists the images of the kit.
  offline=${images##*$'\n'}
  export "${offline?}"
fi

status=0
"$program" up "$@" || status=$?

[[ -z $offline ]] || say "first run:     export $offline"
say "show status:   $program status"
say "stop:          $program down    (--volumes also removes the data)"
(($# == 0)) || say "add the global options that you passed to this script"
[[ -z $offline ]] || say "Grafana is a test double of its HTTP API, because the offline images do not contain Grafana"
exit "$status"
