#!/usr/bin/env bash
# Sees to it that a Docker engine answers and that the images that the tests use are there.
#
#   testing/images/prepare.sh                  engine, images, compose plugin; each step one line
#   testing/images/prepare.sh IMAGE...         engine and some images: tiny postgres localstack jre
#   testing/images/prepare.sh --environment    prints the variables that tests need, for eval
#
# Images come from their registry where it answers. Else stand-ins are built and tagged with the
# official names: from Debian's packages (debootstrap, apt), LocalStack's Python package and the
# machine's JDK. Where no engine answers, root on Debian or Ubuntu gets one by apt. What is there
# already is kept, so a second run takes a moment.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$(cd "$here/../.." && pwd)/.firn/docker
readonly here state

# The official names. The first is pulled before the others: it tells whether a registry answers.
readonly POSTGRES=postgres:17
readonly LOCALSTACK=localstack/localstack:4.14.0
readonly JRE=eclipse-temurin:25-jre
# Testcontainers probes with it.
readonly TINY=alpine:3.17

readonly SUITE=trixie
readonly BASE=firn-stand-in/debian:$SUITE
readonly LABEL=dev.firn.stand-in

say() { printf 'images: %s\n' "$*"; }

fail() {
  printf 'images: %s\n' "$1" >&2
  printf '        %s\n' "${@:2}" >&2
  exit 1
}

# Runs a command with its output in a log, which is shown where the command fails.
quietly() {
  local log
  log=$state/$1.log
  shift
  if ! "$@" </dev/null >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    fail "failed: $*" "the whole output is in $log"
  fi
}

is_root_with_apt() { [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; }

# The client may be newer than the engine and then speaks the engine's version of the protocol.
engine_answers() { timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

apt_install() {
  local missing=() package
  for package in "$@"; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null |
      grep -qx installed || missing+=("$package")
  done
  if ((${#missing[@]} > 0)); then
    say "installing ${missing[*]}"
    quietly apt-update apt-get -q update
    quietly apt-install env DEBIAN_FRONTEND=noninteractive \
      apt-get -q install -y --no-install-recommends "${missing[@]}"
  fi
}

start_engine() {
  if command -v docker >/dev/null && engine_answers; then
    return
  fi
  if [[ -n ${DOCKER_HOST:-} ]]; then
    fail 'no Docker engine answers at DOCKER_HOST' 'start it, or unset DOCKER_HOST'
  fi
  if ! is_root_with_apt; then
    fail 'no Docker engine answers' \
      'start Docker, or let this user reach it (group docker), or run as root on Debian or Ubuntu'
  fi
  if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then
    apt_install docker.io iptables
    # The package may have started it.
    if engine_answers; then
      return
    fi
  fi
  say "starting dockerd (log: $state/dockerd.log)"
  setsid dockerd </dev/null >"$state/dockerd.log" 2>&1 &
  local pid=$! _
  for _ in {1..60}; do
    if engine_answers; then
      # Where another run started one meanwhile, this one has ended by itself.
      if kill -0 "$pid" 2>/dev/null; then
        printf '%s\n' "$pid" >"$state/dockerd.pid"
      fi
      return
    fi
    if ! kill -0 "$pid" 2>/dev/null; then
      break
    fi
    sleep 1
  done
  tail -n 20 "$state/dockerd.log" >&2
  fail 'dockerd did not come up' "its log is $state/dockerd.log"
}

label_of() {
  docker image inspect --format "{{index .Config.Labels \"$LABEL\"}}" "$1" 2>/dev/null
}

# What a stand-in is made of, as its label; with another one it is built anew.
stand_in_label() {
  case $1 in
    tiny) echo "$SUITE" ;;
    *) find "$here/$1" -type f -print0 | sort -z | xargs -0 cat | sha256sum | cut -c 1-16 ;;
  esac
}

# Whether an image is there and, where it is a stand-in, made by today's recipe.
is_current() {
  local label
  label=$(label_of "$1") || return 1
  [[ -z $label || $label == "$(stand_in_label "$2")" ]]
}

# Debian's archive as this machine's own apt reaches it.
mirror() {
  local found
  found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
    /etc/apt/sources.list.d/*.sources 2>/dev/null |
    sed -nE 's/^(URIs:|deb( +\[[^]]*\])?) +([^ ]*\/debian)\/?( .*)?$/\3/p' | sed -n 1p)
  [[ -n $found ]] || fail "no Debian archive is named in /etc/apt: the stand-ins are built from it"
  printf '%s' "$found"
}

build_base() {
  if [[ $(label_of "$BASE") == "$SUITE" ]]; then
    return
  fi
  apt_install debootstrap debian-archive-keyring
  say "building $BASE with debootstrap (half a minute)"
  local root archive
  root=$(mktemp -d)
  archive=$(mirror)
  quietly debootstrap debootstrap --variant=minbase "$SUITE" "$root" "$archive"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  tar -C "$root" -c . |
    docker import --change "LABEL $LABEL=$SUITE" - "$BASE" >"$state/import.log"
  rm -rf "$root"
}

# Fetched here and copied in: a build may trust fewer certificate authorities than this machine.
download_wheels() {
  local machine folder=$1
  machine=$(uname -m)
  if ! python3 -m pip --version >/dev/null 2>&1; then
    apt_install python3 python3-pip
  fi
  quietly wheels python3 -m pip download --quiet --dest "$folder" --only-binary=:all: \
    --python-version 3.13 --implementation cp \
    --platform "manylinux_2_28_$machine" --platform "manylinux2014_$machine" \
    --requirement "$here/localstack/requirements.txt"
}

link_runtime() {
  local jdk=${JAVA_HOME:-}
  if ! [[ -x $jdk/bin/jlink ]] || ! grep -q '^JAVA_VERSION="25' "$jdk/release"; then
    fail "JAVA_HOME ('$jdk') is no JDK 25" 'set it to one: ./firn does so by itself'
  fi
  quietly jlink "$jdk/bin/jlink" --output "$1" --strip-debug --no-header-files --no-man-pages \
    --add-modules "$(paste -sd , "$here/jre/modules.txt")"
}

build_stand_in() {
  local image=$1 recipe=$2 context old
  build_base
  if [[ $recipe == tiny ]]; then
    docker tag "$BASE" "$image"
    return
  fi
  say "building a stand-in for $image"
  context=$(mktemp -d)
  cp -R "$here/$recipe/." "$context"
  case $recipe in
    localstack) download_wheels "$context/wheels" ;;
    jre) link_runtime "$context/runtime" ;;
  esac
  old=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null) || old=
  quietly "build-$recipe" env DOCKER_BUILDKIT=0 docker build --build-arg "BASE=$BASE" \
    --label "$LABEL=$(stand_in_label "$recipe")" --tag "$image" "$context"
  rm -rf "$context"
  # A container may still hold the one that it replaces.
  [[ -z $old ]] || docker rmi "$old" >/dev/null 2>&1 || say "the old $image stays: it is in use"
}

registry=unknown

ensure_image() {
  local image=$1 recipe=$2
  if is_current "$image" "$recipe"; then
    say "$image is here"
    return
  fi
  if [[ $registry != absent ]]; then
    if timeout 900 docker pull --quiet "$image" </dev/null >"$state/pull.log" 2>&1; then
      registry=present
      say "$image pulled"
      return
    fi
    if [[ $registry == present ]]; then
      cat "$state/pull.log" >&2
      fail "$image cannot be pulled, though others can"
    fi
    registry=absent
    say "no registry answers: $(tail -n 1 "$state/pull.log")"
    is_root_with_apt ||
      fail 'images can be neither pulled nor built' \
        'reach a registry (docker pull '"$image"'), or run as root on Debian or Ubuntu'
  fi
  build_stand_in "$image" "$recipe"
  say "$image built"
}

ensure_compose() {
  if docker compose version >/dev/null 2>&1; then
    return
  fi
  is_root_with_apt ||
    fail 'docker has no compose plugin' 'install docker-compose-plugin or Docker Desktop'
  build_base
  say 'installing the compose plugin'
  local folder
  folder=$(mktemp -d)
  quietly compose docker run --rm --volume "$folder:/out" --workdir /out "$BASE" \
    sh -c 'apt-get -q update && apt-get -q download docker-compose'
  dpkg-deb -x "$folder"/docker-compose_*.deb "$folder/unpacked"
  install -D -t "${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins" \
    "$folder/unpacked/usr/libexec/docker/cli-plugins/docker-compose"
  rm -rf "$folder"
  docker compose version >/dev/null || fail 'the compose plugin does not run on this machine'
}

# Stand-ins include none for the container that cleans up after Testcontainers.
print_environment() {
  if [[ -n $(label_of "$TINY") ]]; then
    echo 'export TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_HOST_OVERRIDE=localhost'
  fi
}

main() {
  if [[ ${1:-} == --environment ]]; then
    print_environment
    return
  fi
  local all=(tiny postgres localstack jre) recipe
  local wanted=("${@:-all}")
  mkdir -p "$state"
  start_engine
  if [[ ${wanted[0]} == all ]]; then
    wanted=("${all[@]}")
    ensure_compose
    # Gives the crash suite's processes another clock.
    if is_root_with_apt; then
      apt_install libfaketime
    fi
    # The tests install PyIceberg by themselves.
    if ! python3 -m pip --version >/dev/null 2>&1; then
      is_root_with_apt || fail 'no Python with pip' 'install python3 and python3-pip'
      apt_install python3 python3-pip
    fi
  fi
  for recipe in "${wanted[@]}"; do
    case $recipe in
      tiny) ensure_image "$TINY" tiny ;;
      postgres) ensure_image "$POSTGRES" postgres ;;
      localstack) ensure_image "$LOCALSTACK" localstack ;;
      jre) ensure_image "$JRE" jre ;;
      *) fail "unknown image $recipe" "known: ${all[*]}" ;;
    esac
  done
}

main "$@"
