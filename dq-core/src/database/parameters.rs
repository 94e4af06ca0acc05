//! Which value belongs to which parameter of a statement.

use crate::database::Parameters;
use crate::value::OwnedValue;

/// The values of the parameters that a statement has: `positions` of them by position, or one for each of
/// `names`, in their order.
///
/// # Errors
///
/// In words, if `parameters` are not those of the statement.
pub(crate) fn bound<'a>(
    positions: usize,
    names: &[String],
    parameters: &'a Parameters,
) -> Result<Vec<&'a OwnedValue>, String> {
    if positions > 0 && !names.is_empty() {
        return Err("the statement mixes parameters by position and by name".to_owned());
    }
    let given = parameters.positional.len();
    if positions != given {
        return Err(format!(
            "the statement has {positions} parameters by position, and {given} values are bound"
        ));
    }
    for (position, (name, _)) in parameters.named.iter().enumerate() {
        if parameters.named.iter().skip(position + 1).any(|(other, _)| other == name) {
            return Err(format!("parameter `:{name}` is bound twice"));
        }
        if !names.iter().any(|it| it == name) {
            return Err(format!("the statement has no parameter `:{name}`"));
        }
    }
    if positions > 0 {
        return Ok(parameters.positional.iter().collect());
    }
    let value_of = |name: &String| {
        let bound = parameters.named.iter().find(|(it, _)| it == name);
        bound.map(|it| &it.1).ok_or_else(|| format!("parameter `:{name}` has no value"))
    };
    names.iter().map(value_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Statement;

    #[test]
    fn values_that_do_not_match_are_named_and_not_shown() {
        let reason = |positions, names: &[&str], statement: Statement| {
            let names: Vec<_> = names.iter().map(|it| (*it).to_owned()).collect();
            bound(positions, &names, statement.parameters()).unwrap_err()
        };
        let statement = || Statement::new("");
        let both = "the statement has 2 parameters by position, and 1 values are bound";
        assert_eq!(reason(2, &[], statement().bind("canary")), both);
        let none = reason(0, &["a"], statement().bind_named("b", "canary"));
        assert_eq!(none, "the statement has no parameter `:b`");
        let twice = reason(0, &["a"], statement().bind_named("a", 1).bind_named("a", 2));
        assert_eq!(twice, "parameter `:a` is bound twice");
        let mixed = "the statement mixes parameters by position and by name";
        assert_eq!(reason(1, &["a"], statement().bind(1).bind_named("a", 2)), mixed);
        assert_eq!(reason(0, &["a"], statement()), "parameter `:a` has no value");
    }
}
