-- regather: the members of a unite are the branches that it will read: those that are missing come in, others go.
-- KEYS[1] hash  the run
-- KEYS[2] zset  members of the unite
-- ARGV[1] number of members to add
-- ARGV[2] number of members to take away
-- ARGV[3] from here on: members to add, members to take away, then the run's record as lib/unmoved says
-- returns the run's record; nothing when it moved meanwhile
-- uses unmoved grow
local added, taken = tonumber(ARGV[1]), tonumber(ARGV[2])
if not is_unmoved(KEYS[1], 3 + added + taken) then
  return {}
end
grow(KEYS[1])
for n = 3, 2 + added do
  redis.call('ZADD', KEYS[2], 0, ARGV[n])
end
for n = 3 + added, 2 + added + taken do
  redis.call('ZREM', KEYS[2], ARGV[n])
end
return redis.call('HGETALL', KEYS[1])
