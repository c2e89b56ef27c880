-- retry_by_hand: ERRORED | NEXT_CREATED_ERROR → RETRY_CREATED, and a new state with the same inputs, ready at once.
-- The run is pending again, and a unite that waits because of the error is armed again.
-- KEYS[1] hash    the state
-- KEYS[2] hash    the run
-- KEYS[3] list    the run's states
-- KEYS[4] stream  ready stream of the node, or outbox
-- KEYS[5] hash    the new state
-- KEYS[6] zset    ended runs
-- KEYS[7] set     pending runs of the graph
-- KEYS[8] set     manual retries of the run
-- KEYS[9] hash    deletions of graphs
-- KEYS[10] stream events of the run, while it is watched
-- KEYS[11] from here on, per unite that the state counts for: its hash
-- ARGV[1] run id
-- ARGV[2] identifier
-- ARGV[3] id of the new state
-- ARGV[4] task of the new state, JSON
-- ARGV[5] inputs of the new state, JSON, or "" for those of the state
-- ARGV[6] what tells this retry from others of the same state
-- ARGV[7] from here on, per unite: its id
-- returns {"made" | "repeated" | "refused" | "cancelled" | "deleted" | "unknown", status found}; "deleted" is said
--   when the version of the graph was
-- uses push create barred tell announce
local record = redis.call('HMGET', KEYS[1], 'status', 'inputs', 'tolerated', 'hidden', 'attempt')
local run = redis.call('HMGET', KEYS[2], 'status', 'cancelled_at', 'graph', 'version')
if not record[1] or not run[1] then
  return {'unknown', ''}
end
if is_barred(KEYS[9], run[3], run[4]) then
  return {'deleted', record[1]}
end
if redis.call('SISMEMBER', KEYS[8], ARGV[6]) == 1 then
  return {'repeated', record[1]}
end
if record[1] ~= 'ERRORED' and record[1] ~= 'NEXT_CREATED_ERROR' then
  return {'refused', record[1]}
end
if run[2] then
  return {'cancelled', record[1]}
end
local unites, key_of = {}, {}
for n = 1, #KEYS - 10 do
  local found = redis.call('HMGET', KEYS[10 + n], 'status', 'around')
  unites[n] = {id = ARGV[6 + n], key = KEYS[10 + n], waits = found[1] == 'WAITING', around = found[2] or ''}
  key_of[ARGV[6 + n]] = KEYS[10 + n]
end
local now = create_ready(KEYS[5], KEYS[4], ARGV[3], ARGV[4], ARGV[5] ~= '' and ARGV[5] or record[2])
redis.call('HSET', KEYS[1], 'status', 'RETRY_CREATED', 'retried_by', ARGV[3], 'by_hand', '1', 'updated_at', now)
tell_state(KEYS[10], KEYS[1], ARGV[2], 'RETRY_CREATED', record[5] or '')
tell_state(KEYS[10], KEYS[5], ARGV[2], 'CREATED', '1')
redis.call('RPUSH', KEYS[3], ARGV[3])
redis.call('SADD', KEYS[8], ARGV[6])
redis.call('HINCRBY', KEYS[2], 'ended/' .. ARGV[2] .. '/' .. record[1], -1)
redis.call('HINCRBY', KEYS[2], 'ended/' .. ARGV[2] .. '/RETRY_CREATED', 1)
redis.call('HINCRBY', KEYS[2], 'made/' .. ARGV[2], 1)
if not record[3] then
  redis.call('HINCRBY', KEYS[2], 'untolerated', -1)
end
local opened = 1
for _, unite in ipairs(unites) do
  redis.call('HINCRBY', unite.key, 'pending', 1)
  if not string.find(record[4] or '', unite.id, 1, true) then
    redis.call('HINCRBY', unite.key, 'errored', -1)
  end
  if unite.waits then
    redis.call('HSET', unite.key, 'status', 'ARMED')
    opened = opened + 1
    for around in string.gmatch(unite.around, '%S+') do
      redis.call('HINCRBY', key_of[around], 'pending', 1)
    end
  end
end
redis.call('HINCRBY', KEYS[2], 'open', opened)
if run[1] ~= 'PENDING' then
  redis.call('HSET', KEYS[2], 'status', 'PENDING')
  tell_run(KEYS[10], 'PENDING')
  announce(KEYS[2], ARGV[1], 'PENDING', run[3])
  redis.call('HDEL', KEYS[2], 'ended_at')
  redis.call('ZREM', KEYS[6], ARGV[1])
  redis.call('SADD', KEYS[7], ARGV[1])
end
return {'made', record[1]}
