//! Decides one bucket: which of its keys violate the checks of a question.

use crate::validate::keys::groups::Groups;
use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::join::Join;
use crate::validate::keys::part::Part;
use crate::validate::keys::records::{Record, Scopes};
use crate::validate::keys::span::{Span, for_each_overlapping};

/// What to decide about the keys of one key set, or of two.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    /// Is there no key twice among the rows of this scope?
    Unique(Scopes),
    /// Has each key one value among the rows of this scope?
    Dependency(Scopes),
    /// Has each key no day twice in the spans of the rows of this scope?
    Disjoint(Scopes),
    /// How many keys are there, each counted once, among the rows of this scope?
    Distinct(Scopes),
    /// Are there as many keys of one set in the other as there should be? Several checks ask at once.
    Join(Vec<Join>),
}

/// What was found about one check.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Finding {
    pub(crate) violations: u64,
    /// For questions about groups, how many violate the check; or how many keys there are, if that is
    /// asked.
    pub(crate) groups: Option<u64>,
}

impl Finding {
    /// Adds what was found in another bucket.
    pub(crate) fn add(&mut self, other: Self) {
        self.violations += other.violations;
        let groups = other.groups.map(|it| it + self.groups.unwrap_or_default());
        self.groups = groups.or(self.groups);
    }
}

/// Hears of each failing row: the number of the check within the question, the partition, the row.
pub(crate) type Fails<'a> = &'a mut dyn FnMut(usize, usize, u32);

impl Question {
    /// How many checks ask.
    pub(crate) fn checks(&self) -> usize {
        match self {
            Self::Unique(_) | Self::Dependency(_) | Self::Disjoint(_) | Self::Distinct(_) => 1,
            Self::Join(joins) => joins.len(),
        }
    }

    /// Decides one bucket, whose keys are `parts`; `others` are those of the other key set.
    pub(crate) fn decide(
        &self,
        parts: &[Part<'_>],
        others: &[Part<'_>],
        hash: KeyHash,
        fails: Fails<'_>,
    ) -> Vec<Finding> {
        match self {
            Self::Unique(scope) => vec![unique(parts, *scope, hash, fails)],
            Self::Dependency(scope) => vec![dependency(parts, *scope, hash, fails)],
            Self::Disjoint(scope) => vec![disjoint(parts, *scope, hash, fails)],
            Self::Distinct(scope) => vec![distinct(parts, *scope, hash)],
            Self::Join(joins) => Join::decide(joins, parts, others, hash, fails),
        }
    }
}

/// How many records `parts` have.
pub(crate) fn count(parts: &[Part<'_>]) -> usize {
    parts.iter().map(Part::len).sum()
}

/// The records of `parts` that are in `scope`.
#[inline]
pub(crate) fn records<'a>(
    parts: &'a [Part<'a>],
    scope: Scopes,
) -> impl Iterator<Item = (&'a Part<'a>, Record)> {
    let of_part = |part: &'a Part<'a>| part.records().map(move |it| (part, it));
    parts.iter().flat_map(of_part).filter(move |(_, it)| it.key.scopes() & scope != 0)
}

fn unique(parts: &[Part<'_>], scope: Scopes, hash: KeyHash, fails: Fails<'_>) -> Finding {
    let mut groups = Groups::with_capacity(count(parts), hash);
    let mut rows_of = Vec::<u32>::with_capacity(count(parts));
    let mut numbers = Vec::with_capacity(count(parts));
    for (part, record) in records(parts, scope) {
        let number = groups.number(part, record.key.bare());
        match rows_of.get_mut(number) {
            Some(rows) => *rows += 1,
            None => rows_of.push(1),
        }
        numbers.push(number as u32);
    }
    let shared = || rows_of.iter().filter(|it| **it > 1);
    let (violations, groups) = (shared().map(|it| u64::from(*it)).sum(), shared().count() as u64);
    if groups > 0 {
        for ((part, record), number) in records(parts, scope).zip(numbers) {
            if rows_of.get(number as usize).is_some_and(|it| *it > 1) {
                fails(0, part.partition, record.row);
            }
        }
    }
    Finding { violations, groups: Some(groups) }
}

fn distinct(parts: &[Part<'_>], scope: Scopes, hash: KeyHash) -> Finding {
    let mut groups = Groups::with_capacity(count(parts), hash);
    for (part, record) in records(parts, scope) {
        groups.number(part, record.key.bare());
    }
    Finding { violations: 0, groups: Some(groups.len() as u64) }
}

/// A row of a functional dependency: the numbers of its key and of its value in the bucket.
struct Pair {
    key: usize,
    value: usize,
    partition: usize,
    row: u32,
}

fn dependency(parts: &[Part<'_>], scope: Scopes, hash: KeyHash, fails: Fails<'_>) -> Finding {
    let mut pairs = number_pairs(parts, scope, hash);
    pairs.sort_unstable_by_key(|it| (it.key, it.value));
    let (mut violations, mut groups) = (0, 0);
    for group in pairs.chunk_by(|a, b| a.key == b.key) {
        let largest = group.chunk_by(|a, b| a.value == b.value).max_by_key(|it| it.len());
        let Some(largest) = largest.filter(|it| it.len() < group.len()) else { continue };
        let majority =
            largest.first().filter(|_| largest.len() * 2 > group.len()).map(|it| it.value);
        groups += 1;
        for pair in group.iter().filter(|it| Some(it.value) != majority) {
            violations += 1;
            fails(0, pair.partition, pair.row);
        }
    }
    Finding { violations, groups: Some(groups) }
}

/// Gives equal keys one number, and equal values one number.
fn number_pairs(parts: &[Part<'_>], scope: Scopes, hash: KeyHash) -> Vec<Pair> {
    let mut keys = Groups::with_capacity(0, hash);
    let mut values = Groups::with_capacity(0, hash);
    let pair = |(part, record): (_, Record)| Pair {
        key: keys.number(part, record.key.bare()),
        value: values.number(part, record.value),
        partition: part.partition,
        row: record.row,
    };
    records(parts, scope).map(pair).collect()
}

/// A row of a check of spans: the number of its key in the bucket, and its span.
struct Spanned {
    key: usize,
    span: Span,
    partition: usize,
    row: u32,
}

fn disjoint(parts: &[Part<'_>], scope: Scopes, hash: KeyHash, fails: Fails<'_>) -> Finding {
    let mut keys = Groups::with_capacity(0, hash);
    let (mut violations, mut groups) = (0, 0);
    let mut rows = Vec::with_capacity(count(parts));
    for (part, Record { key, value, row }) in records(parts, scope) {
        let partition = part.partition;
        if let Some(span) = Span::decode(value) {
            rows.push(Spanned { key: keys.number(part, key.bare()), span, partition, row });
        } else {
            violations += 1;
            fails(0, partition, row);
        }
    }
    rows.sort_unstable_by_key(|it| (it.key, it.span));
    let mut overlapping = Vec::new();
    for group in rows.chunk_by(|a, b| a.key == b.key) {
        overlapping.clear();
        for_each_overlapping(group.iter().map(|it| it.span), |it| overlapping.push(it));
        overlapping.sort_unstable();
        overlapping.dedup();
        violations += overlapping.len() as u64;
        groups += u64::from(!overlapping.is_empty());
        for row in overlapping.iter().filter_map(|it| group.get(*it)) {
            fails(0, row.partition, row.row);
        }
    }
    Finding { violations, groups: Some(groups) }
}
