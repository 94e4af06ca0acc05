//! How an announcement says what was invalidated.

use crate::cache::key::{CacheKey, Namespace, Scope, Tag};

/// Writes scopes as one text.
pub(crate) fn write(scopes: &[Scope]) -> String {
    let one = |scope: &Scope| match scope {
        Scope::Key(key) => format!("k{key}"),
        Scope::Tag(tag) => format!("t{tag}"),
        Scope::Namespace(namespace) => format!("n{}", namespace.as_str()),
        Scope::Everything => "*".to_owned(),
    };
    scopes.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Reads what [`write`] wrote. None if a part of it is not understood: a newer version wrote it, and the
/// reader must think of everything.
pub(crate) fn read(text: &str) -> Option<Vec<Scope>> {
    let one = |word: &str| {
        let mut rest = word.chars();
        match rest.next()? {
            'k' => CacheKey::parse(rest.as_str()).map(Scope::Key),
            't' => Tag::parse(rest.as_str()).map(Scope::Tag),
            'n' => Namespace::new(rest.as_str()).ok().map(Scope::Namespace),
            '*' => Some(Scope::Everything),
            _ => None,
        }
    };
    text.split(' ').map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_were_written() {
        let namespace = Namespace::new("a.b-c").expect("it is valid");
        let scopes = vec![
            Scope::Key(CacheKey::new(&namespace, 7, ["x"])),
            Scope::Tag(Tag::new(["y"])),
            Scope::Namespace(namespace),
            Scope::Everything,
        ];
        assert_eq!(read(&write(&scopes)), Some(scopes));
        for text in ["", "z", "k1", "* q"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
