//! What a run took, for people: the source, the cache, and a line for each rule, the dearest first.

use std::cmp::Reverse;
use std::io;
use std::time::Duration;

use crate::report::style::{Ink, TerminalStyle};
use crate::report::table::{self, Align, TableColumn};
use crate::report::words;
use crate::report::wrap;
use crate::validate::RunStatistics;

/// Writes the figures.
pub(crate) fn write(
    statistics: &RunStatistics,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut rules: Vec<_> = statistics.rules.iter().collect();
    rules.sort_by_key(|it| Reverse(it.took));
    let mut name = TableColumn::flexible("rule", 16, 0);
    let mut rows = TableColumn::new("rows judged", Align::Right);
    let mut queries = TableColumn { dispensable: 1, ..TableColumn::new("queries", Align::Right) };
    let mut time = TableColumn::new("time", Align::Right);
    for rule in rules {
        name.push(&rule.id, Ink::Plain);
        rows.push(&words::count(rule.rows), Ink::Plain);
        queries.push(&words::count(rule.queries), Ink::Plain);
        time.push(&span(rule.took), Ink::Plain);
    }
    if !statistics.rules.is_empty() {
        table::write(vec![name, rows, queries, time], style, out)?;
        writeln!(out)?;
    }
    wrap::write("source: ", source(statistics).split(' '), style, out)?;
    if let Some(cache) = &statistics.cache {
        let (hits, misses) = (words::counted(cache.hits, "hit"), words::count(cache.misses));
        let noun = if cache.misses == 1 { "miss" } else { "misses" };
        wrap::write("cache: ", format!("{hits}, {misses} {noun}").split(' '), style, out)?;
    }
    writeln!(out)
}

/// What the source did, in words.
fn source(statistics: &RunStatistics) -> String {
    if statistics.attempts == 0 {
        return "not read".to_owned();
    }
    let rows = words::counted(statistics.rows, "row");
    let mebibytes = statistics.bytes as f64 / f64::from(1 << 20);
    let (read, waited) = (span(statistics.read), span(statistics.waited));
    let attempts = words::counted(statistics.attempts, "attempt");
    format!("{rows} ({mebibytes:.1} MiB) read in {read} after {waited} of waiting, {attempts}")
}

/// A span of time, also a short one.
fn span(span: Duration) -> String {
    match span.as_micros() {
        0 => "0 ms".to_owned(),
        micros @ 1..10_000 => format!("{:.2} ms", micros as f64 / 1e3),
        _ => words::span(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;
    use crate::validate::CacheUse;

    fn written(statistics: &RunStatistics) -> String {
        let mut out = Vec::new();
        write(statistics, TerminalStyle::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_dearest_rule_comes_first() {
        insta::assert_snapshot!(written(&testing::statistics()));
    }

    #[test]
    fn an_earlier_verdict_has_read_nothing() {
        let found = RunStatistics {
            attempts: 0,
            rules: Vec::new(),
            cache: Some(CacheUse { hits: 1, misses: 0 }),
            ..testing::statistics()
        };
        assert_eq!(written(&found), "source: not read\ncache: 1 hit, 0 misses\n\n");
    }
}
