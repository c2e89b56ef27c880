-- What a success brings into being: fan-out siblings, children, armed unites.
--
-- `keys` and `args` are positions in KEYS and ARGV from which on these lie:
--   KEYS, per sibling: its hash; per child: its hash, its ready stream; per unite: its hash, its members zset
--   ARGV, per sibling: id, task, outputs, member
--         per child: id, identifier, task, inputs, ordinals of the unites it counts for ("1,3" or "")
--         per unite: id, plan when it is armed here or "", strategy, ordinals of the unites around it,
--                    "1" when this state leads straight to it, "1" when it collects this state's values
-- `again` is true when an earlier chunk may have made some of it already. `restored` is set when the state was made
-- ready again by the reconciler: what its new children bring into being may exist, too, so they are marked as well.
-- Siblings keep the inputs of the state itself. `events` is the stream of the run's events.
-- Returns the number of states and unites that opened, per unite what to add to its pending count and
-- whether it is armed now, and the time.
local function bear(p, counts)
  local opened, made = 0, 0
  local born = {}
  local keys, args = p.keys, p.args
  local first_unite_arg = args + counts.siblings * 4 + counts.children * 5
  local unite_key = keys + counts.siblings + counts.children * 2
  local pending, fresh = {}, {}

  for n = 1, counts.unites do
    local arg = first_unite_arg + (n - 1) * 6
    local unite = KEYS[unite_key + (n - 1) * 2]
    pending[n] = pending[n] or 0
    if ARGV[arg + 1] ~= '' and redis.call('HSETNX', unite, 'plan', ARGV[arg + 1]) == 1 then
      redis.call('HSET', unite, 'strategy', ARGV[arg + 2], 'status', 'ARMED',
        'pending', 0, 'arrived', 0, 'errored', 0, 'pruned', 0)
      redis.call('RPUSH', p.unites, ARGV[arg])
      -- The state that arms it holds it back until all its children are made.
      -- Where the reconciler made that state ready again, branches may exist that are not counted here, and any number
      -- of them may end before they are: so many keep it from firing until the recount has taken them off.
      pending[n] = pending[n] + (p.restored and 1000000 or 1)
      fresh[n] = true
      if p.restored then
        redis.call('HSET', unite, 'restored', '1')
      end
      opened = opened + 1
      local around_ids = {}
      for ordinal in string.gmatch(ARGV[arg + 3], '%d+') do
        local around = tonumber(ordinal)
        pending[around] = (pending[around] or 0) + 1
        around_ids[#around_ids + 1] = ARGV[first_unite_arg + (around - 1) * 6]
      end
      if #around_ids > 0 then
        redis.call('HSET', unite, 'around', table.concat(around_ids, ' '))
      end
    end
  end

  local inputs, now
  local members = {}
  if counts.siblings > 0 or counts.children == 0 then
    now = now_ms()
    inputs = counts.siblings > 0 and redis.call('HGET', p.state, 'inputs')
  end
  for n = 1, counts.siblings do
    local state = KEYS[keys + n - 1]
    local arg = args + (n - 1) * 4
    if not (p.again and redis.call('EXISTS', state) == 1) then
      redis.call('HSET', state, 'status', 'SUCCESS', 'attempt', '1', 'task', ARGV[arg + 1], 'inputs', inputs,
        'outputs', ARGV[arg + 2], 'created_at', now, 'updated_at', now)
      tell_state(p.events, state, p.identifier, 'SUCCESS', '1')
      born[#born + 1] = ARGV[arg]
      made = made + 1
    end
    members[#members + 1] = 0
    members[#members + 1] = ARGV[arg + 3]
  end
  if #members > 0 then
    for u = 1, counts.unites do
      if ARGV[first_unite_arg + (u - 1) * 6 + 5] == '1' then
        redis.call('ZADD', KEYS[unite_key + (u - 1) * 2 + 1], unpack(members))
      end
    end
  end
  if made > 0 then
    redis.call('HINCRBY', p.run, 'made/' .. p.identifier, made)
    redis.call('HINCRBY', p.run, 'ended/' .. p.identifier .. '/SUCCESS', made)
  end

  local made_of = {}
  for n = 1, counts.children do
    local state = KEYS[keys + counts.siblings + (n - 1) * 2]
    local arg = args + counts.siblings * 4 + (n - 1) * 5
    if not (p.again and redis.call('EXISTS', state) == 1) then
      now = create_ready(state, KEYS[keys + counts.siblings + (n - 1) * 2 + 1], ARGV[arg], ARGV[arg + 2], ARGV[arg + 3])
      if p.restored then
        redis.call('HSET', state, 'restored', '1')
      end
      tell_state(p.events, state, ARGV[arg + 1], 'CREATED', '1')
      born[#born + 1] = ARGV[arg]
      made_of[ARGV[arg + 1]] = (made_of[ARGV[arg + 1]] or 0) + 1
      opened = opened + 1
      if ARGV[arg + 4] ~= '' then
        for ordinal in string.gmatch(ARGV[arg + 4], '%d+') do
          pending[tonumber(ordinal)] = pending[tonumber(ordinal)] + 1
        end
      end
    end
  end
  for identifier, count in pairs(made_of) do
    redis.call('HINCRBY', p.run, 'made/' .. identifier, count)
  end
  if #born > 0 then
    redis.call('RPUSH', p.states, unpack(born))
  end
  return opened, pending, fresh, now or now_ms()
end
