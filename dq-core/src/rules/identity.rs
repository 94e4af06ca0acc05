//! What the verdicts of a rule set rest on, besides the rows: so that an earlier verdict can be used again.

use std::collections::BTreeSet;

use crate::rules::check::Check;
use crate::rules::rule_set::RuleSet;

/// What the verdicts of a rule set rest on; ordered from what changes least.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Basis {
    /// The rows, the rules, and what day it is.
    Day,
    /// Also the time of the day, unless the run is as of a whole day.
    Time,
    /// Nobody can tell: on a query, which may ask the clock, or on a function of the program.
    Anything,
}

impl RuleSet {
    /// All that was read to make this rule set, and which checks were left out. Equal parts mean equal
    /// rules.
    pub fn identity(&self) -> Vec<&[u8]> {
        let mut parts = vec![self.file().as_bytes(), self.text().as_bytes()];
        let parameters = self.parameters().iter();
        parts.extend(parameters.flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
        for rule in self.rules() {
            parts.extend([&b"rule"[..], rule.id.as_bytes()]);
            for check in &rule.checks {
                parts.push(check.id.as_bytes());
                parts.extend(check.check.file_text().map(str::as_bytes));
            }
        }
        parts
    }

    /// What verdicts rest on.
    pub fn basis(&self) -> Basis {
        let checks = self.rules().iter().flat_map(|it| &it.checks);
        let basis = checks.map(|it| match it.check {
            Check::Sql(_) | Check::Custom(_) => Basis::Anything,
            Check::Freshness(_) => Basis::Time,
            _ => Basis::Day,
        });
        basis.max().unwrap_or(Basis::Day)
    }

    /// The tables that are read, as the rules spell them.
    pub fn tables(&self) -> BTreeSet<&str> {
        let checks = self.rules().iter().flat_map(|it| &it.checks);
        checks.flat_map(|it| [Some(it.table.as_str()), it.check.other_table()]).flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn parse(text: &str, parameters: &[(&str, &str)]) -> RuleSet {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let parameters: BTreeMap<_, _> = parameters.iter().map(pair).collect();
        RuleSet::parse("rules.yaml", text, &parameters).unwrap()
    }

    const RULES: &str = "
version: 1
parameters: { most: 7 }
rules:
  - id: r
    table: a
    checks:
      - { id: x, column: n, between: { max: '${most}' } }
      - { id: y, references: { columns: [n], table: b } }
      - { id: z, referenced: { columns: [n], table: c } }
      - { id: w, table: d, row_count: { min: 1 } }
";

    #[test]
    fn whatever_changes_the_rules_changes_the_identity() {
        let rules = parse(RULES, &[]);
        assert_eq!(rules.identity(), parse(RULES, &[]).identity());
        assert_ne!(rules.identity(), parse(RULES, &[("most", "8")]).identity());
        assert_ne!(rules.identity(), parse(&RULES.replace("min: 1", "min: 2"), &[]).identity());
        let mut fewer = rules.clone();
        fewer.retain(|_, it| it.id != "w");
        assert_ne!(rules.identity(), fewer.identity());
    }

    #[test]
    fn a_list_in_a_file_is_part_of_the_rules() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.yaml");
        let check = "{ id: x, column: n, one_of: { file: list.txt } }";
        let text = format!("version: 1\nrules: [{{ id: r, table: a, checks: [{check}] }}]");
        std::fs::write(&path, text).unwrap();
        let read = |list: &str| {
            std::fs::write(folder.path().join("list.txt"), list).unwrap();
            RuleSet::read(&path, &BTreeMap::new()).unwrap()
        };
        let (one, other, same) = (read("a\nb"), read("a\nc"), read("a\nb"));
        assert_ne!(one.identity(), other.identity());
        assert_eq!(one.identity(), same.identity());
    }

    #[test]
    fn tables_of_all_checks_are_read() {
        let rules = parse(RULES, &[]);
        assert_eq!(rules.tables().into_iter().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        assert_eq!(rules.basis(), Basis::Day);
        let fresh = RULES.replace("row_count: { min: 1 }", "column: t, freshness: { max_age: 1d }");
        assert_eq!(parse(&fresh, &[]).basis(), Basis::Time);
        let sql = RULES.replace("row_count: { min: 1 }", "sql: 'SELECT 1'");
        assert_eq!(parse(&sql, &[]).basis(), Basis::Anything);
    }
}
