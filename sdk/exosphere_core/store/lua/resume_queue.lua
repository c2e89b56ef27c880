-- resume_queue: a ready stream gives out again what has come since it was paused, in its order, and wakes the runtimes
-- that wait for it.
-- KEYS[1] stream  a ready stream
-- returns 1, or 0 when it was not paused
-- uses grow given
local stood = group_stands(KEYS[1], 'paused')
if not stood then
  return 0
end
grow(KEYS[1])
if group_stands(KEYS[1], 'runtimes') == BEHIND_ALL then
  redis.call('XGROUP', 'SETID', KEYS[1], 'runtimes', stood)
end
redis.call('XGROUP', 'DESTROY', KEYS[1], 'paused')
if #redis.call('XRANGE', KEYS[1], '(' .. stood, '+', 'COUNT', 1) > 0 then
  -- Redis looks at those who block on a stream when something is added to it. They are served after the script.
  redis.call('XDEL', KEYS[1], redis.call('XADD', KEYS[1], '*', 'wake', '1'))
end
return 1
