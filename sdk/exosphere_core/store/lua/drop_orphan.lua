-- drop_orphan: a record that belonged to a run which is gone is deleted, or the members of a unite which is.
-- KEYS[1] hash  the run, or the unite
-- KEYS[2] hash  the record
-- KEYS[3] zset  members, where the record is a unite
-- returns how many keys were deleted
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
return redis.call('UNLINK', KEYS[2], KEYS[3])
