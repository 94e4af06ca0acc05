//! Holds dq against one SQL query per check, and against its own bars. See README.md in this folder.

mod data;
mod measure;
mod parquet_files;
mod peers;
mod postgres;
mod random;
mod rival;
#[expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_imports,
    reason = "a server that does not start ends the benchmark"
)]
#[path = "../dq-core/tests/servers/mod.rs"]
mod servers;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::data::Data;
use crate::measure::{Run, median, peak_memory};
use crate::peers::Peers;
use crate::postgres::Postgres;

const MIB: f64 = 1024.0 * 1024.0;
const START_UPS: usize = 20;

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().collect();
    if let [_, mode, database] = arguments.as_slice()
        && mode == "rival"
    {
        return rival::run(Path::new(database));
    }
    let providers = from_environment("DQ_BENCH_PROVIDERS", 1_000_000)?;
    let pairs = from_environment("DQ_BENCH_PAIRS", 3)?;
    let dq = Dq::find()?;
    say(&format!("{providers} providers"))?;
    if arguments.iter().any(|it| it == "parquet") {
        return parquet(&dq, providers, pairs);
    }
    let data = Data::prepare(&root().join("target/bench-data"), providers)?;
    if arguments.iter().any(|it| it == "postgres") {
        return postgres(&dq, &data, pairs.max(1));
    }
    if pairs > 0 {
        compare(&dq, &data, pairs)?;
    }
    scale(&dq, &data, pairs.max(3))?;
    memory(&dq, &data)?;
    csv(&dq, &data)?;
    profile(&dq, &data)?;
    start_up(&dq)
}

/// dq with one thread, as SQLite has, dq with two, and the rival by turns, with the same counts. What runs just after the rival
/// finds less of its memory in use, so both numbers of threads take their turn at that.
fn compare(dq: &Dq, data: &Data, rounds: u64) -> Result<()> {
    say("\nround  by             wall  CPU-s  SQL/dq CPU")?;
    let mut ratios: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for round in 1..=rounds {
        let mut ours = [("dq, 1 thread", 1), ("dq, 2 threads", 2)];
        if round % 2 == 0 {
            ours.reverse();
        }
        let mut runs = Vec::new();
        for (name, threads) in ours {
            runs.push((name, measure::run(&mut dq.validate_database(data, threads))?));
        }
        let theirs = measure::run(&mut rival::command(&data.database)?)?;
        let cpu = theirs.cpu.as_secs_f64();
        for (name, run) in runs {
            assert_same_counts(&counts(&run.output)?, &rival::counts(&theirs.output)?, "SQL")?;
            let (wall, ours) = (run.wall.as_secs_f64(), run.cpu.as_secs_f64());
            ratios.entry(name).or_default().push(cpu / ours);
            say(&format!("{round:>5}  {name:13}  {wall:5.2}  {ours:5.2}  {:10.1}", cpu / ours))?;
        }
        say(&format!("{round:>5}  {:13}  {:5.2}  {cpu:5.2}", "SQL", theirs.wall.as_secs_f64()))?;
        if round == 1 {
            say_slowest(&theirs)?;
        }
    }
    for (name, ratios) in ratios {
        say(&format!("median of SQL over {name}: {:.1}", median(ratios)))?;
    }
    Ok(())
}

/// dq and its peers by turns over the same Parquet files, with the same counts.
fn parquet(dq: &Dq, providers: u64, rounds: u64) -> Result<()> {
    let target = root().join("target");
    let folder = parquet_files::prepare(&target.join("bench-data"), providers, data::VERSION)?;
    let peers = Peers::install(&target.join("bench-peers"), &root().join("benches/peers"))?;
    let mut cpu: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    say("\nround  program     wall  CPU-s")?;
    for round in 1..=rounds {
        let mut ours = dq.validate(&folder.display().to_string(), "benches/rules.yaml");
        let ours = measure::run(ours.args(["--threads", "2"]))?;
        let expected = counts(&ours.output)?;
        let mut runs = vec![("dq", ours)];
        for (name, program) in peers::PEERS {
            let run = measure::run(&mut peers.command(program, &folder))?;
            assert_same_counts(&expected, &peers::counts(&run.output)?, name)?;
            runs.push((name, run));
        }
        for (name, run) in runs {
            let (wall, seconds) = (run.wall.as_secs_f64(), run.cpu.as_secs_f64());
            cpu.entry(name).or_default().push(seconds);
            say(&format!("{round:>5}  {name:10}  {wall:4.2}  {seconds:5.2}"))?;
        }
    }
    for (name, seconds) in cpu {
        say(&format!("median CPU-seconds of {name}: {:.2}", median(seconds)))?;
    }
    Ok(())
}

/// dq, one query per check, and the checks of rows fused, by turns on a PostgreSQL server, with the same counts.
fn postgres(dq: &Dq, data: &Data, rounds: u64) -> Result<()> {
    let server = Postgres::fill(&data.database)?;
    let mut cpu: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    say("\nround  by             wall  client CPU-s  server CPU-s")?;
    for round in 1..=rounds {
        let mut ours = dq.validate(&server.url(), "benches/rules.yaml");
        ours.args(["--threads", "2"]);
        let runs =
            [("dq", ours), ("query a check", server.one_per_check()?), ("fused", server.fused()?)];
        let mut expected = Counts::new();
        for (name, mut command) in runs {
            let before = server.cpu()?;
            let run = measure::run(&mut command)?;
            let (client, served) =
                (run.cpu.as_secs_f64(), server.cpu()?.saturating_sub(before).as_secs_f64());
            let wall = run.wall.as_secs_f64();
            say(&format!("{round:>5}  {name:13}  {wall:4.2}  {client:12.2}  {served:12.2}"))?;
            cpu.entry(name).or_default().push(client + served);
            if name == "dq" {
                expected = counts(&run.output)?;
            } else {
                assert_same_counts(&expected, &postgres::counts(&run.output)?, name)?;
            }
        }
    }
    let ours = cpu.remove("dq").map(median).unwrap_or_default();
    say(&format!("median CPU-seconds of dq: {ours:.2}"))?;
    for (name, seconds) in cpu {
        let theirs = median(seconds);
        say(&format!(
            "median CPU-seconds of {name}: {theirs:.2}, {:.1} times those of dq",
            theirs / ours
        ))?;
    }
    let peak =
        peak_memory(dq.validate(&server.url(), "benches/rules.yaml").args(["--threads", "2"]))?;
    say(&format!("anonymous memory of dq at its peak: {:.0} MiB", peak as f64 / MIB))
}

/// dq with one thread and with two, by turns.
fn scale(dq: &Dq, data: &Data, pairs: u64) -> Result<()> {
    say("\npair  1 thread wall  CPU-s  2 threads wall  CPU-s  speed-up")?;
    let mut speed_ups = Vec::new();
    for pair in 1..=pairs {
        let one = measure::run(&mut dq.validate_database(data, 1))?;
        let two = measure::run(&mut dq.validate_database(data, 2))?;
        let speed_up = one.wall.as_secs_f64() / two.wall.as_secs_f64();
        speed_ups.push(speed_up);
        say(&format!(
            "{pair:>4}  {:13.2}  {:5.2}  {:14.2}  {:5.2}  {speed_up:8.2}",
            one.wall.as_secs_f64(),
            one.cpu.as_secs_f64(),
            two.wall.as_secs_f64(),
            two.cpu.as_secs_f64(),
        ))?;
    }
    say(&format!("median of the speed-ups: {:.2}", median(speed_ups)))
}

fn memory(dq: &Dq, data: &Data) -> Result<()> {
    let peak = peak_memory(&mut dq.validate_database(data, 2))?;
    say(&format!("\nanonymous memory at its peak: {:.0} MiB", peak as f64 / MIB))
}

fn csv(dq: &Dq, data: &Data) -> Result<()> {
    let megabytes = fs::metadata(&data.csv)?.len() as f64 / 1e6;
    let mut rates = Vec::new();
    for _ in 0..3 {
        let run = measure::run(
            &mut dq.validate(&data.csv.display().to_string(), "benches/csv-rules.yaml"),
        )?;
        rates.push(megabytes / run.cpu.as_secs_f64());
    }
    say(&format!(
        "\nCSV, {megabytes:.0} MB, 15 checks of rows: {:.0} MB per CPU-second",
        median(rates)
    ))
}

fn profile(dq: &Dq, data: &Data) -> Result<()> {
    let mut seconds = Vec::new();
    for _ in 0..3 {
        let mut command = Command::new(&dq.0);
        command.args(["profile", "--threads", "2", "--format", "json"]).arg(&data.csv);
        seconds.push(measure::run(&mut command)?.cpu.as_secs_f64());
    }
    say(&format!("profile of the CSV file: {:.2} CPU-seconds", median(seconds)))
}

fn start_up(dq: &Dq) -> Result<()> {
    let mut milliseconds = Vec::new();
    for _ in 0..START_UPS {
        let mut command =
            dq.validate("examples/data/hospitals.csv", "examples/rules/hospitals.yaml");
        milliseconds.push(measure::run(&mut command)?.wall.as_secs_f64() * 1e3);
    }
    say(&format!("hospitals with start-up: {:.1} ms", median(milliseconds)))
}

/// The violations of each check.
type Counts = BTreeMap<String, u64>;

/// Every check has as many violations in dq's report as `name` counts.
fn assert_same_counts(ours: &Counts, theirs: &Counts, name: &str) -> Result<()> {
    let checks: Vec<_> = ours.keys().chain(theirs.keys()).collect();
    let different = checks.iter().filter(|it| ours.get(**it) != theirs.get(**it));
    let different: BTreeMap<_, _> =
        different.map(|it| (it, (ours.get(*it), theirs.get(*it)))).collect();
    ensure!(different.is_empty(), "dq and {name} disagree (check: dq, {name}): {different:#?}");
    Ok(())
}

/// The violations by check in a report of dq.
fn counts(report: &str) -> Result<Counts> {
    let report: serde_json::Value = serde_json::from_str(report).context("dq gave no JSON")?;
    let list =
        |value: &serde_json::Value, key: &str| value.get(key).and_then(|it| it.as_array().cloned());
    let id =
        |value: &serde_json::Value| value.get("id").and_then(|it| it.as_str().map(str::to_owned));
    let mut counts = BTreeMap::new();
    for rule in list(&report, "rules").context("the report has no rules")? {
        for check in list(&rule, "checks").context("a rule has no checks")? {
            let name = id(&rule).zip(id(&check)).map(|(rule, check)| format!("{rule}/{check}"));
            let violations = check.get("violations").and_then(serde_json::Value::as_u64);
            counts.extend(name.zip(violations));
        }
    }
    Ok(counts)
}

/// Where the rival spends its time.
fn say_slowest(theirs: &Run) -> Result<()> {
    let seconds =
        |line: &&str| line.rsplit(' ').next().and_then(|it| it.parse::<f64>().ok()).unwrap_or(0.0);
    let mut lines: Vec<_> = theirs.output.lines().collect();
    lines.sort_by(|a, b| seconds(b).total_cmp(&seconds(a)));
    let slowest = lines.iter().take(6).map(|it| it.split(' ').next().unwrap_or_default());
    say(&format!("      (SQL spends most in {})", slowest.collect::<Vec<_>>().join(", ")))
}

/// The release build of the program.
struct Dq(PathBuf);

impl Dq {
    /// Builds it, unless `DQ_BENCH_PROGRAM` names one that is to be measured.
    fn find() -> Result<Self> {
        if let Some(program) = env::var_os("DQ_BENCH_PROGRAM") {
            return Ok(Self(program.into()));
        }
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut build = Command::new(cargo);
        build
            .args(["build", "--release", "--locked", "--package", "dq-server"])
            .current_dir(root());
        ensure!(build.status()?.success(), "cannot build dq");
        let target =
            env::var("CARGO_TARGET_DIR").map_or_else(|_| root().join("target"), PathBuf::from);
        Ok(Self(target.join("release/dq")))
    }

    fn validate_database(&self, data: &Data, threads: u64) -> Command {
        let mut command =
            self.validate(&format!("sqlite:{}", data.database.display()), "benches/rules.yaml");
        command.args(["--threads", &threads.to_string()]);
        command
    }

    fn validate(&self, source: &str, rules: &str) -> Command {
        let mut command = Command::new(&self.0);
        command.args(["validate", source, "--rules", rules, "--format", "json", "--no-progress"]);
        command.current_dir(root());
        command
    }
}

fn from_environment(name: &str, default: u64) -> Result<u64> {
    match env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name} is `{text}`, which is no number")),
        Err(_) => Ok(default),
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn say(line: &str) -> Result<()> {
    Ok(writeln!(stdout(), "{line}")?)
}
