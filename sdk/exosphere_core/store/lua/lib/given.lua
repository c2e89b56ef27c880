-- Where the groups of a stream stand. While a ready stream is paused, the group of its runtimes stands behind every id, and
-- the group `paused` where it stood.
local BEHIND_ALL = '18446744073709551615-18446744073709551615'
local function group_stands(stream, group)
  if redis.call('EXISTS', stream) == 0 then
    return nil
  end
  for _, found in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local fields = {}
    for n = 1, #found, 2 do
      fields[found[n]] = found[n + 1]
    end
    if fields['name'] == group then
      return fields['last-delivered-id']
    end
  end
end
