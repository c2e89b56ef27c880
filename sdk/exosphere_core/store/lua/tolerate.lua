-- tolerate: errored states that an ALL_DONE unite fires over no longer make their run fail, and the unites around
-- that one no longer count them. Applied before `join`; a second time it changes nothing.
-- KEYS[1] hash  the run
-- KEYS[2] from here on: the unites around the one that fires, then the errored states
-- ARGV[1] id of the unite that fires
-- ARGV[2] number of unites around it
-- returns how many were not tolerated before
local count = 0
local around = tonumber(ARGV[2])
for n = 2 + around, #KEYS do
  local status = redis.call('HGET', KEYS[n], 'status')
  if (status == 'ERRORED' or status == 'NEXT_CREATED_ERROR')
    and redis.call('HSETNX', KEYS[n], 'tolerated', ARGV[1]) == 1 then
    count = count + 1
  end
end
if count > 0 then
  redis.call('HINCRBY', KEYS[1], 'untolerated', -count)
  for n = 2, 1 + around do
    redis.call('HINCRBY', KEYS[n], 'errored', -count)
  end
end
return count
