#!/usr/bin/env bash
# What the official entrypoint promises, as far as tests and the compose file use it.
set -euo pipefail

# A setting from NAME, or from the file that NAME_FILE names, or the default.
setting() {
  local file_variable="$1_FILE"
  if [[ -n ${!file_variable:-} ]]; then
    cat "${!file_variable}"
  else
    printf '%s' "${!1:-$2}"
  fi
}

if [[ ${1:-} == -* ]]; then
  set -- postgres "$@"
fi
if [[ $1 != postgres ]]; then
  exec "$@"
fi
if [[ $(id -u) == 0 ]]; then
  install -d -o postgres -g postgres -m 0700 "$PGDATA"
  install -d -o postgres -g postgres -m 2775 /var/run/postgresql
  exec gosu postgres bash "$0" "$@"
fi

if [[ ! -s $PGDATA/PG_VERSION ]]; then
  user=$(setting POSTGRES_USER postgres)
  database=$(setting POSTGRES_DB "$user")
  password=$(setting POSTGRES_PASSWORD '')
  method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  if [[ -z $password && $method != trust ]]; then
    echo 'POSTGRES_PASSWORD is not set, and POSTGRES_HOST_AUTH_METHOD is not trust' >&2
    exit 1
  fi
  # Unquoted: the variable holds several arguments.
  # shellcheck disable=SC2086
  initdb --username="$user" --pwfile=<(printf '%s\n' "${password:-unused}") \
    --auth-local=trust --auth-host="$method" ${POSTGRES_INITDB_ARGS:-}
  echo "host all all all $method" >>"$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"

  # Clients must not find the server before its first scripts have run: no TCP until then.
  pg_ctl --wait --options="-c listen_addresses=''" start
  run_psql=(psql --no-psqlrc --no-password --set=ON_ERROR_STOP=1 --username="$user")
  if [[ $database != postgres ]]; then
    "${run_psql[@]}" --dbname=postgres --command="CREATE DATABASE \"$database\""
  fi
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sql) "${run_psql[@]}" --dbname="$database" --file="$script" ;;
      *.sh) bash "$script" ;;
    esac
  done
  pg_ctl --wait --mode=fast stop
  echo 'PostgreSQL init process complete; ready for start up.'
fi
exec "$@"
