-- make_group: a consumer group, and its stream, are made where they do not exist, also when memory is full: whoever
-- starts again must be able to finish what runs.
-- KEYS[1] stream  a ready or report stream
-- ARGV[1] group
-- ARGV[2] where it begins on a stream that exists: "0" with the oldest entry, "$" after the newest
-- returns 0 when the group was there, 1 when the stream was made, too, 2 when the stream was there without the group
-- uses grow given
local exists = redis.call('EXISTS', KEYS[1]) == 1
if group_stands(KEYS[1], ARGV[1]) then
  return 0
end
grow(KEYS[1])
-- A queue that is paused stays so.
local start = group_stands(KEYS[1], 'paused') and BEHIND_ALL or ARGV[2]
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], start, 'MKSTREAM')
return exists and 2 or 1
