-- Reads entries. KEYS[5..] the entries, ARGV[3..] their namespaces.
local answer = {S.inc, text(S.seq), text(now)}
for position = 5, #KEYS do
  local head, raw = entry(KEYS[position], ARGV[position - 2])
  answer[#answer + 1] = head and raw or false
end
return answer
