#!/bin/sh
# Writes fresh secrets for compose.yaml into .env beside it, readable by nobody else.
# Keep that file: without SECRETS_ENCRYPTION_KEY, the secrets of all graphs are lost.
set -eu
cd "$(dirname "$0")"
if [ -e .env ]; then
  echo "make-secrets.sh: $PWD/.env exists already; nothing was changed" >&2
  exit 1
fi

# random BYTES: that many random bytes, as URL-safe base64
random() {
  head -c "$1" /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_'
}

umask 077
cat > .env <<EOC
REDIS_PASSWORD=$(random 24)
STATE_MANAGER_SECRET=$(random 24)
SECRETS_ENCRYPTION_KEY=$(random 32)
EOC
echo "Wrote $PWD/.env"
