//! A Redis master, its replica, and three sentinels.

use super::*;
use crate::servers::process::Process;
use crate::servers::redis::RedisServer;
use crate::servers::resp::{Answer, ask};

const SENTINELS: usize = 3;

/// The name under which the sentinels know the master.
pub(crate) const MASTER_NAME: &str = "dq-test";

/// A Redis master, its replica, and three sentinels.
#[derive(Debug)]
pub(crate) struct RedisSentinel {
    /// The first is the master at the start.
    pub(crate) servers: Vec<RedisServer>,
    sentinels: Vec<Sentinel>,
}

#[derive(Debug)]
struct Sentinel {
    port: u16,
    folder: tempfile::TempDir,
    process: Process,
}

impl RedisSentinel {
    /// Starts them, and waits until all know each other.
    pub(crate) fn start() -> Option<Self> {
        let master = RedisServer::start()?;
        let port = master.port.to_string();
        let options = ["--replicaof", "127.0.0.1", &port].map(str::to_owned);
        let replica = RedisServer::start_with(&options, None)?;
        let sentinels = (0..SENTINELS).map(|_| Sentinel::start(master.port)).collect();
        let started = Self { servers: vec![master, replica], sentinels };
        wait_until("the sentinels know each other and the replica", || {
            started.sentinels.iter().all(|it| it.others() == SENTINELS - 1 && it.replicas() == 1)
                && started.servers[1].info("master_link_status").as_deref() == Some("up")
        });
        Some(started)
    }

    /// Where the sentinels listen.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.sentinels.iter().map(|it| format!("127.0.0.1:{}", it.port)).collect()
    }

    /// Waits until the server at `position` is a master.
    pub(crate) fn wait_until_master(&self, position: usize) {
        let server = &self.servers[position];
        // It breaks its connections when it becomes one.
        wait_until("the replica is the master", || {
            server.try_info("role").ok().flatten().as_deref() == Some("master")
        });
    }
}

impl Sentinel {
    fn start(master: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let port = port::free();
        let path = folder.path().display();
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {path}\nunixsocket {path}/redis.sock\nlogfile {path}/log\n\
             sentinel monitor {MASTER_NAME} 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds {MASTER_NAME} 1000\n\
             sentinel failover-timeout {MASTER_NAME} 5000\n"
        );
        let file = folder.path().join("sentinel.conf");
        std::fs::write(&file, text).expect("the folder can be written");
        let arguments = [file.display().to_string(), "--sentinel".to_owned()];
        let process = Process::start("redis-server", &arguments);
        Self { port, folder, process }
    }

    fn others(&self) -> usize {
        self.count("SENTINELS")
    }

    fn replicas(&self) -> usize {
        self.count("REPLICAS")
    }

    fn count(&self, what: &str) -> usize {
        let socket = self.folder.path().join("redis.sock");
        match ask(&socket, &[&["SENTINEL", what, MASTER_NAME]]) {
            Ok(Answer::List(list)) => list.len(),
            _ => 0,
        }
    }
}
