-- Reads entries. KEYS[6..] the entries, ARGV[3..] their namespaces.
local answer = {S.inc, text(S.seq), text(now)}
for position = 6, #KEYS do
  local head, raw = entry(KEYS[position], ARGV[position - 3])
  answer[#answer + 1] = head and raw or false
end
return answer
