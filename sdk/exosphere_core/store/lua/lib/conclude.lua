-- Move the count of what is open in a run; at zero the run ends, once.
local function move_open(run, ended, active, events, run_id, by, now)
  if by == 0 then
    return
  end
  if redis.call('HINCRBY', run, 'open', by) > 0 then
    return
  end
  local record = redis.call('HMGET', run, 'cancelled_at', 'untolerated', 'status', 'graph')
  local status = 'SUCCESS'
  if record[1] then
    status = 'CANCELLED'
  elseif tonumber(record[2] or '0') > 0 then
    status = 'FAILED'
  end
  redis.call('HSET', run, 'status', status, 'ended_at', now)
  redis.call('ZADD', ended, now, run_id)
  redis.call('SREM', active, run_id)
  if record[3] ~= status then
    tell_run(events, status)
    announce(run, run_id, status, record[4])
  end
  redis.call('PUBLISH', 'exo:run-ended', run_id)
end
