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
