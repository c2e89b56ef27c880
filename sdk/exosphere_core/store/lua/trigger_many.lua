-- trigger_many: nothing → several runs of one version of a graph, each with its store and its root state, ready now or
-- after a delay. A run that exists is left as it is; one that another request made keeps all of them from being made.
-- KEYS[1] zset    runs by creation
-- KEYS[2] stream  ready stream of the root's node, or outbox
-- KEYS[3] zset    due times
-- KEYS[4] set     pending runs of the graph
-- KEYS[5] hash    deletions of graphs
-- KEYS[6] zset    ended runs
-- KEYS[7] hash    the run, from here on, for each: the run, its store (hash), its states (list), its root state (hash)
-- ARGV[1] graph name
-- ARGV[2] graph version
-- ARGV[3] root identifier
-- ARGV[4] digest of the request
-- ARGV[5] how many states may be on the ready stream, and how many runs pending on this shard; 0 for any number
-- ARGV[6] how many runs of the request are still to be made on this shard, these included
-- ARGV[7] number of runs
-- ARGV[8] task, JSON, up to the run id
-- ARGV[9] task, JSON, after it
-- ARGV[10] run id, from here on, for each: run id, root state id, inputs (JSON), delay before the root is ready (ms),
--   number of store values; then their keys and values follow
-- returns {"made" | "existed", how many were made}, {"deleted", ""} when that version was, {"other", number of a run}
--   when another request made that one, or {"queue" | "runs", how many there are} when there are too many
-- uses clock push create barred announce
local new, place = {}, 10
for n = 1, tonumber(ARGV[7]) do
  local key = 3 + n * 4
  local found = redis.call('HMGET', KEYS[key], 'status', 'request')
  if not found[1] then
    new[#new + 1] = {key, place}
  elseif found[2] ~= ARGV[4] then
    return {'other', n}
  end
  place = place + 5 + 2 * tonumber(ARGV[place + 4])
end
if #new == 0 then
  return {'existed', 0}
end
if is_barred(KEYS[5], ARGV[1], ARGV[2]) then
  return {'deleted', ''}
end
local most = tonumber(ARGV[5])
if most > 0 then
  local wanted = tonumber(ARGV[6])
  -- What a runtime has taken is still on the stream; what waits for its time, or runs elsewhere, is of a pending run.
  local queued = redis.call('XLEN', KEYS[2])
  if queued + wanted > most then
    return {'queue', queued}
  end
  local pending = redis.call('ZCARD', KEYS[1]) - redis.call('ZCARD', KEYS[6])
  if pending + wanted > most then
    return {'runs', pending}
  end
end
local made = 'made/' .. ARGV[3]
local created, active = {}, {}
for n, each in ipairs(new) do
  local key, at = each[1], each[2]
  local run, state, task = ARGV[at], ARGV[at + 1], ARGV[8] .. ARGV[at] .. ARGV[9]
  local now
  if tonumber(ARGV[at + 3]) > 0 then
    now = now_ms()
    create_due(KEYS[key + 3], KEYS[3], state, task, ARGV[at + 2], plus_ms(now, ARGV[at + 3]), now)
  else
    now = create_ready(KEYS[key + 3], KEYS[2], state, task, ARGV[at + 2])
  end
  redis.call('HSET', KEYS[key], 'graph', ARGV[1], 'version', ARGV[2], 'status', 'PENDING', 'root', state,
    'open', 1, 'created_at', now, made, 1, 'request', ARGV[4])
  local last = at + 4 + 2 * tonumber(ARGV[at + 4])
  -- Lua's stack has room for so many at a time.
  for first = at + 5, last, 1000 do
    redis.call('HSET', KEYS[key + 1], unpack(ARGV, first, math.min(first + 999, last)))
  end
  redis.call('RPUSH', KEYS[key + 2], state)
  created[2 * n - 1], created[2 * n] = now, run
  active[n] = run
  announce(KEYS[key], run, 'PENDING', ARGV[1])
end
redis.call('ZADD', KEYS[1], unpack(created))
redis.call('SADD', KEYS[4], unpack(active))
return {'made', #new}
