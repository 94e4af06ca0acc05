//! Programs that refuse to be run by root.

use std::process::Command;

/// `program`, as `user` where the tests run as root. Who becomes another user is no longer killed with its parent,
/// and so has to ask for it again.
pub(crate) fn as_user(user: &str, program: &str) -> Vec<String> {
    let become_user = [
        "setpriv",
        "--reuid",
        user,
        "--regid",
        user,
        "--clear-groups",
        "--pdeathsig",
        "KILL",
        "--",
    ];
    let prefix = if is_root() { &become_user[..] } else { &[] };
    prefix.iter().copied().chain([program]).map(str::to_owned).collect()
}

/// Whether the tests run as root.
pub(crate) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|it| it.stdout == b"0\n")
}

/// Runs a command that must succeed.
pub(crate) fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|it| panic!("cannot run {command:?}: {it}"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} fails: {error}");
}
