//! The model of a rule set, and how it is read from a file.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::document::{self, Content, Node, Place, Problems, nearest};
use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::rules::check::{Check, CustomCheck};
use crate::rules::definition::definition;
use crate::rules::dimension::Dimension;
use crate::rules::fields::Fields;
use crate::rules::parameters;
use crate::rules::scope::{Filter, Scope, filter};
use crate::rules::selection;
use crate::rules::severity::Severity;
use crate::rules::tolerance::Tolerance;

/// The version of the rule language that this library reads.
const VERSION: &str = "1";

/// What to do about a rule or a check with a blank id.
const NAME_OF_RULE: &str = "give the rule a name, such as `npi`";
const NAME_OF_CHECK: &str =
    "name the check, or leave `id` out to call it after its kind and its columns";

/// What must hold: rules, each with checks, as read from one file.
#[derive(Clone, Debug)]
pub struct RuleSet {
    file: String,
    /// The text of the file, and the values that were given for its parameters.
    text: Arc<str>,
    parameters: BTreeMap<String, String>,
    rules: Vec<Rule>,
    customs: BTreeMap<String, Arc<dyn CustomCheck>>,
    /// The checks that the file has and this does not, by the ids of rule and check.
    left_out: HashSet<(String, String)>,
    /// What is wrong with the file, if it was read nevertheless.
    problems: Problems,
}

/// A rule: checks of one table, perhaps of some of its rows only.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Unique in the file.
    pub id: String,
    /// Other ids for the same rule, such as those that it had before.
    pub aliases: Vec<String>,
    /// What the rule is for, in its author's words.
    pub description: Option<String>,
    /// The table; a single file or frame is the table `data`.
    pub table: String,
    /// The checks, in their order.
    pub checks: Vec<RuleCheck>,
    /// Columns that the tables may lack.
    pub(crate) optional: Vec<String>,
    pub(crate) place: Place,
}

/// A check of a rule.
#[derive(Clone, Debug)]
pub struct RuleCheck {
    /// Unique in its rule.
    pub id: String,
    /// The table: that of the rule, unless the check names another.
    pub table: String,
    /// What must hold.
    pub check: Check,
    /// How much a violation matters.
    pub severity: Severity,
    /// How many violations are tolerated.
    pub tolerance: Tolerance,
    /// What its author says to whoever reads of violations.
    pub message: Option<String>,
    /// The rows that it is about.
    pub(crate) filter: Option<Filter>,
    /// Which quality of the data it is about.
    pub dimension: Dimension,
    pub(crate) place: Place,
    /// What it judges and how, as a number.
    pub(crate) definition: String,
}

impl RuleSet {
    /// Reads the rule set in the file at `path`, with values for its parameters.
    ///
    /// # Errors
    ///
    /// The file cannot be read; or `RulesInvalid` with every problem of the file, a line each.
    pub fn read(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Self> {
        let rules = Self::read_with_problems(path, parameters)?;
        rules.problems().map(|()| rules)
    }

    /// As [`read`](Self::read), for who wants to know everything that is wrong: what can be read of the file is
    /// read, and the problems of the file are told together with those that the tables of a source show, by
    /// [`explain`](crate::validate::explain). Nothing can be validated by rules that have problems.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no YAML, or lacks values of parameters.
    pub fn read_with_problems(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Self> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            let error = Error::from_io("read the rules in", &file, error);
            Error::new(ErrorKind::UsageInvalid, error.message())
        })?;
        let text = document::text_of(bytes)
            .map_err(|problems| problems.into_error(ErrorKind::RulesInvalid, &file))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Reader { file, folder }.read(&text, parameters)
    }

    /// Reads the rule set in `text`; messages call it `file`. Files that it names are looked for in
    /// the current folder.
    ///
    /// # Errors
    ///
    /// `RulesInvalid` with every problem of the text, a line each.
    pub fn parse(file: &str, text: &str, parameters: &BTreeMap<String, String>) -> Result<Self> {
        let reader = Reader { file: file.to_owned(), folder: PathBuf::new() };
        let rules = reader.read(text, parameters)?;
        rules.problems().map(|()| rules)
    }

    /// Whether the file has no problem.
    ///
    /// # Errors
    ///
    /// `RulesInvalid` with every problem of the file, a line each.
    pub fn problems(&self) -> Result<()> {
        self.problems.clone().into_result(ErrorKind::RulesInvalid, &self.file)
    }

    /// The problems of the file.
    pub(crate) fn found_problems(&self) -> &Problems {
        &self.problems
    }

    /// How messages call this rule set.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The rules, in their order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The files that were read for the checks, beside the file of the rules.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.rules.iter().flat_map(|it| &it.checks).filter_map(|it| it.check.file())
    }

    /// How many checks the rules have together.
    pub fn check_count(&self) -> usize {
        self.rules.iter().map(|it| it.checks.len()).sum()
    }

    /// Registers what the check `custom: name` runs.
    #[must_use]
    pub fn with_custom(mut self, name: impl Into<String>, check: Arc<dyn CustomCheck>) -> Self {
        self.customs.insert(name.into(), check);
        self
    }

    /// Leaves out every check that is not wanted, and every rule that has none left.
    pub(crate) fn retain(&mut self, is_wanted: impl Fn(&Rule, &RuleCheck) -> bool) {
        for rule in &mut self.rules {
            let checks = std::mem::take(&mut rule.checks);
            let (wanted, others): (Vec<_>, Vec<_>) =
                checks.into_iter().partition(|it| is_wanted(rule, it));
            rule.checks = wanted;
            self.left_out.extend(others.into_iter().map(|it| (rule.id.clone(), it.id)));
        }
        self.rules.retain(|it| !it.checks.is_empty());
    }

    /// Whether the file has a check that was left out.
    pub(crate) fn has_left_out(&self, rule: &str, check: &str) -> bool {
        self.left_out.contains(&(rule.to_owned(), check.to_owned()))
    }

    /// What was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values that were given for parameters.
    pub fn parameters(&self) -> &BTreeMap<String, String> {
        &self.parameters
    }

    pub(crate) fn customs(&self) -> &BTreeMap<String, Arc<dyn CustomCheck>> {
        &self.customs
    }
}

struct Reader {
    file: String,
    folder: PathBuf,
}

impl Reader {
    fn read(self, text: &str, parameters: &BTreeMap<String, String>) -> Result<RuleSet> {
        let mut problems = Problems::default();
        let root = Node::parse(text, &mut problems);
        let Some(mut root) = root else {
            if problems.is_empty() {
                let message = "the file is empty: expected `version` and `rules`";
                problems.add(Place { line: 1, column: 1 }, message);
            }
            return Err(problems.into_error(ErrorKind::RulesInvalid, &self.file));
        };
        let unfilled = parameters::substitute(&mut root, parameters, &mut problems);
        let is_filled_in = problems.is_empty();
        let found = RefCell::new(Problems::default());
        let rules = self.rule_set(&root, &found).unwrap_or_default();
        problems.append_but_at(&unfilled, found.into_inner());
        if !is_filled_in {
            // Against the tables, what stands in the place of a missing value would be told to be wrong, too.
            return Err(problems.into_error(ErrorKind::RulesInvalid, &self.file));
        }
        Ok(RuleSet {
            file: self.file,
            text: text.into(),
            parameters: parameters.clone(),
            rules,
            customs: BTreeMap::new(),
            left_out: HashSet::new(),
            problems,
        })
    }

    fn rule_set(&self, root: &Node, problems: &RefCell<Problems>) -> Option<Vec<Rule>> {
        let mut fields = Fields::of(root, "a rule set", problems)?;
        if let Some(node) = fields.require("version")
            && node.as_text() != Some(VERSION)
        {
            fields.problem(
                node.place,
                format!("this dq reads version {VERSION} of the rule language"),
            );
        }
        // Editors know by it which schema a JSON file has.
        fields.take("$schema");
        fields.take("parameters");
        fields.take("description");
        let node = fields.require("rules");
        let mut rules = Vec::new();
        let mut ids = HashSet::new();
        for item in node.map_or(&[][..], |it| list_of(it, "rules", &fields)) {
            let Some(rule) = self.rule(item, problems) else { continue };
            let names = std::iter::once(&rule.id).chain(&rule.aliases);
            for id in names.filter(|it| !ids.insert((*it).clone())) {
                fields.problem(rule.place, format!("another rule has the id `{id}`"));
            }
            rules.push(rule);
        }
        selection::tell_apart(&rules, &fields);
        fields.finish();
        Some(rules)
    }

    fn rule(&self, node: &Node, problems: &RefCell<Problems>) -> Option<Rule> {
        let mut fields = Fields::of(node, "a rule", problems)?;
        let id = fields.require("id").and_then(|it| fields.name_of(it, "id", NAME_OF_RULE));
        let table = fields.require("table").and_then(|it| fields.text_of(it, "table"));
        let description = fields.text("description");
        let aliases = fields.take("aliases").and_then(|it| aliases(it, &fields));
        let optional = fields.texts("optional").unwrap_or_default();
        let severity = fields.take("severity").and_then(|it| severity(it, &fields));
        let scope = Scope {
            table: table.clone().unwrap_or_default(),
            filter: fields.take("where").and_then(|it| filter(it, None, &fields)),
        };
        let mut checks: Vec<RuleCheck> = Vec::new();
        let node = fields.require("checks");
        if let Some(node) = node.filter(|it| it.is_empty_list()) {
            fields.problem(
                node.place,
                "a rule has at least one check: add one, or leave the rule out",
            );
        }
        for item in node.map_or(&[][..], |it| list_of(it, "checks", &fields)) {
            let check = self.check(item, severity.unwrap_or_default(), &scope, problems);
            let Some(mut check) = check else { continue };
            let condition = scope.filter.as_ref().map(|it| it.expression.text());
            check.definition = definition(&scope.table, condition, item);
            if checks.iter().any(|it| it.id == check.id) {
                let hint = "give each an `id` of its own";
                fields.problem(
                    check.place,
                    format!("another check of the rule has the id `{}`; {hint}", check.id),
                );
            }
            checks.push(check);
        }
        let (place, aliases) = (fields.place(), aliases.unwrap_or_default());
        fields.finish();
        Some(Rule { id: id?, aliases, description, table: table?, checks, optional, place })
    }

    fn check(
        &self,
        node: &Node,
        severity_of_rule: Severity,
        scope_of_rule: &Scope,
        problems: &RefCell<Problems>,
    ) -> Option<RuleCheck> {
        let mut fields = Fields::of(node, "a check", problems)?;
        let id = fields.take("id").map(|it| fields.name_of(it, "id", NAME_OF_CHECK));
        let message = fields.text("message");
        let scope = scope_of_rule.of_check(&mut fields);
        let own_severity = fields.take("severity").and_then(|it| severity(it, &fields));
        let own_dimension = fields.take("dimension").and_then(|it| dimension(it, &fields));
        let tolerance = fields.take("tolerance").map(|it| Tolerance::parse(it, &fields));
        let kinds: Vec<_> = fields.names().filter_map(Check::name_of).collect();
        let [kind] = kinds[..] else {
            let names = Check::NAMES.join(", ");
            let near = |it: &str| nearest(it, Check::NAMES.iter().copied());
            let unknown = fields.names().find(|it| kinds.is_empty() && !near(it).is_empty());
            let hint =
                unknown.map_or_else(String::new, |it| format!("; `{it}` is none{}", near(it)));
            let found = if kinds.is_empty() { "none" } else { "more than one" };
            fields
                .problem(node.place, format!("a check has one of {names}; this has {found}{hint}"));
            return None;
        };
        let argument = fields.require(kind)?;
        let check = Check::parse(kind, argument, &mut fields, &self.folder);
        let place = fields.place();
        fields.finish();
        let check = check?;
        let id = id.unwrap_or_else(|| Some(default_id(&check)))?;
        let severity = own_severity.unwrap_or(severity_of_rule);
        let tolerance = tolerance.flatten().unwrap_or_default();
        let dimension = own_dimension.unwrap_or_else(|| Dimension::of_check(&check));
        let (definition, Scope { table, filter }) = (String::new(), scope);
        Some(RuleCheck {
            id,
            table,
            check,
            severity,
            tolerance,
            message,
            filter,
            dimension,
            place,
            definition,
        })
    }
}

fn default_id(check: &Check) -> String {
    let mut id = check.name().to_owned();
    for column in check.columns() {
        id.push('_');
        id.push_str(&column);
    }
    id
}

fn list_of<'a>(node: &'a Node, name: &str, fields: &Fields<'_>) -> &'a [Node] {
    if let Content::Sequence(items) = &node.content {
        return items;
    }
    fields.problem(node.place, format!("expected `{name}` as a list, found {}", node.kind()));
    &[]
}

fn aliases(node: &Node, fields: &Fields<'_>) -> Option<Vec<String>> {
    let aliases = fields.texts_of(node, "aliases")?;
    if aliases.iter().any(|it| it.trim().is_empty()) {
        fields.problem(node.place, "one of `aliases` is blank: leave it out");
    }
    Some(aliases)
}

fn severity(node: &Node, fields: &Fields<'_>) -> Option<Severity> {
    let text = fields.text_of(node, "severity")?;
    text.parse().map_err(|message: String| fields.problem(node.place, message)).ok()
}

fn dimension(node: &Node, fields: &Fields<'_>) -> Option<Dimension> {
    let text = fields.text_of(node, "dimension")?;
    text.parse().map_err(|message: String| fields.problem(node.place, message)).ok()
}
