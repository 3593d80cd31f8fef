#!/bin/sh
# Starts the double of Grafana in the place of the server; the container's process 1 is then the double itself.
# When: the image runs it, as Grafana's image runs its own /run.sh.
# Needs: the double in the image.
set -eu
exec /usr/share/grafana/bin/grafana-double "$@"
