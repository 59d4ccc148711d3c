#!/usr/bin/env bash
# As in the official image, LOCALSTACK_NAME sets NAME.
set -euo pipefail
while IFS='=' read -r name value; do
  case $name in
    LOCALSTACK_HOST | LOCALSTACK_[0-9]*) ;;
    LOCALSTACK_*) export "${name#LOCALSTACK_}=$value" ;;
  esac
done < <(env)
mkdir -p /var/lib/localstack/logs
exec localstack-supervisor
