//! What the sections of guards say, put together.
//!
//! ```text
//!  the part's default ◀─ `default` ◀─ the section of the name      what a section does not say is
//!                                                                  as in the one to its left
//!  `database` is the guard of the executor too; `cache` is that of the store behind the cache, `replicas`
//!  that of each server of a database with replicas, and both take nothing from `default`: their parts know better
//! ```

use serde_json::{Map, Value};

use crate::executor::ExecutorConfig;
use crate::resilience::GuardConfig;

/// The section that others are made of.
pub(crate) const DEFAULT: &str = "default";

/// The section of the store behind the cache.
const CACHE: &str = "cache";

/// The section of each server of a database with replicas.
const REPLICAS: &str = "replicas";

/// The section of the database.
const DATABASE: &str = "database";

/// Fields that keep to another one unless they are set: the other, the field, and whether the field is the
/// greater of both.
const FOLLOWERS: [(&str, &str, &str, bool); 3] = [
    ("breaker", "recovery_timeout_ms", "recovery_timeout_max_ms", true),
    ("breaker", "sliding_window_size", "minimum_requests", false),
    ("retry", "delay_ms", "delay_max_ms", true),
];

/// Makes whole guards of what was set in `guards`, and gives the executor and the cache theirs.
pub(crate) fn complete(tree: &mut Map<String, Value>) -> serde_json::Result<()> {
    let Some(Value::Object(sections)) = tree.remove("guards") else { return Ok(()) };
    let inherited = sections.get(DEFAULT).cloned().unwrap_or(Value::Null);
    let set = |name: &str| {
        let own = sections.get(name).cloned().unwrap_or(Value::Null);
        if [CACHE, REPLICAS].contains(&name) { own } else { overlaid(inherited.clone(), own) }
    };
    let executor = serde_json::to_value(ExecutorConfig::default())?;
    for (field, value) in parts_of(&whole(&executor, &set(DATABASE)), &["breaker", "retry"]) {
        put_inside(tree, "executor", field, value);
    }
    #[cfg(feature = "cache")]
    {
        let cache = serde_json::to_value(crate::cache::TieredConfig::default())?;
        for (field, value) in parts_of(&whole(&cache, &set(CACHE)), &["breaker"]) {
            put_inside(tree, "cache", field, value);
        }
    }
    #[cfg(feature = "postgres")]
    {
        let replicas = serde_json::to_value(crate::database::replicas::ReplicasConfig::default())?;
        for (field, value) in parts_of(&whole(&replicas, &set(REPLICAS)), &["breaker"]) {
            put_inside(tree, "replicas", field, value);
        }
    }
    let guard = serde_json::to_value(GuardConfig::default())?;
    let guards = sections.keys().map(|name| (name.clone(), whole(&guard, &set(name))));
    tree.insert("guards".to_owned(), Value::Object(guards.collect()));
    Ok(())
}

/// The defaults with what was set. A follower that was not set moves with what it follows.
fn whole(defaults: &Value, set: &Value) -> Value {
    let mut whole = overlaid(defaults.clone(), set.clone());
    for (part, leader, follower, is_greater) in FOLLOWERS {
        let is_set = |field| set.get(part).and_then(|it| it.get(field)).is_some();
        if !is_set(leader) || is_set(follower) {
            continue;
        }
        let number = |field| whole.get(part).and_then(|it| it.get(field)).and_then(Value::as_u64);
        let Some((led, follows)) = number(leader).zip(number(follower)) else { continue };
        let moved = if is_greater { follows.max(led) } else { follows.min(led) };
        if let Some(Value::Object(fields)) = whole.get_mut(part) {
            fields.insert(follower.to_owned(), moved.into());
        }
    }
    whole
}

fn overlaid(mut below: Value, above: Value) -> Value {
    match (&mut below, above) {
        (_, Value::Null) => below,
        (Value::Object(fields), Value::Object(above)) => {
            for (name, value) in above {
                let under = fields.remove(&name).unwrap_or(Value::Null);
                fields.insert(name, overlaid(under, value));
            }
            below
        }
        (_, above) => above,
    }
}

/// The parts of a struct by their names.
fn parts_of<'a>(whole: &Value, names: &[&'a str]) -> Vec<(&'a str, Value)> {
    names.iter().filter_map(|name| Some((*name, whole.get(name)?.clone()))).collect()
}

fn put_inside(tree: &mut Map<String, Value>, section: &str, field: &str, value: Value) {
    let inside = tree.entry(section).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(fields) = inside {
        fields.insert(field.to_owned(), value);
    }
}
