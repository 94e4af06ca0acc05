//! What becomes of the program where a file that it has mapped into memory is cut short, or its disk fails.

use std::io::IsTerminal;

use dq_core::ErrorKind;
use dq_core::engine::path_of;
use dq_core::report::visible;
use rustix::{io, stdio};
use signal_hook::consts::SIGBUS;
use signal_hook::low_level;

/// From now on the program ends with a message and its exit code where a page of a file of `sources` cannot be
/// read. Otherwise the operating system would kill it.
pub(crate) fn tell_of(sources: &[String]) {
    let message = message(sources, std::io::stderr().is_terminal());
    let end = move || {
        let _ = io::write(stdio::stderr(), message.as_bytes());
        low_level::exit(ErrorKind::SourceChanged.exit_code().into());
    };
    #[expect(
        unsafe_code,
        reason = "the page cannot be read, so the program must not go on where it was; mapping makes a run 5 % cheaper, \
                  and 10 to 40 % where the file is read from the disk"
    )]
    // SAFETY: a handler of a signal may only call what is safe there. This one calls `write` and `_exit`, which POSIX
    // lists as such, with memory that was made ready before.
    let _ = unsafe { low_level::register(SIGBUS, end) };
}

/// The message, on a line of its own where progress may be shown.
fn message(sources: &[String], is_terminal: bool) -> String {
    // Other sources may have passwords in their names, and are not mapped.
    let files = sources.iter().map(|it| path_of(it)).filter(|it| it.is_file());
    let files: Vec<_> = files.map(|it| it.display().to_string()).collect();
    let names =
        if files.is_empty() { "a file".to_owned() } else { format!("`{}`", files.join("` or `")) };
    format!(
        "{}dq: cannot read {}: it was cut short, or its disk failed, while it was read; run again when it is whole\n",
        if is_terminal { "\n" } else { "" },
        visible(&names)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_are_named_and_only_visibly() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a\u{1b}.db");
        std::fs::write(&path, "").unwrap();
        let sources =
            [format!("x=sqlite:{}", path.display()), "postgres://u:secret@h/d".to_owned()];
        let told = message(&sources, false);
        assert!(told.contains("a\\u{1b}.db`: it was cut short"), "{told}");
        assert!(!told.contains("secret"), "{told}");
        assert!(message(&sources[1..], true).starts_with("\ndq: cannot read a file: "));
    }
}
