//! What databases say in different words.

use std::fmt;

use crate::pushdown::fragment::Fragment;
use crate::pushdown::target::{Asked, Doubt, Reason};
use crate::rules::expression::State;
use crate::source::SqlKind;
use crate::value::{Date, Timestamp};

/// A value as text, with the rows of which the text is not known.
#[derive(Clone, Debug)]
pub(crate) struct AsText {
    pub(crate) sql: Fragment,
    pub(crate) doubts: Vec<Doubt>,
}

/// From which ends of a text blanks are taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ends {
    Both,
    First,
    Last,
}

/// A part of a text: so many characters from one of its ends, or from a position, which counts from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Left(i32),
    Right(i32),
    From(i32, Option<i32>),
}

/// How a database says what is not said everywhere alike. What is NULL in an operand is NULL in the result,
/// where nothing else is said; nothing fails in any row.
pub(crate) trait Words: fmt::Debug + Sync {
    /// An operator that compares texts by their bytes.
    fn of_texts<'a>(&self, operator: &'a str) -> &'a str {
        operator
    }

    /// Whether a condition has an outcome.
    fn has_outcome(&self, condition: &Fragment, outcome: State) -> Fragment {
        let outcome = match outcome {
            State::True => " IS TRUE)",
            State::False => " IS FALSE)",
            State::Null | State::Unknown => " IS UNKNOWN)",
        };
        Fragment::new("(").and(condition).text(outcome)
    }

    /// The first of values that is not NULL.
    fn coalesced(&self, values: &[Fragment]) -> Fragment {
        Fragment::new("coalesce(").and(&Fragment::joined(values, ", ")).text(")")
    }

    /// A text of ASCII in lower case.
    fn lower(&self, text: &Fragment) -> Fragment {
        Fragment::new("lower(").and(text).text(")")
    }

    /// A text of ASCII in upper case.
    fn upper(&self, text: &Fragment) -> Fragment {
        Fragment::new("upper(").and(text).text(")")
    }

    /// The same for statements that are sent to the servers of the parts of a table; none where there are no
    /// such tables.
    fn sent(&self) -> Option<&'static dyn Words> {
        None
    }

    /// How many rows meet a condition.
    fn counted(&self, condition: &Fragment) -> Fragment;

    /// The type of whole numbers of 64 bits, in a cast.
    fn whole_type(&self) -> &'static str;

    /// How many regular expressions a statement may have.
    fn patterns_max(&self) -> usize;

    /// How to order by a value such that NULL comes first.
    fn ordered(&self, value: &str) -> String;

    /// A text, compared by its bytes.
    ///
    /// # Errors
    ///
    /// That the database has no such text.
    fn text(&self, text: &str) -> Result<Fragment, Reason>;

    /// A whole number.
    fn whole(&self, number: i128) -> Fragment;

    /// A finite floating-point number.
    fn float(&self, number: f64) -> Fragment;

    /// The same with all its digits, to be compared with whole numbers.
    ///
    /// # Errors
    ///
    /// That it has too many.
    fn digits(&self, number: f64) -> Result<Fragment, Reason>;

    /// True or false.
    fn boolean(&self, it: bool) -> Fragment;

    /// A day.
    ///
    /// # Errors
    ///
    /// That the database has no such day.
    fn day(&self, day: Date) -> Result<Fragment, Reason>;

    /// A point in time.
    ///
    /// # Errors
    ///
    /// That the database has no such point in time.
    fn moment(&self, moment: Timestamp) -> Result<Fragment, Reason>;

    /// A value of a kind as text, as a scan renders it; NULL is of any kind. Those of days are known where [`is_near`](Self::is_near)
    /// says so.
    fn as_text(&self, value: &Fragment, kind: SqlKind) -> Option<Fragment>;

    /// Whether the text of a day or point in time is known: its year has four digits.
    fn is_near(&self, value: &Fragment) -> Fragment;

    /// Whether a regular expression, as Rust's `regex` has it, is found in a text.
    ///
    /// # Errors
    ///
    /// Why that cannot be asked.
    fn matches(&self, text: &Fragment, pattern: &str) -> Result<Fragment, Reason>;

    /// The same for an expression of ours, of ASCII alone and without classes that have names.
    fn is(&self, text: &Fragment, pattern: &str) -> Fragment;

    /// Whether a text is blank.
    fn is_blank(&self, text: &Fragment) -> Fragment;

    /// A text, in which all that an expression of ours finds is replaced.
    fn replaced(&self, text: &Fragment, pattern: &str, by: &'static str) -> Fragment;

    /// A text without blanks at its ends.
    fn trimmed(&self, text: &Fragment, ends: Ends) -> Fragment;

    /// Texts one after the other; none if one of them is NULL.
    fn chained(&self, texts: &[Fragment]) -> Fragment;

    /// Texts one after the other, without those that are NULL.
    fn concatenated(&self, texts: &[Fragment]) -> Fragment;

    /// Whether a text starts with another.
    fn starts_with(&self, text: &Fragment, start: &Fragment) -> Fragment;

    /// A part of a text.
    fn part(&self, text: &Fragment, part: Part) -> Fragment;

    /// Ten digits of an NPI.
    fn npi(&self, text: &Fragment) -> Fragment;

    /// Two digits or more, of which the last is the check digit of Luhn.
    fn luhn(&self, text: &Fragment) -> Asked;

    /// A whole number, or text that is one of at most 38 digits, to compute with.
    fn as_numeric(&self, value: &Fragment) -> Fragment;

    /// Text that is a number as the floating-point number that it is nearest to.
    fn as_float(&self, text: &Fragment) -> Fragment;

    /// Whether a floating-point number is one with an end.
    fn is_finite(&self, value: &Fragment) -> Fragment;

    /// Whether a floating-point number is NaN; none if there is no such thing.
    fn is_nan(&self, value: &Fragment) -> Option<Fragment>;

    /// Whether two values differ, where NULL is a value.
    fn differ(&self, left: &Fragment, right: &Fragment) -> Fragment;

    /// A boolean as a condition.
    fn truth(&self, value: &Fragment) -> Fragment;

    /// A boolean as 0 or 1.
    fn bit(&self, value: &Fragment) -> Fragment;

    /// The first moment of a day.
    fn midnight(&self, day: &Fragment) -> Fragment;

    /// The day of a point in time.
    fn day_of(&self, moment: &Fragment) -> Fragment;

    /// The `year`, `month` or `day` of a day that is near.
    fn field(&self, name: &str, day: &Fragment) -> Fragment;

    /// How many days lie between two days.
    fn days_between(&self, from: &Fragment, to: &Fragment) -> Fragment;

    /// A day, some days later (`+`) or earlier (`-`).
    fn moved(&self, day: &Fragment, sign: &str, days: &Fragment) -> Fragment;

    /// Whether there is such a day, where there are a day and a number of days that is not large.
    fn can_move(&self, day: &Fragment, sign: &str, days: &Fragment) -> Option<Fragment>;

    /// A short text that is the same for the same text, where long text cannot be looked up.
    fn hash(&self, text: &Fragment) -> Option<Fragment>;

    /// Texts that are too long to be sorted by all of their bytes.
    fn unsortable(&self, text: &Fragment) -> Option<Doubt>;

    /// Points in time of which a scan may say something else.
    fn far_future(&self, moment: &Fragment) -> Option<Doubt>;
}
