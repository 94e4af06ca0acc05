//! `message_queue`: jobs that wait for a worker.

use crate::config::key::Key;
use crate::config::kind::{DAY_MS, Kind};

const fn queue(path: &'static str, kind: Kind, meaning: &'static str) -> Key {
    Key::new(path, kind, meaning).awaits("the message queue")
}

pub(crate) const KEYS: &[Key] = &[
    queue(
        "message_queue.redis.url",
        Kind::Url(&["redis", "rediss"]),
        "The Redis that holds the queues.",
    ),
    queue(
        "message_queue.queues.*.priority_levels",
        Kind::Whole(1, 10),
        "How many priorities the queue tells apart.",
    ),
    queue(
        "message_queue.queues.*.max_retries",
        Kind::Whole(0, 100),
        "How often a failed job is tried again.",
    ),
    queue(
        "message_queue.queues.*.retry_delay",
        Kind::List(&Kind::seconds(0, DAY_MS)),
        "How long to wait before each try.",
    ),
    queue(
        "message_queue.queues.*.dead_letter_queue",
        Kind::Text,
        "Where jobs go that failed for good: the name of a queue, or whether there is one.",
    ),
    queue(
        "message_queue.consumers.*.concurrency",
        Kind::Whole(1, 1_000),
        "How many jobs the consumer works on at once.",
    ),
    queue(
        "message_queue.consumers.*.prefetch",
        Kind::Whole(0, 1_000),
        "How many jobs it takes ahead.",
    ),
];
