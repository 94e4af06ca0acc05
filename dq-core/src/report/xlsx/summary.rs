//! The sheet `Summary`: a line for each check, and below them what is to know about the run.

use crate::error::Result;
use crate::report::columns;
use crate::report::words;
use crate::report::xlsx::report_workbook::KeptCheck;
use crate::report::xlsx::violations::ViolationSheets;
use crate::report::xlsx::workbook::{SHEETS_MAX, Sheet, Workbook};
use crate::validate::{CheckReport, Report, RuleReport};
use crate::value::{OwnedValue, Value};

/// Where the failing rows are.
const SHOWN: [&str; 2] = ["rows_shown", "sheet"];

/// Begins the sheet, which is to be the first. More columns may be added behind these.
pub(crate) fn begin(report: &Report, book: &mut Workbook) -> Result<Sheet> {
    let mut names = [&columns::FIGURES[..], &SHOWN, &columns::WORDS].concat();
    if report.baseline.is_some() {
        names.extend(columns::COMPARED);
    }
    book.sheet("Summary", &names)
}

/// Writes the sheet.
pub(crate) fn fill(
    report: &Report,
    sheet: Sheet,
    (kept, sheets): (&[KeptCheck], &ViolationSheets),
    book: &mut Workbook,
) -> Result<()> {
    for (rule, check) in report.ranked() {
        let shown = kept.iter().find(|it| it.rule == rule.id && it.check == check.id);
        let shown = shown.map_or(0, |it| it.shown);
        let of_rule = sheets.rules.iter().find(|it| it.rule == rule.id && shown > 0);
        let name = of_rule.and_then(|it| book.names(it.target.sheet).first().copied());
        let line = line(rule, check, (shown, name.map(str::to_owned)));
        let line: Vec<_> = line.iter().map(OwnedValue::as_value).collect();
        book.row(sheet, &line)?;
    }
    book.row(sheet, &[])?;
    for (name, text) in facts(report, (kept, sheets), book) {
        book.row(sheet, &[name.into(), Value::from(&text)])?;
    }
    Ok(())
}

fn line(
    rule: &RuleReport,
    check: &CheckReport,
    (shown, sheet): (u64, Option<String>),
) -> Vec<OwnedValue> {
    let mut line = columns::figures(rule, check).to_vec();
    line.extend([columns::if_ran(check, shown), sheet.into()]);
    line.extend(columns::words(check));
    if check.baseline.is_some() {
        line.extend(columns::compared(check));
    }
    line
}

/// What else is to know, each with its name.
fn facts(
    report: &Report,
    (kept, sheets): (&[KeptCheck], &ViolationSheets),
    book: &Workbook,
) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("status", report.status.as_str().to_owned()),
        ("score", words::score(report.quality.overall.score)),
        ("as of", report.as_of.clone()),
        ("source", report.source.clone()),
        ("rules", report.rules_file.clone()),
    ];
    let tables = report.tables.iter();
    facts.extend(
        tables.map(|it| ("table", format!("{}: {}", it.table, words::counted(it.rows, "row")))),
    );
    facts.extend(report.notes.iter().map(|it| ("note", it.clone())));
    let failing: u64 = report.checks().map(CheckReport::failing_rows).sum();
    let shown: u64 = kept.iter().map(|it| it.shown).sum();
    if shown < failing {
        let (shown, failing) = (words::count(shown), words::counted(failing, "failing row"));
        let text = format!("this workbook shows {shown} of {failing}: see the column rows_shown");
        facts.push(("incomplete", text));
    }
    facts.extend(limits(sheets, book).into_iter().map(|it| ("limit", it)));
    facts
}

/// What Excel has no room for.
fn limits(sheets: &ViolationSheets, book: &Workbook) -> Vec<String> {
    let mut limits = Vec::new();
    for target in sheets.rules.iter().map(|it| it.target).chain([sheets.all]) {
        let names = book.names(target.sheet);
        let Some((first, more)) = names.split_first() else { continue };
        if !more.is_empty() {
            limits.push(format!("{first} goes on in {}", more.join(", ")));
        }
        if target.is_full {
            limits.push(format!("{first} is cut: there is room for {SHEETS_MAX} sheets"));
        }
    }
    if !sheets.without_sheet.is_empty() {
        let rules = sheets.without_sheet.join(", ");
        limits.push(format!("only in All_Violations, since there are too many rules: {rules}"));
    }
    if book.texts_cut() > 0 {
        let texts = words::counted(book.texts_cut(), "text");
        limits.push(format!("{texts} of more than 32,767 characters are cut, and say so"));
    }
    limits
}
