//! `iso_date`: a day that exists in the proleptic Gregorian calendar, `YYYY-MM-DD`.
//!
//! Source: ISO 8601-1:2019, 5.2.2.1 a, the extended format of a complete calendar date.

use crate::value::Date;

#[inline]
pub(super) fn matches(text: &[u8]) -> bool {
    Date::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use crate::rules::format::Format;
    use crate::rules::format::assert_format;

    #[test]
    fn iso_date_is_a_day_that_exists() {
        let valid = ["2024-02-29", "1900-01-01", "0001-12-31", "9999-12-31"];
        let invalid = [
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-1-1",
            "20240229",
            "2024-02-29T00:00",
            "02/29/2024",
            "2024/02/29",
        ];
        assert_format(Format::IsoDate, &valid, &invalid);
    }
}
