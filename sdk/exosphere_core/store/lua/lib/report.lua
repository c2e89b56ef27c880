-- Acknowledge a report in the script that applies it, so that none is applied and delivered
-- again. Its entry is swept off the stream later, many at once: it is nobody's any more.
local function acknowledge(reports, report)
  redis.call('XACK', reports, 'state-managers', report)
end
