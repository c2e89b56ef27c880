-- recount_unite: an armed unite says what its branches say.
-- KEYS[1] hash  the run
-- KEYS[2] hash  the unite
-- ARGV[1] status as it was read
-- ARGV[2] pending as it was read, or ""
-- ARGV[3] errored as it was read, or ""
-- ARGV[4] status to write
-- ARGV[5] pending to write
-- ARGV[6] arrived to write
-- ARGV[7] errored to write
-- ARGV[8] pruned to write
-- ARGV[9] strategy to write
-- ARGV[10] ids of the unites around it to write, parted by blanks
-- ARGV[11] "1" when what its state brings into being may exist, or ""
-- ARGV[12] from here on: the run's record as lib/unmoved says
-- returns the run's record afterwards; nothing when it or the unite moved meanwhile
-- uses unmoved grow
local found = redis.call('HMGET', KEYS[2], 'status', 'pending', 'errored')
if (found[1] or '') ~= ARGV[1] or (found[2] or '') ~= ARGV[2] or (found[3] or '') ~= ARGV[3]
  or not is_unmoved(KEYS[1], 12) then
  return {}
end
grow(KEYS[1])
redis.call('HSET', KEYS[2], 'status', ARGV[4], 'pending', ARGV[5], 'arrived', ARGV[6], 'errored', ARGV[7],
  'pruned', ARGV[8], 'strategy', ARGV[9])
if ARGV[10] ~= '' then
  redis.call('HSET', KEYS[2], 'around', ARGV[10])
end
if ARGV[11] ~= '' then
  redis.call('HSET', KEYS[2], 'restored', ARGV[11])
end
-- One that is open again holds its run back at once; what it no longer holds back is told by the recount that follows.
if ARGV[4] == 'ARMED' and found[1] ~= 'ARMED' then
  redis.call('HINCRBY', KEYS[1], 'open', 1)
end
return redis.call('HGETALL', KEYS[1])
