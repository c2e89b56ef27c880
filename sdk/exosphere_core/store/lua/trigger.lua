-- trigger: nothing → a run with its store and its root state, ready now or after a delay.
-- The same run id a second time changes nothing.
-- KEYS[1] hash    the run
-- KEYS[2] hash    the run's store
-- KEYS[3] list    the run's states
-- KEYS[4] zset    runs by creation
-- KEYS[5] hash    the root state
-- KEYS[6] stream  ready stream of the root's node, or outbox
-- KEYS[7] zset    due times
-- KEYS[8] set     pending runs of the graph
-- KEYS[9] list    reruns of the run that this one was made from
-- KEYS[10] hash   deletions of graphs
-- KEYS[11] zset   ended runs
-- KEYS[12] hash   the graph, or nothing: whoever did not read it has it looked at here
-- ARGV[1] run id
-- ARGV[2] graph name
-- ARGV[3] graph version
-- ARGV[4] root state id
-- ARGV[5] root identifier
-- ARGV[6] task, JSON
-- ARGV[7] inputs, JSON
-- ARGV[8] delay before the root is ready, ms
-- ARGV[9] how it was made from another run (see `records.Rerun`), JSON, or ""
-- ARGV[10] digest of the request that carried an idempotency key, or ""
-- ARGV[11] how many states may be on the ready stream, and how many runs pending on this shard; 0 for any number
-- ARGV[12] number of store values; then their keys and values follow
-- returns {"made" | "existed", due time in unix ms or ""}, {"deleted", ""} when that version was, {"changed", ""} when it is
--   not the graph's newest or may not be run, or {"queue" | "runs", how many there are} when there are too many
-- uses clock push create barred announce
if redis.call('EXISTS', KEYS[1]) == 1 then
  return {'existed', ''}
end
if KEYS[12] then
  local graph = redis.call('HMGET', KEYS[12], 'version', 'validation_status', 'paused_at', 'deleted_at')
  if graph[1] ~= ARGV[3] or graph[2] ~= 'VALID' or graph[3] or graph[4] then
    return {'changed', ''}
  end
end
if is_barred(KEYS[10], ARGV[2], ARGV[3]) then
  return {'deleted', ''}
end
local most = tonumber(ARGV[11])
if most > 0 then
  -- What a runtime has taken is still on the stream; what waits for its time, or runs elsewhere, is of a pending run.
  local queued = redis.call('XLEN', KEYS[6])
  if queued >= most then
    return {'queue', queued}
  end
  local pending = redis.call('ZCARD', KEYS[4]) - redis.call('ZCARD', KEYS[11])
  if pending >= most then
    return {'runs', pending}
  end
end
local now
local due_at = ''
if tonumber(ARGV[8]) > 0 then
  now = now_ms()
  due_at = plus_ms(now, ARGV[8])
  create_due(KEYS[5], KEYS[7], ARGV[4], ARGV[6], ARGV[7], due_at, now)
else
  now = create_ready(KEYS[5], KEYS[6], ARGV[4], ARGV[6], ARGV[7])
end
redis.call('HSET', KEYS[1], 'graph', ARGV[2], 'version', ARGV[3], 'status', 'PENDING', 'root', ARGV[4],
  'open', 1, 'created_at', now, 'made/' .. ARGV[5], 1)
if ARGV[10] ~= '' then
  redis.call('HSET', KEYS[1], 'request', ARGV[10])
end
for n = 1, tonumber(ARGV[12]) do
  redis.call('HSET', KEYS[2], ARGV[11 + n * 2], ARGV[12 + n * 2])
end
if ARGV[9] ~= '' then
  redis.call('HSET', KEYS[1], 'rerun', ARGV[9])
  redis.call('RPUSH', KEYS[9], ARGV[1])
end
redis.call('RPUSH', KEYS[3], ARGV[4])
redis.call('ZADD', KEYS[4], now, ARGV[1])
redis.call('SADD', KEYS[8], ARGV[1])
announce(KEYS[1], ARGV[1], 'PENDING', ARGV[2])
return {'made', due_at}
