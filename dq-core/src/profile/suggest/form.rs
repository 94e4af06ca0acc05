//! Forms: what shapes have in common whose runs of letters and digits follow each other alike, however
//! long the runs are.

use crate::profile::shape::Detail;

/// A part of a form.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Part {
    /// One or more characters of a class: `A`, `a` or `9`.
    Run(char),
    /// Characters that stand for themselves.
    Literal(String),
}

/// A part with its number of characters; none where only runs are known.
pub(crate) type Measured = (Part, Option<usize>);

/// Values of one form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    pub(crate) parts: Vec<Part>,
    /// How many values have it.
    pub(crate) count: u64,
    /// The lengths of its parts with the number of values that have these lengths, the most frequent
    /// first; empty where only runs are known.
    pub(crate) lengths: Vec<(Vec<usize>, u64)>,
}

/// The parts of a shape.
pub(crate) fn parts(shape: &str, detail: Detail) -> Vec<Measured> {
    let mut parts: Vec<Measured> = Vec::new();
    let mut characters = shape.chars().peekable();
    while let Some(character) = characters.next() {
        let is_class = matches!(character, 'A' | 'a' | '9');
        match parts.last_mut() {
            _ if is_class && detail == Detail::Runs => {
                // The `+` behind it.
                characters.next();
                parts.push((Part::Run(character), None));
            }
            Some((Part::Run(class), Some(length))) if *class == character => *length += 1,
            Some((Part::Literal(text), length)) if !is_class => {
                text.push(character);
                *length = length.map(|it| it + 1);
            }
            _ if is_class => parts.push((Part::Run(character), Some(1))),
            _ => parts.push((Part::Literal(character.into()), Some(1))),
        }
    }
    parts
}

impl Form {
    /// Adds values of one shape of this form.
    pub(crate) fn add(&mut self, parts: &[Measured], count: u64) {
        self.count += count;
        if let Some(lengths) = parts.iter().map(|it| it.1).collect() {
            self.lengths.push((lengths, count));
        }
    }

    /// Keeps the most frequent lengths alone if they are those of at least the share `fixed_min`.
    pub(crate) fn fix(&mut self, fixed_min: f64) {
        let Some((_, most)) = self.lengths.first() else { return };
        if *most as f64 >= fixed_min * self.count as f64 {
            self.count = *most;
            self.lengths.truncate(1);
        }
    }

    /// The least and the greatest length of a part; none where nothing is known.
    pub(crate) fn bounds(&self, part: usize) -> Option<(usize, usize)> {
        let lengths = || self.lengths.iter().filter_map(|it| it.0.get(part).copied());
        lengths().min().zip(lengths().max())
    }

    /// The number of characters, where it is fixed.
    pub(crate) fn length(&self) -> Option<usize> {
        match self.lengths.as_slice() {
            [(lengths, _)] => Some(lengths.iter().sum()),
            _ => None,
        }
    }

    /// Whether it has a digit.
    pub(crate) fn has_digits(&self) -> bool {
        self.parts.contains(&Part::Run('9'))
    }

    /// The form as people read it: a shape where lengths are fixed, runs elsewhere.
    pub(crate) fn readable(&self) -> String {
        let fixed = self.lengths.len() == 1;
        let parts = self.parts.iter().enumerate().map(|(place, part)| match part {
            Part::Literal(text) => text.clone(),
            Part::Run(class) if fixed => {
                class.to_string().repeat(self.bounds(place).map_or(1, |it| it.0))
            }
            Part::Run(class) => format!("{class}+"),
        });
        parts.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_runs_of_a_class_and_what_stands_between_them() {
        let run = |it, length| (Part::Run(it), length);
        let text = |it: &str, length| (Part::Literal(it.to_owned()), length);
        assert_eq!(
            parts("Aaa--99 %", Detail::Exact),
            [
                run('A', Some(1)),
                run('a', Some(2)),
                text("--", Some(2)),
                run('9', Some(2)),
                text(" %", Some(2))
            ]
        );
        assert_eq!(
            parts("A+-9++", Detail::Runs),
            [run('A', None), text("-", Some(1)), run('9', None), text("+", Some(1))]
        );
    }

    #[test]
    fn exceptional_lengths_are_dropped_where_nearly_all_agree() {
        let mut form = Form { parts: vec![Part::Run('9')], ..Form::default() };
        form.add(&parts("99999", Detail::Exact), 97);
        form.add(&parts("9999", Detail::Exact), 3);
        assert_eq!((form.bounds(0), form.readable()), (Some((4, 5)), "9+".to_owned()));
        form.fix(0.95);
        assert_eq!((form.count, form.length(), form.readable()), (97, Some(5), "99999".to_owned()));
    }
}
