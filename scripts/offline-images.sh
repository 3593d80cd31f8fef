#!/usr/bin/env bash
# Builds the four images without a public registry and serves them from a local one; `stop` stops the local registry.
# When: offline, and for the tests. Export the last line of its output, then run `tdd-stack up`. Fast if nothing changed.
# Needs: Debian's packages through apt-get, and Rust for the Grafana double. No root, no Docker Engine.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/messages.sh
source scripts/messages.sh
# shellcheck source=scripts/debian-packages.sh
source scripts/debian-packages.sh
# shellcheck source=scripts/offline-images/registry.sh
source scripts/offline-images/registry.sh

readonly RECIPES=scripts/offline-images
readonly NOBODY=65534:65534
readonly GRAFANA=472:0
# The same input results in the same bytes, so that images built on different days share the base layer.
readonly MADE=2026-01-01T00:00:00Z
readonly -A NOTES=([grafana]='  (a test double of its HTTP API, not Grafana)')

# Folder modes are copied to the images, where other users must be able to read the folders.
umask 022
mkdir -p "$KIT"

# Prints the Debian packages in an image.
packages_of() {
  case $1 in
    base) echo busybox-static ca-certificates libc6 libgcc-s1 tzdata ;;
    prometheus) echo prometheus promtool ;;
    alertmanager) echo prometheus-alertmanager ;;
    node-exporter) echo prometheus-node-exporter ;;
    grafana) ;;
  esac
}

fetch_kit_packages() {
  local service packages=()
  for service in base "${SERVICES[@]}"; do
    # shellcheck disable=SC2207 # one word per package
    packages+=($(packages_of "$service"))
  done
  fetch_packages docker-registry "${packages[@]}"
}

# Prints the version of the program in a service's image.
version_of() {
  local packages
  read -ra packages < <(packages_of "$1") || true
  case $1 in
    # The double imitates the pinned version of Grafana, and its tag says that it is a double.
    grafana) sed 's/.*://; s/$/-double/' <<<"${PINS[grafana]}" ;;
    *) package_version "${packages[0]}" ;;
  esac
}

# Prints the reference of a service's image: the name of the pinned image, and the version in the image as its tag.
reference_of() {
  local version
  version=$(version_of "$1")
  # Tags of the Prometheus project begin with `v`, those of Grafana do not.
  [[ $1 == grafana ]] || version=v$version
  printf '%s:%s\n' "${PINS[$1]%:*}" "$version"
}

build_double() {
  need_rust
  say "building the Grafana double"
  quietly cargo build --release --locked -p grafana-double --bin grafana-double ||
    fail "cannot build the Grafana double" "fix the error above; \`cargo build -p grafana-double\` shows it too"
}

double() {
  echo "${CARGO_TARGET_DIR:-target}/release/grafana-double"
}

# Prints the hash of all inputs of a service's image.
hash_of() {
  local package files=(scripts/offline-images.sh "$RECIPES/registry.sh" "$RECIPES/$1.json")
  for package in $(packages_of base) $(packages_of "$1"); do
    files+=("$(package_file "$package")")
  done
  [[ $1 != grafana ]] || files+=("$RECIPES/grafana-run.sh" "$(double)")
  cat "${files[@]}" | sha256
}

# Prints Debian packages with their versions.
package_list() {
  local package
  for package in "$@"; do
    # shellcheck disable=SC2016 # the placeholders are dpkg's
    dpkg-deb --show --showformat '${Package} ${Version}, ' "$(package_file "$package")"
  done | sed 's/, $//'
}

# Packs a folder as a layer of the same name. Arguments after the owner are paths that it owns; root owns the rest.
pack() {
  local root=$1 owner=$2
  shift 2
  local tar=(tar --file "$root.tar" --directory "$root" --sort name --mtime "$MADE" --numeric-owner)
  # Engines reject a layer with a duplicate path.
  "${tar[@]}" --create --owner 0 --group 0 --anchored "${@/#/--exclude=./}" .
  (($# == 0)) || "${tar[@]}" --append --owner "${owner%:*}" --group "${owner#*:}" "${@/#/./}"
}

pack_base() {
  local root=$1 directory applet
  mkdir -p "$root"/{etc/ssl/certs,home,root,usr/{bin,lib,sbin}}
  mkdir -m 1777 "$root/tmp"
  for directory in bin lib lib64 sbin; do
    [[ ! -d $root/usr/$directory ]] || ln -s "usr/$directory" "$root/$directory"
  done
  for applet in $("$root/usr/bin/busybox" --list-full); do
    [[ $applet != */* || -e $root/$applet ]] || ln -s /usr/bin/busybox "$root/$applet"
  done
  cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
  cat >"$root/etc/passwd" <<END
root:x:0:0:root:/root:/bin/sh
grafana:x:$GRAFANA:grafana:/usr/share/grafana:/bin/sh
nobody:x:$NOBODY:nobody:/home:/bin/false
END
  cat >"$root/etc/group" <<END
root:x:0:
nobody:x:${NOBODY#*:}:
END
  pack "$1" 0:0
}

pack_prometheus() {
  mkdir "$1/prometheus"
  pack "$1" "$NOBODY" prometheus etc/prometheus
}

pack_alertmanager() {
  local root=$1
  mkdir "$root/alertmanager" "$root/etc/alertmanager"
  ln -s prometheus-alertmanager "$root/usr/bin/alertmanager"
  cp "$root/etc/prometheus/alertmanager.yml" "$root/etc/alertmanager/"
  pack "$1" "$NOBODY" alertmanager etc/alertmanager
}

pack_node-exporter() {
  ln -s prometheus-node-exporter "$1/usr/bin/node_exporter"
  pack "$1" "$NOBODY"
}

pack_grafana() {
  local root=$1
  mkdir -p "$root"/{etc/grafana/provisioning/{dashboards,datasources},usr/share/grafana/bin,var/l{ib,og}/grafana}
  touch "$root/etc/grafana/grafana.ini"
  install -m 755 "$(double)" "$root/usr/share/grafana/bin/"
  # Under this name, the double imitates Grafana's command line, which can set a password.
  ln -s grafana-double "$root/usr/share/grafana/bin/grafana"
  install -m 755 "$RECIPES/grafana-run.sh" "$root/run.sh"
  pack "$1" "$GRAFANA" var/lib/grafana var/log/grafana
}

# Creates the layer of an image: NAME.tar and NAME.tar.gz in the work folder of this run.
make_layer() {
  local name=$1 package
  mkdir "$work/$name"
  for package in $(packages_of "$name"); do
    dpkg-deb -x "$(package_file "$package")" "$work/$name"
  done
  "pack_$name" "$work/$name"
  gzip --fast --no-name --keep "$work/$name.tar"
  rm -r "${work:?}/$name"
}

# Prints the configuration of an image in the format of the OCI image specification.
configuration() {
  local service=$1 hash=$2 packages
  # shellcheck disable=SC2046 # one word per package
  packages=$(package_list $(packages_of "$service") $(packages_of base))
  printf '{"architecture":"%s","os":"linux","created":"%s",' "$(dpkg --print-architecture)" "$MADE"
  printf '"rootfs":{"type":"layers","diff_ids":["sha256:%s","sha256:%s"]},' \
    "$(sha256 "$work/base.tar")" "$(sha256 "$work/$service.tar")"
  printf '"config":%s}\n' \
    "$(sed "s|@HASH@|$hash|; s|@VERSION@|$(version_of "$service")|; s|@PACKAGES@|$packages|" "$RECIPES/$service.json")"
}

make_image() {
  local service=$1 reference=$2 hash=$3
  say "building $REGISTRY/$reference"
  if [[ -z ${work:-} ]]; then
    work=$(mktemp -d "$KIT/work.XXXXXX")
    make_layer base
  fi
  make_layer "$service"
  configuration "$service" "$hash" >"$work/$service.json"
  push_image "$reference" "$work/$service.json" "$work/base.tar.gz" "$work/$service.tar.gz" ||
    fail "$REGISTRY rejected the image $reference" "its log is $REGISTRY_LOG"
  [[ $(pushed_hash "$reference") == "$hash" ]] || fail "$REGISTRY/$reference differs from the pushed image"
}

# Updates an image that the engine pulled before, because `up` would use the old one. A pull also works while a
# container runs the old image.
renew_copy() {
  local image=$REGISTRY/$1 hash=$2 found
  found=$(docker image inspect --format "{{index .Config.Labels \"$HASH_LABEL\"}}" "$image" 2>/dev/null) || return 0
  [[ $found != "$hash" ]] || return 0
  say "updating $image in the Docker Engine"
  quietly docker pull "$image" || fail "cannot update $image in the Docker Engine" "run \`docker rmi $image\`"
}

case ${1:-} in
  '') ;;
  stop)
    stop_registry
    exit
    ;;
  *) fail "unknown argument \`$1\`" "run $0, or \`$0 stop\`" ;;
esac

need_command curl curl ca-certificates
trap '[[ -z ${work:-} ]] || rm -rf "$work"' EXIT
declare -A PINS
while read -r service reference _; do
  PINS[$service]=$reference
done < <(scripts/image-pins.sh)
readonly -a SERVICES=(prometheus alertmanager node-exporter grafana)
fetch_kit_packages
start_registry

for service in "${SERVICES[@]}"; do
  [[ $service != grafana ]] || build_double
  reference=$(reference_of "$service")
  hash=$(hash_of "$service")
  [[ $(pushed_hash "$reference") == "$hash" ]] || make_image "$service" "$reference" "$hash"
  renew_copy "$reference" "$hash"
done

images=()
for service in "${SERVICES[@]}"; do
  reference=$(reference_of "$service")
  size=$(pushed_size "$reference" | numfmt --to si --suffix B)
  printf '%-45s %6s%s\n' "$REGISTRY/$reference" "$size" "${NOTES[$service]:-}"
  images+=("$service=$REGISTRY/$reference")
done
(
  IFS=,
  printf 'TDD_STACK_IMAGE=%s\n' "${images[*]}"
)
