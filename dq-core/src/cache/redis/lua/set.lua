-- Stores an entry. KEYS[5] the entry, KEYS[6] the lease.
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
if fence ~= '' and redis.pcall('HGET', KEYS[6], 'fence') ~= fence then
  return {'fenced'}
end

tick()
local before = entry(KEYS[5], namespace)
if replaces == '1' then
  -- What others read before is void, and so is what they may yet store of it.
  bump()
  seq = S.seq
  bury(member)
end
local left = math.floor(tonumber(keep) - math.max(0, now - read) / 1000)
if left > 0 then
  local born = before and before.born or text(now)
  local head = table.concat(
    {S.inc, text(seq), text(read), text(now), fresh, keep, born, origin, tags}, ' ')
  redis.call('SET', KEYS[5], head .. '\n' .. payload, 'PX', left)
else
  redis.call('DEL', KEYS[5])
end
if scopes ~= '' then
  announce(scopes, origin)
end
save()
return {'stored', text(now)}
