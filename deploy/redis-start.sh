#!/bin/sh
# Starts Redis in the foreground with redis.conf, after mending an append-only file
# whose end was torn by a crash of the machine.
#
#   REDIS_PASSWORD   needed: letters, digits, '-' and '_', since it becomes part of a URL
#   REDIS_CONF       default /usr/local/etc/redis/redis.conf
#   REDIS_DATA       folder of the data, default /data
#   REDIS_PORT       default 6379
set -eu

case "${REDIS_PASSWORD:-}" in
  '' | *[!A-Za-z0-9_-]*)
    echo "redis-start.sh: REDIS_PASSWORD must be set, to letters, digits, '-' and '_' only" >&2
    exit 1
    ;;
esac
data=${REDIS_DATA:-/data}

# Redis 7 and later keep a manifest and parts, older ones a single file.
for file in "$data/appendonlydir/appendonly.aof.manifest" "$data/appendonly.aof"; do
  if [ -s "$file" ]; then
    # It asks before it cuts; with nothing to mend it does not ask.
    echo y | redis-check-aof --fix "$file"
  fi
done

# By standard input, so that the password is in no list of processes.
exec redis-server "${REDIS_CONF:-/usr/local/etc/redis/redis.conf}" - <<EOC
dir "$data"
port ${REDIS_PORT:-6379}
requirepass "$REDIS_PASSWORD"
EOC
