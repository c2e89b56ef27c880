-- locate: tells of states which have not ended and are in no queue; changes nothing.
-- KEYS[1] zset    due times
-- KEYS[2] stream  reports of the shard
-- KEYS[3] from here on, per state: its hash, the ready stream of its node
-- ARGV[1] from here on, per state: its id, "1" when its first entry is on the report stream
-- returns per state "" | "undue" | "lost", as lib/placed says
-- uses placed
local places = {}
for n = 1, #ARGV / 2 do
  local record = redis.call('HMGET', KEYS[1 + n * 2], 'status', 'attempt', 'entry', 'due_at', 'report')
  places[n] = place_of(record, ARGV[n * 2 - 1], KEYS[2 + n * 2], KEYS[1], KEYS[2], ARGV[n * 2] == '1')
end
return places
