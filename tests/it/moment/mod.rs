//! While another process commits, every run counts what was there at one moment.

mod writer;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use dq_core::ErrorKind;
use dq_core::database::sqlite::{ScanMethod, SqliteConfig, SqliteSource};
use dq_core::source::csv::{CsvOptions, CsvSource};
use dq_core::validate::{Report, validate};
use rusqlite::Connection;

use crate::hooked::Hooked;
use crate::moment::writer::{RULES, Writer, commit, counts_after, create};
use crate::run::{counts, rules, rules_of, threads, wait};

/// How many commits come after each batch.
const COMMITS_PER_BATCH: u64 = 60;

/// How many commits must fall between the first and the last batch of a table.
const COMMITS_MIN: u64 = 100;

#[test]
fn commits_during_a_scan_by_pages_change_nothing() {
    commits_during_a_scan_change_nothing(ScanMethod::Pages);
}

#[test]
fn commits_during_a_scan_by_statements_change_nothing() {
    commits_during_a_scan_change_nothing(ScanMethod::Statements);
}

fn commits_during_a_scan_change_nothing(method: ScanMethod) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    create(&path, "WAL");
    let writer = Arc::new(Mutex::new(Writer::start(&path)));
    for number in [1, 2] {
        let before = writer.lock().unwrap().commits;
        let log = Arc::new(Mutex::new(BTreeMap::<String, Vec<u64>>::new()));
        let (hook_log, hook_writer) = (Arc::clone(&log), Arc::clone(&writer));
        let source = Hooked {
            source: Arc::new(source(&path, method)),
            after_batch: Arc::new(move |table| {
                let mut writer = hook_writer.lock().unwrap();
                hook_log.lock().unwrap().entry(table.to_owned()).or_default().push(writer.commits);
                writer.commit(COMMITS_PER_BATCH);
            }),
        };
        let report = wait(validate(&source, &rules(RULES), &threads(number))).unwrap();
        assert_eq!(counts(&report), counts_after(before), "{method:?}, {number} threads");
        let log = log.lock().unwrap();
        for table in ["left_rows", "right_rows"] {
            let (first, last) =
                (log[table].iter().min().unwrap(), log[table].iter().max().unwrap());
            assert!(last - first >= COMMITS_MIN, "{table}: {log:?}");
        }
    }
    let commits = writer.lock().unwrap().commits;
    let report = run(&path, method, 1);
    assert_eq!(counts(&report), counts_after(commits), "a later run sees them");
}

#[test]
fn a_writer_that_never_rests_is_seen_at_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    create(&path, "WAL");
    let mut writer = Writer::start(&path);
    let (stop, commits) = (AtomicBool::new(false), AtomicU64::new(0));
    let seen = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) && writer.commits < 4990 {
                writer.commit(5);
                commits.store(writer.commits, Ordering::Relaxed);
            }
        });
        let seen = seen_at_one_moment(&path, &commits);
        stop.store(true, Ordering::Relaxed);
        seen
    });
    assert!(seen.windows(2).all(|it| it[0] <= it[1]), "{seen:?}");
    assert!(seen.last() > seen.first(), "{seen:?}");
}

/// After how many commits each of some runs was.
fn seen_at_one_moment(path: &Path, commits: &AtomicU64) -> Vec<u64> {
    let mut seen = Vec::new();
    for method in
        [ScanMethod::Pages, ScanMethod::Statements, ScanMethod::Pages, ScanMethod::Statements]
    {
        for number in [1, 2, 7] {
            let before = commits.load(Ordering::Relaxed);
            let report = run(path, method, number);
            let moment = report.checks().last().unwrap().evaluated;
            assert_eq!(counts(&report), counts_after(moment), "{method:?}, {number} threads");
            assert!(moment >= before, "{method:?} saw {moment} of {before} commits");
            seen.push(moment);
        }
    }
    seen
}

fn source(path: &Path, scan_method: ScanMethod) -> SqliteSource {
    SqliteSource::new(SqliteConfig { scan_method, ..SqliteConfig::new(path) }).unwrap()
}

fn run(path: &Path, method: ScanMethod, number: usize) -> Report {
    wait(validate(&source(path, method), &rules(RULES), &threads(number))).unwrap()
}

#[test]
fn without_a_write_ahead_log_writers_wait_and_the_report_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    create(&path, "DELETE");
    for method in [ScanMethod::Pages, ScanMethod::Statements] {
        let writer = Connection::open(&path).unwrap();
        writer.busy_timeout(std::time::Duration::ZERO).unwrap();
        let (writer, refused) = (Mutex::new(writer), Arc::new(AtomicU64::new(0)));
        let hook_refused = Arc::clone(&refused);
        let source = Hooked {
            source: Arc::new(source(&path, method)),
            after_batch: Arc::new(move |_| {
                let error = commit(&mut writer.lock().unwrap(), 1).unwrap_err();
                assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy));
                hook_refused.fetch_add(1, Ordering::Relaxed);
            }),
        };
        let report = wait(validate(&source, &rules(RULES), &threads(2))).unwrap();
        assert_eq!(counts(&report), counts_after(0), "{method:?}");
        assert!(refused.load(Ordering::Relaxed) > 4, "{refused:?}");
        let note = "the database is not in WAL mode: writers wait until the scan ends";
        assert_eq!(report.notes, [note]);
    }
    let mut writer = Connection::open(&path).unwrap();
    commit(&mut writer, 1).unwrap();
    assert_eq!(counts(&run(&path, ScanMethod::Auto, 1)), counts_after(1));
}

#[test]
fn a_file_that_changes_while_it_is_read_gives_no_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    for number in [1, 2] {
        fs::write(&path, "a,b\n".to_owned() + &"1,2\n".repeat(1000)).unwrap();
        let options = CsvOptions { block_bytes: 100, ..CsvOptions::default() };
        let file = path.clone();
        let source = Hooked {
            source: Arc::new(CsvSource::open(path.to_str().unwrap(), options).unwrap()),
            after_batch: Arc::new(move |_| {
                fs::File::options().append(true).open(&file).unwrap().write_all(b"3,4\n").unwrap();
            }),
        };
        let rules = rules_of("data", &["column: a, not_null: true }"]);
        let error = wait(validate(&source, &rules, &threads(number))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceChanged, "{error}");
    }
}
