//! What must not be shown is shown nowhere.

use std::fs;

use dq_core::config::{Config, SettingValue, keys};

use crate::seed::{TEXT, VARIABLES};
use crate::{environment, parse, problems};

/// Everything that can be printed of a configuration.
fn everything(config: &Config) -> String {
    let settings = config.settings();
    let values: Vec<_> = settings
        .iter()
        .map(|it| format!("{it:?} {:?}", it.value().map(SettingValue::shown)))
        .collect();
    let serialised = serde_json::to_string(config).unwrap();
    [
        format!("{config:?} {config:#?}"),
        config.to_yaml(),
        config.to_json(),
        serialised,
        values.join("\n"),
    ]
    .join("\n")
}

#[test]
fn no_secret_of_a_whole_deployment_is_shown() {
    let variables = [("REDIS_PASSWORD", "canary-redis")];
    let sources = environment(VARIABLES.into_iter().chain(variables));
    let config = Config::parse("scalability.yaml", TEXT, &sources).unwrap();
    let shown = everything(&config);
    assert!(!shown.contains("canary"), "{shown}");
    assert!(
        shown.contains("postgresql://reader:[redacted]@replica-1:5432/veeva_data_quality"),
        "{shown}"
    );
    assert!(shown.contains("redis://:[redacted]@localhost:6379/1"), "{shown}");
    let printed = format!("{sources:?}");
    assert!(printed.contains("REDIS_PASSWORD") && !printed.contains("canary"), "{printed}");
}

#[test]
fn a_secret_is_shown_from_none_of_its_variables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, "canary-q8Zx3vT1mR7pLk2Wn5Yc9Hd4Jf6Gb0As").unwrap();
    let (text, path) = (fs::read_to_string(&path).unwrap(), path.to_str().unwrap());
    let secrets: Vec<_> = keys().filter(|it| it.is_secret()).collect();
    assert!(secrets.len() > 3);
    for key in secrets {
        for variable in key.variables() {
            let file = format!("{variable}_FILE");
            for pair in [(*variable, text.as_str()), (file.as_str(), path)] {
                let config = Config::load(&environment([pair])).unwrap();
                let shown = everything(&config);
                assert!(shown.contains("[redacted]") && !shown.contains("canary"), "{shown}");
            }
        }
    }
}

#[test]
fn no_message_repeats_what_was_found() {
    // A value where another belongs may be a secret that was misplaced.
    for key in keys() {
        let path = key.path().replace(".[]", "");
        let names: Vec<_> = path.split('.').map(|it| if it == "*" { "any" } else { it }).collect();
        let (open, close) = (names.join(": { "), " }".repeat(names.len() - 1));
        for value in [
            "canary canary",
            "'x://u:canary@h'",
            "{ canary: 1 }",
            "[canary, [canary]]",
            "'${canary'",
        ] {
            if let Err(error) = parse(&format!("{open}: {value}{close}")) {
                let told = error
                    .message()
                    .replace("`canary` is not known", "")
                    .replace(".canary` is not", "");
                assert!(!told.contains("canary"), "{error}");
            }
        }
    }
    let sources =
        environment([("REDIS_PORT", "canary"), ("JWT_SECRET", "canary"), ("CACHE_TTL", "canary")]);
    let lines = problems(Config::load(&sources));
    assert_eq!(lines.len(), 3);
    assert!(!lines.join("\n").contains("canary"), "{lines:?}");
}

const KEYS: [&str; 2] = [
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=",
];

#[test]
fn keys_of_the_cache_come_from_the_file_the_environment_or_a_file_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let [one, two] = KEYS;
    let all = format!("{{\"1\": \"{one}\", \"2\": \"{two}\"}}");
    let (of_one, of_all) = (file("one", one), file("all", &all));
    let by_name = "cache: { encryption: { write_with: 2, keys: { 1: '${ONE}', 2: '${TWO}' } } }";
    let write_with = ("DQ_CACHE_ENCRYPTION_WRITE_WITH", "2");
    for (text, variables) in [
        (by_name, vec![("ONE", one), ("TWO", two)]),
        (by_name, vec![("ONE_FILE", of_one.as_str()), ("TWO", two)]),
        ("", vec![("DQ_CACHE_ENCRYPTION_KEYS", all.as_str()), write_with]),
        ("", vec![("DQ_CACHE_ENCRYPTION_KEYS_FILE", of_all.as_str()), write_with]),
    ] {
        let config = Config::parse("dq.yaml", text, &environment(variables.clone())).unwrap();
        let keyring = config.cache_encryption.keyring().unwrap().expect("there are keys");
        assert_eq!(format!("{keyring:?}"), "Keyring { current: 2, keys: [1, 2] }");
        let shown = everything(&config);
        assert!(KEYS.iter().all(|it| !shown.contains(it)), "{shown}");
        assert!(config.to_yaml().contains("\"1\": \"[redacted]\"  # "), "{}", config.to_yaml());
    }
    // Those of the environment stand in the place of those of the file, all of them.
    let three = format!("{{\"3\": \"{one}\"}}");
    let sources =
        environment([("DQ_CACHE_ENCRYPTION_KEYS", three.as_str()), ("ONE", one), ("TWO", two)]);
    let text = by_name.replace("write_with: 2", "write_with: 3");
    let config = Config::parse("dq.yaml", &text, &sources).unwrap();
    assert_eq!(config.cache_encryption.keys.keys().collect::<Vec<_>>(), [&3]);
    assert!(Config::default().cache_encryption.keyring().unwrap().is_none());
}

#[test]
fn keys_that_are_none_are_told_with_their_place_and_without_themselves() {
    let zeros = "0".repeat(64);
    let place = "dq.yaml:1:32: `cache.encryption.keys";
    for (keys, message) in [
        ("1: canary".to_owned(), format!("{place}.1`: expected a key of 32 bytes")),
        (format!("1: '{zeros}'"), format!("{place}.1`: this key repeats a few bytes")),
        (format!("one: '{}'", KEYS[0]), format!("{place}.one`: keys are named by numbers")),
        (format!("-1: '{}'", KEYS[0]), format!("{place}.-1`: keys are named by numbers")),
        (
            format!("1: '{}', 2: '{}'", KEYS[0], KEYS[1]),
            "`cache.encryption`: `write_with` is missing".to_owned(),
        ),
        (
            format!("1: '{}' }}, write_with: 7, keys_: {{", KEYS[0]),
            "`cache.encryption.keys_` is not known; did you mean `keys`?".to_owned(),
        ),
    ] {
        let lines = problems(parse(&format!("cache: {{ encryption: {{ keys: {{ {keys} }} }} }}")));
        let told = lines.join("\n");
        let without_columns = |it: &str| it.replace(|it: char| it.is_ascii_digit(), "");
        assert!(without_columns(&told).contains(&without_columns(&message)), "{told}");
        assert!(KEYS.iter().chain([&"canary"]).all(|it| !told.contains(it)), "{told}");
    }
    let text =
        format!("cache: {{ encryption: {{ keys: {{ 1: '{}' }}, write_with: 7 }} }}", KEYS[0]);
    let told = problems(parse(&text)).join("\n");
    assert!(told.contains("`write_with` is 7, which no key has as its number"), "{told}");
    let lines = problems(Config::load(&environment([("DQ_CACHE_ENCRYPTION_KEYS", "{1: canary}")])));
    assert!(lines[0].starts_with("environment variable DQ_CACHE_ENCRYPTION_KEYS:"), "{lines:?}");
    assert!(!lines.join("\n").contains("canary"), "{lines:?}");
}
