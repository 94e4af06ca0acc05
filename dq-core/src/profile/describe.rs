//! From what a scan found out to what a profile says of a table.

use serde_json::Value;

use crate::profile::ProfileOptions;
use crate::profile::canonical::shown;
use crate::profile::column_survey::ColumnSurvey;
use crate::profile::dependency::Measured;
use crate::profile::document::{
    CandidateKey, ColumnProfile, Dependency, FrequentValue, KindCount, LengthProfile, Reference,
    ShapeCount, TableProfile,
};
use crate::profile::facts::Facts;
use crate::profile::figure::Figure;
use crate::profile::inclusion::Inclusion;
use crate::profile::keys::Candidate;
use crate::profile::kind::Kind;
use crate::profile::row_sample::{CodedRows, NULL_CODE};
use crate::profile::shape::Detail;
use crate::profile::survey::Survey;
use crate::value::{ColumnSchema, Number};

/// An estimate of how often a value occurs is told if its error is below this share of it.
const ERROR_MAX: f64 = 0.5;

/// Describes a table.
pub(crate) fn table(
    survey: &Survey,
    keys: &[Candidate],
    dependencies: &[Measured],
    options: &ProfileOptions,
) -> TableProfile {
    let columns = survey.schema.columns.iter().zip(&survey.columns).enumerate();
    let columns = columns.map(|(position, (schema, column))| {
        let describer = Describer { schema, column, options };
        describer.column(&survey.sample, position, survey.rows)
    });
    TableProfile {
        table: survey.schema.name.clone(),
        rows: survey.rows,
        columns: columns.collect(),
        keys: keys.iter().map(|it| key(survey, it)).collect(),
        dependencies: dependencies.iter().map(|it| dependency(survey, it)).collect(),
    }
}

fn key(survey: &Survey, key: &Candidate) -> CandidateKey {
    let columns = key.columns.iter().map(|it| survey.name(*it).to_owned()).collect();
    CandidateKey { columns, estimate: !key.is_certain }
}

fn dependency(survey: &Survey, found: &Measured) -> Dependency {
    Dependency {
        from: survey.name(found.from).to_owned(),
        to: survey.name(found.to).to_owned(),
        rows: found.rows,
        violations: found.violations,
        share: found.share(),
        strength: found.strength,
        estimate: found.is_estimate,
    }
}

struct Describer<'a> {
    schema: &'a ColumnSchema,
    column: &'a ColumnSurvey,
    options: &'a ProfileOptions,
}

impl Describer<'_> {
    fn column(&self, sample: &CodedRows, position: usize, rows: u64) -> ColumnProfile {
        let facts = &self.column.facts;
        let show = self.options.show_values;
        let (min, max) = bounds(facts).filter(|_| show).unzip();
        let mut kinds: Vec<_> = Kind::ALL
            .map(|kind| KindCount { kind, count: facts.of_kind(kind) })
            .into_iter()
            .filter(|it| it.count > 0)
            .collect();
        kinds.sort_by_key(|it| std::cmp::Reverse(it.count));
        let ranked = facts.shapes.ranked();
        let shapes = ranked.iter().take(self.options.top);
        ColumnProfile {
            name: self.schema.name.clone(),
            value_type: self.schema.value_type,
            nulls: self.column.nulls,
            blanks: facts.blanks,
            distinct: self.column.values.distinct(),
            kinds,
            min,
            max,
            mean: facts.sum.mean().filter(|_| is_numeric(facts)),
            length: facts
                .lengths
                .bounds
                .zip(facts.lengths.mean())
                .map(|((min, max), mean)| LengthProfile { min, max, mean }),
            values: show.then(|| self.values(sample, position, rows)),
            shapes: shapes
                .map(|(shape, count)| ShapeCount { shape: shown(shape), count: *count })
                .collect(),
            shapes_distinct: (facts.shapes.detail() != Detail::None).then_some(ranked.len() as u64),
        }
    }

    fn values(&self, sample: &CodedRows, position: usize, rows: u64) -> Vec<FrequentValue> {
        let frequent = if self.column.values.is_whole() {
            let ranked = self.column.values.ranked().into_iter();
            let repeated = ranked.filter(|(_, count)| *count > 1);
            repeated
                .take(self.options.top)
                .map(|(it, count)| (shown(it), Figure::exact(count)))
                .collect()
        } else {
            estimated(sample, position, rows, self.options.top)
        };
        frequent.into_iter().map(|(value, count)| FrequentValue { value, count }).collect()
    }
}

/// How often the most frequent values of the sample of rows occur in the table.
///
/// Of n sampled rows, a share p has the value; in the table it is p too, with a standard error of
/// sqrt(p (1 - p) / n). The error given is 1.96 standard errors, as a share of p.
fn estimated(sample: &CodedRows, position: usize, rows: u64, top: usize) -> Vec<(String, Figure)> {
    let Some(column) = sample.columns.get(position) else { return Vec::new() };
    let mut counts = vec![0_u64; column.values.len()];
    for (code, weight) in column.codes.iter().zip(&sample.weights).filter(|it| *it.0 != NULL_CODE) {
        counts.get_mut(*code as usize).into_iter().for_each(|it| *it += weight);
    }
    let sampled = sample.weights.iter().sum::<u64>().max(1) as f64;
    let mut ranked: Vec<_> = counts.into_iter().zip(&column.values).collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let figure = |count: u64| {
        let share = count as f64 / sampled;
        let error = 1.96 * ((1.0 - share) / (share * sampled)).sqrt();
        (error <= ERROR_MAX).then(|| Figure::estimate((share * rows as f64) as u64, error))
    };
    let told = ranked.iter().map_while(|(count, value)| Some((shown(value), figure(*count)?)));
    told.take(top).collect()
}

/// Whether most values are numbers.
pub(crate) fn is_numeric(facts: &Facts) -> bool {
    (facts.of_kind(Kind::Integer) + facts.of_kind(Kind::Decimal)) * 2 > facts.filled()
}

/// Whether most values are days or points in time.
pub(crate) fn is_temporal(facts: &Facts) -> bool {
    (facts.of_kind(Kind::Date) + facts.of_kind(Kind::Timestamp)) * 2 > facts.filled()
}

fn bounds(facts: &Facts) -> Option<(Value, Value)> {
    if is_numeric(facts) {
        facts.numbers.map(|(min, max)| (number(min), number(max)))
    } else if is_temporal(facts) {
        let days_only = facts.of_kind(Kind::Timestamp) == 0;
        let text = |it: crate::value::Timestamp| {
            Value::from(if days_only { it.date().to_string() } else { it.to_string() })
        };
        facts.moments.map(|(min, max)| (text(min), text(max)))
    } else {
        let text = |it: &Vec<u8>| Value::from(shown(it));
        facts.texts.as_ref().map(|(min, max)| (text(min), text(max)))
    }
}

/// A number in JSON; as text where JSON readers would round it.
fn number(number: Number) -> Value {
    match number {
        Number::Integer(it) => {
            i64::try_from(it).map_or_else(|_| Value::from(it.to_string()), Value::from)
        }
        Number::Float(it) => Value::from(it),
    }
}

/// Describes a reference.
pub(crate) fn reference(surveys: &[Survey], found: &Inclusion) -> Option<Reference> {
    let (child, parent) = (surveys.get(found.child.0)?, surveys.get(found.parent.0)?);
    Some(Reference {
        table: child.schema.name.clone(),
        column: child.name(found.child.1).to_owned(),
        parent: parent.schema.name.clone(),
        key: parent.name(found.parent.1).to_owned(),
        rows: found.rows,
        violations: found.violations,
        estimate: !found.is_certain,
    })
}
