-- Invalidates. KEYS[6..] entries of the keys. ARGV[3] what to announce, if the stream is here, ARGV[4]
-- by whom, ARGV[5] '1' for everything, ARGV[6] how many keys there are, ARGV[7..] the keys, and after
-- them tags and namespaces.
bump()
if ARGV[5] == '1' then
  S.all = S.seq
end
for position = 6, #KEYS do
  redis.call('DEL', KEYS[position])
end
local keys = tonumber(ARGV[6])
for position = 7, #ARGV do
  if position < 7 + keys then
    bury(ARGV[position])
    redis.call('ZREM', LIVE, ARGV[position])
  else
    mark_void(ARGV[position])
  end
end
if ARGV[3] ~= '' then
  announce(ARGV[3], ARGV[4])
end
save()
return 'OK'
