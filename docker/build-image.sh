#!/usr/bin/env bash
# What `./firn image` runs: puts the distribution that Maven built into an image.
#
#   docker/build-image.sh [NAME]     firn:latest where no name is given
#
# BASE names another base image with Java 25 and bash.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root name=${1:-firn:latest} base=${BASE:-eclipse-temurin:25-jre}

if [[ ! -d $root/daemon/target/dist/lib ]]; then
  echo 'image: daemon/target/dist is not there: run ./firn image, which builds it' >&2
  exit 1
fi
if [[ -z ${BASE:-} ]]; then
  "$root/testing/images/prepare.sh" jre
fi
# Engines that know BuildKit but lack its plugin would refuse; both builders read this Dockerfile.
if ! docker buildx version >/dev/null 2>&1; then
  export DOCKER_BUILDKIT=0
fi
if ! log=$(docker build --build-arg "BASE=$base" --tag "$name" "$root" 2>&1 </dev/null); then
  printf '%s\n' "$log" >&2
  exit 1
fi
echo "image: $name built, $(docker image inspect --format '{{.Size}}' "$name" |
  awk '{printf "%d MB", $1 / 1000000}')"
