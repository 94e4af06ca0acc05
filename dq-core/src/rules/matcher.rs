//! Regular expressions that are matched millions of times.

use regex::bytes::Regex;
use regex_automata::dfa::Automaton as _;
use regex_automata::dfa::dense;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind};

/// A regular expression, compiled for speed: to a whole automaton where that is small, which costs a
/// table look-up for each byte of a text and nothing for each text.
///
/// Expressions of reference data (`^[0-9]{5}$`) have a few dozen states. Those with large Unicode
/// classes may have thousands; the `regex` crate matches them, with the same meaning.
#[derive(Clone, Debug)]
pub(crate) enum Matcher {
    Automaton(Box<dense::DFA<Vec<u32>>>),
    Regex(Regex),
}

/// What an automaton and its making may cost.
const AUTOMATON_BYTES_MAX: usize = 256 << 10;

impl Matcher {
    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// Why the expression is none.
    pub(crate) fn new(pattern: &str) -> Result<Self, regex::Error> {
        let regex = Regex::new(pattern)?;
        let limit = Some(AUTOMATON_BYTES_MAX);
        let automaton = dense::Builder::new()
            .configure(dense::Config::new().match_kind(MatchKind::All).dfa_size_limit(limit))
            .configure(dense::Config::new().determinize_size_limit(limit).minimize(false))
            .syntax(syntax::Config::new().utf8(false))
            .build(pattern);
        Ok(automaton.map_or(Self::Regex(regex), |it| Self::Automaton(Box::new(it))))
    }

    /// Whether the expression is found in `text`.
    #[inline]
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        match self {
            Self::Regex(regex) => regex.is_match(text),
            Self::Automaton(automaton) => {
                let found = automaton.try_search_fwd(&Input::new(text).earliest(true));
                found.is_ok_and(|it| it.is_some())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_match_agree() {
        let patterns =
            ["^[0-9]{5}$", "^[0-9]{5}(-[0-9]{4})?$", "a|bc", "", "^$", "[^@ ]+@[^@ ]+\\.[a-z]{2,}$", "(?i)müller", "\\bx", "^\\S+$", "x$|^y"];
        let texts = ["", "12345", "12345\n", "1234", "12345-6789", "abc", "bc", "a@b.cd", "MÜLLER", "x", "ax x", "y", "\u{a0}", "é"];
        for pattern in patterns {
            let (matcher, regex) = (Matcher::new(pattern).unwrap(), Regex::new(pattern).unwrap());
            for text in texts {
                let expected = regex.is_match(text.as_bytes());
                assert_eq!(matcher.is_match(text.as_bytes()), expected, "`{pattern}` in {text:?}");
            }
        }
    }

    #[test]
    fn plain_expressions_become_automata() {
        let is_automaton = |it: &str| matches!(Matcher::new(it), Ok(Matcher::Automaton(_)));
        assert!(is_automaton("^[0-9]{5}(-[0-9]{4})?$"));
        assert!(is_automaton("^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$"));
        assert!(!is_automaton("^\\w{100}$"));
    }
}
