#!/bin/sh
# What: turns a past in OpenMetrics text into blocks, the results of recording rules among them, and moves them into
#       the data of the running Prometheus. When: `tdd-stack demo --history`, in a container of Prometheus' own image.
# Needs: its data at /prometheus, the files beside this one, the first and last second of the past as arguments.
set -eu
begin=$1
end=$2
files=$(dirname "$0")
# Inside the data, so that a block is moved by renaming it and is never seen in half.
work=/prometheus/history.import
url=http://127.0.0.1:9090
trap 'rm -rf "$work"' EXIT
rm -rf "$work"

promtool tsdb create-blocks-from openmetrics --quiet "$files/samples.om" "$work"

# New blocks are seen at a start or after a minute, and the rules of a level need the blocks of the levels before.
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

# A block's name is a ULID; nothing else there is one.
mv "$work"/0* /prometheus/
