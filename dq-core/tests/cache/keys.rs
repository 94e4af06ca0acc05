//! Keys, tags and namespaces.

use std::collections::HashSet;

use dq_core::ErrorKind;
use dq_core::cache::{CacheKey, Namespace, Tag};

use crate::support::namespace;

#[test]
fn parts_are_told_apart() {
    let namespace = namespace();
    let other = Namespace::new("other").unwrap();
    let keys = [
        CacheKey::new(&namespace, 1, ["ab", "c"]),
        CacheKey::new(&namespace, 1, ["a", "bc"]),
        CacheKey::new(&namespace, 1, ["abc"]),
        CacheKey::new(&namespace, 1, ["abc", ""]),
        CacheKey::new(&namespace, 2, ["abc"]),
        CacheKey::new(&other, 1, ["abc"]),
        CacheKey::new(&namespace, 1, [""]),
        CacheKey::new::<&str>(&namespace, 1, []),
    ];
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    assert_ne!(Tag::new(["ab", "c"]), Tag::new(["a", "bc"]));
}

#[test]
fn keys_and_tags_hold_no_value() {
    let key = CacheKey::new(&namespace(), 1, ["jane@example.org"]);
    let tag = Tag::new(["jane@example.org"]);
    for shown in [key.to_string(), format!("{key:?}"), tag.to_string(), format!("{tag:?}")] {
        assert!(!shown.contains("jane"), "{shown}");
    }
}

#[test]
fn what_a_key_is_written_as_stays_the_same_for_ever_and_reads_back() {
    let key = CacheKey::new(&namespace(), 3, ["a", "b"]);
    let written = "numbers:6b10af50a0316a369bd0b9200bacea16b0901d969b2a9350c0aebe4c581d6a79:v3";
    assert_eq!(key.to_string(), written);
    assert_eq!(CacheKey::parse(written).unwrap(), key);
    let tag = Tag::new(["table", "providers"]);
    assert_eq!(Tag::parse(&tag.to_string()), Some(tag));
    assert_eq!(Tag::from_bytes(*tag.as_bytes()), tag);
}

#[test]
fn what_is_no_key_is_not_read() {
    let good = CacheKey::new(&namespace(), 3, ["a"]).to_string();
    let bad = [
        String::new(),
        good.replace("numbers", "Numbers"),
        good.replace(":v3", ":3"),
        good.replace(":v3", ":v-1"),
        format!("{good}:more"),
        good.replace("numbers:", "numbers:0"),
        good.replace("numbers:", "numbers:+"),
    ];
    for text in bad {
        assert!(CacheKey::parse(&text).is_none(), "{text}");
    }
}

#[test]
fn a_namespace_is_a_short_plain_name() {
    for name in ["", "Upper", "a b", "a:b", "é", "a*", &"x".repeat(65)] {
        let error = Namespace::new(name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UsageInvalid, "{name}");
    }
    for name in ["a", "job_status", "v1.2-x", &"x".repeat(64)] {
        assert_eq!(Namespace::new(name).unwrap().as_str(), name);
    }
}
