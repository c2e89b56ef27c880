-- tolerate: errored states that an ALL_DONE unite fires over no longer make their run fail, and the unites around
-- that one no longer count them. Applied before `join` or `close`, page by page; a second time it changes nothing.
-- KEYS[1] hash  the run
-- KEYS[2] hash  the unite that fires
-- KEYS[3] from here on: the unites around it, then the errored states
-- ARGV[1] id of the unite that fires
-- ARGV[2] id of the report that it settled by
-- ARGV[3] number of the page, from 1
-- ARGV[4] number of unites around it; their ids follow
-- returns how many were not tolerated before
-- uses grow
grow(KEYS[1])
local count = 0
local around = tonumber(ARGV[4])
local fewer = {}
for n = 3 + around, #KEYS do
  local record = redis.call('HMGET', KEYS[n], 'status', 'tolerated', 'hidden')
  local tolerated, hidden = record[2] or '', record[3] or ''
  if (record[1] == 'ERRORED' or record[1] == 'NEXT_CREATED_ERROR') and not string.find(tolerated, ARGV[1], 1, true) then
    if not record[2] then
      count = count + 1
    end
    for m = 1, around do
      -- Another unite may have hidden the error from this one already.
      if not string.find(hidden, ARGV[4 + m], 1, true) then
        hidden = hidden .. ' ' .. ARGV[4 + m]
        fewer[m] = (fewer[m] or 0) + 1
      end
    end
    redis.call('HSET', KEYS[n], 'tolerated', tolerated .. ' ' .. ARGV[1], 'hidden', hidden)
  end
end
if count > 0 then
  redis.call('HINCRBY', KEYS[1], 'untolerated', -count)
end
for m = 1, around do
  if fewer[m] then
    redis.call('HINCRBY', KEYS[2 + m], 'errored', -fewer[m])
  end
end
-- `join` and `close` ask for all pages: one without those before it, as a server took over that lacks them, does not count.
local seen = redis.call('HMGET', KEYS[2], 'status', 'tolerated_for', 'tolerated_pages')
local pages = seen[2] == ARGV[2] and tonumber(seen[3]) or 0
if seen[1] and tonumber(ARGV[3]) == pages + 1 then
  redis.call('HSET', KEYS[2], 'tolerated_for', ARGV[2], 'tolerated_pages', ARGV[3])
end
return count
