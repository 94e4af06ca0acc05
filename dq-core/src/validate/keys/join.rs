//! Decides how often the keys of one set occur in another, for several checks at once.

use std::ops::RangeInclusive;

use crate::validate::keys::decide::{Fails, Finding, count, records};
use crate::validate::keys::groups::Groups;
use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::part::Part;
use crate::validate::keys::records::{Record, Scopes};

/// A check that wants each key of one of two sets a number of times in the other.
#[derive(Clone, Debug)]
pub(crate) struct Join {
    pub(crate) subject: Side,
    /// Which rows of the subject's set are asked about.
    pub(crate) asked: Scopes,
    /// Which rows of the other set count.
    pub(crate) counted: Scopes,
    /// How many there should be.
    pub(crate) rows: RangeInclusive<u64>,
    /// Whether keys that fail are counted, each once.
    pub(crate) has_groups: bool,
}

/// Whose rows may fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    /// Those of the set whose keys are put into a table.
    Table,
    /// Those of the set whose keys are looked up there.
    Lookup,
}

impl Join {
    /// Decides one bucket. Each key is looked up once, however many checks ask.
    pub(crate) fn decide<'a>(
        joins: &[Self],
        table: &'a [Part<'a>],
        lookups: &'a [Part<'a>],
        hash: KeyHash,
        fails: Fails<'a>,
    ) -> Vec<Finding> {
        let mut groups = Groups::with_capacity(count(table), hash);
        let mut counts = Counts::new(joins.len(), count(table));
        let mut verdicts = Verdicts::new(joins, hash, fails);
        let mut numbers = Vec::with_capacity(count(table));
        let of = |side| joins.iter().enumerate().filter(move |it| it.1.subject == side);
        for (part, record) in records(table, Scopes::MAX) {
            let number = groups.number(part, record.key.bare());
            add(joins, Side::Lookup, record, counts.of(number));
            numbers.push(number as u32);
        }
        for (part, record) in records(lookups, Scopes::MAX) {
            let number = groups.find(part, record.key.bare());
            let counts = number.map_or(&mut [][..], |it| counts.of(it));
            for (check, join) in of(Side::Lookup) {
                let count = counts.get(check).copied().unwrap_or_default();
                verdicts.judge((check, join), count, part, record);
            }
            add(joins, Side::Table, record, counts);
        }
        for ((part, record), number) in records(table, Scopes::MAX).zip(numbers) {
            let counts = counts.of(number as usize);
            for (check, join) in of(Side::Table) {
                let count = counts.get(check).copied().unwrap_or_default();
                verdicts.judge((check, join), count, part, record);
            }
        }
        verdicts.into_findings()
    }

    #[inline]
    fn asks(&self, record: Record) -> bool {
        record.key.scopes() & self.asked != 0
    }

    #[inline]
    fn counts(&self, record: Record) -> bool {
        record.key.scopes() & self.counted != 0
    }
}

/// Counts a row of the other set for each check whose subject is on this side.
#[inline]
fn add(joins: &[Join], subject: Side, record: Record, counts: &mut [u32]) {
    for (join, count) in joins.iter().zip(counts) {
        *count += u32::from(join.subject == subject && join.counts(record));
    }
}

/// What has been found, by check.
struct Verdicts<'a> {
    findings: Vec<(Finding, Option<Groups<'a>>)>,
    fails: Fails<'a>,
}

impl<'a> Verdicts<'a> {
    fn new(joins: &[Join], hash: KeyHash, fails: Fails<'a>) -> Self {
        let groups = |it: &Join| it.has_groups.then(|| Groups::with_capacity(0, hash));
        let findings = joins.iter().map(|it| (Finding::default(), groups(it))).collect();
        Self { findings, fails }
    }

    fn into_findings(self) -> Vec<Finding> {
        let counted = |(finding, groups): (Finding, Option<Groups<'a>>)| Finding {
            groups: groups.map(|it| it.len() as u64),
            ..finding
        };
        self.findings.into_iter().map(counted).collect()
    }

    /// Judges a row of the subject of a check, if that asks about it, by the number of rows in the other
    /// set.
    #[inline]
    fn judge(
        &mut self,
        (check, join): (usize, &Join),
        rows: u32,
        part: &'a Part<'a>,
        record: Record,
    ) {
        if !join.asks(record) || join.rows.contains(&rows.into()) {
            return;
        }
        if let Some((finding, groups)) = self.findings.get_mut(check) {
            finding.violations += 1;
            if let Some(groups) = groups {
                groups.number(part, record.key.bare());
            }
            (self.fails)(check, part.partition, record.row);
        }
    }
}

/// For each key of the table and each check, how many rows of the other set have it. A bucket has fewer
/// rows than 2³².
struct Counts {
    checks: usize,
    counts: Vec<u32>,
}

impl Counts {
    fn new(checks: usize, keys: usize) -> Self {
        Self { checks, counts: vec![0; checks * keys] }
    }

    #[inline]
    fn of(&mut self, key: usize) -> &mut [u32] {
        self.counts.get_mut(key * self.checks..(key + 1) * self.checks).unwrap_or_default()
    }
}
