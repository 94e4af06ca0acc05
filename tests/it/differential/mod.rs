//! A corpus of everything that is difficult × every check: each engine counts the same.
//!
//! Two corpora. The first has all values, and each engine is held against the naive evaluator over the values
//! that it can hold; `docs/rules.md` lists those that it cannot. The second has values that all can hold alike,
//! and the counts of all engines are those of the first.

mod checks;
mod corpus;
mod engines;

use std::collections::BTreeSet;

use dq_core::source::Source;
use dq_core::validate::{Engine, Report, ValidateOptions, validate};

use crate::differential::engines::{Candidate, ENGINES, Stage};
use crate::naive::Table;
use crate::property::Run;
use crate::property::rules::Rules;
use crate::run::{rules, threads, wait};

#[test]
fn every_engine_answers_every_check_as_the_naive_evaluator_does() {
    let (stage, corpus, rules) = (Stage::new(), corpus::difficult(), checks::all());
    for candidate in ENGINES {
        let Some((source, tables)) = stage.open(candidate, &corpus) else { continue };
        let report = report(candidate, &*source, &rules, 10);
        let expected = rules.outcomes(&tables);
        let run = Run { rules: &rules, options: &threads(1) };
        run.is_right(&report, &expected, &tables, candidate.name)
            .unwrap_or_else(|it| panic!("{}: {it}", candidate.name));
    }
}

#[test]
fn all_engines_count_the_same() {
    let (stage, corpus, rules) = (Stage::new(), corpus::common(), checks::common());
    let mut first: Option<(&str, Vec<_>)> = None;
    for candidate in ENGINES {
        let Some((source, _)) = stage.open(candidate, &corpus) else { continue };
        let report = report(candidate, &*source, &rules, 0);
        let counts: Vec<_> = report
            .checks()
            .map(|it| (it.evaluated, it.violations, it.groups, it.error.clone()))
            .collect();
        let (name, right) = first.get_or_insert_with(|| (candidate.name, counts.clone()));
        for (((_, check), right), found) in rules.checks().iter().zip(right).zip(&counts) {
            assert_eq!(found, right, "{} against {name}: {check:?}", candidate.name);
        }
    }
}

#[test]
fn databases_answer_every_kind_of_check_that_has_a_translation() {
    // What sorts the spans of SQLite judges values of every type; those of several servers would have to be brought
    // together.
    let natively = |candidate: &Candidate| match candidate.name {
        "SQL on SQLite" | "shards" => BTreeSet::from(["no_overlap", "quantile"]),
        _ => BTreeSet::from(["quantile"]),
    };
    let (stage, corpus, rules) = (Stage::new(), corpus::common(), checks::common());
    for candidate in ENGINES.iter().filter(|it| it.engine == Engine::Sql) {
        let Some((source, _)) = stage.open(candidate, &corpus) else { continue };
        let report = report(candidate, &*source, &rules, 0);
        let kinds: BTreeSet<_> = report.checks().map(|it| it.check).collect();
        let answered = report.checks().filter(|it| it.engine == Some(Engine::Sql));
        let answered: BTreeSet<_> = answered.map(|it| it.check).collect();
        let expected: BTreeSet<_> = kinds.difference(&natively(candidate)).copied().collect();
        assert_eq!(answered, expected, "{}", candidate.name);
        for check in report.checks() {
            let reason = check.streamed.as_deref().unwrap_or_default();
            assert!(!reason.contains("refuses"), "{}: {check:?}", candidate.name);
        }
    }
}

/// Where rows have no key, a database is not asked for those that fail, but a scan.
fn report(candidate: &Candidate, source: &dyn Source, of: &Rules, sample_limit: usize) -> Report {
    let options = ValidateOptions { engine: candidate.engine, sample_limit, ..threads(2) };
    wait(validate(source, &rules(&of.text()), &options))
        .unwrap_or_else(|it| panic!("{}: {it}", candidate.name))
}

/// How many rows and columns a corpus has is part of what it promises.
#[test]
fn the_corpus_has_every_difficult_value() {
    let corpus: Vec<Table> = corpus::difficult();
    assert_eq!(corpus.iter().map(|it| it.rows.len()).collect::<Vec<_>>(), [150, 80]);
    assert!(checks::all().checks().len() > 1_000, "{}", checks::all().checks().len());
}
