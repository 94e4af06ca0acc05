-- Reads what was announced. ARGV[3] the incarnation that the reader knows, ARGV[4] the number of the last
-- announcement it has read, ARGV[5] how many it takes.
local answer = {S.inc, text(S.bus)}
if ARGV[3] == S.inc then
  local from = text(tonumber(ARGV[4]) + 1) .. '-0'
  for _, message in ipairs(redis.call('XRANGE', BUS, from, '+', 'COUNT', ARGV[5])) do
    answer[#answer + 1] = string.match(message[1], '^%d+')
    answer[#answer + 1] = message[2][2]
    answer[#answer + 1] = message[2][4]
  end
end
return answer
