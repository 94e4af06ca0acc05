//! `one_of`: the text is one of a list.
//!
//! ```yaml
//! - { column: record_status, one_of: [ACTIVE, INACTIVE, RETIRED] }
//! - { column: specialty, one_of: { file: specialties.txt } }
//! ```
//!
//! A file holds one value per line, as UTF-8, perhaps with a byte order mark; empty lines are skipped,
//! nothing is trimmed, and a file without any value is an error. Its path is relative to the folder of the
//! rule file. Values compare as text, by code point.

use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::{HashSet, HashTable};
use serde_json::json;

use crate::document::{Content, Node};
use crate::rules::check::{CheckKind, column};
use crate::rules::fields::Fields;
use crate::rules::kernel;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::row_test::TextTest;
use crate::rules::schema::{self, CheckSchema};
use crate::value::pack;

/// The text is one of a list.
#[derive(Clone, Debug)]
pub struct OneOf {
    column: String,
    values: Arc<TextSet>,
    /// The same, as they were written.
    texts: Arc<[String]>,
    /// The file, if the list is in one.
    file: Option<PathBuf>,
    /// What was read there.
    file_text: Option<Arc<str>>,
}

impl OneOf {
    /// What was read, if the list is in a file.
    pub fn file_text(&self) -> Option<&str> {
        self.file_text.as_deref()
    }

    /// The file with the list, if it is in one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

impl CheckKind for OneOf {
    fn parse(argument: &Node, fields: &mut Fields<'_>, folder: &Path) -> Option<Self> {
        let column = column(fields);
        let (mut path, mut file_text) = (None, None);
        let values: Vec<String> = match &argument.content {
            Content::Mapping(_) => {
                let mut reference = fields.inside(argument, "`one_of`")?;
                let file = reference.require("file").and_then(|it| reference.text_of(it, "file"));
                reference.finish();
                let file = folder.join(file?);
                let text = read(&file, argument, fields)?;
                let lines: Vec<_> =
                    text.lines().filter(|it| !it.is_empty()).map(str::to_owned).collect();
                if let Some(reason) = flaw(&lines) {
                    let message = format!("cannot use `{}`: {reason}", file.display());
                    fields.problem(argument.place, message);
                    return None;
                }
                path = Some(file);
                file_text = Some(text.into());
                lines
            }
            _ => fields.texts_of(argument, "one_of")?,
        };
        let texts = Arc::from(values.as_slice());
        let values = Arc::new(TextSet::new(values));
        Some(Self { column: column?, values, texts, file: path, file_text })
    }

    fn schema() -> CheckSchema {
        let file = schema::object(&["file"], &json!({ "file": schema::defined("value") }));
        CheckSchema::of_column(json!({ "anyOf": [schema::defined("values"), file] }))
    }

    fn columns(&self) -> Vec<String> {
        vec![self.column.clone()]
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let column = binder.column(&self.column)?;
        let values = Arc::clone(&self.values);
        let asked = TextTest::OneOf(Arc::clone(&self.texts));
        Some(Kernel::Row(match values.few() {
            Some(few) => kernel::of_text(column, asked, move |text| {
                pack(text).is_some_and(|packed| few.contains(&packed))
            }),
            None => kernel::of_text(column, asked, move |text| values.contains(text)),
        }))
    }
}

/// What some editors write before the first value, of which it is no part.
const BYTE_ORDER_MARK: char = '\u{feff}';

fn read(path: &Path, argument: &Node, fields: &Fields<'_>) -> Option<String> {
    let read = || {
        let bytes = std::fs::read(path).map_err(|it| it.to_string())?;
        String::from_utf8(bytes).map_err(|error| {
            let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
            let line = before.filter(|it| **it == b'\n').count() + 1;
            format!("line {line} is not UTF-8")
        })
    };
    match read() {
        Ok(text) => Some(text.strip_prefix(BYTE_ORDER_MARK).map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            fields.problem(argument.place, format!("cannot read `{}`: {error}", path.display()));
            None
        }
    }
}

/// What is wrong with the lines of a file, none of which is blank.
fn flaw(lines: &[String]) -> Option<&'static str> {
    if lines.is_empty() {
        return Some("it holds no value");
    }
    let has_return = lines.iter().any(|it| it.contains('\r'));
    has_return.then_some(
        "it holds a carriage return without a line feed: are its lines ended by CR alone? convert them to LF",
    )
}

/// A set of texts. Short ones are compared as numbers: a few one after the other, which beats hashing.
#[derive(Debug)]
struct TextSet {
    short: Vec<u128>,
    /// The short ones by hash, where there are more than a few.
    short_by_hash: HashTable<u128>,
    /// Those of two bytes, where there are more than a few short ones: a bit for each pair of bytes.
    pairs: Vec<u64>,
    long: HashSet<Vec<u8>, FixedState>,
}

const HASHER: FixedState = FixedState::with_seed(0);
const FEW: usize = 4;
/// How many pairs of bytes there are.
const PAIRS: usize = 1 << 16;

impl TextSet {
    fn new(values: Vec<String>) -> Self {
        let (mut short, mut long) = (Vec::new(), HashSet::with_hasher(HASHER));
        for value in values {
            match pack(value.as_bytes()) {
                Some(packed) => short.push(packed),
                None => drop(long.insert(value.into_bytes())),
            }
        }
        let mut short_by_hash = HashTable::new();
        for packed in short.iter().filter(|_| short.len() > FEW) {
            short_by_hash.insert_unique(HASHER.hash_one(packed), *packed, |it| HASHER.hash_one(it));
        }
        let pairs = if short.len() > FEW { pairs(&short) } else { Vec::new() };
        Self { short, short_by_hash, pairs, long }
    }

    /// The values, if they are few and short: the loop over the rows takes them in then.
    fn few(&self) -> Option<[u128; FEW]> {
        let first =
            self.short.first().filter(|_| self.short.len() <= FEW && self.long.is_empty())?;
        let mut few = [*first; FEW];
        few.iter_mut().zip(&self.short).for_each(|(it, packed)| *it = *packed);
        Some(few)
    }

    #[inline]
    fn contains(&self, text: &[u8]) -> bool {
        if let ([a, b], false) = (text, self.pairs.is_empty()) {
            let (word, bit) = place(*a, *b);
            return self.pairs.get(word).is_some_and(|it| it >> bit & 1 == 1);
        }
        match pack(text) {
            None => self.long.contains(text),
            Some(packed) if self.short.len() <= FEW => self.short.contains(&packed),
            Some(packed) => {
                self.short_by_hash.find(HASHER.hash_one(packed), |it| *it == packed).is_some()
            }
        }
    }
}

/// The texts of two bytes among packed ones.
fn pairs(short: &[u128]) -> Vec<u64> {
    let mut words = vec![0; PAIRS / 64];
    for packed in short.iter().filter(|it| **it >> 120 == 2) {
        let (word, bit) = place(*packed as u8, (*packed >> 8) as u8);
        words.get_mut(word).into_iter().for_each(|it| *it |= 1_u64 << bit);
    }
    words
}

/// Where the bit of a pair of bytes lies.
#[inline]
fn place(a: u8, b: u8) -> (usize, u32) {
    let pair = usize::from(u16::from_be_bytes([a, b]));
    (pair / 64, (pair % 64) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_are_found_and_no_others() {
        let states = ["AL", "AK", "", "A", "\u{e9}", "N.Y", "\0\0", "a text of more than 15 bytes"];
        for count in 1..=states.len() {
            let set = TextSet::new(states.iter().take(count).map(|it| (*it).to_owned()).collect());
            for (number, text) in states.iter().enumerate() {
                assert_eq!(set.contains(text.as_bytes()), number < count, "{text:?} of {count}");
                let packed = pack(text.as_bytes());
                let is_in = set.few().zip(packed).map(|(few, packed)| few.contains(&packed));
                assert!(is_in.is_none_or(|it| it == (number < count)), "{text:?} of {count}");
            }
            assert_eq!(set.few().is_some(), count <= FEW);
            for text in
                ["LA", "Al", "\0", "K", "A\0", "another text of more than 15 bytes", "\u{ea}"]
            {
                assert!(!set.contains(text.as_bytes()), "{text:?} of {count}");
            }
        }
    }
}
