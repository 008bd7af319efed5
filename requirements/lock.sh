#!/usr/bin/env bash
# Writes the hash-locked requirements anew from pyproject.toml. Needs `uv` on PATH (not part of the environment).
# No index or find-links lines may land in a lock: they would name the machine that wrote it.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() { # output, further arguments
  local out=$1
  shift
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
    --no-emit-index-url --no-emit-find-links "$@" pyproject.toml -o "$out"
}
lock requirements/runtime.lock
lock requirements/dev.lock --group dev
lock requirements/fuzz.lock --group fuzz
