-- Says of entries that were changed whether others may hold what is void. KEYS[6..] the entries,
-- ARGV[3..] their namespaces. The answer is '' if not, 'gone', or who has filled the gap that a
-- foreign writer made.
local answer = {}
for position = 6, #KEYS do
  local head = entry(KEYS[position], ARGV[position - 3])
  if not head then
    answer[#answer + 1] = 'gone'
  elseif now - tonumber(head.gap) < GAP_MEMORY_MS * 1000 then
    answer[#answer + 1] = head.origin
  else
    answer[#answer + 1] = ''
  end
end
return answer
