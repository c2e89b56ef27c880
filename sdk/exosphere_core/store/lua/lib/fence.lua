-- A report counts only if it is of the delivery that is current. `record` is
-- {status, attempt, ...}. A state that is being expanded goes on by the very
-- report that began it, whoever applies it.
local function is_current(record, attempt)
  return record[1] == 'CREATED' and record[2] == attempt
end

local function is_continued(record, attempt, report_kept, report)
  return record[1] == 'EXECUTED' and record[2] == attempt and report_kept == report
end
