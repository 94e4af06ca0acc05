//! Keys, as text that is the same if they are.

use crate::naive::Cell;

/// How text counts in keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyForm {
    pub(crate) ignores_blank: bool,
    pub(crate) folds_case: bool,
    pub(crate) collapses_blanks: bool,
}

/// The key of some cells; none if it is not compared.
pub(crate) fn key_of(cells: &[&Cell], form: KeyForm) -> Option<Vec<String>> {
    cells.iter().map(|it| key_of_cell(it, form)).collect()
}

/// What two cells have in common if they are the same key: numbers go by their value, all else by
/// what is shown, and bytes are never text. NULL is no key.
fn key_of_cell(cell: &Cell, form: KeyForm) -> Option<String> {
    match cell {
        Cell::Bytes(it) => Some(format!("bytes {it:?}")),
        Cell::Float(0.0) => Some("text 0".to_owned()),
        Cell::Float(it) if it.fract() == 0.0 && it.abs() < 1e38 => Some(format!("text {it:.0}")),
        cell if cell.is_blank() && form.ignores_blank => None,
        cell => cell.text().map(|it| format!("text {}", normalized(it, form))),
    }
}

fn normalized(mut text: String, form: KeyForm) -> String {
    if form.collapses_blanks {
        let words = text.split(char::is_whitespace).filter(|it| !it.is_empty());
        text = words.collect::<Vec<_>>().join(" ");
    }
    if form.folds_case {
        text = text.chars().map(folded).collect();
    }
    text
}

/// The folded form of those characters that random tables have.
fn folded(character: char) -> String {
    match character {
        'ß' | 'ẞ' => "ss".to_owned(),
        'ﬀ' => "ff".to_owned(),
        'É' => "é".to_owned(),
        other if other.is_ascii() => other.to_ascii_lowercase().to_string(),
        other => other.to_string(),
    }
}
