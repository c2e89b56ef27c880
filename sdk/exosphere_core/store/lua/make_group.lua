-- make_group: a consumer group, and its stream, are made where they do not exist, also when memory is full: whoever
-- starts again must be able to finish what runs.
-- KEYS[1] stream  a ready or report stream
-- ARGV[1] group
-- returns 1, or 0 when the group was there
-- uses grow
if redis.call('EXISTS', KEYS[1]) == 1 then
  for _, found in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    if found[2] == ARGV[1] then
      return 0
    end
  end
end
grow(KEYS[1])
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
return 1
