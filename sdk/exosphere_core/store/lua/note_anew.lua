-- note_anew: a branch of these unites is executed anew although their run takes over another's outputs.
-- KEYS[1] hash  a unite, and the next one from here on
-- returns how many it was noted on
-- uses grow
grow(KEYS[1])
for _, unite in ipairs(KEYS) do
  redis.call('HSET', unite, 'anew', '1')
end
return #KEYS
