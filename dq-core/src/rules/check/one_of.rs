//! `one_of`: the text is one of a list.
//!
//! ```yaml
//! - { column: record_status, one_of: [ACTIVE, INACTIVE, RETIRED] }
//! - { column: specialty, one_of: { file: specialties.txt } }
//! ```
//!
//! A file holds one value per line, as UTF-8; empty lines are skipped, nothing is trimmed. Its path
//! is relative to the folder of the rule file. Values compare as text, by code point.

use std::hash::BuildHasher;
use std::path::Path;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::rules::check::{CheckKind, column};
use crate::rules::document::{Content, Node};
use crate::rules::fields::Fields;
use crate::rules::kernel;
use crate::rules::plan::{Binder, Kernel};

/// The text is one of a list.
#[derive(Clone, Debug)]
pub struct OneOf {
    column: String,
    values: Arc<TextSet>,
}

impl CheckKind for OneOf {
    fn parse(argument: &Node, fields: &mut Fields<'_>, folder: &Path) -> Option<Self> {
        let column = column(fields);
        let values = match &argument.content {
            Content::Mapping(_) => {
                let mut reference = fields.inside(argument, "`one_of`")?;
                let file = reference.require("file").and_then(|it| reference.text_of(it, "file"));
                reference.finish();
                lines_of(&folder.join(file?), argument, fields)?
            }
            _ => fields.texts_of(argument, "one_of")?,
        };
        Some(Self { column: column?, values: Arc::new(TextSet::new(values)) })
    }

    fn columns(&self) -> Vec<String> {
        vec![self.column.clone()]
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let column = binder.column(&self.column)?;
        let values = Arc::clone(&self.values);
        Some(Kernel::Row(kernel::of_text(column, move |text| values.contains(text))))
    }
}

fn lines_of(path: &Path, argument: &Node, fields: &Fields<'_>) -> Option<Vec<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(text.lines().filter(|it| !it.is_empty()).map(str::to_owned).collect()),
        Err(error) => {
            fields.problem(argument.place, format!("cannot read `{}`: {error}", path.display()));
            None
        }
    }
}

/// A set of texts. A few are compared one after the other, which beats hashing.
#[derive(Debug)]
struct TextSet {
    values: Vec<String>,
    positions: HashTable<usize>,
}

const HASHER: FixedState = FixedState::with_seed(0);
const FEW: usize = 4;

impl TextSet {
    fn new(values: Vec<String>) -> Self {
        let hash = |it: &usize| values.get(*it).map_or(0, |it| HASHER.hash_one(it.as_bytes()));
        let mut positions = HashTable::with_capacity(values.len());
        for (position, value) in values.iter().enumerate() {
            positions.insert_unique(HASHER.hash_one(value.as_bytes()), position, hash);
        }
        Self { values, positions }
    }

    fn contains(&self, text: &[u8]) -> bool {
        if self.values.len() <= FEW {
            return self.values.iter().any(|it| it.as_bytes() == text);
        }
        let is_it = |it: &usize| self.values.get(*it).is_some_and(|it| it.as_bytes() == text);
        self.positions.find(HASHER.hash_one(text), is_it).is_some()
    }
}
