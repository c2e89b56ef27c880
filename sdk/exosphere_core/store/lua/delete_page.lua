-- delete_page: the records of the first states or unites of an ended run are removed. A run that was reopened, or of
-- which somebody else removed these, is left alone.
-- KEYS[1] zset  ended runs
-- KEYS[2] list  the run's states or unites
-- KEYS[3] hash  a record of one of these, and the next one from here on
-- ARGV[1] run id
-- ARGV[2] first id of the list, as it was read
-- ARGV[3] how many ids of the list they belong to
-- returns 1, or 0 when nothing was removed
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) or redis.call('LINDEX', KEYS[2], 0) ~= ARGV[2] then
  return 0
end
redis.call('UNLINK', unpack(KEYS, 3))
redis.call('LTRIM', KEYS[2], ARGV[3], -1)
return 1
