//! Other processes: this test binary runs itself, and this is what it does then.

use std::net::TcpStream;
use std::path::{Path, PathBuf};

use dq_core::cache::{CacheManager, CacheManagerExt, CacheOptions};

use crate::servers::process::Process;
use crate::*;

const TASK: &str = "DQ_TEST_WORKER_TASK";
const URL: &str = "DQ_TEST_WORKER_URL";
const FOLDER: &str = "DQ_TEST_WORKER_FOLDER";

/// Starts this test binary again, for `task`, with more variables.
pub(crate) fn start(task: &str, url: &str, folder: &Path, more: &[(&str, String)]) -> Process {
    let program = std::env::current_exe().expect("this program has a path");
    let arguments = ["--exact", "worker::works_if_it_is_asked_to", "--nocapture"];
    let mut variables = vec![
        (TASK, task.to_owned()),
        (URL, url.to_owned()),
        (FOLDER, folder.display().to_string()),
    ];
    variables.extend_from_slice(more);
    let program = program.display().to_string();
    Process::start_with(&program, &arguments.map(str::to_owned), &variables)
}

pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("`{name}` is not set"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn works_if_it_is_asked_to() {
    // In the run of all tests there is nothing to do.
    let Ok(task) = std::env::var(TASK) else { return };
    let folder = PathBuf::from(variable(FOLDER));
    match task.as_str() {
        "hold" => hold(&folder).await,
        "serve" => serve(&folder).await,
        "history" => history::work(&folder).await,
        other => panic!("nobody knows the task `{other}`"),
    }
}

/// The cache of this process.
pub(crate) fn cache() -> TieredCache {
    let config = RedisConfig { url: Some(variable(URL).into()), ..Default::default() };
    let connection = RedisConnection::new(&config).expect("the configuration is valid");
    tiered(RedisStore::new(connection, RedisStoreConfig::default()).expect("it is valid"), 1000)
}

/// Computes a key until it is told that it is done, and says what became of the value.
async fn hold(folder: &Path) {
    let cache = cache();
    let key = key("hold", "a");
    let (begun, go) = (folder.join("begun"), folder.join("go"));
    let compute = move || async move {
        std::fs::write(begun, "").expect("the folder can be written");
        while !go.exists() {
            pause(5).await;
        }
        Ok("late".to_owned())
    };
    let options = CacheOptions::ttl_ms(60_000);
    let value = cache.get_or_compute(&key, &options, compute).await.expect("it is computed");
    let fenced = cache.statistics().refused_fenced;
    let now = loop {
        if let Some(now) = cache.get::<String>(&key).await.value() {
            break now;
        }
        pause(5).await;
    };
    let said = format!("{value} {fenced} {now}");
    std::fs::write(folder.join("said.part"), said).expect("the folder can be written");
    std::fs::rename(folder.join("said.part"), folder.join("said")).expect("it is there");
}

/// Starts a server, tells where it listens, and waits to be killed.
async fn serve(folder: &Path) {
    let server = RedisServer::start().expect("the caller has one, too");
    std::fs::write(folder.join("port.part"), server.address()).expect("the folder can be written");
    std::fs::rename(folder.join("port.part"), folder.join("port")).expect("it is there");
    std::future::pending::<()>().await;
}

#[test]
fn a_server_ends_with_the_test_binary_even_if_that_is_killed() {
    let Some(own) = RedisServer::start() else { return };
    if !servers::process::has_setpriv() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut other = start("serve", &own.url(), folder.path(), &[]);
    let told = folder.path().join("port");
    servers::wait_until("the worker has a server", || told.exists());
    let address = std::fs::read_to_string(told).expect("it was written");
    assert!(TcpStream::connect(&address).is_ok());
    other.kill();
    servers::wait_until("its server has ended", || TcpStream::connect(&address).is_err());
}
