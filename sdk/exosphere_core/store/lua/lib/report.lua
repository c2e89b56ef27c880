-- Take a report off the stream. It is deleted in the script that applies it, so it
-- is never lost and never applied without being deleted.
local function acknowledge(reports, report)
  if report ~= '' then
    redis.call('XACK', reports, 'state-managers', report)
    redis.call('XDEL', reports, report)
  end
end

-- The delivery that a report ends: the worker acknowledged it, the entry is left.
local function drop_entry(ready, entry)
  if entry then
    redis.call('XDEL', ready, entry)
  end
end
