#!/bin/sh
# Starts the Grafana double as process 1 of the container.
# When: the image runs it, as Grafana's image runs /run.sh.
# Needs: the double in the image.
set -eu
exec /usr/share/grafana/bin/grafana-double "$@"
