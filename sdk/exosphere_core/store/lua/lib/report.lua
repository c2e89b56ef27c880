-- Acknowledge reports in the script that applies them, so that none is applied and delivered
-- again. Their entries are swept off the stream later, many at once: they are nobody's any more.
local function acknowledge(reports, ...)
  redis.call('XACK', reports, 'state-managers', ...)
end
