//! The peers: `DuckDB`, Polars and `DataFusion` with the same checks, written by hand, over the same files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Each peer: its name, and the program below `benches/peers`.
pub(crate) const PEERS: [(&str, &str); 3] = [
    ("DuckDB", "duckdb_peer.py"),
    ("Polars", "polars_peer.py"),
    ("DataFusion", "datafusion_peer.py"),
];

/// A Python with all peers.
#[derive(Debug)]
pub(crate) struct Peers {
    python: PathBuf,
    programs: PathBuf,
}

impl Peers {
    /// Installs the peers into a virtual environment at `environment`, in the versions of
    /// `requirements.txt`; quick where that has been done.
    pub(crate) fn install(environment: &Path, programs: &Path) -> Result<Self> {
        let python = environment.join("bin/python");
        if !python.exists() {
            let mut venv = Command::new("python3");
            let made = venv.args(["-m", "venv"]).arg(environment).status();
            ensure!(
                made.context("cannot run `python3`")?.success(),
                "cannot make `{}`",
                environment.display()
            );
        }
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--only-binary", ":all:", "--requirement"]);
        let installed = pip.arg(programs.join("requirements.txt")).status()?;
        ensure!(installed.success(), "cannot install the peers");
        Ok(Self { python, programs: programs.to_owned() })
    }

    /// The command that runs the checks of a peer over the files in `folder`.
    pub(crate) fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(self.programs.join(program)).arg(folder);
        command
    }
}

/// The violations that a peer has printed, by check.
pub(crate) fn counts(output: &str) -> Result<BTreeMap<String, u64>> {
    let count = |line: &str| {
        let (check, violations) = line.split_once(' ')?;
        Some((check.to_owned(), violations.parse().ok()?))
    };
    output.lines().map(|it| count(it).with_context(|| format!("a peer said `{it}`"))).collect()
}
