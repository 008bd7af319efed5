#!/usr/bin/env bash
# Writes the hash-locked requirements anew from pyproject.toml. Needs `uv` on PATH (not part of the environment).
# No index or find-links lines may land in a lock: they would name the machine that wrote it.
#
# Versions already in a lock are kept while they satisfy pyproject.toml; delete a lock to let it move.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() { # output, sources and groups
  local out=$1
  shift
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
    --no-emit-index-url --no-emit-find-links "$@" -o "$out"
}
lock requirements/runtime.lock pyproject.toml
lock requirements/build.lock --group pyproject.toml:build
lock requirements/dev.lock pyproject.toml --group dev
lock requirements/fuzz.lock pyproject.toml --group fuzz
