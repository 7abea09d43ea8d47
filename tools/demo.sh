#!/bin/sh
# The main job without a cluster. Called by `make demo`, which sets BIN to the folder of chartgen.
set -eu
example=examples/digits-onnx
out=build/demo
rm -rf "$out"
step() { printf '\n$ %s\n' "$*"; "$@"; }

PATH="$BIN:$PATH"
step chartgen inspect "$example/digits.onnx"
step chartgen validate -f "$example/service.yaml"
step chartgen render -f "$example/service.yaml" --output-dir "$out"
for helm in .tools/helm3 .tools/helm4; do
  if [ -x "$helm" ]; then step "$helm" lint --strict "$out/digits"; fi
done
if [ ! -x .tools/helm3 ] && command -v helm >/dev/null; then step helm lint --strict "$out/digits"; fi
step chartgen package -f "$example/service.yaml" --destination "$out"
step chartgen run -f "$example/service.yaml" --port 0 --sample
