//! Every check of every column.

use dq_core::rules::format::Format;

use crate::naive::{Check, Condition, Figure, KeyForm, Keys, Operand, Statistic};
use crate::property::rules::{PATTERNS, Rule, Rules};
use crate::property::tables::{COLUMNS, WORDS};

type Name = &'static str;

/// Patterns beyond those of random rules.
const MORE_PATTERNS: [&str; 5] =
    [r"\bline\b", "(?m)^break$", "^(?s:.){3,5}$", "^(?:|a|ab)$", "[\u{3000}-\u{ffff}]|\u{1f469}"];

const OPERATORS: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];

/// Every check, of all columns.
pub(crate) fn all() -> Rules {
    let columns: Vec<_> = COLUMNS.iter().map(|it| it.name).collect();
    let pairs = [
        ("word", "key"),
        ("whole", "number key"),
        ("key", "numeral"),
        ("numeral", "whole"),
        ("real", "whole"),
        ("day", "moment"),
        ("day", "day"),
    ];
    let joining = ["key", "number key", "numeral", "whole", "real", "any"];
    rules(&columns, &joining, &pairs)
}

/// Every check of the columns that all engines hold alike.
pub(crate) fn common() -> Rules {
    let columns = ["word", "numeral", "whole", "day", "key", "number key", "lông \"key\""];
    let joining = ["key", "number key", "whole", "lông \"key\""];
    // Of two columns of CSV, both are text.
    rules(&columns, &joining, &[("word", "key"), ("key", "numeral"), ("day", "day")])
}

fn rules(columns: &[Name], joining: &[Name], pairs: &[(Name, Name)]) -> Rules {
    let filter =
        Condition::Compare(Operand::Column("whole"), ">", Operand::Number("-3".to_owned()));
    let of_text = Condition::Like("word", "%a%".to_owned());
    let either = Condition::Or(
        Box::new(Condition::Not(Box::new(filter.clone()))),
        Box::new(Condition::IsNull("key")),
    );
    let mut rules = Vec::new();
    for column in columns {
        rules.push(Rule::new("child", None, of_rows(column)));
    }
    rules.push(Rule::new("child", Some(filter.clone()), of_rows("word")));
    rules.push(Rule::new("child", Some(of_text), of_rows("numeral")));
    rules.push(Rule::new("child", Some(either.clone()), of_rows("key")));
    let conditions = conditions(columns, pairs).into_iter().map(Check::Expression).collect();
    rules.push(Rule::new("child", None, conditions));
    rules.push(Rule::new("child", None, of_keys(columns, joining, &forms())));
    let few: Vec<_> = forms().into_iter().step_by(7).collect();
    rules.push(Rule::new("child", Some(either), of_keys(columns, joining, &few)));
    rules.push(Rule::new("parent", None, figures(columns)));
    Rules::of(rules)
}

fn of_rows(column: Name) -> Vec<Check> {
    let mut checks = vec![
        Check::NotNull(column),
        Check::NotBlank(column),
        Check::Trimmed(column),
        Check::NoControlCharacters(column),
        Check::Length(column, 0, 1),
        Check::Length(column, 2, 14),
        Check::OneOf(
            column,
            WORDS.map(str::to_owned).into_iter().filter(|it| !it.contains("${")).collect(),
        ),
        Check::OneOf(
            column,
            ["1", "-1", "1.0", "true", "2024-02-29", "0.5", "a"].map(str::to_owned).to_vec(),
        ),
    ];
    let patterns = PATTERNS.into_iter().chain(MORE_PATTERNS);
    checks.extend(patterns.map(|it| Check::Matches(column, it.to_owned())));
    let types = ["integer", "decimal", "date", "timestamp", "boolean"];
    checks.extend(types.map(|it| Check::Type(column, it)));
    checks.extend(Format::ALL.iter().map(|it| Check::Format(column, it.name())));
    let bound = |it: &str| Some(it.to_owned());
    for (min, max) in [
        (Some("-1.5"), Some("9007199254740992.0")),
        (Some("9007199254740993"), None),
        (None, Some("0.5")),
        (Some("0"), Some("3")),
        (Some("-1e300"), Some("9223372036854775807")),
    ] {
        checks.push(Check::BetweenNumbers(column, min.and_then(bound), max.and_then(bound)));
    }
    for (min, max) in [
        (Some("2000-02-29"), Some("2024-02-29")),
        (Some("0001-01-01"), None),
        (None, Some("1969-12-31")),
        (Some("0001-01-01"), Some("9999-12-31")),
    ] {
        checks.push(Check::BetweenDays(column, min.and_then(bound), max.and_then(bound)));
    }
    for (ignores_blank, percent) in [(false, 90), (true, 90)] {
        let figure = Figure::Completeness(column, ignores_blank, percent, 100);
        checks.push(Check::Figure(figure));
    }
    checks
}

fn conditions(columns: &[Name], pairs: &[(Name, Name)]) -> Vec<Condition> {
    let text = |it: &str| Operand::Text(it.to_owned());
    let number = |it: &str| Operand::Number(it.to_owned());
    let day = |it: &str| Operand::Day(it.to_owned());
    let mut conditions = Vec::new();
    for column in columns {
        conditions.push(Condition::IsNull(column));
        for pattern in ["%", "", "a%", "%a%", "_", "%.%", "é%", "%1", "a_%", "%\n%", "%\\%"] {
            conditions.push(Condition::Like(column, pattern.to_owned()));
        }
        conditions.extend(
            [("=", 1), ("<", 3), (">=", 15)]
                .map(|(operator, length)| Condition::Length(column, operator, length)),
        );
        let literals = match *column {
            "whole" | "real" | "number key" => {
                vec![
                    number("1"),
                    number("0.5"),
                    number("9007199254740992.0"),
                    number("9223372036854775807"),
                ]
            }
            "day" | "moment" => vec![day("2024-02-29"), text("1970-01-01"), day("0001-01-01")],
            "flag" => vec![Operand::Boolean(true), Operand::Boolean(false)],
            _ => vec![text("a"), text("A"), text("é"), number("1"), day("2024-02-29")],
        };
        for literal in &literals {
            conditions.extend(
                OPERATORS
                    .map(|it| Condition::Compare(Operand::Column(column), it, literal.clone())),
            );
        }
        conditions.push(Condition::In(column, literals.clone()));
        let [low, high, ..] = &literals[..] else { continue };
        conditions.push(Condition::Between(column, low.clone(), high.clone()));
    }
    for (left, right) in pairs {
        let (left, right) = (Operand::Column(left), Operand::Column(right));
        conditions.extend(OPERATORS.map(|it| Condition::Compare(left.clone(), it, right.clone())));
    }
    for more in [-3, 1] {
        let sum = Operand::Plus("whole", more);
        conditions.push(Condition::Compare(sum, "<", Operand::Column("number key")));
    }
    conditions
}

fn forms() -> Vec<KeyForm> {
    let form = |bits: u8| KeyForm {
        ignores_blank: bits & 1 > 0,
        folds_case: bits & 2 > 0,
        collapses_blanks: bits & 4 > 0,
    };
    (0..8).map(form).collect()
}

fn of_keys(columns: &[Name], joining: &[Name], forms: &[KeyForm]) -> Vec<Check> {
    let mut checks = vec![Check::RowCount(10, 100), Check::RowCount(1, 150)];
    for form in forms.iter().copied() {
        for column in columns {
            checks.push(Check::Unique(vec![column], form));
            checks.push(Check::Figure(Figure::DistinctCount(vec![column], form, 3, 20)));
        }
        checks.push(Check::Unique(vec!["key", "number key"], form));
        checks.push(Check::Dependency(vec!["number key"], vec!["key"], form));
        checks.push(Check::Dependency(vec!["key"], vec!["whole", "number key"], form));
        checks.push(Check::Dependency(vec!["lông \"key\""], vec!["word"], form));
        checks.push(Check::NoOverlap(vec!["number key"], ["day", "day"], form));
        for column in joining {
            let keys =
                |key: Name| Keys { columns: vec![column], table: "parent", key: vec![key], form };
            checks.push(Check::References(keys(column)));
            checks.push(Check::References(keys("key")));
            checks.push(Check::Referenced(keys(column), None));
            let filter = Condition::IsNull("whole");
            checks.push(Check::Cardinality(keys(column), Some(filter), (0, 2)));
            checks.push(Check::Cardinality(keys(column), None, (1, 3)));
        }
        let keys = Keys {
            columns: vec!["key", "number key"],
            table: "parent",
            key: vec!["key", "number key"],
            form,
        };
        checks.push(Check::References(keys));
    }
    checks
}

fn figures(columns: &[Name]) -> Vec<Check> {
    let statistics =
        [Statistic::Mean, Statistic::Min, Statistic::Max, Statistic::Sum, Statistic::Quantile(50)];
    let mut checks = Vec::new();
    for column in columns.iter().filter(|it| ["whole", "numeral", "real"].contains(it)) {
        checks.extend(
            statistics
                .map(|it| Check::Figure(Figure::Number(column, it, Some("0".to_owned()), None))),
        );
    }
    checks.push(Check::Figure(Figure::Freshness("day", 900, "d")));
    checks
}
