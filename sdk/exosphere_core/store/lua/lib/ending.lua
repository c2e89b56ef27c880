-- A state ends without children. Its unites count it; `field` is their counter for it, and `hidden` tells by id
-- which of them do not.
-- KEYS from `keys` on, per unite: its hash, its members zset; ARGV from `args` on, per unite: its id, a member to add or "".
local function count_ending(keys, args, unites, field, inbox, home, hidden)
  for n = 1, unites do
    local unite = KEYS[keys + (n - 1) * 2]
    local arg = args + (n - 1) * 2
    if not hidden[ARGV[arg]] then
      redis.call('HINCRBY', unite, field, 1)
    end
    if ARGV[arg + 1] ~= '' then
      redis.call('ZADD', KEYS[keys + (n - 1) * 2 + 1], 0, ARGV[arg + 1])
    end
    move_pending(unite, ARGV[arg], -1, inbox, home)
  end
end
