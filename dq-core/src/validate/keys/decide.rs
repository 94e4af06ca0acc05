//! Decides one bucket: which of its keys violate a check.

use crate::validate::keys::bucket::BucketView;
use crate::validate::keys::groups::Groups;
use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::records::{Key, Record};
use crate::validate::keys::span::{Span, for_each_overlapping};

/// What to decide.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Decision {
    /// No key twice.
    Unique,
    /// One value for each key.
    Dependency,
    /// No day in two spans of one key.
    Disjoint,
    /// Each key among the others.
    Among,
    /// Each key a number of times among the others.
    Times {
        /// At least so often.
        min: u64,
        /// At most so often.
        max: u64,
    },
}

/// What was found in one bucket.
#[derive(Debug, Default)]
pub(crate) struct Finding {
    pub(crate) violations: u64,
    pub(crate) groups: u64,
}

impl Decision {
    /// Decides one bucket. `parts` are the keys in question, by partition, and `others` those to look
    /// among. `fails` is called with the partition and the number of each failing row.
    pub(crate) fn decide(
        self,
        parts: &[BucketView<'_>],
        others: &[BucketView<'_>],
        hash: KeyHash,
        fails: &mut dyn FnMut(usize, u32),
    ) -> Finding {
        match self {
            Self::Unique => unique(parts, hash, fails),
            Self::Dependency => dependency(parts, hash, fails),
            Self::Disjoint => disjoint(parts, hash, fails),
            Self::Among => among(parts, others, hash, fails),
            Self::Times { min, max } => {
                times(parts, others, hash, &|rows| (min..=max).contains(&rows), fails)
            }
        }
    }
}

fn unique(parts: &[BucketView<'_>], hash: KeyHash, fails: &mut dyn FnMut(usize, u32)) -> Finding {
    let groups = Groups::new(parts, hash);
    let mut finding = Finding::default();
    for group in groups.iter().filter(|it| it.rows > 1) {
        finding.violations += group.rows;
        finding.groups += 1;
    }
    if finding.groups > 0 {
        for_each_row(parts, |part, bucket, record| {
            if groups.find(bucket, record.key).is_some_and(|it| it.rows > 1) {
                fails(part, record.row);
            }
        });
    }
    finding
}

fn among(
    parts: &[BucketView<'_>],
    others: &[BucketView<'_>],
    hash: KeyHash,
    fails: &mut dyn FnMut(usize, u32),
) -> Finding {
    let known = Groups::new(others, hash);
    let mut missing = Numbers::new(parts, hash);
    let mut finding = Finding::default();
    for_each_row(parts, |part, bucket, record| {
        if known.find(bucket, record.key).is_none() {
            missing.number(part, record.key);
            finding.violations += 1;
            fails(part, record.row);
        }
    });
    finding.groups = missing.table.len() as u64;
    finding
}

fn times(
    parts: &[BucketView<'_>],
    others: &[BucketView<'_>],
    hash: KeyHash,
    is_right: &dyn Fn(u64) -> bool,
    fails: &mut dyn FnMut(usize, u32),
) -> Finding {
    let groups = Groups::new(others, hash);
    let mut finding = Finding::default();
    for_each_row(parts, |part, bucket, record| {
        if !is_right(groups.find(bucket, record.key).map_or(0, |it| it.rows)) {
            finding.violations += 1;
            fails(part, record.row);
        }
    });
    finding
}

fn for_each_row<'a>(
    parts: &[BucketView<'a>],
    mut visit: impl FnMut(usize, BucketView<'a>, Record),
) {
    for (part, bucket) in parts.iter().enumerate() {
        for record in bucket.records() {
            visit(part, *bucket, record);
        }
    }
}

/// A row of a functional dependency: the numbers of its key and of its value in the bucket.
struct Pair {
    key: u32,
    value: u32,
    part: usize,
    row: u32,
}

fn dependency(
    parts: &[BucketView<'_>],
    hash: KeyHash,
    fails: &mut dyn FnMut(usize, u32),
) -> Finding {
    let mut pairs = number_pairs(parts, hash);
    pairs.sort_unstable_by_key(|it| (it.key, it.value));
    let mut finding = Finding::default();
    for group in pairs.chunk_by(|a, b| a.key == b.key) {
        let largest = group.chunk_by(|a, b| a.value == b.value).max_by_key(|it| it.len());
        let Some(largest) = largest.filter(|it| it.len() < group.len()) else { continue };
        let majority =
            largest.first().filter(|_| largest.len() * 2 > group.len()).map(|it| it.value);
        finding.groups += 1;
        for pair in group.iter().filter(|it| Some(it.value) != majority) {
            finding.violations += 1;
            fails(pair.part, pair.row);
        }
    }
    finding
}

/// A row of a check of spans: the number of its key in the bucket, and its span.
struct Spanned {
    key: u32,
    span: Span,
    part: usize,
    row: u32,
}

fn disjoint(parts: &[BucketView<'_>], hash: KeyHash, fails: &mut dyn FnMut(usize, u32)) -> Finding {
    let mut keys = Numbers::new(parts, hash);
    let mut finding = Finding::default();
    let mut rows = Vec::with_capacity(parts.iter().map(|it| it.len()).sum());
    for_each_row(parts, |part, _, record| match Span::decode(record.value) {
        Some(span) => {
            rows.push(Spanned { key: keys.number(part, record.key), span, part, row: record.row });
        }
        None => {
            finding.violations += 1;
            fails(part, record.row);
        }
    });
    rows.sort_unstable_by_key(|it| (it.key, it.span));
    let mut overlapping = Vec::new();
    for group in rows.chunk_by(|a, b| a.key == b.key) {
        overlapping.clear();
        for_each_overlapping(group.iter().map(|it| it.span), |it| overlapping.push(it));
        overlapping.sort_unstable();
        overlapping.dedup();
        finding.violations += overlapping.len() as u64;
        finding.groups += u64::from(!overlapping.is_empty());
        for row in overlapping.iter().filter_map(|it| group.get(*it)) {
            fails(row.part, row.row);
        }
    }
    finding
}

/// Gives equal keys one number, and equal values one number.
fn number_pairs(parts: &[BucketView<'_>], hash: KeyHash) -> Vec<Pair> {
    let mut keys = Numbers::new(parts, hash);
    let mut values = Numbers::new(parts, hash);
    let mut pairs = Vec::with_capacity(parts.iter().map(|it| it.len()).sum());
    for_each_row(parts, |part, _, record| {
        let (key, value) = (keys.number(part, record.key), values.number(part, record.value));
        pairs.push(Pair { key, value, part, row: record.row });
    });
    pairs
}

/// Gives equal keys one number.
struct Numbers<'a> {
    parts: &'a [BucketView<'a>],
    hash: KeyHash,
    table: hashbrown::HashTable<(Key, u32, u32)>,
}

impl<'a> Numbers<'a> {
    fn new(parts: &'a [BucketView<'a>], hash: KeyHash) -> Self {
        Self { parts, hash, table: hashbrown::HashTable::new() }
    }

    fn number(&mut self, part: usize, key: Key) -> u32 {
        let (parts, hash, next) = (self.parts, self.hash, self.table.len() as u32);
        let is_it = |(known, known_part, _): &(Key, u32, u32)| match (
            parts.get(*known_part as usize),
            parts.get(part),
        ) {
            (Some(known_bucket), Some(bucket)) => known_bucket.is_same(*known, *bucket, key),
            _ => false,
        };
        let entry = self.table.entry(hash.of(key), is_it, |(it, ..)| hash.of(*it));
        entry.or_insert((key, part as u32, next)).get().2
    }
}
