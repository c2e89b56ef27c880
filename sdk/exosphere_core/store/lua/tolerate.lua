-- tolerate: errored states that an ALL_DONE unite fires over no longer make their run fail. Applied before `join`;
-- a second time it changes nothing.
-- KEYS[1] hash  the run
-- KEYS[2] from here on: the errored states
-- returns how many were not tolerated before
local count = 0
for n = 2, #KEYS do
  local status = redis.call('HGET', KEYS[n], 'status')
  if (status == 'ERRORED' or status == 'NEXT_CREATED_ERROR') and redis.call('HSETNX', KEYS[n], 'tolerated', '1') == 1 then
    count = count + 1
  end
end
if count > 0 then
  redis.call('HINCRBY', KEYS[1], 'untolerated', -count)
end
return count
