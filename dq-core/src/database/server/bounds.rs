//! Which numbers of a configuration make sense.

/// The greatest timeout that servers take, in milliseconds.
const TIMEOUT_MAX: u64 = i32::MAX as u64;

/// Holds the fields of a configuration to what makes sense: counts and waits are not 0, and timeouts are such as a
/// server takes, 0 for none.
///
/// # Errors
///
/// In words, naming the first field that makes none.
pub(crate) fn check(
    counts: &[(&str, usize)],
    waits: &[(&str, u64)],
    timeouts: &[(&str, u64)],
) -> Result<(), String> {
    let none = counts.iter().find(|it| it.1 == 0).map(|it| it.0);
    if let Some(field) = none.or_else(|| waits.iter().find(|it| it.1 == 0).map(|it| it.0)) {
        return Err(format!("`{field}` is 0"));
    }
    match timeouts.iter().find(|it| it.1 > TIMEOUT_MAX) {
        Some((field, _)) => Err(format!("`{field}` is above {TIMEOUT_MAX}")),
        None => Ok(()),
    }
}
