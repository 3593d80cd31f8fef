#!/usr/bin/env bash
# Runs all static checks: formatting, scripts, dependencies, lints, documentation.
# When: before a commit; scripts/test.sh runs it too. The first run builds cargo-deny, which takes minutes.
# Needs: Rust with rustfmt and clippy; shellcheck, or Debian and root to install it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/messages.sh
source scripts/messages.sh
# shellcheck source=scripts/debian-packages.sh
source scripts/debian-packages.sh

readonly CARGO_DENY=$CACHE/tools/bin/cargo-deny
readonly CARGO_DENY_VERSION=0.20.2

need_rust
for component in fmt clippy; do
  cargo "$component" --version >/dev/null 2>&1 ||
    fail "\`cargo $component\` is missing" "run \`rustup component add rustfmt clippy\`, then rerun this script"
done
need_command shellcheck shellcheck

say "formatting"
cargo fmt --all --check

say "words"
scripts/check-words.sh

say "scripts"
shellcheck --external-sources .ci/run scripts/*.sh scripts/*/*.sh

if [[ $("$CARGO_DENY" --version 2>/dev/null) != "cargo-deny $CARGO_DENY_VERSION" ]]; then
  say "building cargo-deny $CARGO_DENY_VERSION (once; takes minutes)"
  quietly cargo install cargo-deny --locked --version "$CARGO_DENY_VERSION" --root "$CACHE/tools" ||
    fail "cannot build cargo-deny" "fix the error above, then rerun this script"
fi
say "dependencies: bans, licences, sources"
"$CARGO_DENY" --locked check --hide-inclusion-graph bans licenses sources
# Not every machine can reach the server of the advisory database.
if timeout 60 "$CARGO_DENY" fetch db >/dev/null 2>&1 </dev/null; then
  say "dependencies: advisories"
  "$CARGO_DENY" --locked check --disable-fetch --hide-inclusion-graph advisories
else
  say "NOT CHECKED: advisories, because their database cannot be fetched"
fi

say "lints"
cargo clippy --workspace --all-targets --locked -- -D warnings

say "documentation"
RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items --workspace --locked
