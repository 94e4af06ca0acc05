//! Small domains: the values that a column has again and again, and rare misspellings of them.

use strsim::generic_levenshtein;

/// A value is a misspelling only if the right one is so many times as frequent…
const TIMES_MIN: u64 = 20;

/// …and if no more than one row in so many has it…
const RARITY: u64 = 100;

/// …and if no more than one character in so many differs, though one may.
const CHARACTERS_PER_ERROR: usize = 5;

/// Shorter texts are near each other by chance, as the codes of states are.
const CHARACTERS_MIN: usize = 4;

/// Even those are told apart if the frequent values are so few…
const FREQUENT_MAX: usize = 3;

/// …and all rows but one in so many have one of them.
const EXCEPTIONS: u64 = 20;

/// Misspellings are of one of the most frequent values.
const MODELS_MAX: usize = 100;

/// A list of more values is no list for a person.
const VALUES_MAX: usize = 50;

/// Each value of a small domain occurs so many times on average.
const ROWS_PER_VALUE: u64 = 10;

/// A value that occurs less often is not established; no more than one row in [`RARITY`] may have such.
const ROWS_MIN: u64 = 3;

/// The values of a column, parted.
#[derive(Debug)]
pub(crate) struct Domain<'a> {
    /// What belongs to the domain, the most frequent first.
    pub(crate) values: Vec<(&'a str, u64)>,
    /// What is a misspelling of it, with the right value.
    pub(crate) misspelt: Vec<(&'a str, u64, &'a str)>,
}

impl<'a> Domain<'a> {
    /// Parts values, the most frequent first.
    pub(crate) fn of(ranked: &[(&'a str, u64)]) -> Self {
        let total: u64 = ranked.iter().map(|it| it.1).sum();
        let short = is_told_apart_by_few(ranked, total);
        let mut domain = Self { values: Vec::new(), misspelt: Vec::new() };
        for (value, count) in ranked {
            let is_rare = count * RARITY <= total;
            let models = domain.values.iter().take(MODELS_MAX).filter(|_| is_rare);
            let model = models
                .filter(|(_, frequency)| *frequency >= count * TIMES_MIN)
                .find(|(model, _)| is_misspelling(value, model, short));
            match model {
                Some((model, _)) => domain.misspelt.push((value, *count, model)),
                None => domain.values.push((value, *count)),
            }
        }
        domain
    }

    /// Drops values that do not belong, and gives how many rows have them.
    pub(crate) fn drop_values(&mut self, is_alien: impl Fn(&str) -> bool) -> u64 {
        let (aliens, values): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.values).into_iter().partition(|it| is_alien(it.0));
        self.values = values;
        aliens.iter().map(|it| it.1).sum()
    }

    /// How many rows have a misspelling.
    pub(crate) fn misspelt_rows(&self) -> u64 {
        self.misspelt.iter().map(|it| it.1).sum()
    }

    /// Whether the values are few, each established: a list of them is likely to be whole.
    pub(crate) fn is_small(&self) -> bool {
        let rows: u64 = self.values.iter().map(|it| it.1).sum();
        let doubtful: u64 = self.values.iter().map(|it| it.1).filter(|it| *it < ROWS_MIN).sum();
        (1..=VALUES_MAX).contains(&self.values.len())
            && rows >= self.values.len() as u64 * ROWS_PER_VALUE
            && doubtful * RARITY <= rows
    }
}

/// Whether so few values are frequent that what is near one of them is hardly a value of its own.
fn is_told_apart_by_few(ranked: &[(&str, u64)], total: u64) -> bool {
    let frequent: u64 = ranked.iter().take(FREQUENT_MAX).map(|it| it.1).sum();
    (total - frequent) * EXCEPTIONS <= total
}

fn is_misspelling(value: &str, model: &str, short: bool) -> bool {
    let (length, model_length) = (value.chars().count(), model.chars().count());
    let allowed = (model_length / CHARACTERS_PER_ERROR).max(1);
    let is_long_enough =
        model_length >= CHARACTERS_MIN || short && model_length + 1 >= CHARACTERS_MIN;
    is_long_enough
        && length.abs_diff(model_length) <= allowed
        && !differ_in_digits_alone(value, model)
        && distance(value, model) <= allowed
}

/// Codes such as `inf-1` and `inf-2` are different values, not misspellings.
fn differ_in_digits_alone(one: &str, other: &str) -> bool {
    let mut pairs = one.bytes().zip(other.bytes());
    one.len() == other.len()
        && pairs.all(|(a, b)| a == b || a.is_ascii_digit() && b.is_ascii_digit())
}

fn distance(one: &str, other: &str) -> usize {
    let characters = |it: &str| it.chars().collect::<Vec<_>>();
    generic_levenshtein(&characters(one), &characters(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misspelt<'a>(ranked: &[(&'a str, u64)]) -> Vec<&'a str> {
        Domain::of(ranked).misspelt.iter().map(|it| it.0).collect()
    }

    #[test]
    fn rare_values_near_a_frequent_one_are_misspellings_of_it() {
        let ranked = [
            ("pneumonia", 500),
            ("heart attack", 300),
            ("pneumonja", 3),
            ("hart atack", 2),
            ("asthma", 2),
        ];
        let domain = Domain::of(&ranked);
        assert_eq!(
            domain.misspelt,
            [("pneumonja", 3, "pneumonia"), ("hart atack", 2, "heart attack")]
        );
        assert_eq!(domain.values.len(), 3);
    }

    #[test]
    fn codes_that_differ_in_digits_are_values_of_their_own() {
        assert!(misspelt(&[("scip-inf-1", 900), ("scip-inf-2", 2)]).is_empty());
        assert_eq!(misspelt(&[("scip-inf-1", 900), ("scix-inf-1", 2)]), ["scix-inf-1"]);
    }

    #[test]
    fn short_codes_are_near_each_other_by_chance_unless_they_are_few() {
        let states = [("CAL", 300), ("NEV", 250), ("UTA", 200), ("TEX", 150), ("TEK", 2)];
        assert!(misspelt(&states).is_empty());
        assert_eq!(misspelt(&[("yes", 800), ("no", 150), ("yxs", 8), ("nx", 2)]), ["yxs"]);
    }

    #[test]
    fn what_is_not_rare_is_a_value() {
        assert!(misspelt(&[("organise", 500), ("organize", 20)]).is_empty());
    }

    #[test]
    fn a_domain_with_many_values_seen_once_is_not_small() {
        let names: Vec<_> = (0..40).map(|it| format!("{it:x}-name-{}", it * 7919)).collect();
        let mut ranked = vec![("the most frequent", 400)];
        assert!(Domain::of(&ranked).is_small());
        ranked.extend(names.iter().map(|it| (it.as_str(), 1)));
        assert!(!Domain::of(&ranked).is_small());
    }
}
