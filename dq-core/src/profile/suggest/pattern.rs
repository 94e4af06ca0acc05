//! Patterns: the few forms that nearly all values of a column have, as a regular expression.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use regex_syntax::is_meta_character;
use strsim::levenshtein;

use crate::profile::facts::Facts;
use crate::profile::shape::{Detail, LONG, of as shape_of};
use crate::profile::suggest::domain::Domain;
use crate::profile::suggest::form::{Form, Part, parts};

/// A form that a smaller share of the values has is an exception.
const SHARE_MIN: f64 = 0.01;

/// The forms that are none must cover this share of the values together.
const COVERED_MIN: f64 = 0.95;

/// A shape that so many values have is a model, of which rarer ones may be misspellings…
const MODEL_SHARE_MIN: f64 = 0.05;

/// …if they are so many times rarer, and differ in so few characters.
const TIMES_MIN: u64 = 20;
const DISTANCE_MAX: usize = 2;

/// In a form of which this share has the same lengths, other lengths are exceptions.
const FIXED_MIN: f64 = 0.95;

/// An expression of more alternatives tells nobody anything.
const FORMS_MAX: usize = 6;

/// Letters alone are a code if they are so few.
const CODE_CHARACTERS_MAX: usize = 5;

/// So many different words may stand in one place of a form…
const WORDS_MAX: usize = 3;

/// …each of this share of its values at least…
const WORD_SHARE_MIN: f64 = 0.01;

/// …and only this share has another word that is no misspelling of theirs.
const OTHER_WORDS_MAX: f64 = 0.01;

/// A pattern that nearly all values match.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// A regular expression, anchored at both ends.
    pub(crate) expression: String,
    /// The shapes that it covers, the most frequent first, as people read them.
    pub(crate) shapes: Vec<String>,
    /// The number of characters, where it is fixed.
    pub(crate) length: Option<usize>,
    /// How many values have one of the shapes.
    pub(crate) covered: u64,
}

impl Pattern {
    /// The pattern of a column, if it has one. `values` are those whose words may be spelt out.
    pub(crate) fn of(facts: &Facts, values: &[(&str, u64)]) -> Option<Self> {
        let total = facts.filled() as f64;
        let forms = forms(facts);
        let covered: u64 = forms.iter().map(|it| it.count).sum();
        let fits = (1..=FORMS_MAX).contains(&forms.len())
            && covered as f64 >= COVERED_MIN * total
            && is_telling(&forms);
        if !fits {
            return None;
        }
        let alternatives = forms.iter().map(|form| {
            let words = words(form, values);
            Expression { form, words: &words, beyond_ascii: facts.beyond_ascii }.to_string()
        });
        let alternatives: Vec<_> = alternatives.collect();
        let expression = match alternatives.as_slice() {
            [one] => format!("^{one}$"),
            several => format!("^(?:{})$", several.join("|")),
        };
        let length = forms.first().filter(|_| forms.len() == 1).and_then(Form::length);
        let shapes = forms.iter().map(Form::readable).collect();
        Some(Self { expression, shapes, length, covered })
    }
}

/// The forms of the values, the most frequent first, without what is exceptional: rare forms, shapes that
/// look like misspellings of another, lengths of which there are hardly any.
fn forms(facts: &Facts) -> Vec<Form> {
    let (detail, total) = (facts.shapes.detail(), facts.filled() as f64);
    let ranked: Vec<_> = facts.shapes.ranked();
    let ranked: Vec<_> =
        ranked.iter().map(|(it, count)| (String::from_utf8_lossy(it), *count)).collect();
    let is_model = |count: u64| count as f64 >= MODEL_SHARE_MIN * total;
    let models: Vec<_> = ranked.iter().take_while(|it| is_model(it.1)).collect();
    let mut forms: BTreeMap<Vec<Part>, Form> = BTreeMap::new();
    for (shape, count) in &ranked {
        let is_misshapen = |model: &&(Cow<'_, str>, u64)| {
            model.1 >= count * TIMES_MIN && is_misspelling(shape, &model.0)
        };
        if detail == Detail::Exact && models.iter().copied().any(|it| is_misshapen(&it)) {
            continue;
        }
        let measured = parts(shape, detail);
        let key: Vec<_> = measured.iter().map(|it| it.0.clone()).collect();
        let new = || Form { parts: key.clone(), ..Form::default() };
        forms.entry(key.clone()).or_insert_with(new).add(&measured, *count);
    }
    let mut forms: Vec<_> = forms.into_values().collect();
    for form in &mut forms {
        form.fix(FIXED_MIN);
    }
    forms.retain(|it| it.count as f64 >= SHARE_MIN * total);
    forms.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.parts.cmp(&b.parts)));
    forms
}

/// Whether a shape looks like a misspelling of a model: `9a999` of `99999`. Other lengths of the same
/// runs do not: they may belong.
fn is_misspelling(shape: &str, model: &str) -> bool {
    let runs = |it| parts(it, Detail::Exact).into_iter().map(|it| it.0);
    shape.len().abs_diff(model.len()) <= DISTANCE_MAX
        && levenshtein(shape, model) <= DISTANCE_MAX
        && !runs(shape).eq(runs(model))
}

/// Whether the pattern says more than "words": most values have a digit in it, or all are codes of a few
/// letters.
fn is_telling(forms: &[Form]) -> bool {
    let total: u64 = forms.iter().map(|it| it.count).sum();
    let with_digits: u64 = forms.iter().filter(|it| it.has_digits()).map(|it| it.count).sum();
    let is_code =
        |it: &Form| it.parts.len() == 1 && it.length().is_some_and(|it| it <= CODE_CHARACTERS_MAX);
    let is_long = |it: &Form| it.readable().as_bytes() == LONG;
    !forms.iter().any(is_long)
        && (with_digits * 2 > total || forms.len() == 1 && forms.iter().all(is_code))
}

/// The words that stand in each run of letters of a form, where they are few.
fn words<'a>(form: &Form, values: &[(&'a str, u64)]) -> Vec<Option<Vec<&'a str>>> {
    let mut counts: Vec<BTreeMap<&str, u64>> = vec![BTreeMap::new(); form.parts.len()];
    let mut shape = Vec::new();
    for (value, count) in values {
        shape.clear();
        shape_of(value.as_bytes(), &mut shape);
        let measured = parts(&String::from_utf8_lossy(&shape), Detail::Exact);
        if !measured.iter().map(|it| &it.0).eq(&form.parts) {
            continue;
        }
        let mut rest = *value;
        for ((_, length), counts) in measured.iter().zip(&mut counts) {
            let end = rest.char_indices().nth(length.unwrap_or(0)).map_or(rest.len(), |it| it.0);
            let (word, after) = rest.split_at(end);
            *counts.entry(word).or_default() += count;
            rest = after;
        }
    }
    let is_word = |part: &Part| matches!(part, Part::Run('A' | 'a'));
    let places = form.parts.iter().zip(counts);
    places.map(|(part, counts)| few(counts).filter(|_| is_word(part))).collect()
}

/// The words, if they are few and each frequent, but for misspellings.
fn few(counts: BTreeMap<&str, u64>) -> Option<Vec<&str>> {
    let total: u64 = counts.values().sum();
    let mut ranked: Vec<_> = counts.into_iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let is_established = |it: &(_, u64)| it.1 as f64 >= WORD_SHARE_MIN * total as f64;
    let (words, others): (Vec<_>, Vec<_>) =
        Domain::of(&ranked).values.into_iter().partition(is_established);
    let others: u64 = others.iter().map(|it| it.1).sum();
    let is_few =
        (1..=WORDS_MAX).contains(&words.len()) && others as f64 <= OTHER_WORDS_MAX * total as f64;
    is_few.then(|| words.into_iter().map(|it| it.0).collect())
}

/// The regular expression of one form.
struct Expression<'a> {
    form: &'a Form,
    words: &'a [Option<Vec<&'a str>>],
    beyond_ascii: bool,
}

impl std::fmt::Display for Expression<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (part, words)) in self.form.parts.iter().zip(self.words).enumerate() {
            match (part, words.as_deref()) {
                (Part::Literal(text), _) => f.write_str(&escaped(text))?,
                (Part::Run(_), Some([word])) => f.write_str(word)?,
                (Part::Run(_), Some(words)) => write!(f, "(?:{})", words.join("|"))?,
                (Part::Run(class), None) => {
                    f.write_str(self.class(*class))?;
                    f.write_str(&times(self.form.bounds(place)))?;
                }
            }
        }
        Ok(())
    }
}

impl Expression<'_> {
    fn class(&self, class: char) -> &'static str {
        match (class, self.beyond_ascii) {
            ('9', _) => "[0-9]",
            ('A', false) => "[A-Z]",
            ('A', true) => r"\p{Lu}",
            (_, false) => "[a-z]",
            (_, true) => r"[\p{L}--\p{Lu}]",
        }
    }
}

/// Text that stands for itself. Unlike `regex_syntax::escape`, it leaves alone what is special only inside of
/// brackets.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if is_meta_character(character) && !matches!(character, '-' | '&' | '~' | '#') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// How often a class is repeated.
fn times(bounds: Option<(usize, usize)>) -> String {
    let mut text = String::new();
    let _ = match bounds {
        None => write!(text, "+"),
        Some((1, 1)) => Ok(()),
        Some((min, max)) if min == max => write!(text, "{{{min}}}"),
        Some((min, max)) => write!(text, "{{{min},{max}}}"),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(values: &[(&str, u64)]) -> Option<Pattern> {
        let mut facts = Facts::default();
        values.iter().for_each(|(value, count)| facts.add(value.as_bytes(), *count));
        let mut ranked = values.to_vec();
        ranked.sort_by_key(|it| std::cmp::Reverse(it.1));
        Pattern::of(&facts, &ranked)
    }

    fn expression(values: &[(&str, u64)]) -> String {
        let found = pattern(values).unwrap();
        let expression = regex::Regex::new(&found.expression).unwrap();
        let matched = values.iter().filter(|it| expression.is_match(it.0)).map(|it| it.1);
        let total: u64 = values.iter().map(|it| it.1).sum();
        assert!(matched.sum::<u64>() as f64 >= COVERED_MIN * total as f64);
        found.expression
    }

    #[test]
    fn a_code_of_fixed_length_is_matched_exactly() {
        let zips = [("35233", 500), ("99559", 470), ("3523x", 20), ("3523", 10)];
        assert_eq!(expression(&zips), "^[0-9]{5}$");
        assert_eq!(pattern(&zips).unwrap().length, Some(5));
    }

    #[test]
    fn lengths_that_vary_are_a_range() {
        let scores = [("98%", 600), ("100%", 300), ("7%", 50), ("9x%", 5), ("empty", 100)];
        assert_eq!(expression(&scores), "^(?:[0-9]{1,3}%|empty)$");
    }

    #[test]
    fn few_words_are_spelt_out_and_misspellings_are_not() {
        let codes =
            [("PRV-001", 600), ("PRV-002", 300), ("ORG-77", 90), ("PVR-003", 1), ("P-1", 1)];
        assert_eq!(expression(&codes), "^(?:PRV|ORG)-[0-9]{1,3}$");
        let counts = [("12 patients", 500), ("7 patients", 400), ("7 patxents", 4), ("none", 90)];
        assert_eq!(expression(&counts), "^(?:[0-9]{1,2} patients|none)$");
    }

    #[test]
    fn words_have_no_pattern() {
        assert!(pattern(&[("Smith", 500), ("Jones", 400), ("O'Neil", 3)]).is_none());
        assert!(pattern(&[("a long story about nothing in particular", 100)]).is_none());
        assert_eq!(expression(&[("AL", 800), ("AK", 190), ("al", 5)]), "^(?:AL|AK)$");
    }

    #[test]
    fn letters_beyond_ascii_are_letters() {
        let codes: Vec<_> = ('À'..='Ö').map(|it| (format!("{it}-12"), 10)).collect();
        let codes: Vec<_> = codes.iter().map(|it| (it.0.as_str(), it.1)).collect();
        assert_eq!(expression(&codes), r"^\p{Lu}-[0-9]{2}$");
    }
}
