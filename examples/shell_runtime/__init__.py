"""A runtime in bash, curl and jq: five HTTP calls are all that one needs."""
