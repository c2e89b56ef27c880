-- relist: a list of ids of a run is replaced by the one that was written beside it.
-- KEYS[1] hash  the run
-- KEYS[2] list  ids of states or unites
-- KEYS[3] list  those that it should hold
-- ARGV[1] from here on: the run's record as lib/unmoved says
-- returns the run's record; nothing when it moved meanwhile
-- uses unmoved
if not is_unmoved(KEYS[1], 1) then
  return {}
end
if redis.call('EXISTS', KEYS[3]) == 1 then
  redis.call('RENAME', KEYS[3], KEYS[2])
  redis.call('PERSIST', KEYS[2])
else
  redis.call('UNLINK', KEYS[2])
end
return redis.call('HGETALL', KEYS[1])
