#!/usr/bin/env bash
# Brings all that the tests need, checks the code, then runs all tests; its arguments go to `cargo test`.
# When: before a change is handed on; CI runs it. The first time takes long, later ones only build what has changed.
# Needs: Rust; a Docker engine, or Debian and root to install one and what else is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/messages.sh
source scripts/messages.sh
# shellcheck source=scripts/debian-packages.sh
source scripts/debian-packages.sh

readonly REQUIREMENTS=integration-tests/python/requirements.txt
readonly PYTHON=$CACHE/python/bin/python
readonly MATRIX=$CACHE/python-matrix
# The first and the last of each major version that `logging_config.yaml` asks for.
readonly JSON_LOGGERS=(3.1.0 3.3.0 4.0.0 4.2.0)

# Makes a virtual environment with packages, unless it is there: its folder, its Python, then arguments of pip.
# Only the first environment has a pip, which serves the others.
make_environment() {
  local folder=$1 python=$2 inputs
  # An environment knows its own folder and Python, and does not survive a change of either.
  inputs=$("$python" -c 'import sys; print(sys.version, sys.base_prefix)')
  inputs+=" $folder ${*:3} $(<"$REQUIREMENTS")"
  if [[ -x $folder/bin/python && -f $folder/inputs && $(<"$folder/inputs") == "$inputs" ]]; then
    return
  fi
  say "making a Python environment: ${folder#"$CACHE"/}"
  local pip=("$PYTHON" -m pip) arguments=(--clear)
  if [[ $folder/bin/python != "$PYTHON" ]]; then
    pip+=(--python "$folder/bin/python")
    arguments+=(--without-pip)
  fi
  quietly "$python" -m venv "${arguments[@]}" "$folder" || fail "no Python environment can be made by \`$python\`"
  quietly "${pip[@]}" install --no-input --disable-pip-version-check "${@:3}" ||
    fail "the Python packages \`${*:3}\` cannot be installed" "check that pip can reach its package index"
  echo "$inputs" >"$folder/inputs"
}

# Prints each Python on this machine that the shipped files support, one for a minor version: version and path.
find_pythons() {
  local candidate version seen=' '
  for candidate in "$PYTHON" python3.{11,12,13} "$HOME"/.pyenv/versions/3.{11,12,13}.*/bin/python; do
    # A shim of pyenv may stand for nothing, and Debian's Python may lack parts.
    version=$("$candidate" -c 'import venv, sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if [[ $seen != *" $version "* ]]; then
      seen+="$version "
      printf '%s %s\n' "$version" "$("$candidate" -c 'import sys; print(sys._base_executable)')"
    fi
  done
}

# Makes an environment for each Python with each version of python-json-logger that the shipped files must work with.
make_python_matrix() {
  local version python logger folder environments=' '
  grep -v '^python-json-logger' "$REQUIREMENTS" >"$CACHE/python-matrix.txt"
  while read -r version python; do
    say "Python $version for the logging matrix: $python"
    for logger in "${JSON_LOGGERS[@]}"; do
      folder=$MATRIX/python-$version-json-logger-$logger
      environments+="$folder "
      make_environment "$folder" "$python" --requirement "$CACHE/python-matrix.txt" "python-json-logger==$logger"
    done
  done < <(find_pythons)
  for folder in "$MATRIX"/*; do
    # Its Python is gone, or its version of the package is not of interest any more.
    [[ $environments == *" $folder "* ]] || rm -rf "$folder"
  done
}

# Prints a note for each service whose version in the offline kit is not the one that `tdd-stack version` calls tested.
note_untested_versions() {
  local service image
  while IFS="=" read -r service image; do
    [[ $image == *-double ]] || grep -qF "tested: \"${image##*:v}\"" "src/services/${service//-/_}.rs" ||
      say "NOTE: these tests run on $image; update \`tested\` in src/services/${service//-/_}.rs, README.md and CHANGELOG.md"
  done < <(tr , '\n' <<<"$TDD_STACK_IMAGE")
}

scripts/engine.sh

images=$(scripts/offline-images.sh)
printf '%s\n' "$images" >&2
export TDD_TEST_REGISTRY=${images%%/*}
# The last line says which images the kit has.
export "${images##*$'\n'}"
note_untested_versions

python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3 python3-venv
make_environment "$CACHE/python" python3 --requirement "$REQUIREMENTS"
export TDD_TEST_PYTHON=$PYTHON
make_python_matrix
export TDD_TEST_PYTHON_MATRIX=$MATRIX

# The other way to start the same stack, which ours is measured against.
fetch_packages docker-compose
unpack_package docker-compose "$CACHE/compose"
export TDD_TEST_COMPOSE=$CACHE/compose/usr/libexec/docker/cli-plugins/docker-compose
say "docker compose $("$TDD_TEST_COMPOSE" version --short)"

scripts/check.sh

host=$(rustc -vV | sed -n 's/^host: //p')
host=${host//-/_}
export "CARGO_TARGET_${host^^}_RUNNER=scripts/run-test-binary.sh"

say "everything before the tests took $SECONDS s; running them"
cargo test --workspace --locked "$@"
