//! Everything that dq is built from may be used and passed on freely.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::run::repository;

/// Licences that ask for no more than to be named.
const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

#[test]
fn every_dependency_has_a_permissive_licence() {
    let metadata = metadata();
    let shipped = shipped(&metadata);
    let packages = metadata["packages"].as_array().expect("there are packages");
    assert!(shipped.len() > 50, "only {} packages", shipped.len());
    let mut refused = BTreeMap::new();
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none").to_owned();
        // Tests may also use what asks something of whoever changes it.
        let is_test_only = !shipped.contains(package["id"].as_str().unwrap_or_default());
        let is_allowed = is_permissive(&licence) || is_test_only && licence == "MPL-2.0";
        if !is_allowed {
            refused.insert(package["name"].to_string(), licence);
        }
    }
    assert_eq!(refused, BTreeMap::new());
}

#[test]
fn an_alternative_suffices_and_a_conjunction_needs_all() {
    for licence in [
        "MIT",
        "GPL-3.0 OR MIT",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
        "MIT/Apache-2.0",
        "MIT AND ISC",
    ] {
        assert!(is_permissive(licence), "{licence}");
    }
    for licence in
        ["GPL-3.0", "MIT AND GPL-3.0", "none", "", "(MIT OR ISC) AND GPL-3.0", "GPL-3.0 OR MPL-2.0"]
    {
        assert!(!is_permissive(licence), "{licence}");
    }
}

/// The ids of the packages that what is built from the workspace holds, tests aside.
fn shipped(metadata: &Value) -> BTreeSet<&str> {
    let list = |it: &'static str, of: &'_ Value| of[it].as_array().cloned().unwrap_or_default();
    let nodes = metadata["resolve"]["nodes"].as_array().expect("dependencies are resolved");
    let nodes: BTreeMap<_, _> = nodes.iter().map(|it| (it["id"].as_str(), it)).collect();
    let members = metadata["workspace_members"].as_array().expect("there are members");
    let mut open: Vec<_> = members.iter().filter_map(Value::as_str).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let needed = |it: &&Value| list("dep_kinds", it).iter().any(|it| it["kind"] != "dev");
        let edges = nodes.get(&Some(id)).and_then(|it| it["deps"].as_array());
        let edges = edges.into_iter().flatten().filter(needed);
        open.extend(edges.filter_map(|it| it["pkg"].as_str()));
    }
    seen
}

/// Every package that a build of the workspace may take, on any system.
fn metadata() -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--locked", "--all-features"]);
    cargo.current_dir(repository(""));
    // What the build has downloaded is enough, unless it was built for one system alone.
    let mut output = cargo.arg("--offline").output().expect("cargo runs");
    if !output.status.success() {
        let arguments: Vec<_> = cargo.get_args().filter(|it| *it != "--offline").collect();
        let mut online = Command::new(env!("CARGO"));
        output = online.args(arguments).current_dir(repository("")).output().expect("cargo runs");
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("metadata is JSON")
}

/// Whether an SPDX expression allows a permissive licence.
fn is_permissive(text: &str) -> bool {
    let mut licence = Licence::of(text);
    licence.any() && licence.at == licence.words.len()
}

/// An SPDX expression, read from the left: `OR` binds weaker than `AND`, and both than `WITH`.
struct Licence {
    words: Vec<String>,
    at: usize,
}

impl Licence {
    fn of(text: &str) -> Self {
        // Crates from before SPDX expressions write `/` for `OR`.
        let text = text.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        Self { words: text.split_whitespace().map(str::to_owned).collect(), at: 0 }
    }

    fn any(&mut self) -> bool {
        let mut permissive = self.all();
        while self.take("OR") {
            permissive |= self.all();
        }
        permissive
    }

    fn all(&mut self) -> bool {
        let mut permissive = self.one();
        while self.take("AND") {
            permissive &= self.one();
        }
        permissive
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let permissive = self.any();
            return self.take(")") && permissive;
        }
        let mut name = self.next();
        if self.take("WITH") {
            name = format!("{name} WITH {}", self.next());
        }
        PERMISSIVE.contains(&name.as_str())
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.words.get(self.at).is_some_and(|it| it == word);
        self.at += usize::from(is_next);
        is_next
    }

    fn next(&mut self) -> String {
        self.at += 1;
        self.words.get(self.at - 1).cloned().unwrap_or_default()
    }
}
