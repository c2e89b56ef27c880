-- A state ends without children. Its unites count it; `field` is their counter for it.
-- KEYS from `keys` on, per unite: its hash, its members zset; ARGV from `args` on, per unite: its id, a member to add or "".
local function count_ending(keys, args, unites, field, inbox, home)
  for n = 1, unites do
    local unite = KEYS[keys + (n - 1) * 2]
    local arg = args + (n - 1) * 2
    redis.call('HINCRBY', unite, field, 1)
    if ARGV[arg + 1] ~= '' then
      redis.call('ZADD', KEYS[keys + (n - 1) * 2 + 1], 0, ARGV[arg + 1])
    end
    move_pending(unite, ARGV[arg], -1, inbox, home)
  end
end

-- Whether an ALL_DONE unite among them has fired already: then the error is tolerated.
local function tolerated_by(keys, unites)
  for n = 1, unites do
    local unite = redis.call('HMGET', KEYS[keys + (n - 1) * 2], 'strategy', 'status')
    if unite[1] == 'ALL_DONE' and unite[2] == 'FIRED' then
      return true
    end
  end
  return false
end
