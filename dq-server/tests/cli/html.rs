//! The page, as a browser shows it.
//!
//! Chromium is installed by `scripts/setup`; where it has another name, the variable `CHROMIUM` says so.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;

use scraper::{ElementRef, Html, Selector};
use serde_json::Value;

use crate::program::Program;
use crate::town::{checks, ended, json, town, validate};

/// Compares what the page shows with the JSON report.
pub(crate) fn compare(page: &Html, report: &Value) {
    let rows = all(page, "table.checks > tbody > tr");
    assert_eq!(rows.len(), checks(report).len());
    for status in ["pass", "warn", "fail", "error", "not_applicable"] {
        let shown = rows.iter().filter(|it| it.attr("data-status") == Some(status)).count();
        assert_eq!(shown, ended(report, status), "{status}");
    }
    for (rule, check) in checks(report) {
        let name = format!("{}/{}", rule["id"].as_str().unwrap(), check["id"].as_str().unwrap());
        let name = name.replace("\r\n", "\\r\\n");
        let row = rows.iter().find(|it| text(it, ".check strong") == name);
        let row = row.unwrap_or_else(|| panic!("no row for {name}"));
        assert_eq!(text(row, "td.table"), rule["table"].as_str().unwrap());
        assert_eq!(row.attr("data-severity"), check["severity"].as_str());
        let violations = check["violations"].to_string();
        assert_eq!(row.attr("data-violations"), Some(violations.as_str()));
        assert!(text(row, "td.violations").starts_with(&violations), "{name}");
        let sample = check["sample"].as_array().unwrap().len();
        assert_eq!(row.select(&selector("ul.keys li")).count(), sample, "{name}");
    }
    let counts = |check: &Value| check["severity"] != "info";
    let violations: u64 = checks(report)
        .iter()
        .filter(|(_, it)| counts(it))
        .map(|(_, it)| it["violations"].as_u64().unwrap())
        .sum();
    for chart in ["#by-check", "#by-severity", "#by-table"] {
        let bars = all(page, &format!("{chart} li"));
        let sum: u64 =
            bars.iter().map(|it| it.attr("data-count").unwrap().parse::<u64>().unwrap()).sum();
        assert_eq!(sum, violations, "{chart}");
        assert!(
            bars.iter().all(|it| it.select(&selector("svg rect.track")).count() == 1),
            "{chart}"
        );
    }
    let scores = all(page, "table.scores > tbody > tr");
    let tables = report["quality"]["tables"].as_array().unwrap();
    assert_eq!(scores.len(), tables.len());
    for (row, table) in scores.iter().zip(tables) {
        assert_eq!(text(row, "th"), table["table"].as_str().unwrap());
        let score =
            format!("{:.1} {}", table["score"].as_f64().unwrap(), table["grade"].as_str().unwrap());
        assert_eq!(text(row, "td.whole"), score);
    }
    let letter = all(page, ".gauge .letter").first().map(|it| it.text().collect::<String>());
    assert_eq!(letter.as_deref(), report["quality"]["grade"].as_str());
}

fn selector(text: &str) -> Selector {
    Selector::parse(text).unwrap()
}

fn all<'a>(page: &'a Html, text: &str) -> Vec<ElementRef<'a>> {
    page.select(&selector(text)).collect()
}

/// The text of the first element in `element` that is selected.
fn text(element: &ElementRef<'_>, selected: &str) -> String {
    let found = element.select(&selector(selected)).next().unwrap();
    found.text().collect::<String>().trim().to_owned()
}

/// What Chromium says about a file, started with more options.
fn chromium(program: &Program, file: &Path, options: &[&str]) -> String {
    let profile = program.path(&format!("chromium{}", options.len()));
    let _ = std::fs::remove_dir_all(&profile);
    let fixed = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
    ];
    let output = Command::new(std::env::var_os("CHROMIUM").unwrap_or("chromium".into()))
        .args(fixed)
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(options)
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("chromium is there: scripts/setup installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_browser_shows_what_the_report_says() {
    let program = town();
    validate(&program, &["-q", "--report", "r.html", "--report", "r.json"]).saying(1, "");
    let dom = chromium(&program, &program.path("r.html"), &["--dump-dom"]);
    compare(&Html::parse_document(&dom), &json(&program, "r.json"));
}

/// The colours of a picture of the page, and how often each is there, most frequent first.
fn colors(program: &Program, options: &[&str]) -> Vec<([u8; 3], usize)> {
    let picture = program.path("page.png");
    let screenshot = format!("--screenshot={}", picture.display());
    chromium(program, &program.path("r.html"), &[&[screenshot.as_str()], options].concat());
    let mut reader =
        png::Decoder::new(BufReader::new(File::open(picture).unwrap())).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut bytes).unwrap();
    let samples = frame.color_type.samples();
    let mut counts = std::collections::HashMap::new();
    for pixel in bytes[..frame.buffer_size()].chunks_exact(samples) {
        *counts.entry([pixel[0], pixel[1], pixel[2]]).or_insert(0) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

#[test]
fn the_page_is_painted_in_the_colours_that_its_reader_prefers_on_wide_and_narrow_screens() {
    let program = town();
    validate(&program, &["-q", "--report", "r.html"]).saying(1, "");
    let (light, dark) =
        ("--blink-settings=preferredColorScheme=1", "--blink-settings=preferredColorScheme=0");
    for size in ["--window-size=1280,1600", "--window-size=500,1600"] {
        for (scheme, card) in [(light, [0xff, 0xff, 0xff]), (dark, [0x17, 0x1e, 0x27])] {
            let colors = colors(&program, &[size, scheme]);
            assert!(colors.len() > 100, "{size} {scheme}: {} colours", colors.len());
            assert_eq!(colors[0].0, card, "{size} {scheme}: the cards take the most room");
        }
    }
}

#[test]
fn a_box_that_is_not_ticked_hides_its_checks_without_any_script() {
    let program = town();
    validate(&program, &["-q", "--report", "r.html"]).saying(1, "");
    let page = program.read("r.html");
    let ticked = r#"<input type="checkbox" id="f-status-fail" checked>"#;
    assert!(page.contains(ticked));
    // Rows that are hidden take no room, so that the rest of the page moves up.
    let tall = "--window-size=800,4000";
    let shown = colors(&program, &[tall, "--blink-settings=preferredColorScheme=1"]);
    program.write("r.html", page.replace(ticked, &ticked.replace(" checked", "")));
    let hidden = colors(&program, &[tall, "--blink-settings=preferredColorScheme=1"]);
    let white =
        |it: &[([u8; 3], usize)]| it.iter().find(|(color, _)| *color == [0xff; 3]).unwrap().1;
    assert!(white(&hidden) < white(&shown), "{} {}", white(&hidden), white(&shown));
}
