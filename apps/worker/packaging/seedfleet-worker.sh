#!/bin/sh
# The worker of this folder, by the Node beside it if there is one, else by that of the system.
here=$(dirname "$(readlink -f "$0")")
if [ -x "$here/node" ]; then node=$here/node; else node=node; fi
exec "$node" "$here/../app/apps/worker/dist/main.js" "$@"
