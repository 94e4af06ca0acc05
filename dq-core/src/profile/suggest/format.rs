//! Formats: well-known forms that nearly all values of a column have.

use crate::rules::format::Format;

/// This share of the values must have the format.
const SHARE_MIN: f64 = 0.95;

/// Fewer different values may all have it by chance.
const DISTINCT_MIN: usize = 10;

/// Formats that hardly anything else has, with what their column may be called: nothing where the format
/// is telling by itself.
const TELLING: &[(&str, &[&str])] = &[
    ("npi", &[]),
    ("email", &[]),
    ("url", &[]),
    ("uuid", &[]),
    ("dea", &[]),
    ("phone", &["phone", "fax", "mobile", "telephone"]),
    ("us_zip", &["zip", "postal", "postcode"]),
    ("us_state", &["state"]),
    ("ccn", &["ccn"]),
];

/// The format of a column called `name` with these values, and how many rows have it.
pub(crate) fn find(name: &str, values: &[(&str, u64)]) -> Option<(Format, u64)> {
    if values.len() < DISTINCT_MIN {
        return None;
    }
    let name = name.to_lowercase();
    let total: u64 = values.iter().map(|it| it.1).sum();
    let mut telling = TELLING
        .iter()
        .filter(|(_, words)| words.is_empty() || words.iter().any(|it| name.contains(it)));
    telling.find_map(|(format, _)| {
        let format = Format::from_name(format)?;
        let matching = values.iter().filter(|(value, _)| format.matches(value.as_bytes()));
        let count: u64 = matching.map(|it| it.1).sum();
        (count as f64 >= SHARE_MIN * total as f64).then_some((format, count))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_that_ids_have_by_chance_need_a_name() {
        let values: Vec<_> = (0..20).map(|it| (35_200 + it).to_string()).collect();
        let values: Vec<_> = values.iter().map(|it| (it.as_str(), 1)).collect();
        assert_eq!(find("provider", &values), None);
        assert_eq!(find("ZIP Code", &values), Some((Format::UsZip, 20)));
    }

    #[test]
    fn most_values_must_have_it() {
        let mut values = vec![("a@example.org", 90), ("broken@", 3)];
        assert_eq!(find("contact", &values), None);
        values.extend(
            [
                "b@x.org", "c@x.org", "d@x.org", "e@x.org", "f@x.org", "g@x.org", "h@x.org",
                "i@x.org",
            ]
            .map(|it| (it, 1)),
        );
        assert_eq!(find("contact", &values), Some((Format::Email, 98)));
    }
}
