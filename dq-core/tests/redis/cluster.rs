//! A cluster of three masters.

use dq_core::ErrorKind;
use dq_core::redis::{Command, RedisConfig, RedisConnection, RedisMode, Script};

use crate::servers::cluster::RedisCluster;
use crate::*;

fn connect(cluster: &RedisCluster) -> RedisConnection {
    // One node is enough to find the others.
    let nodes = cluster.addresses().into_iter().take(1).collect();
    let config = RedisConfig { nodes, mode: RedisMode::Cluster, ..Default::default() };
    RedisConnection::new(&config).expect("the configuration is valid")
}

#[tokio::test]
async fn commands_pipelines_and_scripts_find_their_nodes() {
    let Some(cluster) = RedisCluster::start() else { return };
    let connection = connect(&cluster);
    let keys: Vec<_> = (0..100).map(|it| format!("dq:{it}")).collect();
    for key in &keys {
        assert_eq!(connection.call(&set(key, key)).await.unwrap(), text("OK"));
    }
    let gets: Vec<_> = keys.iter().map(|it| get(it)).collect();
    let answers = connection.pipeline(&gets).await.unwrap();
    for (key, answer) in keys.iter().zip(answers) {
        assert_eq!(answer.unwrap(), text(key));
    }
    let script = Script::new("return redis.call('GET', KEYS[1])");
    connection.preload(&[&script]).await.unwrap();
    for key in &keys {
        assert_eq!(connection.run(&script, &[key.as_bytes()], &[]).await.unwrap(), text(key));
    }
    let counts: Vec<_> =
        cluster.nodes.iter().map(|it| it.ask(&["DBSIZE"]).text().to_owned()).collect();
    assert!(counts.iter().all(|it| it != "0"), "{counts:?}");
    assert_eq!(connection.health().await.unwrap().nodes.len(), 3);
}

#[tokio::test]
async fn keys_of_different_slots_are_refused_before_anything_is_sent() {
    let Some(cluster) = RedisCluster::start() else { return };
    let error = connect(&cluster).call(&Command::new("MGET").key("a").key("b")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UsageInvalid);
    let command = Command::new("MGET").key("{a}1").key("{a}2");
    connect(&cluster).call(&command).await.unwrap();
}

#[tokio::test]
async fn a_slot_that_moves_is_followed() {
    let Some(cluster) = RedisCluster::start() else { return };
    let connection = connect(&cluster);
    for round in 0..3 {
        let key = format!("{{dq:moving}}:{round}");
        connection.call(&set(&key, "here")).await.unwrap();
        let target = (cluster.owner("{dq:moving}") + 1) % 3;
        cluster.move_slot("{dq:moving}", target);
        assert_eq!(connection.call(&get(&key)).await.unwrap(), text("here"));
        let answers = connection.pipeline(&[get(&key), get(&key)]).await.unwrap();
        assert!(answers.into_iter().all(|it| it.unwrap() == text("here")));
    }
}

#[tokio::test]
async fn one_node_that_is_gone_leaves_the_keys_of_the_others() {
    let Some(mut cluster) = RedisCluster::start() else { return };
    for node in &cluster.nodes {
        node.ask(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    }
    let connection = connect(&cluster);
    let keys: Vec<_> = (0..30).map(|it| format!("dq:{it}")).collect();
    for key in &keys {
        connection.call(&set(key, key)).await.unwrap();
    }
    let owners: Vec<_> = keys.iter().map(|it| cluster.owner(it)).collect();
    cluster.nodes[0].kill();
    for (key, owner) in keys.iter().zip(owners) {
        let answer = connection.call(&get(key)).await;
        match owner {
            0 => assert!(answer.unwrap_err().kind().is_transient(), "{key}"),
            _ => assert_eq!(answer.unwrap(), text(key)),
        }
    }
}
