//! A report as a workbook.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use calamine::{Data, DataType};
use dq_core::report::{self, ReportFormat, ReportWorkbook};
use dq_core::rules::RuleSet;
use dq_core::source::memory::MemorySource;
use dq_core::validate::{Report, ValidateOptions, validate};
use dq_core::value::Date;

use crate::{rows, sheets, text};

const RULES: &str = r"
version: 1
rules:
  - id: npi
    table: providers
    severity: high
    checks:
      - { id: missing, column: npi, not_null: true, severity: critical, message: ask for it }
      - { id: shared, unique: [npi] }
  - id: 'a name that is longer than sheets: allow'
    table: providers
    checks:
      - { id: city, column: city, not_blank: true }
  - id: clean
    table: providers
    checks:
      - { id: id, column: id, not_null: true }
      - { id: rows, row_count: { min: 100 } }
";

fn source() -> MemorySource {
    let column = |name: &str, it: ArrayRef| (name.to_owned(), it);
    let ids = Int64Array::from_iter_values(1..=6);
    let npis = StringArray::from(vec![Some("=1"), Some("=1"), None, Some("b"), None, Some("c")]);
    let cities = StringArray::from(vec!["Bern", " ", "", "Chur", "Genf", "Sion"]);
    let batch = RecordBatch::try_from_iter([
        column("id", Arc::new(ids)),
        column("npi", Arc::new(npis)),
        column("city", Arc::new(cities)),
    ]);
    MemorySource::new("test").keyed_table("providers", vec![batch.unwrap()], &["id"]).unwrap()
}

async fn run(show_values: bool) -> (Report, Arc<ReportWorkbook>) {
    let rules = RuleSet::parse("rules.yaml", RULES, &BTreeMap::new()).unwrap();
    let workbook = Arc::new(ReportWorkbook::new(&std::env::temp_dir()));
    let heard = Arc::clone(&workbook);
    let options = ValidateOptions {
        violations: Some(Arc::new(move |it| heard.add(it))),
        sample_limit: 1,
        show_values,
        as_of: Date::parse(b"2026-11-26"),
        ..ValidateOptions::default()
    };
    (validate(&source(), &rules, &options).await.unwrap(), workbook)
}

fn number(it: i32) -> Data {
    Data::Float(it.into())
}

/// The lines of the summary with these columns.
fn summary(path: &Path, columns: &[&str]) -> Vec<Vec<Data>> {
    let rows = rows(path, "Summary");
    let place = |name: &&str| rows[0].iter().position(|it| *it == text(name)).unwrap();
    let places: Vec<_> = columns.iter().map(place).collect();
    rows[1..].iter().map(|row| places.iter().map(|it| row[*it].clone()).collect()).collect()
}

/// The facts below the summary with this name.
fn facts(path: &Path, name: &str) -> Vec<String> {
    let rows = rows(path, "Summary");
    let facts = rows.iter().skip_while(|it| it.iter().any(|it| !it.is_empty()));
    facts.filter(|it| it[0] == text(name)).map(|it| it[1].as_string().unwrap()).collect()
}

#[tokio::test]
async fn all_failing_rows_are_there_once_and_in_the_sheet_of_their_rule() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.xlsx");
    let (report, workbook) = run(true).await;
    workbook.write(&report, &path).unwrap();
    let names: Vec<_> = sheets(&path).into_iter().map(|it| it.0).collect();
    assert_eq!(names, ["Summary", "All_Violations", "npi", "a name that is longer than shee"]);

    let all = rows(&path, "All_Violations");
    assert_eq!(all[0], ["table", "rule", "check", "severity", "key", "values"].map(text));
    assert_eq!(all.len(), 1 + 2 + 2 + 2);
    let first = ["providers", "npi", "shared", "high", r#"{"id":1}"#, r#"{"npi":"=1"}"#];
    assert_eq!(all[1], first.map(text));

    let npi = rows(&path, "npi");
    assert_eq!(npi[0], ["check", "severity", "message", "id", "npi"].map(text));
    assert_eq!(npi[1], [text("shared"), text("high"), Data::Empty, number(1), text("=1")]);
    let missing = [text("missing"), text("critical"), text("ask for it"), number(3), Data::Empty];
    assert!(npi.contains(&missing.to_vec()), "{npi:?}");
    assert_eq!(npi.len(), 5);

    let lines =
        summary(&path, &["check", "status", "evaluated", "violations", "rows_shown", "sheet"]);
    let missing = [text("missing"), text("fail"), number(6), number(2), number(2), text("npi")];
    assert_eq!(lines[0], missing, "the severest is first");
    let rows = lines.iter().find(|it| it[0] == text("rows")).unwrap();
    assert_eq!(rows[3..], [number(1), number(0), Data::Empty]);
    assert_eq!(facts(&path, "status"), ["fail"]);
    assert_eq!(facts(&path, "as of"), ["2026-11-26"]);
    assert_eq!(facts(&path, "table"), ["providers: 6 rows"]);
    assert_eq!(facts(&path, "incomplete"), [""; 0]);
    assert_eq!(facts(&path, "limit"), [""; 0]);
}

#[tokio::test]
async fn a_report_alone_has_its_samples_and_says_that_there_are_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.xlsx");
    let (report, _) = run(false).await;
    report::write_report(&report, ReportFormat::Xlsx, &path).unwrap();
    assert_eq!(rows(&path, "All_Violations").len(), 1 + 3);
    let lines = summary(&path, &["check", "violations", "rows_shown"]);
    assert_eq!(lines[0], [text("missing"), number(2), number(1)]);
    let told = "this workbook shows 3 of 6 failing rows: see the column rows_shown";
    assert_eq!(facts(&path, "incomplete"), [told]);
}

#[tokio::test]
async fn a_workbook_can_be_written_twice_and_depends_on_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = |it: &str| folder.path().join(it);
    let (report, workbook) = run(true).await;
    workbook.write(&report, &path("1.xlsx")).unwrap();
    workbook.write(&report, &path("2.xlsx")).unwrap();
    let (again, workbook) = run(true).await;
    workbook.write(&again, &path("3.xlsx")).unwrap();
    let bytes = ["1.xlsx", "2.xlsx", "3.xlsx"].map(|it| std::fs::read(path(it)).unwrap());
    assert!(bytes[0] == bytes[1] && bytes[1] == bytes[2]);
}

#[tokio::test]
async fn rules_beyond_the_room_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.xlsx");
    let rule = |it| {
        format!(
            "  - {{ id: r{it}, table: providers, checks: [{{ id: c, column: city, not_blank: true }}] }}\n"
        )
    };
    let text: String = (0..203).map(rule).collect();
    let rules = RuleSet::parse("r.yaml", &format!("version: 1\nrules:\n{text}"), &BTreeMap::new());
    let options = ValidateOptions::default();
    let report = validate(&source(), &rules.unwrap(), &options).await.unwrap();
    report::write_report(&report, ReportFormat::Xlsx, &path).unwrap();
    assert_eq!(sheets(&path).len(), 202);
    assert_eq!(rows(&path, "All_Violations").len(), 1 + 2 * 203);
    let told = "only in All_Violations, since there are too many rules: r200, r201, r202";
    assert_eq!(facts(&path, "limit"), [told]);
}

#[test]
fn the_name_of_a_file_asks_for_a_workbook() {
    assert_eq!(ReportFormat::of_path("x.XLSX".as_ref()).unwrap(), ReportFormat::Xlsx);
    assert!(!ReportFormat::Xlsx.is_text());
}
