-- delivered: CREATED and on the outbox → CREATED and in another namespace's queue. The entry leaves the outbox.
-- KEYS[1] hash    the state
-- KEYS[2] stream  outbox
-- ARGV[1] id of its entry in the outbox
-- ARGV[2] attempt that the entry carries
-- ARGV[3] id of its entry in the other namespace's ready stream, or "" when it is not known
-- returns {"applied" | "known" | "stale", status found}; "stale" when it has ended or has another attempt: the entry in the
--   other namespace's stream must go, and then the one on the outbox, which stays until then
-- uses fence
local record = redis.call('HMGET', KEYS[1], 'status', 'attempt', 'entry')
local current = is_current(record, ARGV[2])
if current or ARGV[3] == '' then
  redis.call('XDEL', KEYS[2], ARGV[1])
end
if not current then
  return {'stale', record[1] or ''}
end
if record[3] ~= ARGV[1] then
  return {'known', record[1]}
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], 'entry')
else
  -- Ids of two streams may be alike: the mark tells which one is meant.
  redis.call('HSET', KEYS[1], 'entry', '>' .. ARGV[3])
end
return {'applied', record[1]}
