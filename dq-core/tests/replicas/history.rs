//! Read your writes, as a history that a checker reads: replay is paused and resumed, replicas are killed and started
//! again, and the primary is replaced once, while clients write, read, and pass tokens to each other.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dq_core::ErrorKind;
use dq_core::database::replicas::{CommitToken, Consistency, ReplicatedDatabaseManager};
use dq_core::database::{DatabaseManager, Statement};

use crate::bench::{open, wait_for};
use crate::servers::replicas::Replicated;
use crate::servers::wait_until;

const CLIENTS: usize = 6;

/// How many operations there are; with `DQ_SOAK` many.
fn operations() -> usize {
    if std::env::var_os("DQ_SOAK").is_some() { 100_000 } else { 2_000 }
}

/// What a client did, in its order. A client writes growing values to its own register only.
#[derive(Clone, Debug)]
enum Event {
    /// It wrote to its register, and heard that this was committed.
    Wrote(i64),
    /// It gave the token with this number away.
    Gave(usize),
    /// It took the token with this number.
    Took(usize),
    /// It read a register.
    Read { register: usize, value: i64, written_before_end: i64 },
}

/// What each client must see of each register.
type Floor = [i64; CLIENTS];

/// Reads a history; gives what is wrong in it.
fn violations(history: &[Vec<Event>]) -> Vec<String> {
    let mut checker = Checker::default();
    let mut at = vec![0_usize; history.len()];
    let mut has_moved = true;
    while has_moved {
        has_moved = false;
        for (client, events) in history.iter().enumerate() {
            let begin = at[client];
            let is_done = |it: &usize| !checker.step(client, *it, &events[*it]);
            at[client] = (begin..events.len()).find(is_done).unwrap_or(events.len());
            has_moved |= at[client] > begin;
        }
    }
    for (client, events) in history.iter().enumerate() {
        assert_eq!(at[client], events.len(), "client {client} took a token that nobody gave");
    }
    checker.found
}

/// What is known of a history while it is read.
#[derive(Default)]
struct Checker {
    /// Who takes a token sees what its giver had to see when it gave it; a giver may have taken others.
    given: Vec<Option<Floor>>,
    floors: [Floor; CLIENTS],
    found: Vec<String>,
}

impl Checker {
    /// Reads one event; gives whether that could be done: a token can be taken only when it has been given.
    fn step(&mut self, client: usize, position: usize, event: &Event) -> bool {
        let floor = &mut self.floors[client];
        match event {
            Event::Wrote(value) => floor[client] = *value,
            Event::Gave(number) => {
                self.given.resize(self.given.len().max(number + 1), None);
                self.given[*number] = Some(*floor);
            }
            Event::Took(number) => {
                let Some(Some(other)) = self.given.get(*number) else { return false };
                for (own, other) in floor.iter_mut().zip(other) {
                    *own = (*own).max(*other);
                }
            }
            Event::Read { register, value, written_before_end } => {
                let least = floor[*register];
                if *value < least || value > written_before_end {
                    let text =
                        format!("client {client}, event {position}: {event:?}, at least {least}");
                    self.found.push(text);
                }
            }
        }
        true
    }
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let read = |register, value| Event::Read { register, value, written_before_end: 9 };
    let check =
        |first: &[Event], second: &[Event]| violations(&[first.to_vec(), second.to_vec()]).len();
    assert_eq!(check(&[Event::Wrote(1), read(0, 1)], &[read(0, 0)]), 0);
    assert_eq!(check(&[Event::Wrote(1), read(0, 0)], &[]), 1);
    assert_eq!(check(&[Event::Wrote(1), Event::Gave(0)], &[Event::Took(0), read(0, 0)]), 1);
    assert_eq!(check(&[Event::Took(0), read(1, 2)], &[Event::Wrote(3), Event::Gave(0)]), 1);
    assert_eq!(check(&[], &[read(0, 10)]), 1, "nobody wrote that");
}

/// What clients share.
#[derive(Debug, Default)]
struct Shared {
    done: AtomicUsize,
    /// The newest value that each client has tried to write.
    tried: [AtomicI64; CLIENTS],
    /// The tokens that were given away, as text.
    tokens: Mutex<Vec<String>>,
    reads: AtomicUsize,
    offloaded: AtomicUsize,
    unknown: AtomicUsize,
}

/// Ends the clients where the trouble itself fails: without servers each of their calls would wait for long.
struct Ends(Arc<Shared>, usize);

impl Drop for Ends {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.done.fetch_add(self.1, Ordering::Relaxed);
        }
    }
}

/// Numbers that are a function of a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// One client until there are enough operations; gives its part of the history.
async fn client(
    manager: ReplicatedDatabaseManager,
    own: usize,
    shared: Arc<Shared>,
    total: usize,
) -> Vec<Event> {
    let mut random = Random(0x9E37_79B9 + own as u64);
    let mut events = Vec::new();
    while shared.done.fetch_add(1, Ordering::Relaxed) < total {
        match random.below(100) {
            0..25 => write(&manager, own, &shared, &mut events).await,
            25..30 => {
                let Ok(Some(token)) = manager.token().await else { continue };
                let mut tokens = shared.tokens.lock().unwrap();
                events.push(Event::Gave(tokens.len()));
                tokens.push(token.to_string());
            }
            30..35 => {
                let tokens = shared.tokens.lock().unwrap();
                let Some(last) = tokens.len().checked_sub(1) else { continue };
                let number = last - random.below(tokens.len().min(3));
                manager.after(tokens[number].parse::<CommitToken>().unwrap());
                events.push(Event::Took(number));
            }
            _ => read(&manager, random.below(CLIENTS), &shared, &mut events).await,
        }
    }
    events
}

async fn write(
    manager: &ReplicatedDatabaseManager,
    own: usize,
    shared: &Shared,
    events: &mut Vec<Event>,
) {
    let value = shared.tried[own].fetch_add(1, Ordering::Relaxed) + 1;
    let update =
        Statement::new("UPDATE register SET value = ? WHERE id = ?").bind(value).bind(own as i64);
    let result = if value % 3 == 0 {
        async {
            let mut transaction = manager.begin().await?;
            transaction.execute(&update).await?;
            transaction.commit().await
        }
        .await
    } else {
        manager.execute(&update).await.map(drop)
    };
    match result {
        Ok(()) => events.push(Event::Wrote(value)),
        Err(error) => {
            let kind = error.kind();
            let is_fine = matches!(
                kind,
                ErrorKind::OutcomeUnknown
                    | ErrorKind::Unavailable
                    | ErrorKind::Busy
                    | ErrorKind::Conflict
            );
            assert!(is_fine, "{kind:?}: {error}");
            shared.unknown.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn read(
    manager: &ReplicatedDatabaseManager,
    register: usize,
    shared: &Shared,
    events: &mut Vec<Event>,
) {
    let select = Statement::new("SELECT value, inet_server_port() FROM register WHERE id = ?");
    let result = match manager.query(&select.bind(register as i64)).await {
        Ok(result) => result,
        Err(error) => panic!("a read fails: {error}"),
    };
    let row = result.rows().next().unwrap();
    let number = |column: usize| match row.value(column) {
        dq_core::value::Value::Integer(it) => it,
        other => panic!("{other:?} is no number"),
    };
    let written_before_end = shared.tried[register].load(Ordering::Relaxed);
    events.push(Event::Read { register, value: number(0), written_before_end });
    shared.reads.fetch_add(1, Ordering::Relaxed);
    let primary = manager.nodes().await.unwrap_or_default();
    let on_primary = primary.iter().any(|it| {
        it.role == dq_core::database::NodeRole::Primary
            && it.name.contains(&format!(":{}/", number(1)))
    });
    shared.offloaded.fetch_add(usize::from(!on_primary), Ordering::Relaxed);
}

/// Pauses, resumes, kills, starts and promotes, a step each time that so many operations more are done.
fn trouble(servers: &mut Replicated, shared: &Shared, total: usize) {
    let mut random = Random(20_261_123);
    let (steps, mut primary) = (40, 0);
    for step in 1..steps {
        let due = total * step / steps;
        wait_until_done(shared, due);
        let replicas: Vec<_> = (0..3).filter(|it| *it != primary).collect();
        let chosen = replicas[random.below(2)];
        if step == steps / 2 {
            primary = fail_over(servers, primary);
            continue;
        }
        match random.below(6) {
            0..2 => servers.servers[chosen].pause_replay(),
            2..4 => servers.servers[chosen].resume_replay(),
            _ => {
                servers.servers[chosen].kill();
                wait_until_done(shared, due + total / steps / 3);
                servers.servers[chosen].restart();
            }
        }
    }
    for replica in (0..3).filter(|it| *it != primary) {
        servers.servers[replica].resume_replay();
    }
}

fn wait_until_done(shared: &Shared, operations: usize) {
    // Longer than one failover.
    for _ in 0..30_000 {
        if shared.done.load(Ordering::Relaxed) >= operations {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("waited five minutes for {operations} operations: {shared:?}");
}

/// Kills the primary, promotes the replica that has received most, and lets the others follow it.
fn fail_over(servers: &mut Replicated, old: usize) -> usize {
    let replicas: Vec<_> = (0..3).filter(|it| *it != old).collect();
    for replica in &replicas {
        servers.servers[*replica].resume_replay();
    }
    wait_until("both replicas follow", || servers.servers[old].followers() == 2);
    servers.servers[old].kill();
    let new = servers.most_advanced(&replicas);
    let other = replicas.into_iter().find(|it| *it != new).unwrap();
    servers.servers[new].promote();
    servers.servers[other].follow(&servers.servers[new]);
    let mut all: Vec<_> = servers.servers.iter_mut().collect();
    let (new_server, old_server) = if new < old {
        let (first, second) = all.split_at_mut(old);
        (&*first[new], &mut *second[0])
    } else {
        let (first, second) = all.split_at_mut(new);
        (&*second[0], &mut *first[old])
    };
    old_server.copy_anew(new_server);
    new
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_misses_a_write_of_its_handle_or_of_its_tokens() {
    let Some(mut servers) = Replicated::start() else { return };
    // What was acknowledged outlasts the primary.
    for server in &servers.servers {
        server.run("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'");
        server.run("SELECT pg_reload_conf()");
    }
    let manager = open(&servers).await;
    manager
        .execute(&"CREATE TABLE register (id int PRIMARY KEY, value int NOT NULL)".into())
        .await
        .unwrap();
    let fill =
        format!("INSERT INTO register SELECT g, 0 FROM generate_series(0, {}) g", CLIENTS - 1);
    manager.execute(&fill.into()).await.unwrap();
    let begin = manager.token().await.unwrap().unwrap();
    let (shared, total) = (Arc::new(Shared::default()), operations());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|own| {
            let handle = manager.handle(Consistency::ReadYourWrites);
            handle.after(begin);
            tokio::spawn(client(handle, own, Arc::clone(&shared), total))
        })
        .collect();
    let troubled = tokio::task::spawn_blocking({
        let shared = Arc::clone(&shared);
        move || {
            let _ends = Ends(Arc::clone(&shared), total);
            trouble(&mut servers, &shared, total);
            servers
        }
    });
    let mut history = Vec::new();
    for client in clients {
        history.push(client.await.unwrap());
    }
    let servers = troubled.await.unwrap();
    let found = violations(&history);
    assert!(found.is_empty(), "{} violations: {:#?}", found.len(), &found[..found.len().min(10)]);
    let (reads, offloaded) =
        (shared.reads.load(Ordering::Relaxed), shared.offloaded.load(Ordering::Relaxed));
    let (unknown, events) =
        (shared.unknown.load(Ordering::Relaxed), history.iter().map(Vec::len).sum::<usize>());
    println!(
        "{events} events, {offloaded} of {reads} reads offloaded, {unknown} writes not acknowledged"
    );
    assert!(reads > total / 3, "{reads} reads");
    wait_for("all is well in the end", || async {
        servers.servers.iter().filter(|it| it.try_run("SELECT 1").is_ok()).count() == 3
    })
    .await;
}
