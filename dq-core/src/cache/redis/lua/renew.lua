-- Lets a lease last. KEYS[6] the lease, ARGV[3] its fence, ARGV[4] for how long.
local owner = redis.pcall('HMGET', KEYS[6], 'fence', 'until')
local ends = tonumber(owner[2] or nil)
if owner[1] ~= ARGV[3] or not ends or ends <= now then
  return 0
end
redis.call('HSET', KEYS[6], 'until', text(now + tonumber(ARGV[4]) * 1000))
redis.call('PEXPIRE', KEYS[6], tonumber(ARGV[4]) + LEASE_MEMORY_MS)
return 1
