//! Keys that are numbers behind a fixed text, in tables of many rows: however they are kept, the counts
//! are those of a plain map.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use dq_core::source::memory::MemorySource;
use dq_core::validate::{Report, ValidateOptions, validate};

use crate::run::{Counts, counts, rules_of, threads, wait};

const PARENTS: usize = 40_000;
const CHILDREN: usize = 60_000;
const BATCH: usize = 700;

/// Two tables: `parent` has keys, `child` refers to them.
struct Tables {
    parents: Vec<Option<String>>,
    children: Vec<(Option<String>, bool)>,
}

/// How the keys of the parents look.
#[derive(Clone, Copy, Debug)]
enum Keys {
    /// `ID-0000017`, one after the other; some are in lower case or missing.
    Dense,
    /// `17`, one after the other, backwards.
    Integers,
    /// Eight digits, anywhere.
    Scattered,
    /// At first one after the other, then anywhere.
    ScatteredLater,
    /// As dense ones, but every third one is of another form.
    Mixed,
}

impl Keys {
    fn of(self, row: usize) -> Option<String> {
        let anywhere = row * 48_271 % 99_999_989;
        match self {
            Self::Dense if row % 101 == 7 => Some(format!("id-{row:07}")),
            Self::Dense if row % 103 == 9 => None,
            Self::Integers => Some((PARENTS + 1000 - row).to_string()),
            Self::ScatteredLater if row < PARENTS / 2 => Some(format!("{row:08}")),
            Self::Scattered | Self::ScatteredLater => Some(format!("{anywhere:08}")),
            Self::Mixed if row.is_multiple_of(3) => Some(format!("key no. {row}")),
            Self::Dense | Self::Mixed => Some(format!("ID-{row:07}")),
        }
    }

    fn tables(self) -> Tables {
        // Some parents are there twice, some children refer to nobody, some parents have no child.
        let parent = |row: usize| self.of(if row % 211 == 5 { row - 1 } else { row });
        let child = |row: usize| {
            let parent = row * 7919 % (PARENTS + 500);
            let key = if parent % 17 == 3 { None } else { self.of(parent) };
            (key, row.is_multiple_of(4))
        };
        Tables {
            parents: (0..PARENTS).map(parent).collect(),
            children: (0..CHILDREN).map(child).collect(),
        }
    }
}

impl Tables {
    fn source(&self) -> MemorySource {
        let texts = |it: Vec<&Option<String>>| -> ArrayRef {
            Arc::new(it.into_iter().cloned().collect::<StringArray>())
        };
        let parents = RecordBatch::try_from_iter([("key", texts(self.parents.iter().collect()))]);
        let keys = texts(self.children.iter().map(|it| &it.0).collect());
        let chief = self.children.iter().map(|it| Some(it.1)).collect::<BooleanArray>();
        let children =
            RecordBatch::try_from_iter([("parent", keys), ("chief", Arc::new(chief) as ArrayRef)]);
        MemorySource::new("memory")
            .table("parent", batches(&parents.unwrap()))
            .and_then(|it| it.table("child", batches(&children.unwrap())))
            .unwrap()
    }

    /// What must be found, by a map from each key to its rows.
    fn expected(&self) -> Vec<Counts> {
        let mut children: HashMap<&str, (u64, u64)> = HashMap::new();
        for (key, is_chief) in &self.children {
            if let Some(key) = key {
                let (all, chiefs) = children.entry(key).or_default();
                *all += 1;
                *chiefs += u64::from(*is_chief);
            }
        }
        let parents: HashSet<_> = self.parents.iter().flatten().map(String::as_str).collect();
        let orphans = self.children.iter().filter_map(|it| it.0.as_deref());
        let orphans: Vec<_> = orphans.filter(|it| !parents.contains(it)).collect();
        let failing = |fails: &dyn Fn((u64, u64)) -> bool| {
            let counts = |key: &String| children.get(key.as_str()).copied().unwrap_or_default();
            self.parents.iter().flatten().filter(|it| fails(counts(it))).count() as u64
        };
        let groups = orphans.iter().collect::<HashSet<_>>().len() as u64;
        let (parents, children) = (PARENTS as u64, CHILDREN as u64);
        vec![
            (children, orphans.len() as u64, Some(groups)),
            (parents, failing(&|it| it.0 == 0), None),
            (parents, failing(&|it| it.0 != 1), None),
            (parents, failing(&|it| it.1 > 1), None),
            (parents, failing(&|it| it.0 < 300), None),
        ]
    }
}

fn batches(all: &RecordBatch) -> Vec<RecordBatch> {
    let rows = all.num_rows();
    (0..rows).step_by(BATCH).map(|it| all.slice(it, BATCH.min(rows - it))).collect()
}

fn found(tables: &Tables, options: &ValidateOptions, counts_many: bool) -> Report {
    let mut rules = vec![
        "table: child, references: { columns: [parent], table: parent, key: [key] } }",
        "referenced: { columns: [key], table: child, foreign_key: [parent] } }",
        "cardinality: { columns: [key], table: child, foreign_key: [parent], min: 1, max: 1 } }",
        "cardinality: { columns: [key], table: child, foreign_key: [parent], where: chief, max: 1 } }",
        // More than a byte can count.
        "cardinality: { columns: [key], table: child, foreign_key: [parent], min: 300 } }",
    ];
    if !counts_many {
        rules.pop();
    }
    wait(validate(&tables.source(), &rules_of("parent", &rules), options)).unwrap()
}

#[test]
fn keys_that_are_numbers_are_counted_as_any_others() {
    use Keys::{Dense, Integers, Mixed, Scattered, ScatteredLater};
    for keys in [Dense, Integers, Scattered, ScatteredLater, Mixed] {
        let tables = keys.tables();
        let expected = tables.expected();
        assert!(expected.iter().all(|(_, violations, _)| *violations > 0), "{keys:?}");
        for (number, memory_bytes_max) in [(1, 1 << 30), (3, 1 << 30), (2, 1 << 19), (2, 0)] {
            let options = ValidateOptions { memory_bytes_max, ..threads(number) };
            let context = format!("{keys:?}, {number} threads, {memory_bytes_max} bytes");
            assert_eq!(counts(&found(&tables, &options, true)), expected, "{context}");
            let few = counts(&found(&tables, &options, false));
            assert_eq!(few, expected[..few.len()], "{context}");
        }
    }
}

#[test]
fn parents_that_fail_are_shown_lowest_first() {
    let tables = Keys::Dense.tables();
    let children: HashSet<_> = tables.children.iter().filter_map(|it| it.0.as_deref()).collect();
    let is_childless = |(_, key): &(usize, &Option<String>)| {
        key.as_deref().is_some_and(|it| !children.contains(it))
    };
    let rows = tables.parents.iter().enumerate().filter(is_childless).map(|it| it.0 as u64 + 1);
    let expected: Vec<_> = rows.take(10).collect();
    for number in [1, 2, 7] {
        let options = ValidateOptions { sample_limit: 10, ..threads(number) };
        let report = found(&tables, &options, false);
        let check = report.checks().nth(1).unwrap();
        let shown: Vec<_> = check.sample.iter().filter_map(|it| it.key["row"].as_u64()).collect();
        assert_eq!(shown, expected, "{number} threads");
    }
}
