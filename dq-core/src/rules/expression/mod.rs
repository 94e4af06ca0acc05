//! The expression language: portable SQL predicates over the columns of one row.
//!
//! ```text
//! text ─parse─▶ Expression ─bind(columns, as_of)─▶ Predicate ─evaluate(batch)─▶ Truth
//! ```
//!
//! `sqlparser` reads the text, names and types are resolved before anything runs, and evaluation is
//! native, so an expression means the same on every source.
//!
//! # Outcomes
//!
//! A condition has one of four outcomes in each row: TRUE, FALSE, UNKNOWN (SQL's NULL), and INVALID:
//! a value that is there cannot be read as what an operation needs, such as the text `abc` where a
//! number is wanted, or an integer overflows. As a check, FALSE and INVALID are violations. As a filter,
//! only TRUE lets a row through.
//!
//! - `AND`: FALSE wins, then INVALID, then UNKNOWN. `OR`: TRUE wins, then INVALID, then UNKNOWN.
//! - `NOT` leaves UNKNOWN and INVALID as they are.
//! - Whatever else looks at an INVALID value is INVALID, also `IS NULL` and `IS TRUE`. `CASE` and
//!   `COALESCE` do not look at what they do not take.
//! - Whatever looks at a NULL is NULL, but for `IS …`, `IS [NOT] DISTINCT FROM`, `CASE`, `COALESCE`
//!   and `CONCAT`.
//!
//! # Values
//!
//! - **Comparison.** Numbers compare by their exact values, whole or not; NaN is INVALID. Text compares
//!   by code point, so days written `YYYY-MM-DD` order as days do. Text next to something else is read
//!   as that: as a decimal number, as `YYYY-MM-DD` with or without a time, as `true`, `false`, `t`, `f`,
//!   `1`, `0` in any case. So columns of a CSV file, which are all text, can be compared with numbers and
//!   dates. A text literal is read as the declared type of what it is compared with, and
//!   is an error where it cannot be, as in arithmetic and as an argument of a function. Booleans next to
//!   numbers are 1 and 0. A date next to a timestamp is its midnight. Bytes that are not text compare
//!   only with such.
//! - **Conditions.** A boolean is one; so is a number, which holds unless it is 0. Text is none, whatever
//!   it spells: an error where the column is declared as text, INVALID where only the row tells; compare
//!   it, as in `x = true`.
//! - **Arithmetic** reads text as numbers. Whole numbers are exact in 128 bits, beyond which they are
//!   INVALID; with a float the result is a float, and INVALID if it is not finite. So an infinite float
//!   can be compared, but to compute with it is INVALID; only a finite number divided by it is 0. `/` is
//!   always real division, so `1 / 2` is `0.5`; `%` is the remainder of whole numbers, with the sign of the left
//!   one. Division by zero is NULL.
//! - **Dates.** `DATE '2020-12-31'` and `TIMESTAMP '2020-12-31 23:59:59'` are literals. `date + days`
//!   and `date - days` are dates; `date - date` is a number of days. `CURRENT_DATE` is the day of the run.
//! - **`LIKE`** is case-sensitive; `%` is any text and `_` any one character; there is no escape
//!   character without `ESCAPE`. `ILIKE` folds both sides first, fully, so that `ß` is `ss`.
//! - **`CAST`** to `integer` wants a whole number (`3.0` is one; see `round`), to `float`, `double`,
//!   `real`, `decimal` or `numeric` gives a float, to `text` gives what a report shows. What cannot be
//!   read is INVALID.
//! - **Long text.** What `||`, `concat` and `replace` put together is INVALID if it is longer than 256 MiB.
//! - `BETWEEN`, `IN` and `CASE x WHEN` are short for the comparisons that they stand for.
//!
//! Names are plain, or quoted with `"` or `` ` ``. [`functions`] lists what can be called.

mod bind;
mod columnar;
mod datum;
mod function;
mod kind;
mod like;
mod literal;
mod parse;
mod syntax;
mod term;
mod translate;
mod truth;

use std::sync::Arc;

use arrow_buffer::BooleanBuffer;

use crate::rules::expression::function::FUNCTIONS;
use crate::rules::expression::syntax::{Form, Node};
use crate::value::{Batch, Date, ValueType};

pub(crate) use datum::Datum;
pub use function::Function;
pub(crate) use syntax::{Comparison, Operator, State, Type as CastTo};
pub(crate) use term::Term;

/// An expression that was read, before it is known which table it is about.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    root: Node,
    /// Columns that are NULL in every row.
    absent: Vec<String>,
}

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// The byte of the text at which it is wrong; 0 if unknown.
    pub offset: usize,
}

/// A condition that is ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Predicate {
    root: Arc<Term>,
}

/// What a condition says of the rows of a batch. A row that is in neither is unknown.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// The rows for which it is TRUE.
    pub holds: BooleanBuffer,
    /// The rows for which it is FALSE or INVALID.
    pub fails: BooleanBuffer,
}

/// Maps the name of a column to its position in the batches and its declared type, or to the message
/// to report.
pub type Resolve<'r> = dyn FnMut(&str) -> Result<(usize, ValueType), String> + 'r;

/// Every function that an expression may call.
pub fn functions() -> &'static [Function] {
    FUNCTIONS
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// If it is no SQL expression, or calls a function or has a construct that the language lacks.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        Ok(Self { text: text.to_owned(), root: parse::parse(text)?, absent: Vec::new() })
    }

    /// The same, where these columns are NULL in every row.
    #[must_use]
    pub(crate) fn without(mut self, columns: Vec<String>) -> Self {
        self.absent = columns;
        self
    }

    /// The text that was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of the columns, once each, in the order of the text.
    pub fn columns(&self) -> Vec<String> {
        let mut names = Vec::new();
        gather(&self.root, &mut names);
        names
    }

    /// Makes the expression ready for the rows of one table. `as_of` is what `CURRENT_DATE`
    /// means.
    ///
    /// # Errors
    ///
    /// Every name that does not resolve, and every operation that the declared types rule out.
    pub fn bind(
        &self,
        resolve: &mut Resolve<'_>,
        as_of: Date,
    ) -> Result<Predicate, Vec<ExpressionError>> {
        let root = Arc::new(bind::bind(&self.root, resolve, &self.absent, as_of)?);
        Ok(Predicate { root })
    }
}

impl Predicate {
    /// The condition itself.
    pub(crate) fn root(&self) -> &Term {
        &self.root
    }

    /// What the condition says of each row.
    pub fn evaluate(&self, batch: &Batch) -> Truth {
        let outcomes = columnar::outcomes(&self.root, batch);
        Truth { fails: &outcomes.fails | &outcomes.invalid, holds: outcomes.holds }
    }
}

fn gather(node: &Node, names: &mut Vec<String>) {
    if let Form::Column(name) = &node.form
        && !names.contains(name)
    {
        names.push(name.clone());
    }
    for part in node.form.parts() {
        gather(part, names);
    }
}

#[cfg(test)]
mod tests {
    //! The language as its users see it: each line is an expression and its outcome.

    use super::*;

    use std::fmt::Write;
    use std::thread;

    use arrow_array::{
        BooleanArray, Date32Array, Float64Array, Int64Array, TimestampMicrosecondArray,
    };
    use arrow_buffer::Buffer;

    use crate::rules::expression::truth::Outcomes;
    use crate::value::{Cell, Column, MixedColumn, Span, TextColumn};

    /// The columns of the one row that most tests look at.
    fn columns() -> Vec<(&'static str, ValueType, Column)> {
        let text = |it: &str| Column::Text(TextColumn::from_texts([Some(it)]));
        let day = Date::from_civil(2020, 2, 29).unwrap();
        let noon = day.midnight().micros() + 43_200_000_000;
        let bytes =
            MixedColumn::new(vec![Cell::Bytes(Span::new(0, 1))], Buffer::from_vec(vec![0xff_u8]));
        vec![
            ("seven", ValueType::Integer, Column::Integer(Int64Array::from(vec![7]))),
            ("most", ValueType::Integer, Column::Integer(Int64Array::from(vec![i64::MAX]))),
            ("half", ValueType::Float, Column::Float(Float64Array::from(vec![0.5]))),
            ("nan", ValueType::Float, Column::Float(Float64Array::from(vec![f64::NAN]))),
            ("yes", ValueType::Boolean, Column::Boolean(BooleanArray::from(vec![true]))),
            ("day", ValueType::Date, Column::Date(Date32Array::from(vec![day.days()]))),
            (
                "noon",
                ValueType::Timestamp,
                Column::Timestamp(TimestampMicrosecondArray::from(vec![noon])),
            ),
            ("word", ValueType::Text, text("Abc")),
            ("twelve", ValueType::Text, text("12")),
            ("leap_day", ValueType::Text, text("2020-02-29")),
            ("padded", ValueType::Text, text("\u{a0} é \t")),
            ("flag", ValueType::Text, text("True")),
            ("nothing", ValueType::Text, Column::Text(TextColumn::from_texts([None::<&str>]))),
            ("no_number", ValueType::Integer, Column::Null(1)),
            ("any", ValueType::Any, Column::Integer(Int64Array::from(vec![7]))),
            ("spelt", ValueType::Any, text("true")),
            ("one", ValueType::Any, text("1")),
            ("endless", ValueType::Float, Column::Float(Float64Array::from(vec![f64::INFINITY]))),
            ("blob", ValueType::Bytes, Column::Mixed(bytes.clone())),
            ("latin", ValueType::Text, Column::Mixed(bytes)),
            ("select", ValueType::Integer, Column::Integer(Int64Array::from(vec![1]))),
        ]
    }

    fn resolve(name: &str) -> Result<(usize, ValueType), String> {
        let position = columns().iter().position(|(it, _, _)| *it == name);
        let position = position.ok_or_else(|| format!("no column `{name}`"))?;
        Ok((position, columns()[position].1))
    }

    fn as_of() -> Date {
        Date::from_civil(2026, 11, 23).unwrap()
    }

    /// TRUE, FALSE, NULL or INVALID; evaluated both ways.
    fn outcome(text: &str) -> &'static str {
        let expression = Expression::parse(text).unwrap_or_else(|it| panic!("{text}: {it:?}"));
        let predicate =
            expression.bind(&mut resolve, as_of()).unwrap_or_else(|it| panic!("{text}: {it:?}"));
        let batch = Batch::new(0, 1, columns().into_iter().map(|(_, _, column)| column).collect());
        let columnwise = columnar::outcomes(&predicate.root, &batch);
        let rowwise = Outcomes::collect(1, |row| predicate.root.outcome(&batch, row));
        assert_eq!(columnwise, rowwise, "{text}");
        let of = |it: &BooleanBuffer| it.value(0);
        match (of(&rowwise.holds), of(&rowwise.fails), of(&rowwise.invalid)) {
            (true, false, false) => "TRUE",
            (false, true, false) => "FALSE",
            (false, false, true) => "INVALID",
            (false, false, false) => "NULL",
            other => panic!("{text}: {other:?}"),
        }
    }

    fn check(cases: &str) {
        let mut wrong = String::new();
        for line in cases.lines().map(str::trim).filter(|it| !it.is_empty()) {
            let (text, expected) = line.rsplit_once("=>").unwrap();
            let (text, expected) = (text.trim(), expected.trim());
            let found = outcome(text);
            if found != expected {
                writeln!(wrong, "{text} => {found}, not {expected}").unwrap();
            }
        }
        assert!(wrong.is_empty(), "\n{wrong}");
    }

    #[test]
    fn texts_that_would_fill_the_memory_are_invalid() {
        let thousand = "A".repeat(1000);
        let grown = |depth: usize| {
            (0..depth).fold("word".to_owned(), |it, _| format!("replace({it}, 'A', '{thousand}')"))
        };
        check(&format!(
            "length({}) = 1000002 => TRUE
             length({}) > 0 => INVALID
             length(replace({}, 'x', '{thousand}')) = 1000002 => TRUE",
            grown(2),
            grown(30),
            grown(2),
        ));
        let concat = |count: usize| format!("concat({})", vec![grown(2); count].join(", "));
        let many = concat(100);
        check(&format!(
            "length({}) > 0 => INVALID
             length({many} || {many} || {many}) > 0 => INVALID
             length({} || word) = 3000009 => TRUE",
            concat(300),
            concat(3),
        ));
    }

    fn errors(text: &str) -> Vec<ExpressionError> {
        match Expression::parse(text) {
            Err(error) => vec![error],
            Ok(it) => it.bind(&mut resolve, as_of()).map_or_else(|errors| errors, |_| Vec::new()),
        }
    }

    #[test]
    fn comparisons_read_text_as_what_it_is_compared_with() {
        check(
            "seven = 7 => TRUE
             seven <> 7 => FALSE
             seven != 8 => TRUE
             7 = seven => TRUE
             8 > seven => TRUE
             seven < 7.5 => TRUE
             seven = 7.0 => TRUE
             seven = '7' => TRUE
             half < seven => TRUE
             half >= 0.5 => TRUE
             most < 9223372036854775808 => TRUE
             most = 9223372036854775807.0 => FALSE
             most < 1e300 => TRUE
             nan = nan => INVALID
             nan > 1 => INVALID
             twelve > 7 => TRUE
             twelve > seven => TRUE
             twelve > '7' => FALSE
             word > 7 => INVALID
             word = 'Abc' => TRUE
             word = 'abc' => FALSE
             word < 'B' => TRUE
             word = twelve => FALSE
             day = '2020-02-29' => TRUE
             day < '2020-03-01' => TRUE
             day = leap_day => TRUE
             day = word => INVALID
             day < noon => TRUE
             noon > '2020-02-29' => TRUE
             noon = '2020-02-29 12:00' => TRUE
             noon < DATE '2020-03-01' => TRUE
             leap_day = DATE '2020-02-29' => TRUE
             leap_day < noon => TRUE
             leap_day < TIMESTAMP '2020-02-29 00:00:01' => TRUE
             yes = true => TRUE
             yes = 1 => TRUE
             yes = 2 => FALSE
             yes = 'true' => TRUE
             flag = true => TRUE
             flag = yes => TRUE
             word = true => INVALID
             blob = blob => TRUE
             latin = 'x' => INVALID
             latin <> 'x' => INVALID
             any = 7 => TRUE
             any = '7' => TRUE
             any = 'x' => INVALID
             nothing = 'x' => NULL
             nothing <> nothing => NULL
             no_number < seven => NULL
             word = NULL => NULL",
        );
    }

    #[test]
    fn null_and_invalid_follow_their_tables() {
        check(
            "seven = 7 AND nothing = 'x' => NULL
             seven = 8 AND nothing = 'x' => FALSE
             seven = 8 AND word > 1 => FALSE
             word > 1 AND seven = 7 => INVALID
             word > 1 AND nothing = 'x' => INVALID
             seven = 7 OR word > 1 => TRUE
             seven = 8 OR word > 1 => INVALID
             nothing = 'x' OR word > 1 => INVALID
             nothing = 'x' OR seven = 8 => NULL
             NOT word > 1 => INVALID
             NOT nothing = 'x' => NULL
             NOT seven = 8 => TRUE
             nothing IS NULL => TRUE
             word IS NOT NULL => TRUE
             no_number IS NULL => TRUE
             no_number IS NOT NULL => FALSE
             word + 1 IS NULL => INVALID
             nothing + 1 IS NULL => TRUE
             (word > 1) IS TRUE => INVALID
             (nothing = 'x') IS UNKNOWN => TRUE
             (nothing = 'x') IS NOT TRUE => TRUE
             (nothing = 'x') IS FALSE => FALSE
             (seven = 7) IS NOT UNKNOWN => TRUE
             (seven = 7) IS NOT FALSE => TRUE
             nothing IS DISTINCT FROM 'x' => TRUE
             nothing IS NOT DISTINCT FROM nothing => TRUE
             seven IS DISTINCT FROM 7 => FALSE
             word IS DISTINCT FROM 1 => INVALID
             yes => TRUE
             NOT yes => FALSE
             seven => TRUE
             seven - 7 => FALSE
             no_number => NULL
             nan => INVALID
             any => TRUE
             true => TRUE
             NULL => NULL",
        );
    }

    #[test]
    fn text_is_no_condition_whatever_it_spells() {
        check(
            "spelt => INVALID
             one => INVALID
             NOT spelt => INVALID
             spelt AND TRUE => INVALID
             spelt AND FALSE => FALSE
             spelt OR TRUE => TRUE
             spelt IS TRUE => INVALID
             spelt IS NOT FALSE => INVALID
             spelt IS UNKNOWN => INVALID
             CASE WHEN spelt THEN true END => INVALID
             coalesce(nothing, spelt) => INVALID
             spelt = true => TRUE
             spelt <> false => TRUE
             spelt IN (true) => TRUE
             one = yes => TRUE
             CAST(spelt AS boolean) => TRUE",
        );
    }

    #[test]
    fn an_infinite_float_is_compared_but_not_computed_with() {
        check(
            "endless > most => TRUE
             endless = endless => TRUE
             endless + 1 > 0 => INVALID
             seven - endless < 0 => INVALID
             endless * 0 = 0 => INVALID
             endless / 2 > 0 => INVALID
             endless % 2 = 0 => INVALID
             -endless < 0 => INVALID
             seven / endless = 0 => TRUE",
        );
    }

    #[test]
    fn an_expression_may_be_a_single_literal() {
        check(
            "5 => TRUE
             0 => FALSE",
        );
        let found = errors("'a'");
        let found: Vec<_> = found.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(found, ["text is no condition; compare it with something"]);
    }

    #[test]
    fn lists_ranges_and_cases_are_short_for_comparisons() {
        check(
            "seven IN (1, 7) => TRUE
             seven IN (1, 2) => FALSE
             seven IN (1, NULL) => NULL
             seven NOT IN (1, NULL) => NULL
             seven NOT IN (7, NULL) => FALSE
             seven IN ('7', '8') => TRUE
             seven IN (7.0) => TRUE
             seven IN (NULL) => NULL
             nothing IN ('x') => NULL
             twelve IN (12) => TRUE
             twelve IN ('12') => TRUE
             word IN ('x', 'Abc') => TRUE
             word IN (1, 2) => INVALID
             word NOT IN ('x', 'y') => TRUE
             word IN (1, flag, word) => TRUE
             any IN (6, 7) => TRUE
             any IN ('x') => INVALID
             day IN ('2020-02-29', '2021-01-01') => TRUE
             seven BETWEEN 7 AND 8 => TRUE
             seven NOT BETWEEN 7 AND 8 => FALSE
             seven BETWEEN 8 AND NULL => FALSE
             seven BETWEEN 6 AND NULL => NULL
             leap_day BETWEEN '2020-01-01' AND '2020-12-31' => TRUE
             CASE WHEN seven = 7 THEN true ELSE word > 1 END => TRUE
             CASE WHEN word > 1 THEN true ELSE true END => INVALID
             CASE WHEN nothing = 'x' THEN true END => NULL
             CASE seven WHEN 6 THEN 'six' WHEN 7 THEN 'seven' ELSE 'more' END = 'seven' => TRUE
             CASE nothing WHEN 'x' THEN 1 ELSE 2 END = 2 => TRUE",
        );
    }

    #[test]
    fn like_is_case_sensitive_and_ilike_folds() {
        check(
            "word LIKE 'A%' => TRUE
             word LIKE 'a%' => FALSE
             word ILIKE 'a%' => TRUE
             word NOT LIKE '_b_' => FALSE
             word NOT ILIKE '%X%' => TRUE
             seven LIKE '7' => TRUE
             half LIKE '0.5' => TRUE
             day LIKE '2020-%' => TRUE
             '50%' LIKE '50!%' ESCAPE '!' => TRUE
             '500' LIKE '50!%' ESCAPE '!' => FALSE
             '50\\' LIKE '50\\' => TRUE
             word LIKE word => TRUE
             word LIKE nothing => NULL
             nothing LIKE 'x' => NULL
             latin LIKE '%' => INVALID
             'Straße' ILIKE 'STRASSE' => TRUE
             regexp_like(word, '^[A-Z]b') => TRUE
             regexp_like(word, '^b') => FALSE
             regexp_like(nothing, 'x') => NULL
             regexp_like(seven, '^7$') => TRUE",
        );
    }

    #[test]
    fn arithmetic_is_exact_and_says_so_when_it_cannot_be() {
        check(
            "seven + 1 = 8 => TRUE
             seven - 8 = -1 => TRUE
             seven * half = 3.5 => TRUE
             seven / 2 = 3.5 => TRUE
             seven % 4 = 3 => TRUE
             -seven % 4 = -3 => TRUE
             7.0 % 4 = 3 => TRUE
             half % 2 = 1 => INVALID
             seven / 0 = 1 => NULL
             seven % 0 = 1 => NULL
             seven / 0.0 IS NULL => TRUE
             twelve + 1 = 13 => TRUE
             word > no_number => NULL
             nothing < seven => NULL
             twelve >= seven + 5 => TRUE
             twelve > seven + 5 => FALSE
             seven <= twelve - 5 => TRUE
             seven + 5 <= twelve => TRUE
             twelve - 5 = seven => TRUE
             word + 1 = 2 => INVALID
             no_number + 1 = 2 => NULL
             nothing + 1 > word => NULL
             word + 1 > nothing => INVALID
             most + most > most => TRUE
             most * most * most > 0 => INVALID
             most * most * 1.5 > 0 => TRUE
             1e308 * half * 1e10 > 0 => INVALID
             +seven = 7 => TRUE
             - - seven = 7 => TRUE
             1 + 2 * 3 = 7 => TRUE
             (1 + 2) * 3 = 9 => TRUE
             yes + yes = 2 => TRUE
             (nothing IS NULL) + (word IS NULL) = 1 => TRUE
             seven + '1' = '8' => TRUE
             any * '2' = 14 => TRUE
             any - '2' = 5 => TRUE
             any - '2020-02-29' = 5 => INVALID
             word || '-' || seven = 'Abc-7' => TRUE
             word || nothing IS NULL => TRUE
             half || '' = '0.5' => TRUE",
        );
    }

    #[test]
    fn dates_know_days() {
        check(
            "day + 1 = '2020-03-01' => TRUE
             1 + day = DATE '2020-03-01' => TRUE
             day - 59 = '2020-01-01' => TRUE
             day - DATE '2020-02-28' = 1 => TRUE
             day - leap_day = 0 => TRUE
             day + word > day => INVALID
             day - '2020-02-28' = 1 => TRUE
             '2020-03-02' - day = 2 => TRUE
             day + '1' = DATE '2020-03-01' => TRUE
             day + half > day => INVALID
             day + 99999999999 > day => INVALID
             date(leap_day) + 366 = DATE '2021-03-01' => TRUE
             date(word) = day => INVALID
             date(noon) = day => TRUE
             date('2020-02-29T23:59:59Z') = day => TRUE
             year(leap_day) = 2020 AND month(day) = 2 AND day(noon) = 29 => TRUE
             EXTRACT(YEAR FROM day) = 2020 => TRUE
             year(any) = 1 => INVALID
             days_between(day, '2020-03-31') = 31 => TRUE
             days_between('2020-03-31', day) = -31 => TRUE
             age_years(day, '2021-02-28') = 0 => TRUE
             age_years(day, '2021-03-01') = 1 => TRUE
             age_years(day, '2024-02-29') = 4 => TRUE
             age_years('2024-02-29', day) = -4 => TRUE
             age_years(day) = 6 => TRUE
             try_date(leap_day) = day => TRUE
             try_date(noon) = day => TRUE
             try_date('02/29/2020') = day => TRUE
             try_date('2/29/2020') = day => TRUE
             try_date('29/02/2020') = day => NULL
             try_date('02/30/2020') = day => NULL
             try_date('02/29/20') = day => NULL
             try_date('02/29/2020/') = day => NULL
             try_date('+2/29/2020') = day => NULL
             try_date(word) IS NULL => TRUE
             try_date('') IS NULL => TRUE
             try_date(seven) IS NULL => TRUE
             try_date(nothing) IS NULL => TRUE
             current_date = DATE '2026-11-23' => TRUE
             today() - 30 > day => TRUE
             CURRENT_DATE() > day => TRUE
             leap_day <= today() => TRUE",
        );
    }

    #[test]
    fn functions_of_text_count_characters() {
        check(
            "words('O''Brien, ANN  B.') = 'o brien ann b' => TRUE
             words(' Dr. José-María ') = 'dr josé maría' => TRUE
             words('STRASSE') = words('Straße') => TRUE
             words('?!') = '' => TRUE
             words(seven) = '7' => TRUE
             words(nothing) IS NULL => TRUE
             luhn('79927398713') => TRUE
             luhn('79927398710') => FALSE
             luhn('80840' || '1234567893') => TRUE
             luhn('7992739871X') => FALSE
             luhn(nothing) => NULL
             lower(word) = 'abc' => TRUE
             UPPER('straße') = 'STRASSE' => TRUE
             trim(padded) = 'é' => TRUE
             ltrim(padded) = 'é \t' => TRUE
             rtrim(padded) = '\u{a0} é' => TRUE
             length(trim(padded)) = 1 => TRUE
             length(padded) = 5 => TRUE
             length(seven) = 1 => TRUE
             length('') = 0 => TRUE
             substr('aéiou', 2) = 'éiou' => TRUE
             substr('aéiou', 2, 2) = 'éi' => TRUE
             SUBSTRING('aéiou' FROM 2 FOR 2) = 'éi' => TRUE
             SUBSTRING('aéiou' FROM 4) = 'ou' => TRUE
             substring('aéiou', 0, 2) = 'a' => TRUE
             substr('abc', -5, 3) = '' => TRUE
             substr('abc', 9) = '' => TRUE
             substr('abc', 2, 0) = '' => TRUE
             substr('abc', half) = '' => INVALID
             left('éab', 2) = 'éa' => TRUE
             right('abé', 2) = 'bé' => TRUE
             right('ab', 9) = 'ab' => TRUE
             left('abc', 0) = '' => TRUE
             substr(word, 1, seven - 8) = '' => INVALID
             left(word, seven - 8) = '' => INVALID
             replace('a-b-c', '-', '') = 'abc' => TRUE
             replace('abc', '', 'x') = 'abc' => TRUE
             concat(word, nothing, seven) = 'Abc7' => TRUE
             concat(nothing) = '' => TRUE
             digits('(555) 010-9999') = '5550109999' => TRUE
             digits(seven) = '7' => TRUE
             starts_with(word, 'Ab') => TRUE
             ends_with(word, 'bc') => TRUE
             contains(word, 'x') => FALSE
             contains(nothing, 'x') => NULL
             lower(latin) = 'x' => INVALID",
        );
    }

    #[test]
    fn functions_of_numbers_and_choices() {
        check(
            "abs(-7) = seven => TRUE
             abs(-0.5) = half => TRUE
             round(2.5) = 3 AND round(-2.5) = -3 => TRUE
             round(2.125, 2) = 2.13 => TRUE
             round(seven, 2) = 7 => TRUE
             round(half, 99) = half => INVALID
             floor(-0.5) = -1 AND ceil(0.5) = 1 AND ceiling(1) = 1 => TRUE
             floor(twelve / 7) % 2 = 1 => TRUE
             floor(1e300) = 1e300 => TRUE
             abs(word) = 1 => INVALID
             least(3, seven, 5) = 3 => TRUE
             greatest(3, seven, twelve) = 12 => TRUE
             greatest(word, 'b') = 'b' => TRUE
             least(seven, no_number) IS NULL => TRUE
             least(word, 1) = 1 => INVALID
             coalesce(nothing, word) = 'Abc' => TRUE
             coalesce(word, 1 / (seven - 7)) = 'Abc' => TRUE
             coalesce(seven, word + 1) = 7 => TRUE
             coalesce(word + 1, 7) = 7 => INVALID
             coalesce(nothing, no_number) IS NULL => TRUE
             nullif(seven, 7) IS NULL => TRUE
             nullif(seven, 8) = 7 => TRUE
             nullif(word, '') = 'Abc' => TRUE
             CAST(twelve AS integer) = 12 => TRUE
             CAST('3.0' AS integer) = 3 => TRUE
             CAST(half AS integer) = 0 => INVALID
             CAST(word AS integer) IS NULL => INVALID
             CAST(seven AS text) = '7' => TRUE
             CAST(CAST(seven AS double) AS varchar) = '7.0' => TRUE
             CAST(flag AS boolean) => TRUE
             CAST(seven AS boolean) => INVALID
             CAST(leap_day AS date) = day => TRUE
             CAST(day AS timestamp) < noon => TRUE
             CAST(noon AS date) = day => TRUE
             CAST(twelve AS decimal) / 5 = 2.4 => TRUE",
        );
    }

    #[test]
    fn names_may_be_quoted() {
        check(
            "\"select\" = 1 => TRUE
             `select` + \"seven\" = 8 => TRUE
             day IS NOT NULL -- a comment => TRUE",
        );
        let expression =
            Expression::parse("b > a AND \"c d\" BETWEEN b AND lower(e) OR a IN (f, 1)").unwrap();
        assert_eq!(expression.columns(), ["b", "a", "c d", "e", "f"]);
    }

    #[test]
    fn syntax_errors_name_the_place() {
        for (text, message, offset) in [
            ("", "the expression is empty", 0),
            ("  -- nothing\n", "the expression is empty", 0),
            ("seven =", "expected an expression, found the end", 7),
            ("seven = 7 8", "expected the end or an operator, found `8`", 10),
            ("seven = 7;", "expected the end or an operator, found `;`", 9),
            (
                "word = 'é' AND\n  lenght(word) = 1",
                "unknown function `lenght`; did you mean `length`?",
                18,
            ),
            ("word = 'abc", "unterminated string literal", 7),
            ("seven > ?", "`?`: an expression takes no query parameters", 8),
            ("sum(seven) > 1", "`sum` is an aggregate; an expression sees one row at a time", 0),
            ("1 < count(*)", "`count` is an aggregate; an expression sees one row at a time", 4),
            (
                "1 < max(seven)",
                "`max` is an aggregate; of the values of one row, take `greatest` or `least`",
                4,
            ),
            (
                "1 = left(word)",
                "`left` is called with 1 arguments; it is `left(text, whole number)`",
                4,
            ),
            ("regexp_like(word, word)", "the pattern of `regexp_like` must be a literal", 0),
            (
                "t.seven = 1",
                "write `seven` without its table: an expression sees one table only",
                0,
            ),
            ("seven & 1 = 1", "the operator `&` is not part of the expression language", 0),
            ("word GLOB 'a'", "the operator `GLOB` is not part of the expression language", 5),
            (
                "seven = 7\n  AND word glob 'a*'",
                "the operator `glob` is not part of the expression language",
                21,
            ),
            (",", "expected an expression, found `,`", 0),
            ("seven::text = '7'", "write `CAST(value AS type)`", 0),
            ("day = DATE '2021-02-29'", "`2021-02-29` is no date", 11),
            (
                "day + INTERVAL '1' DAY > day",
                "intervals are not known: add days to a date, or call `days_between`",
                0,
            ),
        ] {
            let found = Expression::parse(text).unwrap_err();
            assert_eq!((found.message.as_str(), found.offset), (message, offset), "{text}");
        }
        for text in ["seven IN (SELECT 1)", "EXISTS (SELECT 1)", "seven = (SELECT 1)"] {
            let found = Expression::parse(text).unwrap_err();
            assert!(found.message.starts_with("subqueries are not part"), "{text}: {found:?}");
        }
        let pattern = Expression::parse("regexp_like(word, '[')").unwrap_err();
        assert_eq!(pattern.offset, 18);
        assert!(pattern.message.contains("unclosed character class"), "{pattern:?}");
    }

    #[test]
    fn every_name_and_type_that_is_wrong_is_reported_at_once() {
        let found =
            errors("sevn = 1 AND word AND day > 5 OR blob LIKE 'x' OR sevn BETWEEN 1 AND 2");
        let found: Vec<_> = found.iter().map(|it| (it.message.as_str(), it.offset)).collect();
        assert_eq!(
            found,
            [
                ("no column `sevn`", 0),
                ("text is no condition; compare it with something", 13),
                ("a date cannot be compared with a number", 22),
                ("bytes are not text", 33),
            ]
        );
    }

    #[test]
    fn types_that_cannot_go_together_are_errors() {
        const DAYS: &str =
            "dates know `date + days`, `date - days` and `date - date`; see also `days_between`";
        for (text, message) in [
            ("seven = 'x'", "`'x'` cannot be read as a number"),
            ("day > '2020-13-01'", "`'2020-13-01'` cannot be read as a date"),
            ("yes = 'maybe'", "`'maybe'` cannot be read as a boolean"),
            ("seven IN (1, 'x')", "`'x'` cannot be read as a number"),
            ("day IN (1)", "a date cannot be compared with a number"),
            ("blob = 'x'", "bytes cannot be compared with text"),
            ("day * 2 = 1", DAYS),
            ("day + day = 1", DAYS),
            ("-day = 1", "a date has no negative"),
            ("abs(day) = 1", "`abs` takes a number here, not a date"),
            ("abs(DATE '2020-02-29') > seven", "`abs` takes a number here, not a date"),
            ("day + DATE '2020-02-29' > day", DAYS),
            ("day", "a date is no condition; compare it with something"),
            ("NOT word", "text is no condition; compare it with something"),
            ("CASE WHEN word THEN 1 END = 1", "text is no condition; compare it with something"),
            ("CAST(yes AS date) = day", "a boolean cannot be read as a date"),
            ("'x' + 1 = 2", "`'x'` cannot be read as a number"),
            ("seven + 'x' > 1", "`'x'` cannot be read as a number"),
            ("any + '2020-02-29' > 1", "`'2020-02-29'` cannot be read as a number"),
            ("twelve * 'it''s' > 1", "`'it''s'` cannot be read as a number"),
            ("seven % 1.5 = 0", "`1.5` cannot be read as a whole number"),
            ("day + 'x' > day", "`'x'` cannot be read as a whole number"),
            ("day - 0.5 < day", "`0.5` cannot be read as a whole number"),
            ("day - '12' > 1", "`'12'` cannot be read as a date"),
            ("'2020-13-01' - day > 1", "`'2020-13-01'` cannot be read as a date"),
            ("age_years(day, 'x') > 1", "`'x'` cannot be read as a date"),
            ("abs('x') > seven", "`'x'` cannot be read as a number"),
            ("left(word, 1.5) = 'A'", "`1.5` cannot be read as a whole number"),
            ("word LIKE 'x!' ESCAPE '!'", "the pattern ends with its escape character"),
        ] {
            let found: Vec<_> = errors(text).into_iter().map(|it| it.message).collect();
            assert_eq!(found, [message], "{text}");
        }
    }

    #[test]
    fn long_and_deep_expressions_are_bounded() {
        let long = vec!["seven = 1"; 1300].join(" OR ");
        assert_eq!(outcome(&long), "FALSE");
        assert!(!errors(&vec!["seven = 1"; 9000].join(" OR ")).is_empty());
        let sum = vec!["seven"; 90].join(" + ");
        assert_eq!(outcome(&format!("{sum} = 630")), "TRUE");
        assert_eq!(
            errors(&vec!["seven"; 2000].join(" + "))[0].message,
            "the expression is nested too deeply"
        );
        let nested = format!("{}seven{}", "(".repeat(500), ")".repeat(500));
        assert_eq!(errors(&nested)[0].message, "the expression is nested too deeply");
        for (before, behind) in [
            ("abs(", ")"),
            ("CASE WHEN yes THEN ", " END"),
            ("NOT ", ""),
            ("coalesce(seven, ", ")"),
            ("- ", ""),
        ] {
            let nested =
                |levels| format!("{}seven{} = 7", before.repeat(levels), behind.repeat(levels));
            assert!(errors(&nested(40)).is_empty(), "{before}");
            assert!(!errors(&nested(600)).is_empty(), "{before}");
            thread::Builder::new()
                .stack_size(1 << 20)
                .spawn(move || assert!(errors(&nested(40)).is_empty()))
                .unwrap()
                .join()
                .unwrap();
        }
        let list: Vec<_> = (0..20_000).map(|it| it.to_string()).collect();
        assert_eq!(outcome(&format!("seven IN ({})", list.join(","))), "TRUE");
    }
}
