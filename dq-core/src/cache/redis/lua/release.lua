-- Gives a lease back. KEYS[5] the lease, ARGV[3] its fence.
if redis.pcall('HGET', KEYS[5], 'fence') == ARGV[3] then
  redis.call('DEL', KEYS[5])
end
return 'OK'
