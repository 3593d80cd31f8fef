#!/usr/bin/env bash
# Installs what the tests need, runs scripts/check.sh, then runs all tests; passes its arguments to `cargo test`.
# When: before you submit a change; CI runs it. The first run takes long, later runs only build changes.
# Needs: Rust; a Docker Engine, or Debian and root to install missing programs.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/messages.sh
source scripts/messages.sh
# shellcheck source=scripts/debian-packages.sh
source scripts/debian-packages.sh

readonly REQUIREMENTS=integration-tests/python/requirements.txt
readonly PYTHON=$CACHE/python/bin/python
readonly MATRIX=$CACHE/python-matrix
# The first and last releases of each major version that `logging_config.yaml` supports.
readonly JSON_LOGGERS=(3.1.0 3.3.0 4.0.0 4.2.0)

# Creates a virtual environment, unless it exists. Arguments: folder, Python, then arguments of `pip install`.
# Only the first environment contains pip; the others use it.
make_environment() {
  local folder=$1 python=$2 inputs
  # An environment contains the paths of its folder and its Python, and breaks if one of them changes.
  inputs=$("$python" -c 'import sys; print(sys.version, sys.base_prefix)')
  inputs+=" $folder ${*:3} $(<"$REQUIREMENTS")"
  if [[ -x $folder/bin/python && -f $folder/inputs && $(<"$folder/inputs") == "$inputs" ]]; then
    return
  fi
  say "creating a Python environment: ${folder#"$CACHE"/}"
  local pip=("$PYTHON" -m pip) arguments=(--clear)
  if [[ $folder/bin/python != "$PYTHON" ]]; then
    pip+=(--python "$folder/bin/python")
    arguments+=(--without-pip)
  fi
  quietly "$python" -m venv "${arguments[@]}" "$folder" || fail "\`$python\` cannot create a Python environment"
  quietly "${pip[@]}" install --no-input --disable-pip-version-check "${@:3}" ||
    fail "cannot install the Python packages \`${*:3}\`" "check that pip can reach its package index"
  echo "$inputs" >"$folder/inputs"
}

# Prints version and path of one supported Python per minor version on this machine.
find_pythons() {
  local candidate version seen=' '
  for candidate in "$PYTHON" python3.{11,12,13} "$HOME"/.pyenv/versions/3.{11,12,13}.*/bin/python; do
    # A pyenv shim may point to no version, and Debian's Python may lack modules.
    version=$("$candidate" -c 'import venv, sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if [[ $seen != *" $version "* ]]; then
      seen+="$version "
      printf '%s %s\n' "$version" "$("$candidate" -c 'import sys; print(sys._base_executable)')"
    fi
  done
}

# Creates an environment for each Python with each supported version of python-json-logger.
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
    # Its Python was removed, or its version of python-json-logger is no longer tested.
    [[ $environments == *" $folder "* ]] || rm -rf "$folder"
  done
}

# Prints a note for each service whose version in the offline kit is not the tested version in `tdd-stack version`.
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
# The last line lists the images of the kit.
export "${images##*$'\n'}"
note_untested_versions

python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3 python3-venv
make_environment "$CACHE/python" python3 --requirement "$REQUIREMENTS"
export TDD_TEST_PYTHON=$PYTHON
make_python_matrix
export TDD_TEST_PYTHON_MATRIX=$MATRIX

# The tests compare the stack with the one that docker compose starts.
fetch_packages docker-compose
unpack_package docker-compose "$CACHE/compose"
export TDD_TEST_COMPOSE=$CACHE/compose/usr/libexec/docker/cli-plugins/docker-compose
say "docker compose $("$TDD_TEST_COMPOSE" version --short)"

scripts/check.sh

host=$(rustc -vV | sed -n 's/^host: //p')
host=${host//-/_}
export "CARGO_TARGET_${host^^}_RUNNER=scripts/run-test-binary.sh"

say "preparation took $SECONDS s; running the tests"
cargo test --workspace --locked "$@"
