-- finish: CREATED → SUCCESS, with nothing that follows but what unites wait for: branches of one run that end at the same
-- node, for which what they share is moved once. What it finds to be more than that, as somebody watches the run or a state
-- was made ready again, it leaves to `advance`.
-- KEYS[1] hash    the run
-- KEYS[2] stream  reports, where the reports came from
-- KEYS[3] stream  events of the run, while it is watched
-- KEYS[4] stream  reports of the run's own shard
-- KEYS[5] zset    ended runs
-- KEYS[6] set     pending runs of the graph
-- KEYS[7] from here on, the states; then per unite: its hash, its members zset
-- ARGV[1] number of states
-- ARGV[2] the run's counter of states that succeeded of their node
-- ARGV[3] run id
-- ARGV[4] namespace of the run
-- ARGV[5] number of unites that they count for
-- ARGV[6] from here on, per state: attempt, report id, outputs as JSON, who executed it or "", for how long in ms or "", its
--   member in the unites that collect it; then per unite: its id, "1" when they lead straight to it, "1" when it collects
--   their values
-- returns per state "applied" | "stale" | "other" and the status found; "other": `advance` is to be applied
-- uses fence judged report grow
local count = tonumber(ARGV[1])
for n = 1, count do
  judge(n, KEYS[6 + n], KEYS[3], ARGV[n * 6], ARGV[n * 6 + 1])
end
if #current == 0 then
  if #done > 0 then
    acknowledge(KEYS[2], unpack(done))
  end
  return replies
end
grow(KEYS[1])
-- uses clock tell announce conclude unites
watched = false
local now = now_ms()
-- The run first: where it can't be written to, nothing is moved.
redis.call('HINCRBY', KEYS[1], ARGV[2], #current)
local members = {}
for _, n in ipairs(current) do
  local arg = n * 6
  members[#members + 1] = '0'
  members[#members + 1] = ARGV[arg + 5]
  redis.call('HSET', KEYS[6 + n], 'status', 'SUCCESS', 'outputs', ARGV[arg + 2], 'worker', ARGV[arg + 3],
    'ran_ms', ARGV[arg + 4], 'updated_at', now)
end
for n = 1, tonumber(ARGV[5]) do
  local unite = KEYS[5 + count + n * 2]
  local arg = 3 + count * 6 + n * 3
  if ARGV[arg + 1] == '1' then
    redis.call('HINCRBY', unite, 'arrived', #current)
  end
  if ARGV[arg + 2] == '1' then
    redis.call('ZADD', KEYS[6 + count + n * 2], unpack(members))
  end
  move_pending(unite, ARGV[arg], -#current, KEYS[4], ARGV[4])
end
acknowledge(KEYS[2], unpack(done))
move_open(KEYS[1], KEYS[5], KEYS[6], KEYS[3], ARGV[3], -#current, now)
return replies
