//! What is kept is of exactly the version under which it is kept.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use dq_core::ErrorKind;
use dq_core::clock::TestClock;
use dq_core::engine::{OpenOptions, open_all};
use dq_core::rules::RuleSet;
use dq_core::source::Source;
use dq_core::validate::{Report, Trust, ValidateOptions, VerdictCache, VerdictCacheConfig};
use rusqlite::Connection;

use crate::court::{Counted, Court, rules, verdicts, violations};

#[tokio::test]
async fn a_verdict_of_data_that_changed_before_they_were_read_is_not_kept() {
    let court = Court::new(VerdictCacheConfig::default()).await;
    let before = court.source.version("t").await.unwrap();
    let delete = (court.bench.path(), "DELETE FROM t WHERE a = 1".to_owned());
    *court.source.writer.lock().unwrap() = Some(delete);
    let first = court.judge(&rules()).await;
    assert_eq!(violations(&first), [9], "it has read what was written after the version was told");
    // As somebody sees it who was told the version before the change, and asks only now.
    *court.source.told.lock().unwrap() = before;
    assert!(!court.judge(&rules()).await.cached, "of that version there is no verdict");
    *court.source.told.lock().unwrap() = None;
    assert!(!court.judge(&rules()).await.cached);
    assert!(court.judge(&rules()).await.cached);
}

/// Two databases that are judged as one: `a` has one table, `b` has two.
struct Pair {
    folder: tempfile::TempDir,
    verdicts: VerdictCache,
    options: ValidateOptions,
}

impl Pair {
    fn new() -> Self {
        let clock = TestClock::new();
        let verdicts = verdicts(VerdictCacheConfig::default(), &clock);
        let options = ValidateOptions { clock: Arc::new(clock), ..ValidateOptions::default() };
        let pair = Self { folder: tempfile::tempdir().unwrap(), verdicts, options };
        pair.write("a.db", "CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1), (2), (3)");
        pair.write(
            "b.db",
            "CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1), (2); CREATE TABLE u (id INTEGER)",
        );
        pair
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn write(&self, file: &str, sql: &str) {
        Connection::open(self.path(file)).unwrap().execute_batch(sql).unwrap();
    }

    fn open(&self, specs: &[&str]) -> Arc<Counted> {
        let at = |it: &&str| it.replace("DIR", &self.folder.path().display().to_string());
        let specs: Vec<_> = specs.iter().map(at).collect();
        Counted::new(open_all(&specs, &OpenOptions::default()).unwrap())
    }

    async fn judge(&self, source: &Arc<Counted>, rules: &str) -> dq_core::Result<Report> {
        let rules = RuleSet::parse("rules.yaml", rules, &BTreeMap::new()).unwrap();
        let source: Arc<dyn Source> = Arc::clone(source) as _;
        self.verdicts.validate(&source, &rules, &self.options, &Trust::Unchanged).await
    }
}

const RELATED: &str = "{ version: 1, rules: [{ id: r, table: a, checks: [{ id: c, \
    references: { columns: [id], table: b.t, key: [id] } }] }] }";

#[tokio::test]
async fn several_databases_are_unchanged_if_each_of_them_is() {
    let pair = Pair::new();
    let source = pair.open(&["a=sqlite:DIR/a.db", "b=sqlite:DIR/b.db"]);
    let judge = async || {
        let report = pair.judge(&source, RELATED).await.unwrap();
        (violations(&report)[0], report.cached)
    };
    assert_eq!(judge().await, (1, false));
    assert_eq!(judge().await, (1, true));
    for (file, sql, expected) in [
        ("a.db", "INSERT INTO t VALUES (4)", 2),
        ("b.db", "INSERT INTO t VALUES (4)", 1),
        // What no rule reads is of the same database.
        ("b.db", "INSERT INTO u VALUES (1)", 1),
    ] {
        pair.write(file, sql);
        assert_eq!(judge().await, (expected, false), "{sql}");
        assert_eq!(judge().await, (expected, true), "{sql}");
    }
    assert_eq!(source.read(), 4);
    // A second table, and `a` is the name of none.
    pair.write("a.db", "CREATE TABLE more (id INTEGER)");
    assert_eq!(pair.judge(&source, RELATED).await.unwrap_err().kind(), ErrorKind::RulesInvalid);
    pair.write("a.db", "DROP TABLE more");
    assert_eq!(judge().await, (1, false));
    assert_eq!(judge().await, (1, true));
}

#[tokio::test]
async fn a_name_that_another_database_takes_too_is_an_error_and_no_earlier_verdict() {
    let pair = Pair::new();
    pair.write("c.db", "CREATE TABLE v (id INTEGER)");
    let source = pair.open(&["sqlite:DIR/a.db", "sqlite:DIR/c.db"]);
    let rules = RELATED.replace("table: a,", "table: t,").replace("b.t", "v");
    let judge = || pair.judge(&source, &rules);
    assert!(!judge().await.unwrap().cached);
    assert!(judge().await.unwrap().cached);
    pair.write("c.db", "CREATE TABLE t (id INTEGER)");
    assert_eq!(judge().await.unwrap_err().kind(), ErrorKind::UsageInvalid);
}

#[tokio::test]
async fn a_database_with_a_name_is_as_good_as_one_without() {
    let pair = Pair::new();
    let source = pair.open(&["people=sqlite:DIR/a.db"]);
    let rules =
        "{ version: 1, rules: [{ id: r, table: people, checks: [{ id: c, unique: [id] }] }] }";
    assert!(!pair.judge(&source, rules).await.unwrap().cached);
    assert!(pair.judge(&source, rules).await.unwrap().cached);
    // Another of the same name is another.
    let other = pair.open(&["people=sqlite:DIR/a.db"]);
    assert!(!pair.judge(&other, rules).await.unwrap().cached);
}

#[tokio::test]
async fn what_cannot_tell_its_version_is_read_each_time_and_never_before() {
    let pair = Pair::new();
    std::fs::write(pair.path("a.csv"), "id\n1\n9\n").unwrap();
    let source = pair.open(&["a=DIR/a.csv", "b=sqlite:DIR/b.db"]);
    assert_eq!(source.version("a").await.unwrap(), None);
    assert_eq!(source.version("b.t").await.unwrap(), None);
    assert_eq!(source.read(), 0);
    for _ in 0..2 {
        let report = pair.judge(&source, RELATED).await.unwrap();
        assert_eq!((violations(&report)[0], report.cached), (1, false));
    }
    assert_eq!(source.version("b.t").await.unwrap(), None, "one of two can tell");
}
