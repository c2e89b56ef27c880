-- cancel: CREATED | EXECUTED → CANCELLED, a page of states and unites of a run that is marked as cancelled. What a
-- runtime holds is taken off its queue: the next heartbeat tells it, and its report finds the state ended.
-- KEYS[1] hash  the run
-- KEYS[2] zset  ended runs
-- KEYS[3] set   pending runs of the graph
-- KEYS[4] zset  due times
-- KEYS[5] stream events of the run, while it is watched
-- KEYS[6] from here on, per state: its hash, the stream it is pushed on; then per unite: its hash
-- ARGV[1] run id
-- ARGV[2] number of states
-- ARGV[3] number of unites
-- ARGV[4] from here on, per state: its id, its identifier, "reports" when its first entry is on the report stream, "outbox"
--   when all of them are on the outbox
-- returns the run's status afterwards, or "" when there is no such run
-- uses clock tell announce conclude grow
if not redis.call('HGET', KEYS[1], 'cancelled_at') then
  return redis.call('HGET', KEYS[1], 'status') or ''
end
grow(KEYS[1])
local states = tonumber(ARGV[2])
local now = now_ms()
local closed = 0
for n = 1, states do
  local state, ready = KEYS[4 + n * 2], KEYS[5 + n * 2]
  local id, identifier, place = ARGV[1 + n * 3], ARGV[2 + n * 3], ARGV[3 + n * 3]
  local record = redis.call('HMGET', state, 'status', 'entry', 'attempt')
  if record[1] == 'CREATED' or record[1] == 'EXECUTED' then
    redis.call('HSET', state, 'status', 'CANCELLED', 'updated_at', now)
    redis.call('HINCRBY', KEYS[1], 'ended/' .. identifier .. '/CANCELLED', 1)
    tell_state(KEYS[5], state, identifier, 'CANCELLED', record[3])
    redis.call('ZREM', KEYS[4], id)
    -- An entry of the report stream is left there: whoever takes it finds that the state has ended.
    -- One in another namespace's queue is in another slot: whoever calls this takes it off there. One of the outbox may
    -- be there already: the courier finds that the state has ended.
    if record[2] and place ~= 'outbox' and not (place == 'reports' and record[3] == '1') then
      redis.call('XACK', ready, 'runtimes', record[2])
      redis.call('XDEL', ready, record[2])
    end
    closed = closed + 1
  end
end
for n = 1, tonumber(ARGV[3]) do
  local unite = KEYS[5 + states * 2 + n]
  local status = redis.call('HGET', unite, 'status')
  if status == 'ARMED' or status == 'WAITING' then
    redis.call('HSET', unite, 'status', 'CANCELLED')
    if status == 'ARMED' then
      closed = closed + 1
    end
  end
end
move_open(KEYS[1], KEYS[2], KEYS[3], KEYS[5], ARGV[1], -closed, now)
return redis.call('HGET', KEYS[1], 'status')
