#!/usr/bin/env bash
# Takes states of three nodes and executes them, one after the other, until its standard input is closed.
# Environment: NAMESPACE_URI (such as http://localhost:8000/v0/namespace/words) and EXOSPHERE_API_KEY.
# See docs/http-runtimes.md for what each call means.
set -uo pipefail

scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

# call METHOD PATH < body: prints the answer; fails unless it is 200. What can pass by itself is tried again.
call() {
  local status
  # The key goes by a descriptor: other users of the machine can read the arguments of a program.
  status=$(curl --silent --show-error --noproxy '*' --max-time 30 --retry 8 --retry-connrefused \
    --request "$1" --header @<(printf 'x-api-key: %s\n' "$EXOSPHERE_API_KEY") --header 'content-type: application/json' \
    --data-binary @- --output "$scratch/answer" --write-out '%{http_code}' "$NAMESPACE_URI$2") || return
  if [ "$status" != 200 ]; then
    echo "$1 $2: $status $(jq -r '.detail?' "$scratch/answer")" >&2
    return 1
  fi
  cat "$scratch/answer"
}

# The nodes: each reads its inputs, an object of JSON, from standard input, and prints a list of outputs.

ListFiles() {
  local directory
  directory=$(jq -r .directory)
  find "$directory" -name '*.md' | sort | jq -Rsc 'split("\n")[:-1] | map({file: .})'
}

CountWords() {
  local words
  words=$(wc -w <"$(jq -r .file)" | tr -d ' ') || return
  jq -cn --arg words "$words" '[{words: $words}]'
}

Total() {
  # A unite: the input is a JSON array with one entry a branch.
  jq -c '.words | fromjson | [{files: (length | tostring), words: (map(tonumber) | add | tostring)}]'
}

# What came of a state is told with its attempt: a report that comes too late then counts for nobody else's.
execute() {
  local id attempt
  id=$(jq -r .state_id <<<"$1")
  attempt=$(jq -r .attempt <<<"$1")
  if jq -c .inputs <<<"$1" | "$(jq -r .node_name <<<"$1")" >"$scratch/outputs" 2>"$scratch/error"; then
    jq -c --argjson attempt "$attempt" '{outputs: ., attempt: $attempt}' "$scratch/outputs" |
      call POST "/state/$id/executed" >/dev/null
  else
    jq -Rsc --argjson attempt "$attempt" '{error: ., attempt: $attempt}' "$scratch/error" |
      call POST "/state/$id/errored" >/dev/null
  fi
}

call PUT /nodes/ >/dev/null <<'END' || exit 1
{"runtime_name": "shell", "nodes": [
  {"name": "ListFiles", "secrets": [],
   "inputs_schema": {"type": "object", "properties": {"directory": {"type": "string"}}, "required": ["directory"]},
   "outputs_schema": {"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"]}},
  {"name": "CountWords", "secrets": [],
   "inputs_schema": {"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"]},
   "outputs_schema": {"type": "object", "properties": {"words": {"type": "string"}}, "required": ["words"]}},
  {"name": "Total", "secrets": [],
   "inputs_schema": {"type": "object", "properties": {"words": {"type": "string"}}, "required": ["words"]},
   "outputs_schema": {"type": "object", "properties": {"files": {"type": "string"}, "words": {"type": "string"}},
                      "required": ["files", "words"]}}]}
END

while true; do
  answer=$(call POST /states/enqueue <<<'{"nodes": ["ListFiles", "CountWords", "Total"], "batch_size": 1}') || exit 1
  state=$(jq -c '.states[0] // empty' <<<"$answer")
  if [ -n "$state" ]; then
    execute "$state"
    continue
  fi
  # Nothing is ready. The pause is a look at standard input, which ends when whoever started this is gone.
  read -r -t 0.1
  [ $? -gt 128 ] || exit 0
done
