//! Ranges: between which bounds numbers and days lie, but for a few that lie far out.
//!
//! J. Tukey, "Exploratory Data Analysis" (1977), section 2D: values more than three times the distance
//! between the quartiles beyond them are "far out".

/// How many such distances a value may lie beyond the quartiles.
const FAR_OUT: f64 = 3.0;

/// Where a greater share lies far out, the data are skewed and not wrong.
const OUTSIDE_MAX: f64 = 0.005;

/// The bounds of numbers with their counts, and how many lie outside. None where the middle half of the
/// numbers are one and the same.
///
/// Numbers that are never negative are not let be. Where too many are far out, the bounds are those of
/// the numbers themselves.
pub(crate) fn find(mut numbers: Vec<(f64, u64)>) -> Option<(f64, f64, u64)> {
    numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (least, greatest) = (numbers.first()?.0, numbers.last()?.0);
    let total: u64 = numbers.iter().map(|it| it.1).sum();
    let (low, high) = (quantile(&numbers, total / 4)?, quantile(&numbers, total - total / 4)?);
    let distance = high - low;
    if distance <= 0.0 || !distance.is_finite() {
        return None;
    }
    let (mut min, mut max) = (low - FAR_OUT * distance, high + FAR_OUT * distance);
    if least >= 0.0 {
        min = min.max(0.0);
    }
    let step = step(distance);
    (min, max) = ((min / step).floor() * step, (max / step).ceil() * step);
    let outside: u64 = numbers.iter().filter(|it| it.0 < min || it.0 > max).map(|it| it.1).sum();
    if outside as f64 > OUTSIDE_MAX * total as f64 {
        return Some((least, greatest, 0));
    }
    Some((min, max, outside))
}

/// The number of the row of that rank, counted from 1.
fn quantile(sorted: &[(f64, u64)], rank: u64) -> Option<f64> {
    let mut seen = 0;
    let reached = |it: &&(f64, u64)| {
        seen += it.1;
        seen >= rank.max(1)
    };
    sorted.iter().find(reached).map(|it| it.0)
}

/// What bounds are rounded to: a tenth of the distance or less, a power of ten.
fn step(distance: f64) -> f64 {
    10_f64.powf((distance / 10.0).log10().floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_far_out_are_outside() {
        let mut ages: Vec<_> = (30..70).map(|it| (f64::from(it), 25)).collect();
        ages.push((999.0, 2));
        assert_eq!(find(ages), Some((0.0, 123.0, 2)));
    }

    #[test]
    fn skewed_numbers_are_bounded_by_themselves() {
        let numbers = (0..100).map(|it| (1.3_f64.powi(it), 1)).collect();
        let (min, max, outside) = find(numbers).unwrap();
        assert_eq!((min, outside), (1.0, 0));
        assert!(max > 1e11);
    }

    #[test]
    fn there_is_no_range_of_nothing_or_of_one_number() {
        assert_eq!(find(Vec::new()), None);
        assert_eq!(find(vec![(5.0, 1000), (7.0, 3)]), None);
    }
}
