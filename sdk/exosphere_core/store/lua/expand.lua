-- expand: CREATED | EXECUTED → EXECUTED. One chunk of a wide fan-out; `advance` applies the last one.
-- A chunk applied twice, by whomever, changes nothing the second time.
-- KEYS[1] hash    the state
-- KEYS[2] hash    the run
-- KEYS[3] list    the run's states
-- KEYS[4] stream  reports, where the report came from
-- KEYS[5] list    the run's unites
-- KEYS[6] stream events of the run, while it is watched
-- KEYS[7] from here on: siblings, children and unites as lib/offspring says
-- ARGV[1] attempt
-- ARGV[2] report id
-- ARGV[3] identifier
-- ARGV[4] outputs of the state itself, JSON
-- ARGV[5] how many outputs it gave
-- ARGV[6] which chunk it is, from 1
-- ARGV[7] number of siblings in this chunk
-- ARGV[8] number of children in this chunk
-- ARGV[9] number of unites that it counts for or arms
-- ARGV[10] who executed it, or "" when that is not known
-- ARGV[11] for how long, ms, or ""
-- ARGV[12] from here on: siblings, children and unites as lib/offspring says
-- returns {"applied" | "stale" | "gap", status found}; "gap": an earlier chunk is not there
-- uses clock fence report push create tell offspring grow
local record = redis.call('HMGET', KEYS[1], 'status', 'attempt', 'report', 'restored', 'expanded')
local again = is_continued(record, ARGV[1], record[3], ARGV[2])
if not again and not is_current(record, ARGV[1]) then
  acknowledge(KEYS[4], ARGV[2])
  return {'stale', record[1] or ''}
end
-- A replica that took over may lack a chunk that its master acknowledged: going on would leave a hole.
local chunk, made = tonumber(ARGV[6]), again and tonumber(record[5] or '0') or 0
if chunk > made + 1 then
  return {'gap', record[1]}
end
grow(KEYS[1])
local counts = {siblings = tonumber(ARGV[7]), children = tonumber(ARGV[8]), unites = tonumber(ARGV[9])}
if not again then
  redis.call('HSET', KEYS[1], 'status', 'EXECUTED', 'report', ARGV[2], 'outputs', ARGV[4], 'width', ARGV[5],
    'worker', ARGV[10], 'ran_ms', ARGV[11], 'updated_at', now_ms())
  tell_state(KEYS[6], KEYS[1], ARGV[3], 'EXECUTED', ARGV[1])
end
redis.call('HSET', KEYS[1], 'expanded', math.max(chunk, made))
local opened, pending = bear({
  -- A state that was restored may have had children before.
  keys = 7, args = 12, again = chunk <= made or record[4], restored = record[4], state = KEYS[1],
  run = KEYS[2], states = KEYS[3], unites = KEYS[5], events = KEYS[6], identifier = ARGV[3],
}, counts)
local unite_key = 7 + counts.siblings + counts.children * 2
for n = 1, counts.unites do
  if pending[n] ~= 0 then
    redis.call('HINCRBY', KEYS[unite_key + (n - 1) * 2], 'pending', pending[n])
  end
end
if opened ~= 0 then
  redis.call('HINCRBY', KEYS[2], 'open', opened)
end
return {'applied', record[1]}
