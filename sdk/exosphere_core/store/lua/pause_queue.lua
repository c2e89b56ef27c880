-- pause_queue: a ready stream gives nothing out. The runtimes' group stands behind every id that there can be, and where
-- it stood is kept by a group that nobody reads with. A stream without runtimes' group is left to whoever makes that.
-- KEYS[1] stream  a ready stream
-- returns 1, or 0 when it was paused, or has no group
-- uses grow given
local stood = group_stands(KEYS[1], 'runtimes')
if not stood or stood == BEHIND_ALL then
  return 0
end
grow(KEYS[1])
if group_stands(KEYS[1], 'paused') then
  redis.call('XGROUP', 'SETID', KEYS[1], 'paused', stood)
else
  redis.call('XGROUP', 'CREATE', KEYS[1], 'paused', stood)
end
redis.call('XGROUP', 'SETID', KEYS[1], 'runtimes', BEHIND_ALL)
return 1
