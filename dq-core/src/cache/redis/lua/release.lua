-- Gives a lease back. KEYS[6] the lease, ARGV[3] its fence.
if redis.pcall('HGET', KEYS[6], 'fence') == ARGV[3] then
  redis.call('DEL', KEYS[6])
end
return 'OK'
