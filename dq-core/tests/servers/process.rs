//! A process that ends with the test.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A process. It is killed when it is dropped, a panic included; and where `setpriv` is there, also
/// when the test binary itself is killed.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts `program`, silent.
    pub(crate) fn start(program: &str, arguments: &[String]) -> Self {
        Self::start_with(program, arguments, &[])
    }

    /// Starts `program`, silent, with more variables in its environment.
    pub(crate) fn start_with(
        program: &str,
        arguments: &[String],
        variables: &[(&str, String)],
    ) -> Self {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", program]);
        if !has_setpriv() {
            command = Command::new(program);
        }
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = spawn(command).unwrap_or_else(|it| panic!("cannot start `{program}`: {it}"));
        Self { child }
    }

    /// Whether it is still there.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once with the processes that it has begun, as a machine that loses its power does.
    pub(crate) fn kill(&mut self) {
        let begun = self.children();
        self.child.kill().ok();
        self.child.wait().ok();
        for child in begun {
            kill(child, Signal::SIGKILL).ok();
        }
    }

    /// The processes that it has begun, each of which may end by itself at any time.
    fn children(&self) -> Vec<Pid> {
        let pid = self.child.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let pids = children.unwrap_or_default();
        pids.split_whitespace().filter_map(|it| it.parse().ok()).map(Pid::from_raw).collect()
    }

    /// Stops it, as `SIGSTOP` does: it keeps its connections and answers nothing.
    pub(crate) fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().expect("a process id is positive"));
        kill(pid, signal).expect("the process is there");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether processes can be made to end with this one.
pub(crate) fn has_setpriv() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| Command::new("setpriv").arg("--version").output().is_ok())
}

/// Spawns on a thread that lasts as long as the test binary: what `setpriv` asks for happens when the
/// thread that started the process ends.
fn spawn(command: Command) -> std::io::Result<Child> {
    type Request = (Command, Sender<std::io::Result<Child>>);
    static SPAWNER: OnceLock<Mutex<Sender<Request>>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, requests) = channel::<Request>();
        std::thread::spawn(move || {
            for (mut command, answer) in requests {
                answer.send(command.spawn()).ok();
            }
        });
        Mutex::new(sender)
    });
    let (sender, answer) = channel();
    let request = (command, sender);
    spawner.lock().unwrap_or_else(PoisonError::into_inner).send(request).expect("it waits");
    answer.recv().expect("it answers")
}
