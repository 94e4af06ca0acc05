//! The figures of numbers.

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::rules::measure::Statistic;
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
    /// All of them, if there are quantiles.
    values: Option<Values>,
}

impl Numbers {
    /// No numbers; those to come are kept, if at all, up to so many different ones.
    pub(crate) fn new(values_max: Option<usize>) -> Self {
        let (sum, values) = (ExactSum::default(), values_max.map(Values::new));
        Self { count: 0, sum, extremes: None, values }
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

    /// Needed once, after the last number.
    pub(crate) fn finish(&mut self) {
        if let Some(values) = &mut self.values {
            values.finish();
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
    /// `LimitExceeded` for a quantile if there are more different numbers than may be kept.
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

    fn quantile(&self, share: Share) -> Result<Number> {
        let rank = share.of(self.count).max(1);
        let number = self.values.as_ref().map_or(Ok(None), |it| it.at(rank))?;
        number.ok_or_else(|| Error::new(ErrorKind::Internal, "the values of a quantile are lost"))
    }
}
