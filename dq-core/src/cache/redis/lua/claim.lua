-- Asks for a lease. KEYS[6] the entry, KEYS[7] the lease.
local namespace, holder, lease_ms, replacing = unpack(ARGV, 3, 6)

local head, raw = entry(KEYS[6], namespace)
if head and head.is_fresh and (replacing == '' or head.stored > tonumber(replacing)) then
  return {'present', raw, text(now)}
end
local owner = redis.pcall('HMGET', KEYS[7], 'holder', 'until')
local ends = tonumber(owner[2] or nil)
if ends and ends > now and owner[1] ~= holder then
  return {'held', text(math.ceil((ends - now) / 1000))}
end
S.fence = math.max(S.fence + 1, now)
save()
redis.call('DEL', KEYS[7])
redis.call('HSET', KEYS[7], 'fence', text(S.fence), 'holder', holder,
  'until', text(now + tonumber(lease_ms) * 1000))
-- Longer than it lasts, so that a late writer is still told from the last one.
redis.call('PEXPIRE', KEYS[7], tonumber(lease_ms) + LEASE_MEMORY_MS)
return {'granted', text(S.fence), S.inc, text(S.seq), text(now)}
