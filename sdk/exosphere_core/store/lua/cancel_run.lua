-- cancel_run: a pending run is marked as cancelled; a state manager is told through the report stream to cancel its
-- states, so that a crash can't lose it. A second time it is told again, which changes nothing.
-- KEYS[1] hash    the run
-- KEYS[2] stream  reports of the run's own shard
-- ARGV[1] run id
-- ARGV[2] namespace of the run
-- returns {"cancelling" | "ended" | "unknown", status found}
-- uses clock grow
local status = redis.call('HGET', KEYS[1], 'status')
if not status then
  return {'unknown', ''}
end
if status ~= 'PENDING' then
  return {'ended', status}
end
grow(KEYS[1])
redis.call('HSETNX', KEYS[1], 'cancelled_at', now_ms())
redis.call('XADD', KEYS[2], '*', 'kind', 'cancelled', 'home', ARGV[2], 'state', ARGV[1], 'attempt', '0', 'body', '{}')
return {'cancelling', status}
