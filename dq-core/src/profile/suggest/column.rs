//! What one column suggests by itself.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::profile::ProfileOptions;
use crate::profile::canonical::is_long;
use crate::profile::column_survey::ColumnSurvey;
use crate::profile::describe::{is_numeric, is_temporal};
use crate::profile::facts::Facts;
use crate::profile::kind::Kind;
use crate::profile::suggest::domain::Domain;
use crate::profile::suggest::pattern::Pattern;
use crate::profile::suggest::{Evidence, format, range};
use crate::profile::suggestion::Draft;
use crate::profile::survey::Survey;
use crate::report::text::cut;
use crate::report::words::{count, percent};
use crate::report::{counted, visible};
use crate::value::lens::date_of;
use crate::value::{Date, Number, ValueType};

/// If fewer values than this share of the rows are missing, none should be.
const MISSING_MAX: f64 = 0.01;

/// This share of the values reads as a type that the column should have.
const TYPED_MIN: f64 = 0.95;

/// This share of the values has the length that all should have.
const LENGTH_MIN: f64 = 0.98;

/// If more rows than this share have another value, it is no domain.
const OTHERS_MAX: f64 = 0.05;

/// More numbers than this are no domain, even if each is frequent.
const NUMBERS_MAX: usize = 10;

/// How many distinct values are looked at.
const VALUES_MAX: usize = 4096;

/// How many misspellings a reason shows.
const EXAMPLES: usize = 3;

/// No example is longer.
const EXAMPLE_WIDTH_MAX: usize = 40;

/// What the column at `position` suggests.
pub(crate) fn drafts(
    evidence: &Evidence<'_>,
    position: usize,
    options: &ProfileOptions,
) -> Vec<Draft> {
    let survey = evidence.survey;
    let (Some(schema), Some(column)) =
        (survey.schema.columns.get(position), survey.columns.get(position))
    else {
        return Vec::new();
    };
    let values: Vec<_> = column.values.some(VALUES_MAX).into_iter().filter_map(text).collect();
    let suggester = Suggester {
        position,
        name: &schema.name,
        is_text: matches!(schema.value_type, ValueType::Text | ValueType::Any),
        column,
        facts: &column.facts,
        rows: survey.rows,
        is_key: evidence.keys.iter().any(|it| it.columns == [position]),
        contradicted: contradicted(evidence, position),
        spells_values: options.show_values,
        values,
    };
    suggester.drafts()
}

/// Whether a column holds codes: values of a pattern or of a format.
pub(crate) fn is_code(survey: &Survey, position: usize) -> bool {
    survey.columns.get(position).is_some_and(|column| {
        let values: Vec<_> = column.values.some(VALUES_MAX).into_iter().filter_map(text).collect();
        format::find(survey.name(position), &values).is_some()
            || Pattern::of(&column.facts, &values).is_some_and(|it| it.length > Some(4))
    })
}

/// A value as text; none where it is no text, blank, or not kept whole.
fn text((value, count): (&[u8], u64)) -> Option<(&str, u64)> {
    let text = std::str::from_utf8(value).ok().filter(|_| !is_long(value))?;
    (!text.trim().is_empty()).then_some((text, count))
}

/// The values that are in the minority wherever they are, among the rows that agree in a column which
/// tells this one.
fn contradicted<'a>(evidence: &Evidence<'a>, position: usize) -> HashSet<&'a [u8]> {
    let Some(column) = evidence.survey.sample.columns.get(position) else { return HashSet::new() };
    let tellers = evidence.dependencies.iter().filter(|it| it.to == position);
    let codes = tellers.flat_map(|it| &it.contradicted);
    codes.filter_map(|it| column.values.get(*it as usize)).map(|it| &**it).collect()
}

struct Suggester<'a> {
    position: usize,
    name: &'a str,
    is_text: bool,
    column: &'a ColumnSurvey,
    facts: &'a Facts,
    rows: u64,
    is_key: bool,
    /// Values that another column contradicts wherever they are.
    contradicted: HashSet<&'a [u8]>,
    /// Whether a pattern may spell words out.
    spells_values: bool,
    /// The values, or some of them, the most frequent first.
    values: Vec<(&'a str, u64)>,
}

impl Suggester<'_> {
    fn drafts(&self) -> Vec<Draft> {
        let mut drafts: Vec<_> = self.not_blank().into_iter().collect();
        if self.facts.filled() == 0 {
            return drafts;
        }
        let domain = self.domain();
        let has_domain = domain.is_some();
        drafts.extend(domain);
        let format = self.format();
        let pattern = Some(&self.values).filter(|it| self.is_text && it.len() > 1);
        let words = if self.spells_values { self.values.as_slice() } else { &[] };
        let pattern = pattern.and_then(|_| Pattern::of(self.facts, words));
        let typed = self.typed();
        // Whole numbers of one length may be codes, which have no range: nobody counts in them.
        let is_code = format.is_some()
            || pattern.as_ref().is_some_and(|it| it.length > Some(4)) && self.may_be_code();
        if let Some(format) = format {
            drafts.push(format);
        } else if !has_domain && (typed.is_none() || is_code) {
            drafts.extend(pattern.map(|it| self.matches(&it)));
        }
        if !has_domain && !is_code {
            drafts.extend(typed.filter(|_| self.is_text));
            drafts.extend(self.between().filter(|_| !self.is_key));
        }
        if drafts.iter().all(|it| it.check == "not_blank") {
            drafts.extend(self.length());
        }
        drafts
    }

    /// Whether the values do not read as something that is no code: days, decimals.
    fn may_be_code(&self) -> bool {
        let codes = self.facts.of_kind(Kind::Integer) + self.facts.of_kind(Kind::Text);
        codes * 2 > self.facts.filled()
    }

    fn draft(&self, check: &'static str, argument: Value, reason: String) -> Draft {
        Draft::of_column(self.position, self.name, check, argument, reason)
    }

    fn not_blank(&self) -> Option<Draft> {
        let missing = self.column.nulls + self.facts.blanks;
        if missing as f64 > MISSING_MAX * self.rows as f64 {
            return None;
        }
        let reason = if missing == 0 {
            format!("none of {} rows lacks a value", count(self.rows))
        } else {
            format!("only {} of {} rows lack a value", count(missing), count(self.rows))
        };
        Some(self.draft("not_blank", json!(true), reason))
    }

    fn domain(&self) -> Option<Draft> {
        if !self.column.values.is_whole() || self.column.values.len() > VALUES_MAX {
            return None;
        }
        let mut domain = Domain::of(&self.values);
        let aliens = domain.drop_values(|it| self.contradicted.contains(it.as_bytes()));
        let has_long = self.column.values.iter().any(|(value, _)| is_long(value));
        let others = domain.misspelt_rows() + aliens;
        let too_many = if is_numeric(self.facts) { NUMBERS_MAX } else { usize::MAX };
        if has_long
            || !domain.is_small()
            || domain.values.len() > too_many
            || others as f64 > OTHERS_MAX * self.facts.filled() as f64
        {
            return None;
        }
        let values: Vec<_> = domain.values.iter().map(|it| it.0).collect();
        if values.len() == 1 && others == 0 {
            // A constant may have any other value tomorrow.
            return None;
        }
        let filled = self.facts.filled();
        let mut reason = format!(
            "{} of the values are among {}",
            percent(filled - others, filled),
            counted(values.len() as u64, "value")
        );
        if !domain.misspelt.is_empty() {
            let short = |it| cut(&visible(it), EXAMPLE_WIDTH_MAX);
            let examples = domain.misspelt.iter().take(EXAMPLES);
            let examples: Vec<_> = examples
                .map(|(wrong, _, right)| format!("`{}` for `{}`", short(wrong), short(right)))
                .collect();
            let examples = examples.join(", ");
            let _ = write!(reason, "; rare ones look like misspellings, as {examples}");
        }
        if aliens > 0 {
            let rows = counted(aliens, "row");
            let _ = write!(reason, "; other columns contradict the value of {rows} everywhere");
        }
        Some(self.draft("one_of", json!(values), reason))
    }

    fn format(&self) -> Option<Draft> {
        let (format, matching) = format::find(self.name, &self.values)?;
        let total: u64 = self.values.iter().map(|it| it.1).sum();
        let reason = format!("{} of the values have this format", percent(matching, total));
        Some(self.draft("format", json!(format.name()), reason))
    }

    fn matches(&self, pattern: &Pattern) -> Draft {
        let expression = if self.facts.blanks > 0 && self.not_blank().is_none() {
            // Blank where it is often so: not what this check is to find.
            format!(r"^\s*$|{}", pattern.expression)
        } else {
            pattern.expression.clone()
        };
        let reason = format!(
            "{} of the values have the shape {}",
            percent(pattern.covered, self.facts.filled()),
            pattern.shapes.join(" or ")
        );
        self.draft("matches", json!(expression), reason)
    }

    fn typed(&self) -> Option<Draft> {
        let of = |kind| self.facts.of_kind(kind);
        let integers = of(Kind::Integer);
        let candidates = [
            ("integer", integers),
            ("decimal", integers + of(Kind::Decimal)),
            ("date", of(Kind::Date)),
            ("timestamp", of(Kind::Date) + of(Kind::Timestamp)),
            ("boolean", of(Kind::Boolean)),
        ];
        let filled = self.facts.filled();
        let fits = |it: &&(_, u64)| it.1 as f64 >= TYPED_MIN * filled as f64;
        // Of two that fit, the wider one if that explains all.
        let (name, fitting) = candidates.iter().filter(fits).max_by_key(|it| it.1)?;
        let narrowest =
            candidates.iter().filter(fits).find(|it| it.1 == *fitting).map_or(*name, |it| it.0);
        let reason = format!("{} of the values read as {narrowest}", percent(*fitting, filled));
        Some(self.draft("type", json!(narrowest), reason))
    }

    fn between(&self) -> Option<Draft> {
        let (bounds, outside) = if is_numeric(self.facts) {
            let number = |it: &str| Number::parse(it.as_bytes()).map(Number::to_f64);
            let (min, max, outside) = range::find(self.read(number))?;
            (json!({ "min": figure(min), "max": figure(max) }), outside)
        } else if is_temporal(self.facts) {
            let day = |it: &str| {
                date_of(crate::value::Value::Text(it.as_bytes())).map(|it| f64::from(it.days()))
            };
            let (min, max, outside) = range::find(self.read(day))?;
            let day = |it: f64| Date::from_days(it as i32).to_string();
            (json!({ "min": day(min), "max": day(max) }), outside)
        } else {
            return None;
        };
        let reason = if outside > 0 {
            "the others are far out: more than three times the distance between the quartiles"
                .to_owned()
        } else {
            "all values lie in this range".to_owned()
        };
        Some(self.draft("between", bounds, reason))
    }

    fn read(&self, value: impl Fn(&str) -> Option<f64>) -> Vec<(f64, u64)> {
        let read = |(text, count): &(&str, u64)| Some((value(text)?, *count));
        self.values.iter().filter_map(read).collect()
    }

    fn length(&self) -> Option<Draft> {
        let (min, max) = self.facts.lengths.bounds.filter(|_| self.is_text)?;
        let mut lengths = std::collections::BTreeMap::<usize, u64>::new();
        for (value, count) in &self.values {
            *lengths.entry(value.chars().count()).or_default() += count;
        }
        let total: u64 = lengths.values().sum();
        let (length, rows) = lengths.into_iter().max_by_key(|it| it.1)?;
        if min == max || (rows as f64) < LENGTH_MIN * total as f64 {
            return None;
        }
        let reason = format!("{} of the values have {length} characters", percent(rows, total));
        Some(self.draft("length", json!({ "min": length, "max": length }), reason))
    }
}

/// A number as a person writes it.
fn figure(number: f64) -> Value {
    const WHOLE_MAX: f64 = 1e15;
    if number.fract() == 0.0 && number.abs() < WHOLE_MAX {
        return json!(number as i64);
    }
    // Rounds away what the steps of a range leave behind the last decimal place.
    let rounded = format!("{number:.9}").parse().unwrap_or(number);
    json!(rounded)
}
