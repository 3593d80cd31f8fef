#!/usr/bin/env bash
# Counts the lines with words that STYLE.md bans, and fails above a limit in README, docs, comments or test names.
# When: scripts/check.sh runs it. `scripts/check-words.sh --list` prints the lines.
# Needs: git.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/messages.sh
source scripts/messages.sh

readonly BANNED='\b(mend(s|ed|ing)?|amiss|anew|cures?|beside|by half|is told|are told|was told|tells|goes by|whichever|whoever|wherever|nobody|nothing of|hinders?|in vain|ill|is no [a-z]+|are no [a-z]+|those that|of its own|by itself|is known as|stands for|for ever)\b'
# Lines with banned words in 1,000 lines.
readonly LIMIT=15

texts() { # prints each line of a kind of text that is not empty, with its file
  case $1 in
    README) grep -H . README.md ;;
    # STYLE.md lists the banned words.
    docs) git ls-files '*.md' | grep -vx -e README.md -e STYLE.md | xargs grep -H . ;;
    comments)
      git ls-files '*.rs' | xargs grep -H '^ *//'
      git ls-files '*.sh' '*.py' '*.yml' '*.yaml' '*.toml' .ci/run | xargs grep -H '^ *#'
      ;;
    'test names')
      # shellcheck disable=SC2016 # the program is awk's
      git ls-files '*.rs' | xargs awk '
        /^ *#\[(tokio::)?test/ { is_test = 1 }
        is_test && /^ *(async )?fn / { sub(/\(.*/, ""); sub(/^ *(async )?fn /, ""); gsub("_", " "); print FILENAME ":" $0; is_test = 0 }'
      ;;
  esac
}

failed=0
for kind in README docs comments 'test names'; do
  lines=$(texts "$kind")
  all=$(wc -l <<<"$lines")
  bad=$(grep -ciE ":.*$BANNED" <<<"$lines" || true)
  if [[ ${1:-} == --list ]]; then
    grep -iE ":.*$BANNED" <<<"$lines" || true
  fi
  say "banned words: $kind, $bad of $all lines"
  if ((bad * 1000 > LIMIT * all)); then
    failed=1
  fi
done
((failed == 0)) || fail "more than $LIMIT of 1,000 lines have banned words" "see them with \`scripts/check-words.sh --list\`, and STYLE.md"
