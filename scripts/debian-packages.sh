# Tools and programs from Debian's packages: installed on this machine, or unpacked below .cache without installing.
# When: sourced by the other scripts after messages.sh, never run.
# Needs: apt-get; root or sudo only where something must be installed.
# shellcheck shell=bash

# The release whose versions are those that the services pin. Nothing of it is ever installed.
readonly SUITE=forky
readonly PACKAGES=$CACHE/packages
readonly PRIVATE_APT=$CACHE/apt

# Installs packages of the machine's own release.
install_packages() {
  command -v apt-get >/dev/null ||
    fail "\`$*\` is missing and there is no apt-get" "install it by this system's own means, then run this again"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120)
  if ((EUID != 0)); then
    sudo -n true 2>/dev/null ||
      fail "\`$*\` is missing, and only root can install it" "run \`apt-get install $*\` as root, then this again"
    apt=(sudo -n "${apt[@]}")
  fi
  say "installing with apt-get: $*"
  quietly "${apt[@]}" update || say "going on with the package lists of this machine as they are"
  quietly "${apt[@]}" install -y "$@" ||
    fail "apt-get could not install \`$*\`" "mend what it says above, then run this again"
}

# Makes sure that a command can be run: its name, then the packages that bring it.
need_command() {
  command -v "$1" >/dev/null || install_packages "${@:2}"
}

# Makes sure that Rust programs can be built.
need_rust() {
  command -v cargo >/dev/null ||
    fail "there is no cargo" "install Rust 1.95 or newer as https://rustup.rs says, then run this again"
  need_command cc gcc libc6-dev
}

# Prints where a fetched package lies.
package_file() {
  compgen -G "$PACKAGES/$1_*.deb"
}

# Prints the version that the program's authors gave, without Debian's additions.
package_version() {
  local version
  version=$(basename "$(package_file "$1")")
  version=${version#*_}
  version=${version#*%3a}
  printf '%s\n' "${version%%[-+~_]*}"
}

# Downloads the packages that are missing. Apt checks signatures and sums.
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
    fail "the package lists of Debian $SUITE cannot be had from $(debian_mirror)" \
      "name another mirror: DEBIAN_MIRROR=http://HOST/debian $0" \
      "where a key is missing, \`apt-get install debian-archive-keyring\` brings the newest ones"
  # A file that is only half there must never look like a package.
  local incoming=$PRIVATE_APT/incoming
  rm -rf "$incoming"
  mkdir -p "$incoming" "$PACKAGES"
  quietly env -C "$incoming" apt-get -c "$PRIVATE_APT/apt.conf" download "${missing[@]}" ||
    fail "packages of Debian $SUITE cannot be downloaded from $(debian_mirror)" \
      "name another mirror: DEBIAN_MIRROR=http://HOST/debian $0"
  for name in "${missing[@]}"; do
    rm -f "$PACKAGES/${name}"_*.deb
  done
  mv "$incoming"/*.deb "$PACKAGES"
}

# Unpacks a fetched package into a folder of its own, unless this version is there already.
unpack_package() {
  local file folder=$2
  file=$(package_file "$1")
  [[ ! -f $folder/.package || $(<"$folder/.package") != "$(basename "$file")" ]] || return 0
  rm -rf "$folder"
  mkdir -p "$folder"
  dpkg-deb -x "$file" "$folder"
  basename "$file" >"$folder/.package"
}

# Prints the mirror that this machine itself uses, where it is a Debian machine.
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

# Apt with its own lists, so that those of the machine stay as they are. What else the machine's configuration
# says, a proxy for instance, holds.
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
  # The archive of earlier days is past its date by design.
  [[ -z ${DEBIAN_MIRROR:-} ]] || echo 'Check-Valid-Until: no' >>"$PRIVATE_APT/debian.sources"
  cat >"$PRIVATE_APT/apt.conf" <<END
#clear APT::Default-Release;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::Languages "none";
// The folder may be closed to apt's own user, as a home folder is.
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
