//! Regular expressions by their text, each compiled once.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;

thread_local! {
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
}

/// Whether `pattern` is found in `text`.
pub(crate) fn is_found(pattern: &str, text: &str) -> bool {
    COMPILED.with_borrow_mut(|compiled| {
        if !compiled.contains_key(pattern) {
            compiled.insert(pattern.to_owned(), Regex::new(pattern).unwrap());
        }
        compiled[pattern].is_match(text)
    })
}
