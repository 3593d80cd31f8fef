#!/bin/sh
# What: creates blocks from a history in OpenMetrics text, including the results of recording rules, and moves them
#       into the data of the running Prometheus. When: `tdd-stack demo --history`, in a container of Prometheus' image.
# Needs: Prometheus' data at /prometheus, the files next to this one, first and last second of the history as arguments.
set -eu
begin=$1
end=$2
files=$(dirname "$0")
# Inside the data folder, so that a move is a rename and Prometheus never sees a partial block.
work=/prometheus/history.import
url=http://127.0.0.1:9090
trap 'rm -rf "$work"' EXIT
rm -rf "$work"

promtool tsdb create-blocks-from openmetrics --quiet "$files/samples.om" "$work"

# Prometheus loads new blocks at its start or within a minute, and each level needs the blocks of the previous levels,
# so a temporary Prometheus is started for each level.
for rules in "$files"/rules-*.yml; do
    [ -e "$rules" ] || break
    prometheus --config.file="$files/empty.yml" --storage.tsdb.path="$work" --web.listen-address=127.0.0.1:9090 \
        --log.level=error &
    server=$!
    until wget -q -O /dev/null "$url/-/ready" 2>/dev/null; do
        kill -0 "$server"
        sleep 0.05
    done
    promtool tsdb create-blocks-from rules --quiet --url="$url" --start="$begin" --end="$end" --eval-interval=15s \
        --output-dir="$work" "$rules"
    kill "$server"
    wait "$server"
done

# The name of a block is a ULID, which starts with 0; nothing else in the folder does.
mv "$work"/0* /prometheus/
