//! An exchange in Redis: two hashes, and one script for each thing that is done with them.

use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};
use crate::redis::{RedisConnection, Reply, Script};
use crate::resilience::cluster::{BreakerExchange, ClusterView, NodeDigest, Order, StandingOrder};

/// Puts the digest of a node down with the time, and returns the time and what is in both hashes, each with
/// its age or what is left of it. What is too old is removed.
const EXCHANGE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('GET', KEYS[3]) or '0')
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', now) .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], 60000)
local nodes, orders = {}, {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
    local at, text = string.match(all[i + 1], '^(%d+) (.*)$')
    local age = math.max(0, now - tonumber(at or '0'))
    if age <= 2000000 then
        table.insert(nodes, string.format('%.0f', age / 1000))
        table.insert(nodes, text)
    else
        redis.call('HDEL', KEYS[1], all[i])
    end
end
all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
    local serial, ends, text = string.match(all[i + 1], '^(%d+) (%d+) (.*)$')
    ends = tonumber(ends or '1')
    if ends == 0 or ends > now then
        table.insert(orders, serial)
        table.insert(orders, ends == 0 and '' or string.format('%.0f', math.ceil((ends - now) / 1000)))
        table.insert(orders, text)
    else
        redis.call('HDEL', KEYS[2], all[i])
    end
end
return {string.format('%.0f', math.max(now, last)), nodes, orders}
";

/// Puts an order down, and returns its serial: the time, or more where the clock was set back.
const ORDER: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local serial = math.max(now, tonumber(redis.call('GET', KEYS[3]) or '0') + 1)
local ends = ARGV[2] == '' and 0 or now + ARGV[2] * 1000
redis.call('SET', KEYS[3], string.format('%.0f', serial))
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f %.0f ', serial, ends) .. ARGV[3])
return string.format('%.0f', serial)
";

/// Removes an order, and takes a serial, so that views from before are known as such.
const WITHDRAW: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local serial = math.max(now, tonumber(redis.call('GET', KEYS[3]) or '0') + 1)
redis.call('SET', KEYS[3], string.format('%.0f', serial))
redis.call('HDEL', KEYS[2], ARGV[1])
return string.format('%.0f', serial)
";

/// An exchange in Redis. All nodes that use the same server and the same prefix share their breakers. Orders
/// last as long as Redis keeps its data.
#[derive(Clone, Debug)]
pub struct RedisBreakerExchange {
    connection: RedisConnection,
    keys: [String; 3],
    exchange: Script,
    order: Script,
    withdraw: Script,
}

impl RedisBreakerExchange {
    /// An exchange over `connection`, under its prefix. An exchange is one command.
    pub fn new(connection: RedisConnection) -> Self {
        let key = |name: &str| format!("{}{{breakers}}:{name}", connection.prefix());
        Self {
            keys: [key("digests"), key("orders"), key("serial")],
            exchange: Script::new(EXCHANGE).repeatable(),
            order: Script::new(ORDER).repeatable(),
            withdraw: Script::new(WITHDRAW).repeatable(),
            connection,
        }
    }

    async fn run(&self, script: &Script, arguments: &[&[u8]]) -> Result<Reply> {
        let [digests, orders, serial] = &self.keys;
        let keys = [digests.as_bytes(), orders.as_bytes(), serial.as_bytes()];
        self.connection.run(script, &keys, arguments).await
    }
}

#[async_trait::async_trait]
impl BreakerExchange for RedisBreakerExchange {
    async fn exchange(&self, digest: &NodeDigest) -> Result<ClusterView> {
        let text = write(digest)?;
        let reply = self.run(&self.exchange, &[digest.node.as_bytes(), text.as_bytes()]).await?;
        let [serial, nodes, orders] = reply.list() else { return Err(malformed()) };
        let node = |pair: &[Reply]| match pair {
            [age, text] => Ok(NodeDigest { age_ms: number(age)?, ..read(text)? }),
            _ => Err(malformed()),
        };
        let order = |triple: &[Reply]| match triple {
            [serial, left, text] => {
                let expires_in_ms = left.int().and_then(|it| u64::try_from(it).ok());
                let order = Order { expires_in_ms, ..read(text)? };
                Ok(StandingOrder { serial: number(serial)?, order })
            }
            _ => Err(malformed()),
        };
        Ok(ClusterView {
            serial: number(serial)?,
            nodes: nodes.list().chunks(2).map(node).collect::<Result<_>>()?,
            orders: orders.list().chunks(3).map(order).collect::<Result<_>>()?,
        })
    }

    async fn order(&self, order: &Order) -> Result<StandingOrder> {
        let left = order.expires_in_ms.map_or_else(String::new, |it| it.to_string());
        let text = write(order)?;
        let arguments = [order.breaker.as_bytes(), left.as_bytes(), text.as_bytes()];
        let serial = number(&self.run(&self.order, &arguments).await?)?;
        Ok(StandingOrder { serial, order: order.clone() })
    }

    async fn withdraw(&self, breaker: &str) -> Result<()> {
        self.run(&self.withdraw, &[breaker.as_bytes()]).await.map(drop)
    }
}

fn write(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|it| {
        Error::new(ErrorKind::Internal, "cannot write a digest as JSON").with_source(it)
    })
}

fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T> {
    let value = serde_json::from_slice(reply.bytes().unwrap_or_default());
    value.map_err(|it| malformed().with_source(it))
}

fn number(reply: &Reply) -> Result<u64> {
    reply.int().and_then(|it| u64::try_from(it).ok()).ok_or_else(malformed)
}

fn malformed() -> Error {
    let message = "what other nodes have put into the exchange of the breakers cannot be read";
    Error::new(ErrorKind::SourceInvalid, message)
}
