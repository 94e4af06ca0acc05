//! A sum of floating-point numbers that does not depend on their order.
//!
//! A double is a whole number of 53 bits times a power of two. Numbers whose powers are near share a
//! whole sum of 128 bits, so nothing is rounded until the end. R. Neal, "Fast exact summation using
//! small and large superaccumulators" (2015), section 3, does the same with smaller sums.

/// The exponents that share a sum: a number of 53 bits shifted by fewer takes at most 85 bits, so that
/// more than 2^42 rows fit into 128.
const EXPONENTS: u64 = 32;

/// How many sums there are: a double has 11 bits of exponent.
const SUMS: usize = (1 << 11) / EXPONENTS as usize;

/// A sum of numbers, and how many they are.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    sums: Box<[i128; SUMS]>,
    count: u64,
}

impl Default for Sum {
    fn default() -> Self {
        Self { sums: Box::new([0; SUMS]), count: 0 }
    }
}

impl Sum {
    /// Adds `number` so many times. What is not finite is not added.
    pub(crate) fn add(&mut self, number: f64, times: u64) {
        if !number.is_finite() {
            return;
        }
        let bits = number.to_bits();
        let exponent = (bits >> 52) & 0x7FF;
        let fraction = bits & ((1 << 52) - 1);
        // Numbers below the normal ones have the exponent of the least normal one, and no hidden bit.
        let (whole, exponent) =
            if exponent == 0 { (fraction, 1) } else { (fraction | 1 << 52, exponent) };
        let shifted = i128::from(whole) << (exponent % EXPONENTS);
        let signed = if number.is_sign_negative() { -shifted } else { shifted };
        if let Some(sum) = self.sums.get_mut((exponent / EXPONENTS) as usize) {
            *sum += signed * i128::from(times);
        }
        self.count += times;
    }

    /// The mean; none of no numbers.
    pub(crate) fn mean(&self) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let scaled = self.sums.iter().enumerate().rev().map(|(position, sum)| {
            // Twice, since a power of two may be below the least double while the product is not.
            let power = position as i32 * EXPONENTS as i32 - 1075;
            *sum as f64 / self.count as f64 * 2_f64.powi(power / 2) * 2_f64.powi(power - power / 2)
        });
        Some(scaled.sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(numbers: impl IntoIterator<Item = f64>) -> Option<f64> {
        let mut sum = Sum::default();
        numbers.into_iter().for_each(|it| sum.add(it, 1));
        sum.mean()
    }

    #[test]
    fn the_order_changes_nothing() {
        let numbers = [1e16, 1.0, -1e16, 0.1, 1e-300, -7.25, 5e-324];
        let reversed = numbers.into_iter().rev();
        assert_eq!(mean(numbers), mean(reversed));
        assert_eq!(mean([1e16, 1.0, -1e16]), Some(1.0 / 3.0));
    }

    #[test]
    fn a_mean_is_what_it_should_be() {
        assert_eq!(mean([]), None);
        assert_eq!(mean([f64::NAN, f64::INFINITY]), None);
        assert_eq!(mean([1.5, 2.5]), Some(2.0));
        assert_eq!(mean([-3.0]), Some(-3.0));
        let mut sum = Sum::default();
        sum.add(0.1, 1_000_000);
        assert!((sum.mean().unwrap() - 0.1).abs() < 1e-16);
    }
}
