//! The program in a folder of its own, with a table and rules that it violates.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Three rows; the second violates both checks of [`RULES`].
pub(crate) const PEOPLE: &str = "id,name,zip\n1,Ada,12345\n2,,123x5-secret\n3,Grace,54321\n";

pub(crate) const RULES: &str = "\
version: 1
rules:
  - id: people
    table: data
    checks:
      - { id: name, column: name, not_null: true }
      - { id: zip, column: zip, matches: '^[0-9]{5}$', severity: high }
";

/// A folder with `people.csv` and `rules.yaml` in which the program runs.
pub(crate) struct Program {
    folder: TempDir,
}

impl Program {
    pub(crate) fn new() -> Self {
        let program = Self { folder: tempfile::tempdir().unwrap() };
        program.write("people.csv", PEOPLE);
        program.write("rules.yaml", RULES);
        program
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The names of the files in the folder, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dq"));
        command.args(arguments.iter().map(OsStr::new)).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_remove("NO_COLOR");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.command(arguments).output().unwrap().into()
    }

    /// `dq validate people.csv --rules rules.yaml` and more arguments.
    pub(crate) fn validate(&self, arguments: &[&str]) -> Ended {
        let all = [&["validate", "people.csv", "--rules", "rules.yaml"], arguments].concat();
        self.run(&all)
    }
}

/// How the program ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    /// Asserts how it ended, and shows everything if it did not.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Asserts that it ended so and said just this on standard error.
    #[track_caller]
    pub(crate) fn saying(self, code: i32, stderr: &str) -> Self {
        let ended = self.with(code);
        assert_eq!(ended.stderr, stderr);
        ended
    }
}
