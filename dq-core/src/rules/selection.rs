//! Some of the checks of a rule set, chosen by id.

use std::collections::HashMap;

use regex::Regex;

use crate::document::nearest;
use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::rules::fields::Fields;
use crate::rules::rule_set::{Rule, RuleCheck, RuleSet};

/// Which checks of a rule set to run.
///
/// A pattern is the id of a rule or an alias of it, or `rule/check`. In it, `*` stands for any text and `?` for any
/// character. Default: all checks.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Selection {
    /// Run only the checks that one of these names; empty for all.
    pub only: Vec<String>,
    /// Run no check that one of these names.
    pub exclude: Vec<String>,
}

impl RuleSet {
    /// The rule set with nothing but the selected checks, and the rules that have any of them.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if a pattern names no check, or if no check is left.
    pub fn select(mut self, selection: &Selection) -> Result<Self> {
        if *selection == Selection::default() {
            return Ok(self);
        }
        let only = self.patterns(&selection.only)?;
        let exclude = self.patterns(&selection.exclude)?;
        self.retain(|rule, check| {
            let named = |it: &[Regex]| it.iter().any(|it| names(it, rule, check));
            (only.is_empty() || named(&only)) && !named(&exclude)
        });
        if self.check_count() == 0 {
            let message = "no check is left: all that are selected are excluded too";
            return Err(Error::new(ErrorKind::UsageInvalid, message));
        }
        Ok(self)
    }

    /// The patterns, each of which names some check.
    fn patterns(&self, texts: &[String]) -> Result<Vec<Regex>> {
        texts.iter().map(|it| self.pattern(it)).collect()
    }

    fn pattern(&self, text: &str) -> Result<Regex> {
        let pattern = regex::escape(text).replace(r"\*", ".*").replace(r"\?", ".");
        let pattern = Regex::new(&format!("(?s)^{pattern}$")).ok();
        let found = pattern
            .filter(|pattern| self.each_check().any(|(rule, check)| names(pattern, rule, check)));
        found.ok_or_else(|| {
            let paths: Vec<_> =
                self.each_check().map(|(rule, check)| path(&rule.id, check)).collect();
            let rules = self.rules().iter().map(|it| it.id.as_str());
            let hint = nearest(text, rules.chain(paths.iter().map(String::as_str)));
            let message = format!("`{}` has no rule or check `{text}`{hint}", self.file());
            Error::new(ErrorKind::UsageInvalid, message)
        })
    }

    fn each_check(&self) -> impl Iterator<Item = (&Rule, &RuleCheck)> {
        each_check(self.rules())
    }
}

/// Reports checks that `rule/check` does not tell apart, since an id may have a `/`, too.
pub(super) fn tell_apart(rules: &[Rule], fields: &Fields<'_>) {
    let mut rules_by_path = HashMap::new();
    for (rule, check) in each_check(rules) {
        let path = path(&rule.id, check);
        let first = *rules_by_path.entry(path.clone()).or_insert(&rule.id);
        if *first != rule.id {
            let message = format!("the rule `{first}` has a check `{path}`, too: change an id");
            fields.problem(check.place, message);
        }
    }
}

fn each_check(rules: &[Rule]) -> impl Iterator<Item = (&Rule, &RuleCheck)> {
    rules.iter().flat_map(|rule| rule.checks.iter().map(move |check| (rule, check)))
}

fn names(pattern: &Regex, rule: &Rule, check: &RuleCheck) -> bool {
    let ids = std::iter::once(&rule.id).chain(&rule.aliases);
    ids.into_iter().any(|it| pattern.is_match(it) || pattern.is_match(&path(it, check)))
}

fn path(rule: &str, check: &RuleCheck) -> String {
    format!("{rule}/{}", check.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const RULES: &str = "
version: 1
rules:
  - { id: npi, table: data, checks: [{ id: missing, column: npi, not_null: true }, { id: luhn, column: npi, format: npi }] }
  - { id: zip, table: data, checks: [{ id: form, column: zip, format: us_zip }] }
  - { id: 'a.c', table: data, checks: [{ id: missing, column: a, not_null: true }] }
";

    fn selected(only: &[&str], exclude: &[&str]) -> Result<Vec<String>> {
        let texts = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect();
        let selection = Selection { only: texts(only), exclude: texts(exclude) };
        let rules = RuleSet::parse("rules.yaml", RULES, &BTreeMap::new()).unwrap();
        rules
            .select(&selection)
            .map(|it| it.each_check().map(|(rule, check)| path(&rule.id, check)).collect())
    }

    fn refused(only: &[&str], exclude: &[&str]) -> String {
        let error = selected(only, exclude).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UsageInvalid);
        error.message().to_owned()
    }

    #[test]
    fn nothing_selects_everything() {
        assert_eq!(selected(&[], &[]).unwrap().len(), 4);
    }

    #[test]
    fn a_rule_stands_for_all_of_its_checks() {
        assert_eq!(selected(&["npi"], &[]).unwrap(), ["npi/missing", "npi/luhn"]);
        assert_eq!(selected(&[], &["npi"]).unwrap(), ["zip/form", "a.c/missing"]);
        assert_eq!(selected(&["zip", "npi/luhn"], &[]).unwrap(), ["npi/luhn", "zip/form"]);
    }

    #[test]
    fn exclusion_wins() {
        assert_eq!(selected(&["npi"], &["npi/luhn"]).unwrap(), ["npi/missing"]);
    }

    #[test]
    fn stars_stand_for_any_text_and_question_marks_for_one_character() {
        assert_eq!(selected(&["*/missing"], &[]).unwrap(), ["npi/missing", "a.c/missing"]);
        assert_eq!(selected(&["?i?"], &[]).unwrap(), ["zip/form"]);
        assert_eq!(selected(&["a.c"], &[]).unwrap(), ["a.c/missing"]);
        assert_eq!(
            refused(&["abc"], &[]),
            "`rules.yaml` has no rule or check `abc`; did you mean `a.c`?"
        );
    }

    #[test]
    fn an_unknown_id_is_refused_with_the_nearest_known_one() {
        assert_eq!(
            refused(&["npy"], &[]),
            "`rules.yaml` has no rule or check `npy`; did you mean `npi`?"
        );
        assert_eq!(
            refused(&[], &["npi/lun"]),
            "`rules.yaml` has no rule or check `npi/lun`; did you mean `npi/luhn`?"
        );
        assert_eq!(refused(&["npi", "qqq*"], &[]), "`rules.yaml` has no rule or check `qqq*`");
        assert_eq!(refused(&[""], &[]), "`rules.yaml` has no rule or check ``");
    }

    #[test]
    fn to_leave_nothing_is_refused() {
        let message = "no check is left: all that are selected are excluded too";
        assert_eq!(refused(&["zip"], &["*"]), message);
        assert_eq!(refused(&[], &["*"]), message);
    }
}
