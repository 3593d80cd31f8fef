# Tools and programs from Debian packages: installed on this machine, or unpacked to .cache without installation.
# When: sourced by the other scripts after messages.sh, never run.
# Needs: apt-get; root or sudo only to install packages.
# shellcheck shell=bash

# The release with the tested versions of the services. Its packages are unpacked, never installed.
readonly SUITE=forky
readonly PACKAGES=$CACHE/packages
readonly PRIVATE_APT=$CACHE/apt

# Installs packages of the machine's release.
install_packages() {
  command -v apt-get >/dev/null ||
    fail "\`$*\` is missing, and so is apt-get" "install it with this system's package manager, then rerun this script"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120)
  if ((EUID != 0)); then
    sudo -n true 2>/dev/null ||
      fail "\`$*\` is missing, and only root can install it" "run \`apt-get install $*\` as root, then rerun this script"
    apt=(sudo -n "${apt[@]}")
  fi
  say "installing with apt-get: $*"
  quietly "${apt[@]}" update || say "using the existing package lists of this machine"
  quietly "${apt[@]}" install -y "$@" ||
    fail "apt-get could not install \`$*\`" "fix the error above, then rerun this script"
}

# Installs a command if it is missing. Arguments: the command, then the packages that provide it.
need_command() {
  command -v "$1" >/dev/null || install_packages "${@:2}"
}

# Checks that Rust programs can be built.
need_rust() {
  command -v cargo >/dev/null ||
    fail "\`cargo\` is missing" "install Rust 1.95 or later (https://rustup.rs), then rerun this script"
  need_command cc gcc libc6-dev
}

# Prints the path of a fetched package.
package_file() {
  compgen -G "$PACKAGES/$1_*.deb"
}

# Prints the upstream version of a package, without Debian's additions.
package_version() {
  local version
  version=$(basename "$(package_file "$1")")
  version=${version#*_}
  version=${version#*%3a}
  printf '%s\n' "${version%%[-+~_]*}"
}

# Downloads missing packages. Apt verifies signatures and checksums.
fetch_packages() {
  local name missing=()
  for name in "$@"; do
    package_file "$name" >/dev/null || missing+=("$name")
  done
  ((${#missing[@]} > 0)) || return 0

  if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    fail "Debian's apt-get and dpkg-deb are needed to fetch \`${missing[*]}\`" "use a Debian machine or container"
  fi
  write_apt_configuration
  say "fetching from Debian $SUITE: ${missing[*]}"
  quietly apt-get -c "$PRIVATE_APT/apt.conf" update ||
    fail "cannot download the package lists of Debian $SUITE from $(debian_mirror)" \
      "name another mirror: DEBIAN_MIRROR=http://HOST/debian $0" \
      "if a key is missing, run \`apt-get install debian-archive-keyring\`"
  # A partial download must never look like a package.
  local incoming=$PRIVATE_APT/incoming
  rm -rf "$incoming"
  mkdir -p "$incoming" "$PACKAGES"
  quietly env -C "$incoming" apt-get -c "$PRIVATE_APT/apt.conf" download "${missing[@]}" ||
    fail "cannot download packages of Debian $SUITE from $(debian_mirror)" \
      "name another mirror: DEBIAN_MIRROR=http://HOST/debian $0"
  for name in "${missing[@]}"; do
    rm -f "$PACKAGES/${name}"_*.deb
  done
  mv "$incoming"/*.deb "$PACKAGES"
}

# Unpacks a fetched package into a separate folder, unless the folder already has this version.
unpack_package() {
  local file folder=$2
  file=$(package_file "$1")
  [[ ! -f $folder/.package || $(<"$folder/.package") != "$(basename "$file")" ]] || return 0
  rm -rf "$folder"
  mkdir -p "$folder"
  dpkg-deb -x "$file" "$folder"
  basename "$file" >"$folder/.package"
}

# Prints the mirror that this machine uses, if it runs Debian.
debian_mirror() {
  local codename='' mirror=''
  if grep -qs '^ID=debian$' /etc/os-release; then
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    # shellcheck disable=SC2016 # the placeholder is apt's
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' "Release: $codename" |
      sed -n '/\/debian\/*$/{p;q}') || true
  fi
  printf '%s\n' "${DEBIAN_MIRROR:-${mirror:-http://deb.debian.org/debian}}"
}

debian_keyring() {
  compgen -G '/usr/share/keyrings/debian-archive-keyring.[gpa][pgs][gpc]' | head -n 1
}

# Configures apt with separate lists, so that those of the machine do not change. The rest of the machine's
# configuration, such as a proxy, applies.
write_apt_configuration() {
  debian_keyring >/dev/null || install_packages debian-archive-keyring
  mkdir -p "$PRIVATE_APT"/{state/lists,cache/archives}/partial
  cat >"$PRIVATE_APT/debian.sources" <<END
Types: deb
URIs: $(debian_mirror)
Suites: $SUITE
Components: main
Targets: Packages
Signed-By: $(debian_keyring)
END
  # Release files of snapshot mirrors have expired by design.
  [[ -z ${DEBIAN_MIRROR:-} ]] || echo 'Check-Valid-Until: no' >>"$PRIVATE_APT/debian.sources"
  cat >"$PRIVATE_APT/apt.conf" <<END
#clear APT::Default-Release;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::Languages "none";
// Apt's own user may not be able to read the folder, for example a home folder.
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Dir::Cache "$PRIVATE_APT/cache";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::Etc::SourceList "$PRIVATE_APT/debian.sources";
Dir::Etc::SourceParts "/dev/null";
Dir::State "$PRIVATE_APT/state";
Dir::State::Status "/dev/null";
END
}
