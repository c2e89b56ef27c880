-- Note the error of a state on its run, and on the state when an ALL_DONE unite that it counts for has fired already,
-- which is so after a manual retry: then it is tolerated. Returns the ids of the unites around such a one, as a set:
-- it answers to them for its branches, so they do not count the error.
-- KEYS from `keys` on and ARGV from `args` on as lib/ending says.
local function note_error(state, run, keys, args, unites)
  local hidden, hidden_ids, tolerant = {}, {}, {}
  for n = 1, unites do
    local unite = redis.call('HMGET', KEYS[keys + (n - 1) * 2], 'strategy', 'status', 'around')
    if unite[1] == 'ALL_DONE' and unite[2] == 'FIRED' then
      tolerant[#tolerant + 1] = ARGV[args + (n - 1) * 2]
      for around in string.gmatch(unite[3] or '', '%S+') do
        hidden[around] = true
        hidden_ids[#hidden_ids + 1] = around
      end
    end
  end
  if #tolerant > 0 then
    redis.call('HSET', state, 'tolerated', table.concat(tolerant, ' '), 'hidden', table.concat(hidden_ids, ' '))
  else
    redis.call('HINCRBY', run, 'untolerated', 1)
  end
  return hidden
end
