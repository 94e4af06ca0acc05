//! The arithmetic of check digits.

/// What two digits add to the sum of Luhn, the first of them doubled.
pub(crate) fn pair_sum(pair: u32) -> u32 {
    let (odd, even) = (pair / 10, pair % 10);
    odd * 2 - 9 * u32::from(odd > 4) + even
}
