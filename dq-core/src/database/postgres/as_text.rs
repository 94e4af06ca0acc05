//! Values of types that dq has none for, as text: the server writes it.
//!
//! A statement whose result has such columns is asked for inside of another that writes them: arrays as JSON, all
//! else as PostgreSQL's own text, as a scan does.

use sqlx::postgres::{PgStatement, PgTypeInfo, PgTypeKind};
use sqlx::{Column, Statement, TypeInfo};

use crate::database::postgres::columns::Form;
use crate::database::postgres::parameters::{first_word, statement_end};

/// First words of statements that may stand in place of a table.
const TABLE_WORDS: [&str; 4] = ["SELECT", "VALUES", "TABLE", "WITH"];

/// First words of statements that may only be named by a `WITH`.
const WRITING_WORDS: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "MERGE"];

/// How the values of a type of a result are sent; none where dq cannot read it.
pub(crate) fn form_of(type_info: &PgTypeInfo) -> Option<Form> {
    match type_info.kind() {
        PgTypeKind::Enum(_) => Some(Form::Text),
        PgTypeKind::Domain(base) => form_of(base),
        _ if type_info.name().eq_ignore_ascii_case("citext") => Some(Form::Text),
        // The modifier of a column of a result is not told.
        _ => Form::of(type_info.oid()?.0, -1),
    }
}

/// The statement around `sql` that gives all its columns in forms that dq can read; none where it already does, and
/// where it cannot be put into another.
pub(crate) fn rewritten(sql: &str, described: &PgStatement) -> Option<String> {
    let columns = described.columns();
    if columns.iter().all(|it| form_of(it.type_info()).is_some()) {
        return None;
    }
    let names: Vec<_> = (0..columns.len()).map(|it| format!("c{it}")).collect();
    let read = |(name, column): (&String, &sqlx::postgres::PgColumn)| {
        let type_info = column.type_info();
        match (form_of(type_info), type_info.kind()) {
            (Some(_), _) => name.clone(),
            (None, PgTypeKind::Array(_)) => format!("to_json({name})::text"),
            (None, _) => format!("{name}::text"),
        }
    };
    let list: Vec<_> = names.iter().zip(columns).map(read).collect();
    let (list, names) = (list.join(", "), names.join(", "));
    let sql = without_end(sql);
    let word = first_word(sql);
    let is_one_of = |words: [&str; 4]| words.iter().any(|it| it.eq_ignore_ascii_case(word));
    // A `WITH` that writes may not stand inside; that some word only looks so leaves the statement as it is.
    let words = |it: char| !it.is_alphanumeric() && it != '_';
    let writes = |it: &str| WRITING_WORDS.iter().any(|word| it.eq_ignore_ascii_case(word));
    if word.eq_ignore_ascii_case("WITH") && sql.split(words).any(writes) {
        return None;
    }
    // A comment at the end of the statement ends with its line.
    if is_one_of(TABLE_WORDS) {
        Some(format!("SELECT {list} FROM ({sql}\n) AS dq ({names})"))
    } else if is_one_of(WRITING_WORDS) {
        Some(format!("WITH dq ({names}) AS ({sql}\n) SELECT {list} FROM dq"))
    } else {
        None
    }
}

/// The statement without the semicolon at its end, and what stands behind that.
fn without_end(sql: &str) -> &str {
    statement_end(sql).and_then(|end| sql.get(..end)).unwrap_or(sql)
}
