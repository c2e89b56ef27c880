-- watch_run: somebody watches a run: its events are kept from here on, and for a while after it was last said.
-- The first one tells how the run stands and how many states it has: what became of these before is for `tell_states`.
-- KEYS[1] hash    the run
-- KEYS[2] list    the run's states
-- KEYS[3] stream  events of the run
-- ARGV[1] how long they are kept from now on, ms
-- returns {id of the first event, status of the run, id of the first event that all states of before were told after, or ""};
--   nothing when there is no such run
local run = redis.call('HMGET', KEYS[1], 'status', 'told')
if not run[1] then
  return {}
end
local first = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
local id = first and first[1]
if not first then
  id = redis.call('XADD', KEYS[3], '*', 'kind', 'begin', 'status', run[1], 'states', redis.call('LLEN', KEYS[2]))
end
redis.call('PEXPIRE', KEYS[3], ARGV[1])
return {id, run[1], run[2] or ''}
