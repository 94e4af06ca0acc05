-- Stores an entry. KEYS[6] the entry, KEYS[7] the lease.
local namespace, member, mark_inc, mark_seq, mark_time, fence = unpack(ARGV, 3, 8)
local tags, fresh, keep, replaces, scopes, origin, payload = unpack(ARGV, 9, 15)

local seq, read = S.seq, now
if mark_inc ~= '' then
  seq, read = tonumber(mark_seq), tonumber(mark_time)
  local buried = tonumber(redis.call('ZSCORE', TOMBS, member) or nil) or S.tombs_floor
  if mark_inc ~= S.inc or seq < buried or seq < S.tombs_floor or seq < last_void(namespace, tags) then
    return {'invalidated'}
  end
end
if fence ~= '' and redis.pcall('HGET', KEYS[7], 'fence') ~= fence then
  return {'fenced'}
end

tick()
local before, _, absence = entry(KEYS[6], namespace)
local vanished = absence == 'foreign'
if absence == 'missing' then
  local ends = redis.call('ZSCORE', LIVE, member)
  vanished = ends and tonumber(ends) > now
end
if replaces == '1' then
  -- What others read before is void, and so is what they may yet store of it.
  bump()
  seq = S.seq
  bury(member)
end
local left = math.floor(tonumber(keep) - math.max(0, now - read) / 1000)
if left > 0 then
  -- Others may hold what was there before somebody else removed it.
  local gap = vanished and text(now) or before and before.gap or '0'
  local head = table.concat(
    {S.inc, text(seq), text(read), text(now), fresh, keep, gap, origin, tags}, ' ')
  redis.call('ZREMRANGEBYSCORE', LIVE, '-inf', text(now))
  redis.call('ZADD', LIVE, text(now + left * 1000 - CLOCK_SLACK_US), member)
  redis.call('SET', KEYS[6], head .. '\n' .. payload, 'PX', left)
else
  redis.call('DEL', KEYS[6])
  redis.call('ZREM', LIVE, member)
end
if scopes ~= '' then
  announce(scopes, origin)
end
save()
return {'stored', text(now)}
