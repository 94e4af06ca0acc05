//! Random rules, and the file that says the same.

use std::fmt;

use dq_core::rules::format::Format;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::naive::{Check, Condition, KeyForm, Keys, Operand, Outcome, Table};
use crate::property::figures;
use crate::property::tables::{COLUMNS, WORDS};

/// What text is searched for.
pub(crate) const PATTERNS: [&str; 15] = [
    "^[0-9]+$",
    "a",
    "^a$",
    "^.$",
    "^$",
    r"^\w+$",
    r"\s",
    "é",
    "(?i)^É$",
    r"^\p{L}{2}$",
    "^(a|b).*(a|b)$",
    r"\x00",
    r"^-?[0-9.]+$",
    "^[^b]*$",
    r"\.",
];

/// Some rules.
#[derive(Clone)]
pub(crate) struct Rules(Vec<Rule>);

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// A rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) table: &'static str,
    filter: Option<Condition>,
    checks: Vec<Check>,
}

impl Rules {
    /// Rules that were written by hand.
    pub(crate) fn of(rules: Vec<Rule>) -> Self {
        Self(rules)
    }

    /// Every check with its rule.
    pub(crate) fn checks(&self) -> Vec<(&Rule, &Check)> {
        self.0.iter().flat_map(|rule| rule.checks.iter().map(move |it| (rule, it))).collect()
    }

    /// What the naive evaluator finds.
    pub(crate) fn outcomes(&self, tables: &[Table]) -> Vec<Outcome> {
        let outcome = |(rule, check): (&Rule, &Check)| {
            let table = tables.iter().find(|it| it.name == rule.table).unwrap();
            check.outcome(table, rule.filter.as_ref(), tables)
        };
        self.checks().into_iter().map(outcome).collect()
    }

    /// The rule file.
    pub(crate) fn text(&self) -> String {
        let rules: Vec<_> = self.0.iter().enumerate().map(|(id, it)| it.json(id)).collect();
        json!({ "version": 1, "rules": rules }).to_string()
    }
}

impl Rule {
    /// A rule about `table`.
    pub(crate) fn new(table: &'static str, filter: Option<Condition>, checks: Vec<Check>) -> Self {
        Self { table, filter, checks }
    }

    fn json(&self, id: usize) -> Value {
        let mut checks = Vec::new();
        for (id, check) in self.checks.iter().enumerate() {
            let mut json = json_of(check);
            json["id"] = json!(format!("check {id}"));
            checks.push(json);
        }
        let mut rule = json!({ "id": format!("rule {id}"), "table": self.table, "checks": checks });
        if let Some(filter) = &self.filter {
            rule["where"] = json!(filter.sql());
        }
        rule
    }
}

fn json_of(check: &Check) -> Value {
    match check {
        Check::NotNull(it) => json!({ "column": it, "not_null": true }),
        Check::NotBlank(it) => json!({ "column": it, "not_blank": true }),
        Check::Matches(it, pattern) => json!({ "column": it, "matches": pattern }),
        Check::OneOf(it, values) => json!({ "column": it, "one_of": values }),
        Check::BetweenNumbers(it, min, max) | Check::BetweenDays(it, min, max) => {
            json!({ "column": it, "between": { "min": min, "max": max } })
        }
        Check::Length(it, min, max) => {
            json!({ "column": it, "length": { "min": min, "max": max } })
        }
        Check::Type(it, name) => json!({ "column": it, "type": name }),
        Check::Format(it, name) => json!({ "column": it, "format": name }),
        Check::Trimmed(it) => json!({ "column": it, "trimmed": true }),
        Check::NoControlCharacters(it) => json!({ "column": it, "no_control_characters": true }),
        Check::Expression(it) => json!({ "expression": it.sql() }),
        Check::Unique(columns, form) => formed(json!({ "unique": columns }), *form),
        Check::Dependency(from, to, form) => {
            formed(json!({ "functional_dependency": { "from": from, "to": to } }), *form)
        }
        Check::NoOverlap(key, [from, to], form) => {
            formed(json!({ "no_overlap": { "key": key, "from": from, "to": to } }), *form)
        }
        Check::RowCount(min, max) => json!({ "row_count": { "min": min, "max": max } }),
        Check::References(Keys { columns, table, key, form }) => {
            let argument = json!({ "columns": columns, "table": table, "key": key });
            formed(json!({ "references": argument }), *form)
        }
        Check::Referenced(keys, filter) => {
            formed(json!({ "referenced": children(keys, filter.as_ref()) }), keys.form)
        }
        Check::Cardinality(keys, filter, (min, max)) => {
            let mut argument = children(keys, filter.as_ref());
            argument["min"] = json!(min);
            argument["max"] = json!(max);
            formed(json!({ "cardinality": argument }), keys.form)
        }
        Check::Figure(it) => figures::json_of(it),
    }
}

fn children(Keys { columns, table, key, .. }: &Keys, filter: Option<&Condition>) -> Value {
    let mut json = json!({ "columns": columns, "table": table, "foreign_key": key });
    if let Some(filter) = filter {
        json["where"] = json!(filter.sql());
    }
    json
}

/// A check whose keys have a form.
pub(crate) fn formed(mut check: Value, form: KeyForm) -> Value {
    if form.ignores_blank {
        check["ignore"] = json!("blank");
    }
    match (form.folds_case, form.collapses_blanks) {
        (false, false) => {}
        (true, false) => check["normalize"] = json!("case"),
        (false, true) => check["normalize"] = json!(["blanks"]),
        (true, true) => check["normalize"] = json!(["case", "blanks"]),
    }
    check
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let filter = option::weighted(0.5, condition());
    let rule = (table(), filter, vec(check(), 1..6));
    let rule = rule.prop_map(|(table, filter, checks)| Rule { table, filter, checks });
    vec(rule, 1..4).prop_map(Rules)
}

fn table() -> impl Strategy<Value = &'static str> {
    select(&["child", "child", "parent"][..])
}

pub(crate) fn column() -> impl Strategy<Value = &'static str> {
    select(&COLUMNS[..]).prop_map(|it| it.name)
}

/// One to three columns, some of which make groups.
pub(crate) fn columns() -> impl Strategy<Value = Vec<&'static str>> {
    let column = prop_oneof![3 => joining(), 2 => column(), 1 => select(&["id", "part"][..])];
    vec(column, 1..4).prop_map(different)
}

/// Each of them once.
fn different(mut columns: Vec<&'static str>) -> Vec<&'static str> {
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// A column that other tables may have in common.
fn joining() -> impl Strategy<Value = &'static str> {
    select(&["key", "number key", "lông \"key\"", "numeral", "whole", "real", "any"][..])
}

pub(crate) fn form() -> impl Strategy<Value = KeyForm> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    flags.prop_map(|(ignores_blank, folds_case, collapses_blanks)| KeyForm {
        ignores_blank,
        folds_case,
        collapses_blanks,
    })
}

fn keys() -> impl Strategy<Value = Keys> {
    let pair = prop_oneof![joining().prop_map(|it| (it, it)), (joining(), joining())];
    let differ =
        |it: &Vec<(&str, &str)>| it.len() < 2 || (it[0].0 != it[1].0 && it[0].1 != it[1].1);
    let pairs = vec(pair, 1..3).prop_filter("no column twice", differ);
    (pairs, table(), form()).prop_map(|(pairs, table, form)| {
        let (columns, key) = pairs.into_iter().unzip();
        Keys { columns, table, key, form }
    })
}

fn check() -> impl Strategy<Value = Check> {
    let of_text = prop_oneof![
        column().prop_map(Check::NotNull),
        column().prop_map(Check::NotBlank),
        (column(), pattern()).prop_map(|(it, pattern)| Check::Matches(it, pattern)),
        (column(), vec(value(), 1..8)).prop_map(|(it, values)| Check::OneOf(it, values)),
        (column(), 0..4_u64, 0..20_u64).prop_map(|(it, min, more)| Check::Length(
            it,
            min,
            min + more
        )),
        (column(), select(&["integer", "decimal", "date", "timestamp", "boolean"][..]))
            .prop_map(|(it, name)| Check::Type(it, name)),
        (column(), format()).prop_map(|(it, name)| Check::Format(it, name)),
        column().prop_map(Check::Trimmed),
        column().prop_map(Check::NoControlCharacters),
        (column(), between(&NUMBERS))
            .prop_map(|(it, (min, max))| Check::BetweenNumbers(it, min, max)),
        (column(), between(&DAYS)).prop_map(|(it, (min, max))| Check::BetweenDays(it, min, max)),
        condition().prop_map(Check::Expression),
    ];
    let of_sets = prop_oneof![
        (columns(), form()).prop_map(|(columns, form)| Check::Unique(columns, form)),
        (vec(joining(), 1..3), vec(prop_oneof![joining(), column()], 1..3), form())
            .prop_map(|(from, to, form)| Check::Dependency(different(from), different(to), form)),
        (vec(joining(), 1..3), [temporal(), temporal()], form())
            .prop_map(|(key, days, form)| Check::NoOverlap(different(key), days, form)),
        (0..30_u64, 0..30_u64).prop_map(|(min, more)| Check::RowCount(min, min + more)),
        keys().prop_map(Check::References),
        (keys(), option::of(condition()))
            .prop_map(|(keys, filter)| Check::Referenced(keys, filter)),
        (keys(), option::of(condition()), 0..3_u64, 0..3_u64).prop_map(
            |(keys, filter, min, more)| Check::Cardinality(keys, filter, (min, min + more))
        ),
    ];
    prop_oneof![of_text, of_sets, figures::figure().prop_map(Check::Figure)]
}

fn temporal() -> impl Strategy<Value = &'static str> {
    select(&["day", "day", "moment", "word", "any"][..])
}

fn pattern() -> impl Strategy<Value = String> {
    select(&PATTERNS[..]).prop_map(str::to_owned)
}

fn format() -> impl Strategy<Value = &'static str> {
    let names: Vec<_> = Format::ALL.iter().map(|it| it.name()).collect();
    select(names)
}

/// What a list may hold: some words, and values of other columns as they are shown.
fn value() -> impl Strategy<Value = String> {
    let others = [
        "1",
        "0",
        "-1",
        "1.0",
        "0.5",
        "true",
        "2024-02-29",
        "9223372036854775807",
        "-0.0",
        "1e300",
    ];
    prop_oneof![select(&WORDS[..]), select(others.to_vec())]
        .prop_map(str::to_owned)
        .prop_filter("parameters", |it| !it.contains("${"))
}

/// In their order.
pub(crate) const NUMBERS: [&str; 9] = [
    "-1e300",
    "-9007199254740993",
    "-1.5",
    "-1",
    "0",
    "0.5",
    "3",
    "9007199254740992.0",
    "9223372036854775807",
];

/// In their order.
pub(crate) const DAYS: [&str; 6] =
    ["0001-01-01", "1969-12-31", "1970-01-01", "2024-02-29", "2024-03-01", "2200-01-01"];

pub(crate) fn between(
    bounds: &'static [&'static str],
) -> impl Strategy<Value = (Option<String>, Option<String>)> {
    (0..bounds.len(), 0..bounds.len(), 0..3).prop_map(|(a, b, which)| {
        let bound = |it: usize| Some(bounds[it].to_owned());
        match which {
            0 => (bound(a), None),
            1 => (None, bound(a)),
            _ => (bound(a.min(b)), bound(a.max(b))),
        }
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    simple_condition().prop_recursive(3, 8, 2, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            inner.prop_map(|it| Condition::Not(Box::new(it))),
            pair.clone().prop_map(|(a, b)| Condition::And(Box::new(a), Box::new(b))),
            pair.prop_map(|(a, b)| Condition::Or(Box::new(a), Box::new(b))),
        ]
    })
}

fn operator() -> impl Strategy<Value = &'static str> {
    select(&["=", "<>", "<", "<=", ">", ">="][..])
}

fn simple_condition() -> impl Strategy<Value = Condition> {
    let columns =
        |(a, operator, b)| Condition::Compare(Operand::Column(a), operator, Operand::Column(b));
    let pair = (comparable(), operator()).prop_map(|((a, b), operator)| (a, operator, b));
    prop_oneof![
        column().prop_map(Condition::IsNull),
        (column_and_literals(1), operator(), any::<bool>()).prop_map(
            |((it, mut literals), operator, turned)| {
                let (column, literal) = (Operand::Column(it), literals.remove(0));
                let (left, right) = if turned { (literal, column) } else { (column, literal) };
                Condition::Compare(left, operator, right)
            }
        ),
        (numeric(), -3..3_i64, operator(), numeric()).prop_map(|(it, more, operator, other)| {
            Condition::Compare(Operand::Plus(it, more), operator, Operand::Column(other))
        }),
        pair.prop_map(columns),
        column_and_literals(2).prop_map(|(it, mut two)| {
            let high = two.remove(1);
            Condition::Between(it, two.remove(0), high)
        }),
        column_and_literals(4).prop_map(|(it, list)| Condition::In(it, list)),
        (column(), select(vec!["%", "", "a%", "%a%", "_", "__", "%.%", "é%", "1%", "%\n%"]))
            .prop_map(|(it, pattern)| Condition::Like(it, pattern.to_owned())),
        (column(), operator(), 0..6_u32)
            .prop_map(|(it, operator, length)| { Condition::Length(it, operator, length) }),
    ]
}

fn numeric() -> impl Strategy<Value = &'static str> {
    select(&["whole", "real", "numeral", "number key"][..])
}

/// Two columns that may stand on both sides of an operator.
fn comparable() -> impl Strategy<Value = (&'static str, &'static str)> {
    let text = select(&["word", "numeral", "key", "lông \"key\"", "any"][..]);
    let number = select(&["whole", "real", "numeral", "number key", "any", "flag"][..]);
    let time = select(&["day", "moment", "word"][..]);
    prop_oneof![(text.clone(), text), (number.clone(), number), (time.clone(), time)]
}

/// A column, and literals that may stand beside it whatever the source declares it as.
fn column_and_literals(number: usize) -> impl Strategy<Value = (&'static str, Vec<Operand>)> {
    let text = select(&WORDS[..])
        .prop_filter("a NUL", |it| !it.contains('\0'))
        .prop_map(|it| Operand::Text(it.to_owned()));
    let numeral = select(
        &["0", "1", "-1", "0.5", "1.0", "3", "9007199254740992.0", "9223372036854775807"][..],
    );
    let numeral_text = numeral.clone().prop_map(|it| Operand::Text(it.to_owned()));
    let numeral = numeral.prop_map(|it| Operand::Number(it.to_owned()));
    let day = select(&DAYS[..]).prop_map(|it| Operand::Day(it.to_owned()));
    let day_text = select(&DAYS[..]).prop_map(|it| Operand::Text(it.to_owned()));
    let of_text = select(&["word", "numeral", "key", "lông \"key\"", "any"][..]);
    let of_number = select(&["whole", "real", "number key"][..]);
    let literal = prop_oneof![text, numeral.clone(), day.clone()];
    prop_oneof![
        (of_text, vec(literal, number)),
        (of_number, vec(prop_oneof![numeral, numeral_text], number)),
        (select(&["day", "moment"][..]), vec(prop_oneof![day, day_text], number)),
        (Just("flag"), vec(any::<bool>().prop_map(Operand::Boolean), number)),
    ]
}
