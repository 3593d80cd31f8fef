# Functions for the local registry: Debian's docker-registry, unpacked and run in .cache.
# When: sourced by offline-images.sh after debian-packages.sh, never run.
# Needs: curl, setsid; the port of $REGISTRY must be free or used by a registry of this kit.
# shellcheck shell=bash

# Engines pull from a loopback address without TLS.
readonly REGISTRY=${OFFLINE_REGISTRY:-127.0.0.1:5000}
readonly KIT=$CACHE/offline-images
readonly REGISTRY_PROGRAM=$KIT/docker-registry/usr/bin/docker-registry
readonly REGISTRY_PID=$KIT/registry.pid
readonly REGISTRY_LOG=$KIT/registry.log
readonly HASH_LABEL=tdd-stack.offline-images
readonly MANIFEST_TYPE=application/vnd.oci.image.manifest.v1+json
# Identifies a registry of this kit, started from any folder.
readonly REGISTRY_HEADER=X-Tdd-Stack-Offline-Images

sha256() {
  sha256sum "$@" | cut -d ' ' -f 1
}

ask_registry() {
  curl --noproxy '*' --silent --fail --max-time 10 "${@:2}" "http://$REGISTRY/v2/$1" 2>/dev/null
}

# Prints the folder that started the registry; fails if no registry of this kit responds.
registry_folder() {
  ask_registry '' --dump-header - --output /dev/null | tr -d '\r' | sed -n "s/^$REGISTRY_HEADER: //Ip" | grep .
}

# Prints the id of the registry process that this folder started, if it still runs.
registry_process() {
  local process
  [[ -s $REGISTRY_PID ]] || return 1
  process=$(<"$REGISTRY_PID")
  [[ $(readlink "/proc/$process/exe") == "$REGISTRY_PROGRAM"* ]] || return 1
  printf '%s\n' "$process"
}

write_registry_configuration() {
  cat >"$KIT/registry.yml" <<END
version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: "$KIT/registry"
http:
  addr: $REGISTRY
  headers:
    $REGISTRY_HEADER: ["$PWD"]
END
}

start_registry() {
  local folder process deadline
  if folder=$(registry_folder); then
    say "a registry from $folder responds at $REGISTRY"
    return
  fi
  if ask_registry '' --output /dev/null || (exec 3<>"/dev/tcp/${REGISTRY/://}") 2>/dev/null; then
    fail "$REGISTRY is used by a program that is not a registry of this kit" \
      "stop it (\`ss -ltnp\` shows it), or use another port: OFFLINE_REGISTRY=127.0.0.1:5001 $0"
  fi
  # A process that hangs or has another address must not write to the same storage.
  ! registry_process >/dev/null || stop_registry
  unpack_package docker-registry "$KIT/docker-registry"
  write_registry_configuration
  setsid "$REGISTRY_PROGRAM" serve "$KIT/registry.yml" </dev/null >"$REGISTRY_LOG" 2>&1 &
  process=$!
  echo "$process" >"$REGISTRY_PID"
  for ((deadline = SECONDS + 20; SECONDS < deadline; )); do
    if registry_folder >/dev/null; then
      say "started a registry at $REGISTRY, log: $REGISTRY_LOG"
      return
    fi
    kill -0 "$process" 2>/dev/null || break
    sleep 0.05
  done
  tail -n 15 "$REGISTRY_LOG" | sed 's/^/  | /' >&2
  fail "the registry did not start at $REGISTRY" "fix the error in its log above, then rerun this script"
}

stop_registry() {
  local process deadline
  if ! process=$(registry_process); then
    say "no registry from this folder is running"
    return
  fi
  kill "$process"
  for ((deadline = SECONDS + 20; SECONDS < deadline; )); do
    if ! registry_process >/dev/null; then
      rm -f "$REGISTRY_PID"
      say "stopped the registry"
      return
    fi
    sleep 0.05
  done
  fail "the registry (process $process) did not stop"
}

manifest() {
  ask_registry "${1%:*}/manifests/${1##*:}" --header "Accept: $MANIFEST_TYPE"
}

# Prints the hash of the inputs of an image in the registry; fails if the image does not exist.
pushed_hash() {
  local digest='"digest":"([^"]+)"' hash="\"$HASH_LABEL\": *\"([0-9a-f]+)\"" text
  text=$(manifest "$1") || return 1
  # The first digest in a manifest is the one of the image's configuration.
  [[ $text =~ $digest ]] || return 1
  text=$(ask_registry "${1%:*}/blobs/${BASH_REMATCH[1]}") || return 1
  [[ $text =~ $hash ]] || return 1
  printf '%s\n' "${BASH_REMATCH[1]}"
}

# Prints the size in bytes of a pull of the image without any existing layer.
pushed_size() {
  manifest "$1" | grep -o '"size":[0-9]*' | awk -F: '{ sum += $2 } END { print sum }'
}

# Prints the descriptor of a file for a manifest.
descriptor() {
  printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%s}' "$1" "$(sha256 "$2")" "$(stat -c %s "$2")"
}

push_blob() {
  local repository=$1 file=$2 digest location
  digest=sha256:$(sha256 "$file")
  ! ask_registry "$repository/blobs/$digest" --head --output /dev/null || return 0
  location=$(ask_registry "$repository/blobs/uploads/" --request POST --dump-header - --output /dev/null |
    tr -d '\r' | sed -n 's/^location: //Ip')
  curl --noproxy '*' --silent --show-error --fail --upload-file "$file" "$location&digest=$digest"
}

# Pushes an image that consists of a configuration and two layers.
push_image() {
  local reference=$1 configuration=$2 base=$3 own=$4 file
  for file in "${@:2}"; do
    push_blob "${reference%:*}" "$file" || return 1
  done
  printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s,%s]}' "$MANIFEST_TYPE" \
    "$(descriptor config.v1+json "$configuration")" \
    "$(descriptor layer.v1.tar+gzip "$base")" "$(descriptor layer.v1.tar+gzip "$own")" |
    ask_registry "${reference%:*}/manifests/${reference##*:}" --request PUT --header "Content-Type: $MANIFEST_TYPE" --data-binary @-
}
