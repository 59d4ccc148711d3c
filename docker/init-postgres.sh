#!/usr/bin/env bash
# Runs once in the new PostgreSQL: the shop, and a database of its own for the Iceberg catalog.
set -euo pipefail
for script in /shop/*.sql; do
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username=postgres --dbname=shop --file="$script"
done
psql --no-psqlrc --quiet --username=postgres --dbname=postgres --command='CREATE DATABASE catalog'
