-- record_manual_firing: a firing that somebody asked for is recorded, or one that was refused and is tried again; its
-- schedule stays as it is.
-- KEYS[1] zset  graphs
-- KEYS[2] hash  schedules of the graph
-- KEYS[3] list  firings of the graph, newest first
-- ARGV[1] graph name
-- ARGV[2] index of the trigger
-- ARGV[3] the firing, JSON
-- ARGV[4] how many firings are kept
-- returns 1, or 0 when the graph was deleted meanwhile
-- uses grow
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return 0
end
grow(KEYS[1])
redis.call('LPUSH', KEYS[3], ARGV[3])
redis.call('LTRIM', KEYS[3], 0, tonumber(ARGV[4]) - 1)
redis.call('HSET', KEYS[2], ARGV[2] .. '/last', ARGV[3])
return 1
