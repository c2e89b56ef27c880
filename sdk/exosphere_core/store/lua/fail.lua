-- fail: CREATED → ERRORED, when no retry is left; CREATED → NEXT_CREATED_ERROR, when its children can't be made.
-- KEYS[1] hash    the state
-- KEYS[2] hash    the run
-- KEYS[3] stream  reports, where the report came from
-- KEYS[4] stream  reports of the run's own shard
-- KEYS[5] zset    ended runs
-- KEYS[6] set     pending runs of the graph
-- KEYS[7] stream  events of the run, while it is watched
-- KEYS[8] from here on, per unite that it counts for: its hash, its members zset
-- ARGV[1] attempt
-- ARGV[2] report id
-- ARGV[3] identifier
-- ARGV[4] run id
-- ARGV[5] namespace of the run
-- ARGV[6] status to reach
-- ARGV[7] error text
-- ARGV[8] outputs, JSON, or "" when there are none
-- ARGV[9] who executed it, or "" when that is not known
-- ARGV[10] for how long, ms, or ""
-- ARGV[11] number of unites
-- ARGV[12] from here on, per unite: its id, a member to add or ""
-- returns {"applied" | "stale", status found}, or {"continued", status found} when this very report
--   is being applied in chunks: nothing is changed, and the chunks must be gone on with
-- uses clock fence report tell announce conclude unites ending errors grow
local record = redis.call('HMGET', KEYS[1], 'status', 'attempt', 'report')
if is_continued(record, ARGV[1], record[3], ARGV[2]) then
  return {'continued', record[1]}
end
if not is_current(record, ARGV[1]) then
  acknowledge(KEYS[3], ARGV[2])
  return {'stale', record[1] or ''}
end
grow(KEYS[1])
local now = now_ms()
local unites = tonumber(ARGV[11])
redis.call('HSET', KEYS[1], 'status', ARGV[6], 'error', ARGV[7], 'worker', ARGV[9], 'ran_ms', ARGV[10],
  'updated_at', now)
if ARGV[8] ~= '' then
  redis.call('HSET', KEYS[1], 'outputs', ARGV[8])
end
redis.call('HINCRBY', KEYS[2], 'ended/' .. ARGV[3] .. '/' .. ARGV[6], 1)
tell_state(KEYS[7], KEYS[1], ARGV[3], ARGV[6], ARGV[1])
local hidden = note_error(KEYS[1], KEYS[2], 8, 12, unites)
count_ending(8, 12, unites, 'errored', KEYS[4], ARGV[5], hidden)
acknowledge(KEYS[3], ARGV[2])
move_open(KEYS[2], KEYS[5], KEYS[6], KEYS[7], ARGV[4], -1, now)
return {'applied', record[1]}
