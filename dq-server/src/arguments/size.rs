//! Amounts of memory on the command line.

/// Reads a size: a number of bytes, or of KB, MB, GB (powers of 1000) or KiB, MiB, GiB (of 1024).
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let digits = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_uppercase();
    let unit = unit.strip_suffix('B').unwrap_or(&unit);
    let (prefix, base) = unit.strip_suffix('I').map_or((unit, 1000), |it| (it, 1024_u64));
    let power = ["", "K", "M", "G", "T"].iter().position(|it| *it == prefix);
    let factor = power.and_then(|it| base.checked_pow(it as u32));
    let bytes = number.parse::<u64>().ok().zip(factor).and_then(|(n, it)| n.checked_mul(it));
    bytes.ok_or_else(|| "write a number of bytes, or such as 64MiB or 2GB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_may_have_a_unit() {
        let sizes = ["0", "17", "17B", "64KiB", "64 MiB", "2gib", "3MB", "1k"].map(parse);
        let expected = [0, 17, 17, 64 << 10, 64 << 20, 2 << 30, 3_000_000, 1000];
        assert_eq!(sizes, expected.map(Ok));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "MiB", "-1", "1.5GiB", "64 miles", "99999999999999999999", "99999999TiB"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
