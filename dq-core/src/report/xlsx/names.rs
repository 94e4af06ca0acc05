//! Names that Excel accepts for sheets.

use std::collections::HashSet;

/// How long a name may be, in units of UTF-16.
const UNITS_MAX: usize = 31;

/// The names of the sheets of one workbook: no two are equal, whatever their case.
#[derive(Debug, Default)]
pub(crate) struct SheetNames {
    taken: HashSet<String>,
}

impl SheetNames {
    /// A name as like `wanted` as can be: without the characters that Excel refuses, cut to 31, and with a
    /// number behind it if it is taken: `npi (2)`.
    pub(crate) fn take(&mut self, wanted: &str) -> String {
        let clean = clean(wanted);
        let mut name = cut(&clean, UNITS_MAX);
        let mut number = 1_u64;
        while !self.taken.insert(name.to_lowercase()) {
            number += 1;
            let end = format!(" ({number})");
            name = cut(&clean, UNITS_MAX - end.len()) + &end;
        }
        name
    }
}

fn clean(wanted: &str) -> String {
    let replaced = |it: char| if is_refused(it) { '_' } else { it };
    let mut name: String = wanted.trim().chars().map(replaced).collect();
    // Excel puts names between apostrophes, and keeps one for itself.
    if name.is_empty() || name.eq_ignore_ascii_case("history") {
        name.push('_');
    }
    let name = name.strip_prefix('\'').map_or(name.clone(), |it| format!("_{it}"));
    name.strip_suffix('\'').map_or(name.clone(), |it| format!("{it}_"))
}

fn is_refused(character: char) -> bool {
    let is_no_character = matches!(character, '\u{fffe}' | '\u{ffff}');
    "[]:*?/\\".contains(character) || character.is_control() || is_no_character
}

/// As many of the characters as fit, without an apostrophe or a blank at the end.
fn cut(name: &str, units_max: usize) -> String {
    let mut units = 0;
    let fits = |it: &char| {
        units += it.len_utf16();
        units <= units_max
    };
    let kept: String = name.chars().take_while(fits).collect();
    if kept.len() == name.len() {
        return kept;
    }
    kept.trim_end_matches(['\'', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_excel_refuses_is_replaced() {
        let mut names = SheetNames::default();
        assert_eq!(names.take("npi: valid? [a/b\\c*]"), "npi_ valid_ _a_b_c__");
        assert_eq!(names.take("'quoted'"), "_quoted_");
        assert_eq!(names.take("History"), "History_");
        assert_eq!(names.take(" \t"), "_");
        assert_eq!(names.take("line\nfeed"), "line_feed");
    }

    #[test]
    fn long_names_are_cut_by_units_of_utf_16() {
        let mut names = SheetNames::default();
        assert_eq!(names.take(&"a".repeat(40)), "a".repeat(31));
        assert_eq!(names.take(&"😀".repeat(40)), "😀".repeat(15));
        assert_eq!(names.take(&format!("{}'{}", "b".repeat(30), "c")), "b".repeat(30));
    }

    #[test]
    fn no_two_names_differ_only_in_case() {
        let mut names = SheetNames::default();
        let taken = ["Npi", "NPI", "npi", "npi (2)"].map(|it| names.take(it));
        assert_eq!(taken, ["Npi", "NPI (2)", "npi (3)", "npi (2) (2)"]);
        let long = "x".repeat(31);
        assert_eq!(names.take(&long), long);
        assert_eq!(names.take(&long), format!("{} (2)", "x".repeat(27)));
    }
}
