//! What is told below the arguments of a command: examples, and its exit codes.

pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    nothing failed at or above --fail-on
  1    violations: a check failed at or above --fail-on
  2    bad usage, rules or configuration
  3    a check or a source could not run, or a report could not be written
  130  stopped with Ctrl-C
  143  stopped with SIGTERM";

/// Those of commands that judge no data.
pub(crate) const EXIT_CODES_OF_RULES: &str = "\
Exit codes:
  0    nothing is wrong with the rules
  2    bad usage, rules or configuration
  3    a source cannot be read, or the output could not be written
  130  stopped with Ctrl-C
  143  stopped with SIGTERM";

pub(crate) const ABOUT_EXAMPLES: &str = "\
Examples:
  dq validate hospitals.csv --rules hospitals.yaml
  dq rules check hospitals.yaml hospitals.csv
  dq explain sqlite:providers.db --rules rules.yaml

`dq help COMMAND` tells more about a command.";

pub(crate) const VALIDATE_EXAMPLES: &str = "\
Examples:
  # Check a file; the exit code tells a pipeline whether it may go on
  dq validate hospitals.csv --rules hospitals.yaml

  # Check a database, fail only on what is severe, and keep the report
  dq validate sqlite:providers.db --rules rules.yaml --fail-on high --report report.json

  # Check the tables of several sources against each other
  dq validate sqlite:registry.db facilities=facilities.csv --rules rules.yaml

  # Check what a pipe delivers, and look at the report with jq
  zcat claims.csv.gz | dq validate - --rules claims.yaml --format json | jq .status

  # Check providers, facilities and affiliations against the rules that come with dq
  dq validate sqlite:providers.db --pack healthcare --param affiliations_max=5

  # Write a page to look at and a comment for a pull request; fail only on what is new
  dq validate sqlite:providers.db -r rules.yaml --baseline main.json --report dq.html --report dq.md

  # Run one rule, without one of its checks
  dq validate hospitals.csv -r hospitals.yaml --only address --exclude address/shared

  # The same rules for another year
  dq validate visits.csv --rules visits.yaml --param year=2025 --as-of 2025-12-31";

pub(crate) const GENERATE_EXAMPLES: &str = "\
Examples:
  # The reference set: 125,531 rows
  dq generate sqlite:providers.db

  # A million providers as Parquet, with five shared NPIs and no other defects
  dq generate parquet:million --providers 1000000 --defects 0 --defect npi_shared=5

  # Does a run find exactly what was put in?
  dq validate sqlite:providers.db --pack healthcare --as-of 2026-01-01 --report report.json
  dq generate --verify providers.db.manifest.json report.json";

pub(crate) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  dq completions bash > ~/.local/share/bash-completion/completions/dq
  dq completions zsh > ~/.zfunc/_dq
  dq completions fish > ~/.config/fish/completions/dq.fish";

pub(crate) const MAN_EXAMPLES: &str = "\
Examples:
  dq man | man -l -
  dq man --out /usr/local/share/man/man1";
