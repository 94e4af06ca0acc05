//! Rules in the dialect of PostgreSQL.
//!
//! Text is compared by its bytes, with `COLLATE "C"`, which the names of columns bring along.

mod sent;

use crate::pushdown::fragment::Fragment;
use crate::pushdown::pattern;
use crate::pushdown::postgres::sent::Sent;
use crate::pushdown::target::{Asked, Doubt, Reason};
use crate::pushdown::typed::{BLANKS, Ends, Part, Words, pair_sum};
use crate::source::SqlKind;
use crate::value::{Date, OwnedValue, Timestamp};

/// The words of PostgreSQL.
#[derive(Debug)]
pub(crate) struct Postgres;

impl Words for Postgres {
    fn sent(&self) -> Option<&'static dyn Words> {
        Some(&Sent)
    }

    fn counted(&self, condition: &Fragment) -> Fragment {
        Fragment::new("count(*) FILTER (WHERE ").and(condition).text(")")
    }

    fn whole_type(&self) -> &'static str {
        "bigint"
    }

    /// It keeps 32 of them compiled, and would compile each anew for each row if there were more.
    fn patterns_max(&self) -> usize {
        24
    }

    fn ordered(&self, value: &str) -> String {
        format!("{value} NULLS FIRST")
    }

    fn text(&self, text: &str) -> Result<Fragment, Reason> {
        if text.contains('\0') {
            return Err("PostgreSQL has no U+0000".to_owned());
        }
        Ok(Fragment::new("(").bind(text).text("::text COLLATE \"C\")"))
    }

    fn whole(&self, number: i128) -> Fragment {
        match i64::try_from(number) {
            Ok(it) => Fragment::default().bind(it).text("::int8"),
            Err(_) => Fragment::default().bind(number.to_string().as_str()).text("::text::numeric"),
        }
    }

    fn float(&self, number: f64) -> Fragment {
        Fragment::default().bind(number).text("::float8")
    }

    fn digits(&self, number: f64) -> Result<Fragment, Reason> {
        let digits = format!("{number:.1074}");
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        Ok(Fragment::default().bind(digits).text("::text::numeric"))
    }

    fn boolean(&self, it: bool) -> Fragment {
        Fragment::default().bind(it).text("::boolean")
    }

    fn day(&self, day: Date) -> Result<Fragment, Reason> {
        Ok(Fragment::default().bind(OwnedValue::Date(day)).text("::date"))
    }

    fn moment(&self, moment: Timestamp) -> Result<Fragment, Reason> {
        Ok(Fragment::default().bind(OwnedValue::Timestamp(moment)).text("::timestamp"))
    }

    fn as_text(&self, value: &Fragment, kind: SqlKind) -> Option<Fragment> {
        let rendered = |format: Fragment| {
            // Beyond these years it could not be made a point in time.
            let near = Fragment::new("(CASE WHEN ").and(&self.is_near(value));
            let text = near.text(" THEN to_char((").and(value).text(")::timestamp, ");
            text.and(&format).text(") END COLLATE \"C\")")
        };
        match kind {
            SqlKind::Integer | SqlKind::Boolean | SqlKind::Text => {
                Some(Fragment::new("((").and(value).text(")::text COLLATE \"C\")"))
            }
            SqlKind::Date => Some(rendered(Fragment::new("'YYYY-MM-DD'"))),
            SqlKind::Timestamp => {
                let micros = Fragment::new("CASE WHEN extract(microseconds FROM ").and(value);
                let second = " % 1000000 = 0 THEN 'YYYY-MM-DD HH24:MI:SS' \
                              ELSE 'YYYY-MM-DD HH24:MI:SS.US' END";
                Some(rendered(micros.text(")::int8").text(second)))
            }
            _ => None,
        }
    }

    fn is_near(&self, value: &Fragment) -> Fragment {
        let after = Fragment::new("(").and(value).text(" >= '0001-01-01' AND ");
        after.and(value).text(" < '10000-01-01')")
    }

    fn matches(&self, text: &Fragment, pattern: &str) -> Result<Fragment, Reason> {
        let pattern = pattern::POSTGRES.translated(pattern)?;
        let found = Fragment::new("(").and(text).text(" ~ ").bind(OwnedValue::Text(pattern));
        Ok(found.text("::text)").with_pattern())
    }

    fn is(&self, text: &Fragment, pattern: &str) -> Fragment {
        let pattern = pattern.replace('\'', "''");
        Fragment::new("(").and(text).text(&format!(" ~ '{pattern}')")).with_pattern()
    }

    fn is_blank(&self, text: &Fragment) -> Fragment {
        let trimmed = self.trimmed(text, Ends::Both);
        Fragment::new("(octet_length(").and(&trimmed).text(") = 0)")
    }

    fn replaced(&self, text: &Fragment, pattern: &str, by: &'static str) -> Fragment {
        let replaced = Fragment::new("regexp_replace(").and(text).text(", ").bind(pattern);
        replaced.text(&format!("::text, '{by}', 'g')")).with_pattern()
    }

    fn trimmed(&self, text: &Fragment, ends: Ends) -> Fragment {
        let function = match ends {
            Ends::Both => "btrim(",
            Ends::First => "ltrim(",
            Ends::Last => "rtrim(",
        };
        Fragment::new(function).and(text).text(", ").bind(BLANKS).text("::text)")
    }

    fn chained(&self, texts: &[Fragment]) -> Fragment {
        Fragment::joined(texts, " || ").enclosed()
    }

    fn concatenated(&self, texts: &[Fragment]) -> Fragment {
        Fragment::new("concat(").and(&Fragment::joined(texts, ", ")).text(")")
    }

    fn starts_with(&self, text: &Fragment, start: &Fragment) -> Fragment {
        Fragment::new("starts_with(").and(text).text(", ").and(start).text(")")
    }

    fn part(&self, text: &Fragment, part: Part) -> Fragment {
        let (function, numbers) = match part {
            Part::Left(count) => ("left(", vec![count]),
            Part::Right(count) => ("right(", vec![count]),
            Part::From(first, count) => {
                ("substr(", std::iter::once(first).chain(count).collect::<Vec<_>>())
            }
        };
        let part = Fragment::new(function).and(text);
        let bind = |part: Fragment, it: i32| part.text(", ").bind(i64::from(it)).text("::int4");
        numbers.into_iter().fold(part, bind).text(")")
    }

    /// The sum of each pair of digits is looked up.
    fn npi(&self, text: &Fragment) -> Fragment {
        let sums: Vec<_> = (0..100_u32).map(pair_sum).map(|it| it.to_string()).collect();
        let sums = format!("('{{{}}}'::int4[])", sums.join(","));
        let number = text.enclosed().text("::int8");
        let mut sum = Fragment::new("24");
        for place in [1_u64, 100, 10_000, 1_000_000, 100_000_000] {
            sum = sum.text(&format!(" + {sums}[1 + ")).and(&number);
            sum = sum.text(&format!(" / {place} % 100]"));
        }
        let digits = Fragment::new("CASE WHEN octet_length(").and(text);
        let digits = digits.text(") = 10 AND octet_length(btrim(").and(text);
        let digits = digits.text(", '0123456789')) = 0 THEN ").and(text).text(" < '3' AND ");
        let digits = digits.and(text).text(" >= '1' AND (").and(&sum);
        let digits = digits.text(") % 10 = 0 WHEN ").and(text);
        digits.text(" IS NOT NULL THEN false END").enclosed()
    }

    /// Of digits, however many.
    fn luhn(&self, text: &Fragment) -> Asked {
        let digits = Fragment::new("CASE WHEN octet_length(").and(text);
        let digits = digits.text(") >= 2 AND octet_length(btrim(").and(text);
        let digits = digits.text(", '0123456789')) = 0 THEN (SELECT sum(CASE WHEN (octet_length(");
        let doubled = digits
            .and(text)
            .text(") - i) % 2 = 1 THEN d * 2 - CASE WHEN d > 4 THEN 9 ELSE 0 END ELSE d END)");
        let each = doubled.text(" FROM (SELECT i, ascii(substr(").and(text);
        let each = each.text(", i, 1)) - 48 AS d FROM generate_series(1, octet_length(").and(text);
        let sum = each.text(")) AS i) AS digits) % 10 = 0 WHEN ").and(text);
        Asked::certain(sum.text(" IS NOT NULL THEN false END").enclosed())
    }

    fn as_numeric(&self, value: &Fragment) -> Fragment {
        value.enclosed().text("::numeric")
    }

    fn as_float(&self, text: &Fragment) -> Fragment {
        text.enclosed().text("::float8")
    }

    fn is_finite(&self, value: &Fragment) -> Fragment {
        let list = " NOT IN ('NaN'::float8, 'Infinity'::float8, '-Infinity'::float8))";
        Fragment::new("(").and(value).text(list)
    }

    fn is_nan(&self, value: &Fragment) -> Option<Fragment> {
        Some(Fragment::new("(").and(value).text(" = 'NaN'::float8)"))
    }

    fn differ(&self, left: &Fragment, right: &Fragment) -> Fragment {
        Fragment::new("(").and(left).text(" IS DISTINCT FROM ").and(right).text(")")
    }

    fn truth(&self, value: &Fragment) -> Fragment {
        value.enclosed().text("::boolean")
    }

    fn bit(&self, value: &Fragment) -> Fragment {
        value.enclosed().text("::int4")
    }

    fn midnight(&self, day: &Fragment) -> Fragment {
        day.enclosed().text("::timestamp")
    }

    fn day_of(&self, moment: &Fragment) -> Fragment {
        moment.enclosed().text("::date")
    }

    fn field(&self, name: &str, day: &Fragment) -> Fragment {
        Fragment::new(format!("extract({name} FROM ")).and(day).text(")::int8")
    }

    fn days_between(&self, from: &Fragment, to: &Fragment) -> Fragment {
        Fragment::new("(").and(to).text(" - ").and(from).text(")")
    }

    fn moved(&self, day: &Fragment, sign: &str, days: &Fragment) -> Fragment {
        Fragment::default().and(day).text(&format!(" {sign} ")).and(&days.enclosed()).text("::int4")
    }

    fn can_move(&self, _: &Fragment, _: &str, _: &Fragment) -> Option<Fragment> {
        None
    }

    fn hash(&self, _: &Fragment) -> Option<Fragment> {
        None
    }

    fn unsortable(&self, _: &Fragment) -> Option<Doubt> {
        None
    }

    fn far_future(&self, moment: &Fragment) -> Option<Doubt> {
        let rows = Fragment::new("(").and(moment).text(" > '294246-01-01' AND isfinite(");
        let rows = rows.and(moment).text("))");
        Some(Doubt { rows, about: "points in time after the year 294246" })
    }
}
