#!/usr/bin/env bash
# Installs and starts a Docker Engine if none responds.
# When: before the other scripts, on a machine without Docker. Does nothing if an engine responds.
# Needs: Debian and root to install and start an engine; nothing if one responds.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/messages.sh
source scripts/messages.sh
# shellcheck source=scripts/debian-packages.sh
source scripts/debian-packages.sh

readonly SOCKET=/var/run/docker.sock
readonly LOG=$CACHE/dockerd.log
patience=60

engine_version() {
  timeout 10 docker version --format '{{.Server.Version}}' 2>/dev/null
}

# Prints the engine address that the docker command uses.
engine_address() {
  local address
  address=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null) ||
    address=${DOCKER_HOST:-"context \`${DOCKER_CONTEXT:-default}\`"}
  printf '%s\n' "$address"
}

done_if_it_answers() {
  local version
  version=$(engine_version) || return 0
  say "Docker Engine $version responds at $(engine_address)"
  exit 0
}

# An init script may have started dockerd during the installation.
dockerd_runs() {
  local file
  for file in /var/run/docker.pid /var/run/docker-ssd.pid; do
    [[ ! -s $file ]] || ! kill -0 "$(<"$file")" 2>/dev/null || return 0
  done
  return 1
}

show_log() {
  if [[ -d /run/systemd/system ]]; then
    journalctl --unit docker --lines 15 --no-pager --output cat
  elif [[ -s $LOG ]]; then
    tail -n 15 "$LOG"
  else
    echo "(no log at $LOG)"
  fi | sed 's/^/  | /' >&2
}

if command -v docker >/dev/null; then
  done_if_it_answers
  address=$(engine_address)
else
  address=${DOCKER_HOST:-unix://$SOCKET}
fi
[[ $address == "unix://$SOCKET" || $address == "unix:///run/docker.sock" ]] ||
  fail "no Docker Engine responds at $address" "start it there, or unset DOCKER_HOST and DOCKER_CONTEXT to use this machine"

if [[ -S $SOCKET && ! -w $SOCKET ]]; then
  fail "$(id -un) has no permission for $SOCKET" "run this script as root, or add yourself to the group: \`usermod -aG docker $(id -un)\`"
fi
((EUID == 0)) ||
  fail "no Docker Engine responds at $address, and only root can install and start one" "run $0 as root"

command -v dockerd >/dev/null || install_packages docker.io iptables
# Later releases of Debian have the docker command in a separate package.
need_command docker docker-cli
done_if_it_answers

if [[ -d /run/systemd/system ]]; then
  say "starting the Docker Engine with systemd"
  quietly systemctl start docker || patience=0
elif ! dockerd_runs; then
  say "starting dockerd, log: $LOG"
  setsid dockerd </dev/null >"$LOG" 2>&1 &
  dockerd=$!
fi
for ((deadline = SECONDS + patience; SECONDS < deadline; )); do
  done_if_it_answers
  [[ -z ${dockerd:-} ]] || kill -0 "$dockerd" 2>/dev/null || break
  sleep 0.2
done
say "last lines of the engine's log:"
show_log
fail "the Docker Engine did not start" "fix the error in its log, then rerun this script"
