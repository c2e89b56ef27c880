-- restore: CREATED | EXECUTED | SUCCESS → CREATED, ready under a new attempt number, when its queue entry was lost, or the
-- report that made its children in chunks, or states that keep its further outputs.
-- KEYS[1] hash    the state
-- KEYS[2] hash    the run
-- KEYS[3] stream  ready stream of its node, or outbox
-- KEYS[4] zset    due times
-- KEYS[5] stream  reports of the shard
-- KEYS[6] stream  its inbox
-- KEYS[7] stream  events of the run, while it is watched
-- KEYS[8] from here on: records that a success made and that must still be missing
-- ARGV[1] state id
-- ARGV[2] status as it was read
-- ARGV[3] attempt as it was read
-- ARGV[4] "1" when its first entry is on the report stream
-- ARGV[5] identifier
-- ARGV[6] "1" when its node is of another namespace
-- ARGV[7] its entry in another slot that was looked for there and is gone, or ""
-- returns the new attempt, or "" when it needs none any more
-- uses clock push given held placed tell grow
local record = redis.call('HMGET', KEYS[1], 'status', 'attempt', 'entry', 'due_at', 'report', 'task', 'inputs')
local run = redis.call('HMGET', KEYS[2], 'status', 'cancelled_at')
if record[1] ~= ARGV[2] or record[2] ~= ARGV[3] or not run[1] or run[2] then
  return ''
end
if record[1] == 'SUCCESS' then
  for n = 8, #KEYS do
    if redis.call('EXISTS', KEYS[n]) == 1 then
      return ''
    end
  end
else
  local place = place_of(record, ARGV[1], KEYS[3], KEYS[4], KEYS[5], KEYS[6], ARGV[4] == '1', ARGV[6] == '1')
  if place ~= 'lost' and (place == '' or place ~= ARGV[7]) then
    return ''
  end
end
grow(KEYS[1])
if record[1] == 'SUCCESS' then
  redis.call('HINCRBY', KEYS[2], 'open', 1)
  redis.call('HINCRBY', KEYS[2], 'ended/' .. ARGV[5] .. '/SUCCESS', -1)
end
-- One of the report stream, or of another slot, is left to whoever finds it.
local is_here = record[3] and string.match(record[3], '^%d') and not (ARGV[4] == '1' and record[2] == '1')
if is_here and redis.call('EXISTS', KEYS[3]) == 1 then
  redis.call('XDEL', KEYS[3], record[3])
end
local attempt = string.format('%.0f', tonumber(record[2]) + 1)
local entry = push(KEYS[3], ARGV[1], attempt, record[6], record[7] or '{}')
redis.call('HSET', KEYS[1], 'status', 'CREATED', 'attempt', attempt, 'entry', entry, 'restored', '1',
  'updated_at', now_ms())
redis.call('HDEL', KEYS[1], 'report')
tell_state(KEYS[7], KEYS[1], ARGV[5], 'CREATED', attempt)
return attempt
