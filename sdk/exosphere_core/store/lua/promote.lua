-- promote: CREATED and waiting → CREATED and ready, when its time has come.
-- KEYS[1] zset    due times
-- KEYS[2] hash    the state
-- KEYS[3] stream  ready stream of its node, or outbox
-- ARGV[1] state id
-- returns ms that are left until its time: 0 when it was promoted or waits no more
-- uses clock push
local due_at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not due_at then
  return 0
end
local now = now_ms()
local left = tonumber(due_at) - tonumber(now)
if left > 0 then
  return left
end
local record = redis.call('HMGET', KEYS[2], 'status', 'attempt', 'task', 'inputs')
redis.call('ZREM', KEYS[1], ARGV[1])
if record[1] == 'CREATED' then
  local entry = push(KEYS[3], ARGV[1], record[2], record[3], record[4])
  redis.call('HSET', KEYS[2], 'entry', entry, 'updated_at', now)
  redis.call('HDEL', KEYS[2], 'due_at')
end
return 0
