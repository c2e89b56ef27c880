-- join: a settled unite ARMED → FIRED, and its state is made ready. Happens once: the unite's status is the fence.
-- KEYS[1] hash    the unite
-- KEYS[2] hash    the run
-- KEYS[3] list    the run's states
-- KEYS[4] stream  reports of the run's own shard
-- KEYS[5] hash    the uniting state
-- KEYS[6] stream  ready stream of its node, or outbox
-- KEYS[7] stream  events of the run, while it is watched
-- KEYS[8] zset    members of the unite
-- KEYS[9] hash    its inputs, when `lay_down` laid them there because they are large
-- ARGV[1] report id
-- ARGV[2] id of the uniting state
-- ARGV[3] its identifier
-- ARGV[4] its task, JSON
-- ARGV[5] its inputs, JSON
-- ARGV[6] how many pages of errors were to be tolerated before
-- ARGV[7] number of lists in its inputs
-- ARGV[8] from here on, per list: identifier, of how many states of it there is a value
-- returns {"applied" | "stale" | "gap", status found}; "gap": this server lacks what was read, laid down or tolerated
-- uses report push create tell grow tolerated
local unite = redis.call('HMGET', KEYS[1], 'status', 'pending', 'restored', 'strategy', 'errored')
if unite[1] ~= 'ARMED' or tonumber(unite[2]) ~= 0 then
  acknowledge(KEYS[4], ARGV[1])
  if KEYS[9] then
    redis.call('UNLINK', KEYS[9])
  end
  return {'stale', unite[1] or ''}
end
-- Who asks may have read on another server than this one, before or after one of them took over.
local is_whole = are_tolerated(KEYS[1], ARGV[1], tonumber(ARGV[6]))
  and not (unite[4] == 'ALL_SUCCESS' and tonumber(unite[5]) > 0)
for n = 8, 6 + tonumber(ARGV[7]) * 2, 2 do
  -- '0' follows '/'
  local found = redis.call('ZLEXCOUNT', KEYS[8], '[' .. ARGV[n] .. '/', '(' .. ARGV[n] .. '0')
  is_whole = is_whole and found == tonumber(ARGV[n + 1])
end
if not is_whole then
  return {'gap', unite[1]}
end
grow(KEYS[1])
if KEYS[9] then
  -- They expired, or a replica took over that lacks them.
  if redis.call('EXISTS', KEYS[9]) == 0 then
    return {'gap', unite[1]}
  end
  redis.call('RENAME', KEYS[9], KEYS[5])
  redis.call('PERSIST', KEYS[5])
end
create_ready(KEYS[5], KEYS[6], ARGV[2], ARGV[4], ARGV[5], KEYS[9])
tell_state(KEYS[7], KEYS[5], ARGV[3], 'CREATED', '1')
-- A unite that was armed again may have fired before: what its state brought into being then may be there.
if unite[3] then
  redis.call('HSET', KEYS[5], 'restored', unite[3])
end
redis.call('HSET', KEYS[1], 'status', 'FIRED')
redis.call('RPUSH', KEYS[3], ARGV[2])
redis.call('HINCRBY', KEYS[2], 'made/' .. ARGV[3], 1)
acknowledge(KEYS[4], ARGV[1])
return {'applied', 'ARMED'}
