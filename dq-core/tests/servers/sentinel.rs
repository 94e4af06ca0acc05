//! A Redis master, its replica, and three sentinels.

use std::path::PathBuf;

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

/// Asks sentinels which server they name.
#[derive(Clone, Debug)]
pub(crate) struct Naming {
    sockets: Vec<PathBuf>,
}

impl Naming {
    /// The port of the server that all of them name.
    pub(crate) fn port(&self) -> Option<u16> {
        let mut ports = self.sockets.iter().map(|it| {
            let answer = ask(it, &[&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME]]);
            match answer {
                Ok(Answer::List(list)) => list.get(1)?.text().parse().ok(),
                _ => None,
            }
        });
        let first = ports.next()??;
        ports.all(|it| it == Some(first)).then_some(first)
    }
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

    /// Ends the sentinel at `position` as `kill -9` does.
    pub(crate) fn kill_sentinel(&mut self, position: usize) {
        self.sentinels[position].process.kill();
    }

    /// Where the sentinels are asked which server they name, from anywhere.
    pub(crate) fn naming(&self) -> Naming {
        Naming { sockets: self.sentinels.iter().map(Sentinel::socket).collect() }
    }

    /// The position of the server that all of them name, once they do.
    pub(crate) fn master(&self) -> usize {
        let naming = self.naming();
        let mut position = None;
        wait_until("all sentinels name one master", || {
            let port = naming.port();
            position = self.servers.iter().position(|it| Some(it.port) == port);
            position.is_some()
        });
        position.expect("it was waited for")
    }

    /// Has one server follow the other, and waits until it could take its place.
    pub(crate) fn follow(&self, follower: usize, master: usize) {
        let (follower, master) = (&self.servers[follower], &self.servers[master]);
        let port = master.port.to_string();
        wait_until("the follower knows its master", || {
            let told = follower.try_ask(&["REPLICAOF", "127.0.0.1", &port]);
            told.is_ok_and(|it| it.text().starts_with("OK"))
        });
        wait_until("the follower has everything", || {
            follower.try_info("master_link_status").ok().flatten().as_deref() == Some("up")
                && self.sentinels.iter().all(Sentinel::has_a_replica)
        });
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
             sentinel failover-timeout {MASTER_NAME} 2000\n"
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

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Whether there is a replica that could become the master.
    fn has_a_replica(&self) -> bool {
        let Ok(Answer::List(list)) = ask(&self.socket(), &[&["SENTINEL", "REPLICAS", MASTER_NAME]])
        else {
            return false;
        };
        list.iter().any(|it| {
            let fields: Vec<_> = it.list().iter().map(Answer::text).collect();
            let is = |name: &str, value: &str| fields.chunks(2).any(|it| it == [name, value]);
            is("flags", "slave") && is("role-reported", "slave") && is("master-link-status", "ok")
        })
    }

    fn count(&self, what: &str) -> usize {
        match ask(&self.socket(), &[&["SENTINEL", what, MASTER_NAME]]) {
            Ok(Answer::List(list)) => list.len(),
            _ => 0,
        }
    }
}
