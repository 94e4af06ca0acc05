//! The figures of numbers.

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::rules::measure::Statistic;
use crate::rules::measure::search::Search;
use crate::rules::measure::values::Values;
use crate::rules::share::Share;
use crate::value::ExactSum;
use crate::value::Number;

/// Finite numbers, summed up.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    count: u64,
    sum: ExactSum,
    /// The least and the greatest.
    extremes: Option<(Number, Number)>,
    /// All of them, if there are quantiles to find.
    values: Option<Box<Values>>,
    /// The quantiles that were found.
    quantiles: Vec<(Share, Number)>,
}

impl Numbers {
    /// No numbers; those to come are kept in `values`, if at all.
    pub(crate) fn new(values: Option<Box<Values>>) -> Self {
        let sum = ExactSum::default();
        Self { count: 0, sum, extremes: None, values, quantiles: Vec::new() }
    }

    /// So many numbers, whose sum and extremes others found. The sum is whole.
    pub(crate) fn found(count: u64, sum: i128, extremes: Option<(Number, Number)>) -> Self {
        let mut numbers = Self { count, extremes, ..Self::new(None) };
        numbers.sum.add(Number::Integer(sum));
        numbers
    }

    #[inline]
    pub(crate) fn add(&mut self, number: Number) {
        self.count += 1;
        self.sum.add(number);
        self.extend(number, number);
        if let Some(values) = &mut self.values {
            values.add(number);
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum.merge(other.sum);
        if let Some((least, greatest)) = other.extremes {
            self.extend(least, greatest);
        }
        if let (Some(values), Some(others)) = (&mut self.values, other.values) {
            values.merge(&others);
        }
    }

    #[inline]
    fn extend(&mut self, least: Number, greatest: Number) {
        match &mut self.extremes {
            None => self.extremes = Some((least, greatest)),
            Some((low, high)) => {
                if least < *low {
                    *low = least;
                }
                if greatest > *high {
                    *high = greatest;
                }
            }
        }
    }

    /// A figure of all numbers; none if there are none. A whole number is an integer, however it was
    /// spelled.
    ///
    /// # Errors
    ///
    /// `Internal` for a quantile that was not found before.
    pub(crate) fn figure(&self, statistic: Statistic) -> Result<Option<Number>> {
        Ok(Some(match (statistic, self.extremes) {
            (_, None) => return Ok(None),
            (Statistic::Mean, _) => self.sum.divided_by(self.count),
            (Statistic::Sum, _) => self.sum.sum(),
            (Statistic::Min, Some((least, _))) => least.normalized(),
            (Statistic::Max, Some((_, greatest))) => greatest.normalized(),
            (Statistic::Quantile(share), _) => self.quantile(share)?.normalized(),
        }))
    }

    fn quantile(&self, at: Share) -> Result<Number> {
        let found = self.quantiles.iter().find(|it| it.0 == at);
        let lost = || Error::new(ErrorKind::Internal, "a quantile is lost");
        found.map(|it| it.1).ok_or_else(lost)
    }

    /// The values, as far as they are in memory, and the search for a quantile among all; nothing if
    /// there are none.
    pub(crate) fn search(&self, at: Share) -> Option<(&Values, Search)> {
        let values = self.values.as_deref()?;
        Some((values, values.search(at.of(self.count).max(1))?))
    }

    /// Keeps a quantile that was found.
    pub(crate) fn keep_quantile(&mut self, at: Share, number: Number) {
        self.quantiles.push((at, number));
    }

    pub(crate) fn values(&self) -> Option<&Values> {
        self.values.as_deref()
    }

    pub(crate) fn values_mut(&mut self) -> Option<&mut Values> {
        self.values.as_deref_mut()
    }

    pub(crate) fn forget_values(&mut self) {
        self.values = None;
    }
}
