//! The functions that an expression may call: one table, from which the documentation is made.

mod day;
mod number;
mod text;

use std::fmt;

use crate::rules::expression::datum;
use crate::rules::expression::datum::Datum;
use crate::rules::expression::kind::Kind;
use crate::rules::expression::syntax::Comparison;
use crate::rules::expression::truth::Outcome;

/// A function.
#[derive(Debug)]
pub struct Function {
    names: &'static [&'static str],
    parameters: &'static [Parameter],
    required: usize,
    repeats: bool,
    returns: Option<Kind>,
    body: Body,
    documentation: &'static str,
}

/// What a function wants to be given. Every argument is read as that first; one that cannot be is
/// INVALID, and so is the result.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Parameter {
    Text,
    Number,
    /// A number without a fraction.
    Whole,
    Date,
    Any,
}

/// How a function is computed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    /// NULL if any argument is NULL; otherwise by this.
    Strict(for<'a> fn(&mut [Datum<'a>]) -> Datum<'a>),
    /// By this, which sees NULLs.
    Lenient(for<'a> fn(&mut [Datum<'a>]) -> Datum<'a>),
    /// The first argument that is not NULL; the others are not looked at.
    First,
    /// The parser writes it in other terms.
    Rewritten,
}

use Body::{First, Lenient, Rewritten, Strict};
use Parameter::{Any, Date, Number, Text, Whole};

/// Every function, in the order of the documentation.
#[rustfmt::skip]
pub(super) static FUNCTIONS: &[Function] = &[
    Function::new(&["lower"], &[Text], Kind::Text, Strict(text::lower), "The text in lower case."),
    Function::new(&["upper"], &[Text], Kind::Text, Strict(text::upper), "The text in upper case."),
    Function::new(&["trim"], &[Text], Kind::Text, Strict(text::trim), "The text without Unicode White_Space at both ends."),
    Function::new(&["ltrim"], &[Text], Kind::Text, Strict(text::trim_start), "The text without Unicode White_Space at its start."),
    Function::new(&["rtrim"], &[Text], Kind::Text, Strict(text::trim_end), "The text without Unicode White_Space at its end."),
    Function::new(&["length"], &[Text], Kind::Number, Strict(text::length), "How many characters the text has."),
    Function::new(&["substr", "substring"], &[Text, Whole, Whole], Kind::Text, Strict(text::substring),
        "The text from a character on, counted from 1, to its end or so many characters long. Positions before 1 count and are empty; a negative length is INVALID. Also `SUBSTRING(x FROM a FOR b)`.").requires(2),
    Function::new(&["replace"], &[Text, Text, Text], Kind::Text, Strict(text::replace), "The text with every occurrence of the second text replaced by the third."),
    Function::new(&["left"], &[Text, Whole], Kind::Text, Strict(text::left), "The first so many characters; INVALID if negative."),
    Function::new(&["right"], &[Text, Whole], Kind::Text, Strict(text::right), "The last so many characters; INVALID if negative."),
    Function::new(&["concat"], &[Text], Kind::Text, Lenient(text::concat), "The texts one after the other, where NULL is empty; `||` is NULL if a side is.").repeats(1),
    Function::new(&["digits"], &[Text], Kind::Text, Strict(text::digits), "Only the characters `0` to `9` of the text."),
    Function::new(&["words"], &[Text], Kind::Text, Strict(text::words),
        "The words of the text: its letters and digits in folded case, with one blank between words instead of whatever else stands there. `O'Brien, ANN` gives `o brien ann`."),
    Function::new(&["luhn"], &[Text], Kind::Boolean, Strict(text::luhn), "Whether the text is digits of which the last is the check digit: the format `luhn`."),
    Function::new(&["starts_with"], &[Text, Text], Kind::Boolean, Strict(text::starts_with), "Whether the text starts with the second text."),
    Function::new(&["ends_with"], &[Text, Text], Kind::Boolean, Strict(text::ends_with), "Whether the text ends with the second text."),
    Function::new(&["contains"], &[Text, Text], Kind::Boolean, Strict(text::contains), "Whether the second text occurs in the text."),
    Function::new(&["regexp_like"], &[Text, Text], Kind::Boolean, Rewritten,
        "Whether the regular expression, in the syntax of Rust's `regex`, occurs in the text; it must be a literal."),
    Function::new(&["abs"], &[Number], Kind::Number, Strict(number::abs), "The number without its sign."),
    Function::new(&["round"], &[Number, Whole], Kind::Number, Strict(number::round),
        "The nearest whole number, or the nearest with so many decimal places (0 to 15); halves go away from 0.").requires(1),
    Function::new(&["floor"], &[Number], Kind::Number, Strict(number::floor), "The greatest whole number that is not greater."),
    Function::new(&["ceil", "ceiling"], &[Number], Kind::Number, Strict(number::ceil), "The least whole number that is not less."),
    Function::generic(&["least"], 2, Strict(least), "The least of the values, as `<` orders them; NULL if any is NULL."),
    Function::generic(&["greatest"], 2, Strict(greatest), "The greatest of the values, as `<` orders them; NULL if any is NULL."),
    Function::generic(&["coalesce"], 1, First, "The first value that is not NULL; later ones are not looked at."),
    Function::new(&["nullif"], &[Any, Any], Kind::Any, Rewritten, "NULL if the two values are equal, else the first."),
    Function::new(&["date"], &[Date], Kind::Date, Strict(day::date), "The value as a day: the day of a timestamp, or what text spells as `YYYY-MM-DD`, with or without a time."),
    Function::new(&["try_date"], &[Any], Kind::Date, Strict(day::try_date),
        "The value as a day, also where it is text that spells `MM/DD/YYYY` as people in the United States write it; NULL where it cannot be read, blank text for one."),
    Function::new(&["year"], &[Date], Kind::Number, Strict(day::year), "The year of the day. Also `EXTRACT(YEAR FROM x)`."),
    Function::new(&["month"], &[Date], Kind::Number, Strict(day::month), "The month of the day, 1 to 12. Also `EXTRACT(MONTH FROM x)`."),
    Function::new(&["day"], &[Date], Kind::Number, Strict(day::day), "The day of the month, 1 to 31. Also `EXTRACT(DAY FROM x)`."),
    Function::new(&["days_between"], &[Date, Date], Kind::Number, Strict(day::days_between), "How many days the second day is after the first; negative if it is before."),
    Function::new(&["age_years"], &[Date, Date], Kind::Number, Strict(day::age_years),
        "How many full years lie between the first day and the second, or today if there is none; negative if it is before.").requires(1),
    Function::new(&["current_date", "today"], &[], Kind::Date, Rewritten, "The day of the run: its `as_of`. `current_date` needs no parentheses."),
];

/// Names that are not ours, and what to say of them.
#[rustfmt::skip]
const FOREIGN: &[(&[&str], &str)] = &[
    (&["avg", "bool_and", "bool_or", "count", "sum", "total", "stddev", "variance", "array_agg", "string_agg", "group_concat"],
        "is an aggregate; an expression sees one row at a time"),
    (&["max", "min"], "is an aggregate; of the values of one row, take `greatest` or `least`"),
    (&["len", "char_length", "character_length", "octet_length"], "is not known; did you mean `length`?"),
    (&["ifnull", "nvl", "isnull"], "is not known; did you mean `coalesce`?"),
    (&["lcase"], "is not known; did you mean `lower`?"),
    (&["ucase"], "is not known; did you mean `upper`?"),
    (&["instr", "strpos", "charindex", "locate"], "is not known; did you mean `contains`?"),
    (&["datediff", "date_diff"], "is not known; did you mean `days_between`?"),
    (&["regexp_matches", "regexp", "rlike"], "is not known; did you mean `regexp_like`?"),
    (&["now", "getdate", "current_timestamp", "localtimestamp", "current_time", "localtime"], "is not known; did you mean `current_date`?"),
    (&["random", "rand", "uuid"], "gives another value each time; the same rows must give the same counts"),
];

impl Function {
    const fn new(
        names: &'static [&'static str],
        parameters: &'static [Parameter],
        returns: Kind,
        body: Body,
        documentation: &'static str,
    ) -> Self {
        let required = parameters.len();
        Self {
            names,
            parameters,
            required,
            repeats: false,
            returns: Some(returns),
            body,
            documentation,
        }
    }

    /// A function of `required` or more arguments of one kind, which is the kind of the result too.
    const fn generic(
        names: &'static [&'static str],
        required: usize,
        body: Body,
        documentation: &'static str,
    ) -> Self {
        Self {
            names,
            parameters: &[Any],
            required,
            repeats: true,
            returns: None,
            body,
            documentation,
        }
    }

    const fn requires(mut self, required: usize) -> Self {
        self.required = required;
        self
    }

    const fn repeats(mut self, required: usize) -> Self {
        self.repeats = true;
        self.requires(required)
    }

    /// The function called `name`, in any case of its letters; or what to say of that name.
    pub(super) fn find(name: &str) -> Result<&'static Self, String> {
        let name = name.to_ascii_lowercase();
        if let Some(found) = FUNCTIONS.iter().find(|it| it.names.contains(&name.as_str())) {
            return Ok(found);
        }
        if let Some((_, message)) = FOREIGN.iter().find(|(names, _)| names.contains(&name.as_str()))
        {
            return Err(format!("`{name}` {message}"));
        }
        let known = FUNCTIONS.iter().flat_map(|it| it.names);
        let nearest = known
            .map(|it| (strsim::damerau_levenshtein(it, &name), it))
            .filter(|(distance, _)| *distance <= 1 + name.len() / 4)
            .min_by_key(|(distance, _)| *distance);
        Err(match nearest {
            Some((_, nearest)) => format!("unknown function `{name}`; did you mean `{nearest}`?"),
            None => format!("unknown function `{name}`"),
        })
    }

    /// Its name, and other names for the same.
    pub fn names(&self) -> &'static [&'static str] {
        self.names
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }

    /// What it does, in a sentence or two.
    pub fn documentation(&self) -> &'static str {
        self.documentation
    }

    /// How it is called, such as `substr(text, whole number[, whole number])`.
    pub fn signature(&self) -> String {
        let mut signature = format!("{}(", self.name());
        for index in 0..self.parameters.len().max(self.required) {
            let optional = index >= self.required;
            signature.push_str(if optional { "[" } else { "" });
            signature.push_str(if index > 0 { ", " } else { "" });
            signature.push_str(self.parameter(index).as_str());
            signature.push_str(if optional { "]" } else { "" });
        }
        signature.push_str(if self.repeats { ", …)" } else { ")" });
        signature
    }

    /// Says what is wrong if it cannot be called with so many arguments.
    pub(super) fn check_count(&self, count: usize) -> Result<(), String> {
        let most = if self.repeats { usize::MAX } else { self.parameters.len() };
        if (self.required..=most).contains(&count) {
            return Ok(());
        }
        Err(format!(
            "`{}` is called with {count} arguments; it is `{}`",
            self.name(),
            self.signature()
        ))
    }

    pub(super) fn parameter(&self, index: usize) -> Parameter {
        self.parameters.get(index).or(self.parameters.last()).copied().unwrap_or(Any)
    }

    /// The kind of the result, given those of the arguments.
    pub(super) fn returns(&self, arguments: &[Kind]) -> Kind {
        self.returns.unwrap_or_else(|| arguments.iter().fold(Kind::Null, |all, it| all.or(*it)))
    }

    pub(super) fn is_lazy(&self) -> bool {
        matches!(self.body, First)
    }

    /// Computes the function of evaluated arguments.
    pub(super) fn call<'a>(&self, arguments: &mut [Datum<'a>]) -> Datum<'a> {
        let mut has_null = false;
        for (index, argument) in arguments.iter_mut().enumerate() {
            self.parameter(index).read(argument);
            match argument {
                Datum::Invalid => return Datum::Invalid,
                Datum::Null => has_null = true,
                _ => {}
            }
        }
        match self.body {
            Strict(_) if has_null => Datum::Null,
            Strict(compute) | Lenient(compute) => compute(arguments),
            First | Rewritten => Datum::Invalid,
        }
    }
}

impl Parameter {
    const fn as_str(self) -> &'static str {
        match self {
            Text => "text",
            Number => "number",
            Whole => "whole number",
            Date => "date",
            Any => "value",
        }
    }

    pub(super) fn accepts(self, kind: Kind) -> bool {
        match self {
            Any => true,
            Text => kind != Kind::Bytes,
            Number | Whole => kind.is_numeric(),
            Date => kind.is_temporal(),
        }
    }

    /// Reads an argument as what is wanted.
    pub(super) fn read(self, argument: &mut Datum<'_>) {
        let is_as_wanted = match argument {
            Datum::Null | Datum::Invalid => true,
            Datum::Text(_) => matches!(self, Text | Any),
            Datum::Number(_) => matches!(self, Number | Any),
            Datum::Date(_) => matches!(self, Date | Any),
            Datum::Boolean(_) | Datum::Timestamp(_) | Datum::Bytes(_) => self == Any,
        };
        if is_as_wanted {
            return;
        }
        let given = std::mem::take(argument);
        *argument = match self {
            Any => given,
            Text => given.into_text(),
            Number => Datum::or_invalid(given.number().map(Datum::Number)),
            Whole => Datum::or_invalid(given.number().and_then(datum::whole).map(Datum::integer)),
            Date => Datum::or_invalid(given.date().map(Datum::Date)),
        };
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn least<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    extreme(arguments, Comparison::LESS)
}

fn greatest<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    extreme(arguments, Comparison::GREATER)
}

fn extreme<'a>(arguments: &mut [Datum<'a>], better: Comparison) -> Datum<'a> {
    let Some((first, others)) = arguments.split_first_mut() else { return Datum::Null };
    let mut best = std::mem::take(first);
    for other in others {
        match other.compare(better, &best) {
            Outcome::True => best = std::mem::take(other),
            Outcome::Invalid => return Datum::Invalid,
            Outcome::False | Outcome::Unknown => {}
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_documented() {
        let names: Vec<_> = FUNCTIONS.iter().flat_map(|it| it.names).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        for function in FUNCTIONS {
            assert!(function.documentation.ends_with('.'), "{}", function.name());
        }
    }

    #[test]
    fn unknown_names_get_the_nearest_known_one() {
        for (name, part) in [
            ("lenght", "did you mean `length`?"),
            ("UPER", "did you mean `upper`?"),
            ("len", "did you mean `length`?"),
            ("startswith", "did you mean `starts_with`?"),
            ("sum", "is an aggregate"),
            ("random", "the same rows"),
        ] {
            let message = Function::find(name).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(Function::find("frobnicate").unwrap_err(), "unknown function `frobnicate`");
        assert_eq!(Function::find("SubString").unwrap().name(), "substr");
    }

    #[test]
    fn signatures_show_what_may_be_left_out() {
        let signature = |name: &str| Function::find(name).unwrap().signature();
        assert_eq!(signature("substr"), "substr(text, whole number[, whole number])");
        assert_eq!(signature("round"), "round(number[, whole number])");
        assert_eq!(signature("least"), "least(value, value, …)");
        assert_eq!(signature("today"), "current_date()");
    }
}
