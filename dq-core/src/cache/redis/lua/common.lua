-- What every script begins with: it reads the state of the shard, and makes a new one if there is
-- none, or if something of it was lost.
--
-- KEYS[1] state, KEYS[2] tombstones of keys, KEYS[3] stamps of tags and namespaces, KEYS[4] stream,
-- KEYS[5] until when entries are there unless somebody else removes them.
-- ARGV[1] '1' if the server did not know this script, ARGV[2] the name of a new incarnation.
--
-- All times are microseconds of this server's clock. `seq` numbers invalidations; it is never behind
-- the clock, so that numbers are not used twice even if some were lost.
local STATE, TOMBS, STAMPS, BUS, LIVE = unpack(KEYS, 1, 5)
local S = {}
local NUMBERS = {'seq', 'clock', 'all', 'tombs', 'tombs_floor', 'stamps', 'stamps_floor', 'bus', 'fence'}

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

local function text(number)
  return string.format('%.0f', number)
end

local function save()
  local fields = {}
  for _, name in ipairs(NUMBERS) do
    fields[#fields + 1] = name
    fields[#fields + 1] = text(S[name])
  end
  redis.call('HSET', STATE, 'inc', S.inc, 'run', S.run, unpack(fields))
end

-- Under which master this is: a server takes another name when it starts and whenever it is promoted, also when it
-- was the master before and still knows the scripts.
local function reign()
  local answer = redis.pcall('INFO', 'replication')
  if type(answer) ~= 'string' then
    return ''
  end
  return string.match(answer, 'master_replid:(%x+)') or ''
end

-- Begins anew: whatever was read or stored before is void.
local function reset(run)
  redis.call('DEL', STATE, TOMBS, STAMPS, BUS, LIVE)
  -- Leases outlast it, and may be of a server whose clock was ahead.
  local fence = math.max(now, S.fence or 0)
  for _, name in ipairs(NUMBERS) do
    S[name] = now
  end
  S.inc, S.run, S.tombs, S.stamps, S.bus, S.fence = ARGV[2], run, 0, 0, 0, fence
  save()
end

local function load()
  local values = redis.call('HMGET', STATE, 'inc', 'run', unpack(NUMBERS))
  S.inc, S.run = values[1], values[2]
  for position, name in ipairs(NUMBERS) do
    S[name] = tonumber(values[position + 2] or nil)
    if not S[name] then
      return false
    end
  end
  now = math.max(now, S.clock)
  return S.inc and redis.call('ZCARD', TOMBS) == S.tombs and redis.call('ZCARD', STAMPS) == S.stamps
end

-- A server that has started, or was promoted, since may lack the last writes. Where nobody may ask it, only that it
-- does not know the script tells.
local run, is_whole = reign(), load()
local is_another = run ~= '' and run ~= S.run or run == '' and ARGV[1] == '1'
if is_another or not is_whole then
  reset(run)
end

-- Takes the next number for an invalidation.
local function bump()
  S.seq = math.max(S.seq + 1, now)
end

-- Makes sure that times of stored entries grow.
local function tick()
  now = math.max(now, S.clock + 1)
  S.clock = now
end

-- Keeps the newest members of a set; returns how many there are, and the number of the newest one
-- that was dropped.
local function prune(set, floor, max)
  local count = redis.call('ZCARD', set)
  if count <= max then
    return count, floor
  end
  local surplus = count - max + math.floor(max / 10)
  local dropped = redis.call('ZPOPMIN', set, surplus)
  return redis.call('ZCARD', set), math.max(floor, tonumber(dropped[#dropped]))
end

local function bury(member)
  redis.call('ZADD', TOMBS, text(S.seq), member)
  S.tombs, S.tombs_floor = prune(TOMBS, S.tombs_floor, TOMBS_MAX)
end

local function mark_void(member)
  redis.call('ZADD', STAMPS, text(S.seq), member)
  S.stamps, S.stamps_floor = prune(STAMPS, S.stamps_floor, STAMPS_MAX)
end

-- Tells all nodes.
local function announce(scopes, origin)
  S.bus = S.bus + 1
  redis.call('XADD', BUS, 'MAXLEN', '~', BUS_MAX, text(S.bus) .. '-0', 's', scopes, 'o', origin)
end

-- The number of the last invalidation of a namespace, of one of the tags, or of everything. What was
-- read before is void.
local function last_void(namespace, tags)
  local last = math.max(S.all, S.stamps_floor)
  local function see(member)
    local number = redis.call('ZSCORE', STAMPS, member)
    if number then
      last = math.max(last, tonumber(number))
    end
  end
  see('n' .. namespace)
  for tag in string.gmatch(tags, string.rep('%x', 32)) do
    see('t' .. tag)
  end
  return last
end

-- Reads an entry: its head and all of it, or nothing and why: it is missing, void, or no entry.
local function entry(key, namespace)
  local raw = redis.pcall('GET', key)
  if not raw then
    return nil, nil, 'missing'
  elseif type(raw) ~= 'string' then
    return nil, nil, 'foreign'
  end
  local inc, seq, read, stored, fresh, keep, gap, origin, tags =
    string.match(raw, '^(%x+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%x+) (%x*)\n')
  if not inc then
    return nil, nil, 'foreign'
  elseif inc ~= S.inc or tonumber(seq) < last_void(namespace, tags) then
    return nil, nil, 'void'
  end
  local age = math.max(0, now - tonumber(read)) / 1000
  if age >= tonumber(keep) then
    return nil, nil, 'void'
  end
  local head = {stored = tonumber(stored), is_fresh = age < tonumber(fresh), gap = gap, origin = origin}
  return head, raw
end
