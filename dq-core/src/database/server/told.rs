//! What servers and drivers say, as a part of a message.

use std::borrow::Cow;

/// Text as one line. What libpq adds on lines of their own that begin with a tab are hints to somebody at a terminal, and
/// left out.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let lines = text.lines().filter(|it| !it.starts_with('\t'));
    let lines = lines.map(|it| it.replace(char::is_control, " ").trim().to_owned());
    let lines: Vec<_> = lines.filter(|it| !it.is_empty()).collect();
    Cow::Owned(lines.join("; "))
}

/// What a driver says of an answer that it does not understand, without the place in its own source behind it:
/// `… (sqlx_postgres::connection::tls:105)`.
pub(crate) fn without_place(reason: &str) -> &str {
    let Some((said, place)) = reason.strip_suffix(')').and_then(|it| it.rsplit_once(" (")) else {
        return reason;
    };
    let is_place = place.rsplit_once(':').is_some_and(|(module, line)| {
        module.contains("::") && line.bytes().all(|it| it.is_ascii_digit())
    });
    if is_place { said } else { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_becomes_one_line() {
        let closed = "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n\tbefore or while processing the request.\n";
        assert_eq!(one_line(closed), "server closed the connection unexpectedly");
        assert_eq!(
            one_line("no route to `a`\nno\troute to `b`\n"),
            "no route to `a`; no route to `b`"
        );
        assert!(matches!(one_line("as it is"), Cow::Borrowed("as it is")));
    }

    #[test]
    fn the_source_of_the_driver_is_nothing_to_a_reader() {
        let placed =
            "unexpected response from SSLRequest: 0x2d (sqlx_postgres::connection::tls:105)";
        assert_eq!(without_place(placed), "unexpected response from SSLRequest: 0x2d");
        for said in ["it ends (here)", "no answer", "a (b::c:d)"] {
            assert_eq!(without_place(said), said);
        }
    }
}
