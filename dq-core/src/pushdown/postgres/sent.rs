//! PostgreSQL's words for statements that `postgres_fdw` sends to the servers of the parts of a table.
//!
//! It sends neither `COALESCE`, `IS TRUE`, casts of text to numbers nor collations: text has that of its column, and is
//! compared by its bytes with operators that do so whatever the collation.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::postgres::Postgres;
use crate::pushdown::target::{Asked, Doubt, Reason};
use crate::pushdown::typed::{Ends, Part, Words};
use crate::rules::expression::State;
use crate::source::SqlKind;
use crate::value::{Date, Timestamp};

const UPPER: &str = "'ABCDEFGHIJKLMNOPQRSTUVWXYZ'";
const LOWER: &str = "'abcdefghijklmnopqrstuvwxyz'";

/// The words of PostgreSQL that can be sent.
#[derive(Debug)]
pub(crate) struct Sent;

impl Words for Sent {
    fn of_texts<'a>(&self, operator: &'a str) -> &'a str {
        match operator {
            " < " => " ~<~ ",
            " <= " => " ~<=~ ",
            " > " => " ~>~ ",
            " >= " => " ~>=~ ",
            other => other,
        }
    }

    fn has_outcome(&self, condition: &Fragment, outcome: State) -> Fragment {
        let before = match outcome {
            State::Null | State::Unknown => {
                return Fragment::new("((").and(condition).text(") IS NULL)");
            }
            State::True => "",
            State::False => "NOT ",
        };
        let case = Fragment::new("(CASE WHEN ").text(before).and(condition);
        case.text(" THEN 1 ELSE 0 END = 1)")
    }

    fn coalesced(&self, values: &[Fragment]) -> Fragment {
        let each = values
            .iter()
            .map(|it| Fragment::new(" WHEN ").and(it).text(" IS NOT NULL THEN ").and(it));
        let each: Vec<_> = each.collect();
        Fragment::new("(CASE").and(&Fragment::joined(&each, "")).text(" END)")
    }

    fn lower(&self, text: &Fragment) -> Fragment {
        Fragment::new("translate(").and(text).text(&format!(", {UPPER}, {LOWER})"))
    }

    fn upper(&self, text: &Fragment) -> Fragment {
        Fragment::new("translate(").and(text).text(&format!(", {LOWER}, {UPPER})"))
    }

    fn text(&self, text: &str) -> Result<Fragment, Reason> {
        if text.contains('\0') {
            return Err("PostgreSQL has no U+0000".to_owned());
        }
        Ok(Fragment::new("(").bind(text).text("::text)"))
    }

    /// The sum of each digit, every other of them doubled.
    fn npi(&self, text: &Fragment) -> Fragment {
        let doubled = Fragment::new("translate(").and(text).text(", '0123456789', '0246813579')");
        let digit = |place: u32| {
            let from = if place % 2 == 1 { &doubled } else { text };
            Fragment::new("ascii(substr(").and(from).text(&format!(", {place}, 1))"))
        };
        let digits: Vec<_> = (1..=10).map(digit).collect();
        let form = Fragment::new("CASE WHEN octet_length(").and(text);
        let form = form.text(") = 10 AND octet_length(btrim(").and(text);
        let form = form.text(", '0123456789')) = 0 THEN ").and(text).text(" ~<~ '3' AND ");
        // Ten times the code of `0` is a multiple of 10.
        let sum =
            form.and(text).text(" ~>=~ '1' AND (24 + ").and(&Fragment::joined(&digits, " + "));
        let sum = sum.text(") % 10 = 0 WHEN ").and(text);
        sum.text(" IS NOT NULL THEN false END").enclosed()
    }

    fn counted(&self, condition: &Fragment) -> Fragment {
        Postgres.counted(condition)
    }

    fn whole_type(&self) -> &'static str {
        Postgres.whole_type()
    }

    fn patterns_max(&self) -> usize {
        Postgres.patterns_max()
    }

    fn ordered(&self, value: &str) -> String {
        Postgres.ordered(value)
    }

    fn whole(&self, number: i128) -> Fragment {
        Postgres.whole(number)
    }

    fn float(&self, number: f64) -> Fragment {
        Postgres.float(number)
    }

    fn digits(&self, number: f64) -> Result<Fragment, Reason> {
        Postgres.digits(number)
    }

    fn boolean(&self, it: bool) -> Fragment {
        Postgres.boolean(it)
    }

    fn day(&self, day: Date) -> Result<Fragment, Reason> {
        Postgres.day(day)
    }

    fn moment(&self, moment: Timestamp) -> Result<Fragment, Reason> {
        Postgres.moment(moment)
    }

    fn as_text(&self, value: &Fragment, kind: SqlKind) -> Option<Fragment> {
        Postgres.as_text(value, kind)
    }

    fn is_near(&self, value: &Fragment) -> Fragment {
        Postgres.is_near(value)
    }

    fn matches(&self, text: &Fragment, pattern: &str) -> Result<Fragment, Reason> {
        Postgres.matches(text, pattern)
    }

    fn is(&self, text: &Fragment, pattern: &str) -> Fragment {
        Postgres.is(text, pattern)
    }

    fn is_blank(&self, text: &Fragment) -> Fragment {
        Postgres.is_blank(text)
    }

    fn replaced(&self, text: &Fragment, pattern: &str, by: &'static str) -> Fragment {
        Postgres.replaced(text, pattern, by)
    }

    fn trimmed(&self, text: &Fragment, ends: Ends) -> Fragment {
        Postgres.trimmed(text, ends)
    }

    fn chained(&self, texts: &[Fragment]) -> Fragment {
        Postgres.chained(texts)
    }

    fn concatenated(&self, texts: &[Fragment]) -> Fragment {
        Postgres.concatenated(texts)
    }

    fn starts_with(&self, text: &Fragment, start: &Fragment) -> Fragment {
        Postgres.starts_with(text, start)
    }

    fn part(&self, text: &Fragment, part: Part) -> Fragment {
        Postgres.part(text, part)
    }

    fn luhn(&self, text: &Fragment) -> Asked {
        Postgres.luhn(text)
    }

    fn as_numeric(&self, value: &Fragment) -> Fragment {
        Postgres.as_numeric(value)
    }

    fn as_float(&self, text: &Fragment) -> Fragment {
        Postgres.as_float(text)
    }

    fn is_finite(&self, value: &Fragment) -> Fragment {
        Postgres.is_finite(value)
    }

    fn is_nan(&self, value: &Fragment) -> Option<Fragment> {
        Postgres.is_nan(value)
    }

    fn differ(&self, left: &Fragment, right: &Fragment) -> Fragment {
        Postgres.differ(left, right)
    }

    fn truth(&self, value: &Fragment) -> Fragment {
        Postgres.truth(value)
    }

    fn bit(&self, value: &Fragment) -> Fragment {
        Postgres.bit(value)
    }

    fn midnight(&self, day: &Fragment) -> Fragment {
        Postgres.midnight(day)
    }

    fn day_of(&self, moment: &Fragment) -> Fragment {
        Postgres.day_of(moment)
    }

    fn field(&self, name: &str, day: &Fragment) -> Fragment {
        Postgres.field(name, day)
    }

    fn days_between(&self, from: &Fragment, to: &Fragment) -> Fragment {
        Postgres.days_between(from, to)
    }

    fn moved(&self, day: &Fragment, sign: &str, days: &Fragment) -> Fragment {
        Postgres.moved(day, sign, days)
    }

    fn can_move(&self, day: &Fragment, sign: &str, days: &Fragment) -> Option<Fragment> {
        Postgres.can_move(day, sign, days)
    }

    fn hash(&self, text: &Fragment) -> Option<Fragment> {
        Postgres.hash(text)
    }

    fn unsortable(&self, text: &Fragment) -> Option<Doubt> {
        Postgres.unsortable(text)
    }

    fn far_future(&self, moment: &Fragment) -> Option<Doubt> {
        Postgres.far_future(moment)
    }
}
