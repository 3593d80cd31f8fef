#!/usr/bin/env bash
# Checks all that can be checked without running the program: form, lints, documentation, dependencies, scripts.
# When: before a commit; scripts/test.sh runs it too. The first time builds cargo-deny, which takes minutes.
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
    fail "\`cargo $component\` is missing" "run \`rustup component add rustfmt clippy\`, then this again"
done
need_command shellcheck shellcheck

say "form of the code"
cargo fmt --all --check

say "scripts"
shellcheck --external-sources .ci/run scripts/*.sh scripts/*/*.sh

if [[ $("$CARGO_DENY" --version 2>/dev/null) != "cargo-deny $CARGO_DENY_VERSION" ]]; then
  say "building cargo-deny $CARGO_DENY_VERSION (once, it takes minutes)"
  quietly cargo install cargo-deny --locked --version "$CARGO_DENY_VERSION" --root "$CACHE/tools" ||
    fail "cargo-deny cannot be built" "mend what it says above, then run this again"
fi
say "dependencies: bans, licences, sources"
"$CARGO_DENY" --locked check --hide-inclusion-graph bans licenses sources
# The database lies on a server that not every machine can reach.
if timeout 60 "$CARGO_DENY" fetch db >/dev/null 2>&1 </dev/null; then
  say "dependencies: advisories"
  "$CARGO_DENY" --locked check --disable-fetch --hide-inclusion-graph advisories
else
  say "NOT CHECKED: advisories, because their database cannot be fetched here"
fi

say "lints"
cargo clippy --workspace --all-targets --locked -- -D warnings

say "documentation"
RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items --workspace --locked
