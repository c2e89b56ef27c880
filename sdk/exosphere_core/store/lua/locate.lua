-- locate: tells of states which have not ended and are in no queue; changes nothing.
-- KEYS[1] zset    due times
-- KEYS[2] stream  reports of the shard
-- KEYS[3] stream  its inbox
-- KEYS[4] from here on, per state: its hash, the stream that it is pushed on: ready stream of its node, or outbox
-- ARGV[1] from here on, per state: its id, "1" when its first entry is on the report stream, "1" when its node is of
--   another namespace
-- returns per state "" | "undue" | "lost" | its entry in another slot, as lib/placed says
-- uses given held placed
local places = {}
for n = 1, #ARGV / 3 do
  local record = redis.call('HMGET', KEYS[2 + n * 2], 'status', 'attempt', 'entry', 'due_at', 'report')
  local arg = n * 3 - 2
  places[n] = place_of(record, ARGV[arg], KEYS[3 + n * 2], KEYS[1], KEYS[2], KEYS[3], ARGV[arg + 1] == '1', ARGV[arg + 2] == '1')
end
return places
