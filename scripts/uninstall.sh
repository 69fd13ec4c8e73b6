#!/usr/bin/env bash
# Removes an installation by the list it has of itself.
#   [DESTDIR=FOLDER] scripts/uninstall.sh PREFIX
set -euo pipefail
here="$PWD"
prefix="${1:?usage: uninstall.sh PREFIX}"
if [ "${prefix:0:1}" != / ]; then prefix="$here/$prefix"; fi
exec cmake "-DPREFIX=$prefix" -P "$(dirname "$0")/../cmake/Uninstall.cmake"
