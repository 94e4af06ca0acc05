//! Rules in the dialect of MariaDB.
//!
//! Text is compared by its bytes, with a collation that pads nothing, which the names of columns bring along.
//! Where MariaDB goes on with another value instead of failing, it warns, and a statement with a warning is no
//! answer: so a regular expression that is given up in some row is no row without a match.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::pattern;
use crate::pushdown::target::{Asked, Doubt, Reason};
use crate::pushdown::typed::{BLANKS, Ends, Part, Words, pair_sum};
use crate::source::SqlKind;
use crate::value::{Date, OwnedValue, Timestamp};

/// Makes of text what is compared by its bytes.
const EXACT: &str = " COLLATE utf8mb4_nopad_bin)";

/// How many digits with a check digit are looked at.
const LUHN_DIGITS: u32 = 20;

/// How many decimals the largest of its exact numbers have.
const DECIMALS: usize = 30;

/// The words of MariaDB.
#[derive(Debug)]
pub(crate) struct MariaDb;

impl MariaDb {
    /// An expression of ours as it is matched.
    fn pattern(pattern: &str) -> OwnedValue {
        let translated = pattern::PCRE.translated(pattern);
        debug_assert!(translated.is_ok(), "{pattern}");
        OwnedValue::Text(translated.unwrap_or_else(|_| pattern.to_owned()))
    }
}

impl Words for MariaDb {
    fn counted(&self, condition: &Fragment) -> Fragment {
        Fragment::new("count(CASE WHEN ").and(condition).text(" THEN 1 END)")
    }

    fn whole_type(&self) -> &'static str {
        "signed"
    }

    fn patterns_max(&self) -> usize {
        usize::MAX
    }

    fn ordered(&self, value: &str) -> String {
        value.to_owned()
    }

    fn text(&self, text: &str) -> Result<Fragment, Reason> {
        Ok(Fragment::new("(CONVERT(").bind(text).text(" USING utf8mb4)").text(EXACT))
    }

    fn whole(&self, number: i128) -> Fragment {
        if let Ok(it) = i64::try_from(number) {
            return Fragment::default().bind(it);
        }
        let digits = number.to_string();
        Fragment::new("CAST(").bind(digits.as_str()).text(" AS decimal(65,0))")
    }

    fn float(&self, number: f64) -> Fragment {
        Fragment::default().bind(number)
    }

    fn digits(&self, number: f64) -> Result<Fragment, Reason> {
        let digits = format!("{number:.1074}");
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        if decimals.len() > DECIMALS || whole.trim_start_matches('-').len() > 65 - DECIMALS {
            return Err("it compares whole numbers with a number of very many digits".to_owned());
        }
        Ok(Fragment::new("CAST(").bind(digits).text(&format!(" AS decimal(65,{DECIMALS}))")))
    }

    fn boolean(&self, it: bool) -> Fragment {
        Fragment::new(if it { "true" } else { "false" })
    }

    fn day(&self, day: Date) -> Result<Fragment, Reason> {
        let text = in_calendar(day)?;
        Ok(Fragment::new("CAST(").bind(text.as_str()).text(" AS date)"))
    }

    fn moment(&self, moment: Timestamp) -> Result<Fragment, Reason> {
        in_calendar(moment.date())?;
        let text = moment.to_string();
        Ok(Fragment::new("CAST(").bind(text.as_str()).text(" AS datetime(6))"))
    }

    fn as_text(&self, value: &Fragment, kind: SqlKind) -> Option<Fragment> {
        let exact = |text: Fragment| Some(Fragment::new("(").and(&text).text(EXACT));
        match kind {
            SqlKind::Integer | SqlKind::Date | SqlKind::Text => {
                exact(Fragment::new("CAST(").and(value).text(" AS char)"))
            }
            SqlKind::Boolean => {
                let text = Fragment::new("CASE WHEN ").and(value).text(" THEN 'true' WHEN NOT ");
                exact(text.and(value).text(" THEN 'false' END"))
            }
            SqlKind::Timestamp => {
                let text = Fragment::new("date_format(").and(value);
                let text = text.text(", CASE WHEN microsecond(").and(value);
                exact(text.text(") = 0 THEN '%Y-%m-%d %H:%i:%s' ELSE '%Y-%m-%d %H:%i:%s.%f' END)"))
            }
            _ => None,
        }
    }

    fn is_near(&self, value: &Fragment) -> Fragment {
        Fragment::new("(").and(value).text(" >= '0001-01-01')")
    }

    fn matches(&self, text: &Fragment, pattern: &str) -> Result<Fragment, Reason> {
        let pattern = pattern::PCRE.translated(pattern)?;
        let found = Fragment::new("(").and(text).text(" REGEXP ").bind(OwnedValue::Text(pattern));
        Ok(found.text(")").with_pattern())
    }

    fn is(&self, text: &Fragment, pattern: &str) -> Fragment {
        let found = Fragment::new("(").and(text).text(" REGEXP ").bind(Self::pattern(pattern));
        found.text(")").with_pattern()
    }

    fn is_blank(&self, text: &Fragment) -> Fragment {
        Fragment::new("(NOT ").and(&self.is(text, &format!("[^{BLANKS}]"))).text(")")
    }

    fn replaced(&self, text: &Fragment, pattern: &str, by: &'static str) -> Fragment {
        let replaced = Fragment::new("regexp_replace(").and(text).text(", ");
        let replaced = replaced.bind(Self::pattern(pattern)).text(&format!(", '{by}')"));
        replaced.with_pattern()
    }

    fn trimmed(&self, text: &Fragment, ends: Ends) -> Fragment {
        let pattern = match ends {
            Ends::Both => format!("^[{BLANKS}]+|[{BLANKS}]+$"),
            Ends::First => format!("^[{BLANKS}]+"),
            Ends::Last => format!("[{BLANKS}]+$"),
        };
        self.replaced(text, &pattern, "")
    }

    fn chained(&self, texts: &[Fragment]) -> Fragment {
        Fragment::new("concat(").and(&Fragment::joined(texts, ", ")).text(")")
    }

    fn concatenated(&self, texts: &[Fragment]) -> Fragment {
        Fragment::new("concat_ws('', ").and(&Fragment::joined(texts, ", ")).text(")")
    }

    fn starts_with(&self, text: &Fragment, start: &Fragment) -> Fragment {
        let head = Fragment::new("(left(").and(text).text(", char_length(").and(start);
        head.text(")) = ").and(start).text(")")
    }

    /// Positions before the first character are counted, but have none.
    fn part(&self, text: &Fragment, part: Part) -> Fragment {
        let (function, numbers) = match part {
            Part::Left(count) => ("left(", vec![count.into()]),
            Part::Right(count) => ("right(", vec![count.into()]),
            Part::From(first, None) => ("substr(", vec![i64::from(first.max(1))]),
            Part::From(first, Some(count)) => {
                let (first, end) = (i64::from(first), i64::from(first) + i64::from(count));
                ("substr(", vec![first.max(1), (end - first.max(1)).max(0)])
            }
        };
        let part = Fragment::new(function).and(text);
        numbers.into_iter().fold(part, |part, it| part.text(", ").bind(it)).text(")")
    }

    fn npi(&self, text: &Fragment) -> Fragment {
        let sum = Fragment::new("24 + ").and(&pair_sums(text, 10));
        let digits = Fragment::new("CASE WHEN octet_length(").and(text).text(") = 10 AND ");
        let digits = digits.and(&self.is(text, "^[12][0-9]{9}$")).text(" THEN (").and(&sum);
        let digits = digits.text(") % 10 = 0 WHEN ").and(text);
        digits.text(" IS NOT NULL THEN false END").enclosed()
    }

    fn luhn(&self, text: &Fragment) -> Asked {
        let padded = Fragment::new("lpad(").and(text).text(&format!(", {LUHN_DIGITS}, '0')"));
        let form = self.is(text, "^[0-9]{2,}$");
        let digits = Fragment::new("CASE WHEN ").and(&form).text(" THEN (");
        let digits = digits.and(&pair_sums(&padded, LUHN_DIGITS)).text(") % 10 = 0 WHEN ");
        let digits = digits.and(text).text(" IS NOT NULL THEN false END").enclosed();
        let rows = Fragment::new("(octet_length(").and(text);
        let rows = rows.text(&format!(") > {LUHN_DIGITS} AND ")).and(&form).text(")");
        let doubts = vec![Doubt { rows, about: "check digits of more than 20 digits" }];
        Asked { doubts, ..Asked::certain(digits) }
    }

    fn as_numeric(&self, value: &Fragment) -> Fragment {
        Fragment::new("CAST(").and(value).text(" AS decimal(65,0))")
    }

    fn as_float(&self, text: &Fragment) -> Fragment {
        Fragment::new("CAST(").and(text).text(" AS double)")
    }

    /// It has no others.
    fn is_finite(&self, value: &Fragment) -> Fragment {
        Fragment::new("(CASE WHEN ").and(value).text(" IS NOT NULL THEN true END)")
    }

    fn is_nan(&self, _: &Fragment) -> Option<Fragment> {
        None
    }

    fn differ(&self, left: &Fragment, right: &Fragment) -> Fragment {
        Fragment::new("(NOT (").and(left).text(" <=> ").and(right).text("))")
    }

    fn truth(&self, value: &Fragment) -> Fragment {
        value.enclosed()
    }

    fn bit(&self, value: &Fragment) -> Fragment {
        value.enclosed()
    }

    fn midnight(&self, day: &Fragment) -> Fragment {
        Fragment::new("CAST(").and(day).text(" AS datetime(6))")
    }

    fn day_of(&self, moment: &Fragment) -> Fragment {
        Fragment::new("date(").and(moment).text(")")
    }

    fn field(&self, name: &str, day: &Fragment) -> Fragment {
        Fragment::new(format!("extract({name} FROM ")).and(day).text(")")
    }

    fn days_between(&self, from: &Fragment, to: &Fragment) -> Fragment {
        Fragment::new("datediff(").and(to).text(", ").and(from).text(")")
    }

    fn moved(&self, day: &Fragment, sign: &str, days: &Fragment) -> Fragment {
        let function = if sign == "-" { "date_sub(" } else { "date_add(" };
        Fragment::new(function).and(day).text(", INTERVAL ").and(&days.enclosed()).text(" DAY)")
    }

    /// From the first day of the year 1 to the last of 9999.
    fn can_move(&self, day: &Fragment, sign: &str, days: &Fragment) -> Option<Fragment> {
        let to = Fragment::new("(to_days(").and(day).text(&format!(") {sign} "));
        Some(to.and(&days.enclosed()).text(" BETWEEN 366 AND 3652424)"))
    }

    /// Without it each key would be compared with all others. The keys themselves are compared, too.
    fn hash(&self, text: &Fragment) -> Option<Fragment> {
        Some(Fragment::new("md5(").and(text).text(")"))
    }

    fn unsortable(&self, text: &Fragment) -> Option<Doubt> {
        let rows = Fragment::new("(octet_length(").and(text).text(") > 16000)");
        Some(Doubt { rows, about: "keys of more than 16,000 bytes" })
    }

    fn far_future(&self, _: &Fragment) -> Option<Doubt> {
        None
    }
}

/// A day, if its year has four digits.
fn in_calendar(day: Date) -> Result<String, Reason> {
    let calendar = Date::from_civil(0, 1, 1)..=Date::from_civil(9999, 12, 31);
    if calendar.contains(&Some(day)) {
        return Ok(day.to_string());
    }
    Err("MariaDB has no days outside of the years 0 to 9999".to_owned())
}

/// The sum of Luhn of an even number of digits, or a number that ends alike: what each pair of digits adds is
/// looked up.
fn pair_sums(digits: &Fragment, count: u32) -> Fragment {
    let last = |it: u32| char::from_digit(pair_sum(it) % 10, 10);
    let sums: String = (0..100).filter_map(last).collect();
    let pair = |place: u32| {
        let pair = Fragment::new(format!("substr('{sums}', 1 + substr(")).and(digits);
        pair.text(&format!(", {place}, 2), 1)"))
    };
    let pairs: Vec<_> = (1..count).step_by(2).map(pair).collect();
    Fragment::joined(&pairs, " + ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_begin_with_the_first_character() {
        let numbers = |part: Part| {
            let part = MariaDb.part(&Fragment::new("t"), part);
            part.parameters().iter().map(|it| it.as_value().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(numbers(Part::From(-1, Some(3))), ["1", "1"]);
        assert_eq!(numbers(Part::From(2, Some(3))), ["2", "3"]);
        assert_eq!(numbers(Part::From(-5, Some(3))), ["1", "0"]);
        assert_eq!(numbers(Part::From(0, None)), ["1"]);
    }

    #[test]
    fn numbers_are_compared_with_all_their_digits_or_not_at_all() {
        assert!(MariaDb.digits(0.5).is_ok());
        assert!(MariaDb.digits(-9_007_199_254_740_992.0).is_ok());
        assert!(MariaDb.digits(0.1).is_err());
        assert!(MariaDb.digits(1e300).is_err());
    }

    #[test]
    fn days_that_it_has_not_are_refused() {
        assert!(MariaDb.day(Date::from_days(-719_528)).is_ok());
        assert!(MariaDb.day(Date::from_days(-719_529)).is_err());
        assert!(MariaDb.day(Date::from_days(2_932_897)).is_err());
    }
}
