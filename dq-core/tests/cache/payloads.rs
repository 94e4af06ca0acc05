//! What lies in the store: golden payloads, damage, encryption.

use dq_core::cache::{CacheManager, CacheManagerExt, Keyring, PayloadStatistics, TieredConfig};
use dq_core::clock::TestClock;
use serde::{Deserialize, Serialize};

use crate::nodes::{Node, node, two};
use crate::store::TestStore;
use crate::support::{Origin, key, minute, settle};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Verdict {
    rule: String,
    counts: Vec<u64>,
    share: Option<f64>,
    note: Note,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
enum Note {
    None,
    Text(String),
    Pair { low: i32, high: i32 },
}

fn verdict(length: u64) -> Verdict {
    Verdict {
        rule: "npi".to_owned(),
        counts: (0..length).collect(),
        share: Some(0.125),
        note: Note::Pair { low: -1, high: 300 },
    }
}

fn keyring(current: u32, numbers: &[u8]) -> Keyring {
    let keys = numbers.iter().map(|it| (u32::from(*it), [*it; 32]));
    Keyring::new(current, keys).expect("the numbers differ")
}

/// One cache over `store` that encrypts with `keyring`.
async fn encrypting(
    clock: &TestClock,
    store: &TestStore,
    keyring: impl Into<Option<Keyring>>,
) -> Node {
    let node = node(clock, store, &TieredConfig::default(), keyring.into());
    settle().await;
    node
}

fn payloads(node: &Node) -> PayloadStatistics {
    node.cache.statistics().payloads
}

/// The payloads of every version so far. They are read for ever, and what is written now is the latest.
#[tokio::test]
async fn golden_payloads_are_read_for_ever() {
    let (clock, a, b) = two().await;
    let secret = encrypting(&clock, &a.store, keyring(1, &[1])).await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cache/golden");
    for (name, length, reader) in
        [("v1_plain", 3, &b), ("v1_compressed", 1000, &b), ("v1_encrypted", 3, &secret)]
    {
        let writer = if name == "v1_encrypted" { &secret } else { &a };
        let path = format!("{folder}/{name}.bin");
        writer.cache.set(&key(name), verdict(length), &minute()).await;
        let written = a.store.payload(&key(name)).unwrap();
        if std::env::var_os("DQ_BLESS").is_some() {
            std::fs::write(&path, &written).unwrap();
        }
        let golden = std::fs::read(&path).unwrap();
        if name == "v1_plain" {
            assert_eq!(written, golden, "{name}");
        }
        a.store.tamper(&key(name), |it| *it = golden);
        // A node that never had it.
        let fresh = match name {
            "v1_encrypted" => encrypting(&clock, &reader.store, keyring(2, &[1, 2])).await,
            _ => encrypting(&clock, &reader.store, None).await,
        };
        let read = fresh.cache.get::<Verdict>(&key(name)).await.value();
        assert_eq!(read.as_deref(), Some(&verdict(length)), "{name}");
    }
}

#[tokio::test]
async fn long_payloads_are_compressed_where_that_saves_something() {
    let (_, a, b) = two().await;
    a.cache.set(&key("same"), "x".repeat(100_000), &minute()).await;
    assert!(a.store.payload(&key("same")).unwrap().len() < 1000);
    let random: Vec<u8> = (0..100_000_u64).map(|it| (noise(it) >> 56) as u8).collect();
    a.cache.set(&key("random"), random.clone(), &minute()).await;
    assert!(a.store.payload(&key("random")).unwrap().len() <= 100_020);
    a.cache.set(&key("short"), "x".repeat(500), &minute()).await;
    assert!(a.store.payload(&key("short")).unwrap().len() > 500);
    assert_eq!(b.cache.get::<Vec<u8>>(&key("random")).await.value().as_deref(), Some(&random));
    let same = b.cache.get::<String>(&key("same")).await.value();
    assert_eq!(same.as_deref(), Some(&"x".repeat(100_000)));
}

fn noise(seed: u64) -> u64 {
    let mixed = (seed ^ (seed >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

#[tokio::test]
async fn a_damaged_payload_is_a_counted_miss_and_is_replaced() {
    for length in [3, 1000] {
        let (clock, a, _) = two().await;
        a.cache.set(&key("a"), verdict(length), &minute()).await;
        let good = a.store.payload(&key("a")).unwrap();
        let b = encrypting(&clock, &a.store, None).await;
        let mut refused = 0;
        for at in 0..good.len() {
            a.store.tamper(&key("a"), |it| it[at] ^= 0x55);
            assert!(!b.cache.get::<Verdict>(&key("a")).await.is_hit(), "byte {at}");
            refused += 1;
            a.store.tamper(&key("a"), |it| *it = good[..at].to_vec());
            assert!(!b.cache.get::<Verdict>(&key("a")).await.is_hit(), "cut to {at}");
            refused += 1;
            a.store.tamper(&key("a"), |it| it.clone_from(&good));
        }
        let counted = payloads(&b);
        assert_eq!(counted.corrupted + counted.future_version + counted.wrong_key, refused);
        assert!(counted.corrupted > refused * 9 / 10);
        a.store.tamper(&key("a"), |it| it.truncate(7));
        let compute = move || async move { Ok(verdict(length)) };
        let value = b.cache.get_or_compute(&key("a"), &minute(), compute).await.unwrap();
        assert_eq!(*value, verdict(length));
        assert_eq!(a.store.payload(&key("a")).unwrap(), good);
    }
}

#[tokio::test]
async fn a_payload_of_a_later_version_is_a_counted_miss() {
    let (_, a, b) = two().await;
    a.cache.set(&key("a"), verdict(3), &minute()).await;
    for change in [
        |it: &mut Vec<u8>| it[2] = 2,
        |it: &mut Vec<u8>| {
            it[2] = 1;
            it[3] |= 128;
        },
    ] {
        a.store.tamper(&key("a"), change);
        assert!(!b.cache.get::<Verdict>(&key("a")).await.is_hit());
    }
    assert_eq!(payloads(&b).future_version, 2);
}

#[tokio::test]
async fn what_is_encrypted_shows_nothing_and_opens_only_under_its_own_key() {
    let clock = TestClock::new();
    let store = TestStore::new(&clock);
    let a = encrypting(&clock, &store, keyring(1, &[1])).await;
    let secret = "jane@example.org".repeat(200);
    for part in ["a", "b"] {
        a.cache.set(&key(part), secret.clone(), &minute()).await;
    }
    let payload = store.payload(&key("a")).unwrap();
    assert!(!payload.windows(4).any(|it| it == b"jane"));
    let again = encrypting(&clock, &store, keyring(1, &[1])).await;
    assert_eq!(again.cache.get::<String>(&key("a")).await.value().as_deref(), Some(&secret));
    // Moved under another cache key it is no longer authentic.
    let other = encrypting(&clock, &store, keyring(1, &[1])).await;
    store.move_payload(&key("a"), &key("b"));
    assert!(!other.cache.get::<String>(&key("b")).await.is_hit());
    // Nor with a single bit changed, wherever.
    for at in 0..payload.len() {
        store.tamper(&key("a"), |it| it[at] ^= 1);
        assert!(!other.cache.get::<String>(&key("a")).await.is_hit(), "byte {at}");
        store.tamper(&key("a"), |it| it.clone_from(&payload));
    }
    assert!(other.cache.get::<String>(&key("a")).await.is_hit());
}

#[tokio::test]
async fn without_the_right_key_there_is_a_counted_miss_and_plain_payloads_are_not_trusted() {
    let clock = TestClock::new();
    let store = TestStore::new(&clock);
    let a = encrypting(&clock, &store, keyring(1, &[1])).await;
    a.cache.set(&key("a"), 7_u64, &minute()).await;
    for keys in [None, Some(keyring(2, &[2]))] {
        let b = encrypting(&clock, &store, keys).await;
        assert_eq!(b.get("a").await, None);
        assert_eq!(payloads(&b).wrong_key, 1);
    }
    let wrong = Keyring::new(1, [(1, [99; 32])]).unwrap();
    let b = encrypting(&clock, &store, wrong).await;
    assert_eq!(b.get("a").await, None);
    assert_eq!(payloads(&b).wrong_key, 1);
    let plain = encrypting(&clock, &store, None).await;
    plain.cache.set(&key("b"), 7_u64, &minute()).await;
    assert_eq!(a.get("b").await, None);
    assert_eq!(payloads(&a).plain, 1);
}

#[tokio::test]
async fn keys_are_changed_without_losing_what_the_old_one_wrote() {
    let clock = TestClock::new();
    let store = TestStore::new(&clock);
    let old = encrypting(&clock, &store, keyring(1, &[1])).await;
    old.cache.set(&key("a"), 7_u64, &minute()).await;
    let both = encrypting(&clock, &store, keyring(2, &[1, 2])).await;
    assert_eq!(both.get("a").await, Some(7));
    both.cache.set(&key("b"), 8_u64, &minute()).await;
    let new = encrypting(&clock, &store, keyring(2, &[2])).await;
    assert_eq!((new.get("a").await, new.get("b").await), (None, Some(8)));
    assert!(Keyring::new(3, [(1, [0; 32])]).is_err());
    assert!(Keyring::new(1, [(1, [0; 32]), (1, [1; 32])]).is_err());
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    Text(String),
}

#[tokio::test]
async fn what_cannot_be_encoded_or_decoded_stays_in_memory() {
    let (_, a, b) = two().await;
    a.cache.set(&key("a"), Untagged::Number(7), &minute()).await;
    assert!(a.cache.get::<Untagged>(&key("a")).await.is_hit());
    assert!(!b.cache.get::<Untagged>(&key("a")).await.is_hit());
    assert_eq!(payloads(&b).corrupted, 1);
}

#[tokio::test]
async fn a_payload_that_is_too_large_stays_in_memory() {
    let clock = TestClock::new();
    let store = TestStore::new(&clock);
    let config = TieredConfig { payload_bytes_max: 1000, ..Default::default() };
    let a = node(&clock, &store, &config, None);
    settle().await;
    let random: Vec<u8> = (0..2000_u64).map(|it| (noise(it) >> 56) as u8).collect();
    a.cache.get_or_compute(&key("a"), &minute(), || async { Ok(random) }).await.unwrap();
    assert!(a.cache.get::<Vec<u8>>(&key("a")).await.is_hit());
    assert_eq!(store.payload(&key("a")), None);
    assert_eq!(a.cache.statistics().shared.too_large, 1);
    let origin = Origin::default();
    assert_eq!(
        a.cache.get_or_compute(&key("b"), &minute(), origin.next()).await.map(|it| *it).unwrap(),
        1
    );
}
