-- Says of entries that were changed whether that was more than a renewal. KEYS[5..] the entries,
-- ARGV[3..] their namespaces. The answer is '' for a renewal, 'gone', or who has filled the gap.
local answer = {}
for position = 5, #KEYS do
  local head = entry(KEYS[position], ARGV[position - 2])
  if not head then
    answer[#answer + 1] = 'gone'
  elseif now - tonumber(head.born) < GAP_MEMORY_MS * 1000 then
    answer[#answer + 1] = head.origin
  else
    answer[#answer + 1] = ''
  end
end
return answer
