//! Functional dependencies: how well one column tells another.

use crate::profile::groups::Groups;
use crate::profile::row_sample::CodedRows;

/// How well `from` tells `to`, among the rows where neither is NULL.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// How many rows were compared.
    pub(crate) rows: u64,
    /// How many of them the check `functional_dependency` counts.
    pub(crate) violations: u64,
    /// How many rows a group has on average, in the sample if it is one.
    pub(crate) group_rows: f64,
    /// How many rows are in groups whose values have no strict majority.
    pub(crate) undecided: u64,
    /// The measure μ, see [`strength`], of the rows whose value of `to` is the majority of some group: what is
    /// the majority nowhere is scattered over the rows, as errors are.
    pub(crate) strength: f64,
    /// Whether the counts are of a sample of the rows.
    pub(crate) is_estimate: bool,
    /// The codes of `to` that are in the minority wherever they are.
    pub(crate) contradicted: Vec<u32>,
}

/// A dependency is worth telling if this share of rows agrees with the majority of its group…
const SHARE_MIN: f64 = 0.95;

/// …and if knowing `from` takes away this share of the uncertainty about `to`: where nearly all rows have
/// the same value, every column tells it.
const STRENGTH_MIN: f64 = 0.7;

/// Groups must have so many rows on average, lest every row agrees with itself.
const GROUP_ROWS_MIN: f64 = 2.0;

/// A value that is the majority of a group of so many rows belongs there, and not by chance.
const MAJORITY_ROWS_MIN: u64 = 3;

impl Measured {
    /// The share of rows that agree with the strict majority of their group.
    pub(crate) fn share(&self) -> f64 {
        1.0 - self.violations as f64 / self.rows.max(1) as f64
    }

    pub(crate) fn is_worth_telling(&self) -> bool {
        self.group_rows >= GROUP_ROWS_MIN
            && self.share() >= SHARE_MIN
            && self.strength >= STRENGTH_MIN
    }
}

/// The dependencies between any two columns that are worth telling, the strongest first.
pub(crate) fn find(rows: &CodedRows) -> Vec<Measured> {
    let columns = 0..rows.columns.len();
    let mut found: Vec<_> = columns.flat_map(|from| told(&Groups::of(rows, from))).collect();
    found.sort_by(|a, b| {
        b.strength.total_cmp(&a.strength).then((a.from, a.to).cmp(&(b.from, b.to)))
    });
    found
}

/// What the column that `groups` are by tells about the others.
fn told(groups: &Groups<'_>) -> Vec<Measured> {
    if groups.len() < 2 || groups.rows_grouped() < groups.len() * 2 {
        return Vec::new();
    }
    let others = (0..groups.rows.columns.len()).filter(|it| *it != groups.from);
    let measured = others.filter_map(|to| measure(groups, to));
    measured.filter(Measured::is_worth_telling).collect()
}

/// Measures a dependency; none where nothing is to be compared, or hardly any row agrees.
fn measure(groups: &Groups<'_>, to: usize) -> Option<Measured> {
    let column = groups.rows.columns.get(to).filter(|it| it.values.len() > 1)?;
    let mut census = Census::new(column.values.len());
    groups.each(column, |group| census.take(group));
    if census.groups < 2 || census.share() < SHARE_MIN {
        return None;
    }
    let mut alike = Alike::new(column.values.len());
    groups.each(column, |group| alike.take(group, &census.values));
    Some(Measured {
        from: groups.from,
        to,
        rows: census.rows,
        violations: census.violations,
        group_rows: census.rows as f64 / census.groups as f64,
        undecided: census.undecided,
        strength: alike.strength(),
        is_estimate: groups.rows.level > 0,
        contradicted: census.contradicted(),
    })
}

/// Who is the majority where.
struct Census {
    rows: u64,
    groups: u64,
    violations: u64,
    undecided: u64,
    values: Vec<Standing>,
}

/// What is known of one value of `to`.
#[derive(Clone, Copy, Default)]
struct Standing {
    /// Whether it is the majority of some group that is large enough.
    is_established: bool,
    /// Whether it occurs.
    is_there: bool,
    /// Whether it occurs where it is not contradicted by a majority.
    is_tolerated: bool,
}

impl Census {
    fn new(values: usize) -> Self {
        let values = vec![Standing::default(); values];
        Self { rows: 0, groups: 0, violations: 0, undecided: 0, values }
    }

    fn take(&mut self, group: &[(u32, u64)]) {
        let size: u64 = group.iter().map(|it| it.1).sum();
        let most = group.iter().map(|it| it.1).max().unwrap_or(0);
        let is_decided = most * 2 > size;
        let violations = if is_decided { size - most } else { size };
        self.rows += size;
        self.groups += 1;
        self.violations += violations;
        self.undecided += if is_decided { 0 } else { size };
        for (code, count) in group {
            let Some(standing) = self.values.get_mut(*code as usize) else { continue };
            let is_majority = is_decided && *count == most;
            standing.is_there = true;
            standing.is_established |= is_majority && size >= MAJORITY_ROWS_MIN;
            standing.is_tolerated |= is_majority || !is_decided;
        }
    }

    fn share(&self) -> f64 {
        1.0 - self.violations as f64 / self.rows.max(1) as f64
    }

    fn contradicted(&self) -> Vec<u32> {
        let values = self.values.iter().enumerate();
        let contradicted = values.filter(|(_, it)| it.is_there && !it.is_tolerated);
        contradicted.map(|(code, _)| code as u32).collect()
    }
}

/// How often rows are alike: those of one group, and those of all.
struct Alike {
    rows: u64,
    groups: u64,
    /// The sum over groups of the sum of squared counts by the size of the group.
    squares: f64,
    totals: Vec<u64>,
}

impl Alike {
    fn new(values: usize) -> Self {
        Self { rows: 0, groups: 0, squares: 0.0, totals: vec![0; values] }
    }

    /// Takes the rows of a group whose values are established.
    fn take(&mut self, group: &[(u32, u64)], standings: &[Standing]) {
        let (mut size, mut squares) = (0, 0.0);
        for (code, count) in group {
            if !standings.get(*code as usize).is_some_and(|it| it.is_established) {
                continue;
            }
            size += count;
            squares += *count as f64 * *count as f64;
            self.totals.get_mut(*code as usize).into_iter().for_each(|it| *it += count);
        }
        if size > 0 {
            self.rows += size;
            self.groups += 1;
            self.squares += squares / size as f64;
        }
    }

    fn strength(&self) -> f64 {
        let rows = self.rows.max(1) as f64;
        let squares: f64 = self.totals.iter().map(|it| *it as f64 * *it as f64).sum();
        strength(self.squares / rows, squares / (rows * rows), self.rows, self.groups)
    }
}

/// The measure μ: by what share knowing `from` takes away the uncertainty about `to`, corrected for what
/// chance alone would take away, since many small groups seem to tell everything.
///
/// `told` is pdep(X → Y), the probability that two rows drawn from the same group agree; `alike` is
/// pdep(Y), that two rows drawn from all agree. G. Piatetsky-Shapiro and C. Matheus, "Measuring data
/// dependencies in large databases" (1993), section 4:
///
/// ```text
/// μ = 1 - (1 - pdep(X → Y)) / (1 - pdep(Y)) · (N - 1) / (N - K)     of N rows in K groups
/// ```
///
/// M. Parciak et al., "Measuring approximate functional dependencies: a comparative study" (ICDE 2024),
/// found it among the best of fourteen measures at telling true dependencies in erroneous data.
fn strength(told: f64, alike: f64, rows: u64, groups: u64) -> f64 {
    if rows <= groups || alike >= 1.0 {
        return 0.0;
    }
    let corrected = (rows - 1) as f64 / (rows - groups) as f64;
    (1.0 - (1.0 - told) / (1.0 - alike) * corrected).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::row_sample::{CodedColumn, NULL_CODE};

    fn rows(columns: &[&[u32]]) -> CodedRows {
        let column = |codes: &&[u32]| {
            let distinct = codes.iter().filter(|it| **it != NULL_CODE).max().map_or(0, |it| it + 1);
            CodedColumn { codes: codes.to_vec(), values: vec![Box::default(); distinct as usize] }
        };
        CodedRows {
            columns: columns.iter().map(column).collect(),
            weights: vec![1; columns[0].len()],
            level: 0,
        }
    }

    fn census(from: &[u32], to: &[u32]) -> Census {
        let rows = rows(&[from, to]);
        let mut census = Census::new(rows.columns[1].values.len());
        Groups::of(&rows, 0).each(&rows.columns[1], |group| census.take(group));
        census
    }

    fn measured(from: &[u32], to: &[u32]) -> Measured {
        let rows = rows(&[from, to]);
        measure(&Groups::of(&rows, 0), 1).unwrap()
    }

    /// A number that looks like chance.
    fn scattered(number: u32) -> u32 {
        number.wrapping_mul(2_654_435_761) >> 8
    }

    #[test]
    fn violations_are_the_minority_or_groups_without_a_majority() {
        let found = census(&[0, 0, 0, 1, 1, 2, NULL_CODE, 2], &[0, 0, 1, 1, 2, 1, 5, NULL_CODE]);
        assert_eq!((found.rows, found.groups), (6, 3));
        assert_eq!((found.violations, found.undecided), (3, 2));
    }

    #[test]
    fn a_perfect_dependency_is_of_strength_one_and_chance_of_none() {
        let perfect = measured(&[0, 0, 0, 1, 1, 1, 2, 2, 2], &[0, 0, 0, 1, 1, 1, 1, 1, 1]);
        assert!((perfect.strength - 1.0).abs() < 1e-12);
        // Nearly all rows of a group agree because nearly all rows do.
        let from: Vec<_> = (0..9_000).map(|it| it / 3).collect();
        let to: Vec<_> = (0..9_000).map(|it| u32::from(scattered(it) % 1000 < 30)).collect();
        assert!(measured(&from, &to).strength < 0.05);
    }

    #[test]
    fn errors_that_are_scattered_do_not_hide_a_dependency() {
        // One group in fifty has another value; one row in forty has an error.
        let from: Vec<_> = (0..5_000).map(|it| it / 20).collect();
        let value = |it: u32| if it % 40 == 7 { 2 } else { u32::from(it / 20 % 50 == 0) };
        let found = measured(&from, &(0..5_000).map(value).collect::<Vec<_>>());
        assert!(found.strength > 0.99, "{found:?}");
        assert_eq!((found.violations, found.contradicted.as_slice()), (125, &[2][..]));
    }

    #[test]
    fn nothing_is_told_of_columns_that_are_unique_or_constant() {
        let unique: Vec<_> = (0..100).collect();
        let halves: Vec<_> = (0..100).map(|it| it / 50).collect();
        assert!(find(&rows(&[&unique, &halves, &[0; 100]])).is_empty());
        let found = find(&rows(&[&halves, &halves]));
        assert_eq!(found.iter().map(|it| (it.from, it.to)).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
    }
}
