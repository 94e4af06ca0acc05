//! Variables, and files that they name.

use std::fs;

use dq_core::config::Config;

use crate::{environment, parse, problems, shown};

#[test]
fn every_variable_of_the_table_is_read() {
    use dq_core::config::keys;
    for key in keys() {
        for (index, variable) in key.variables().iter().enumerate() {
            // A text that no kind but text takes: what is refused has been read.
            let loaded = Config::load(&environment([(*variable, "\u{1}?")]));
            let is_read = match &loaded {
                Err(error) => error.message().contains(&format!("variable {variable}: ")),
                Ok(config) => shown(config, key.path()).1 == *variable,
            };
            assert!(is_read, "{variable}: {loaded:?}");
            assert!(index > 0 || variable.starts_with("DQ_"), "{variable}");
        }
    }
}

#[test]
fn a_file_has_variables_with_defaults() {
    let text = "api: { host: \"${HOST:localhost}\", port: \"80${DIGITS:}\" }\n\
                database: { primary: { username: 'a$${b}c', database: '${EMPTY:}' } }\n\
                data_quality: { results: { formats: '${FORMATS}' } }\n";
    let sources = environment([("DIGITS", "80"), ("FORMATS", "csv, json")]);
    let config = Config::parse("dq.yaml", text, &sources).unwrap();
    let value = |path| shown(&config, path).0;
    assert_eq!(value("api.host").as_deref(), Some("localhost"));
    assert_eq!(value("api.port").as_deref(), Some("8080"));
    assert_eq!(value("database.primary.username").as_deref(), Some("a${b}c"));
    assert_eq!(value("database.primary.database"), None, "an empty value is not set");
    assert_eq!(value("data_quality.results.formats").as_deref(), Some("csv, json"));
}

#[test]
fn a_variable_cannot_change_the_structure_of_the_file() {
    let sources = environment([("NAME", "x\nport: 1\nother: {a: b} # c")]);
    let text = "database: { primary: { username: \"${NAME}\" } }";
    let config = Config::parse("dq.yaml", text, &sources).unwrap();
    assert_eq!(
        shown(&config, "database.primary.username").0.unwrap(),
        "x\nport: 1\nother: {a: b} # c"
    );
    // Nor what is shown.
    let again = parse(&config.to_yaml()).unwrap();
    assert_eq!(
        shown(&again, "database.primary.username"),
        (Some("x\nport: 1\nother: {a: b} # c".to_owned()), "dq.yaml:7:15".to_owned())
    );
}

#[test]
fn what_is_wrong_with_a_placeholder_is_told() {
    for (text, reason) in [
        (
            "${UNSET}",
            "environment variable `UNSET` is not set: set it, or write `${UNSET:default}`",
        ),
        ("${A", "`${` without a closing `}`; write `$${` for the characters themselves"),
        ("${}", "expected the name of an environment variable between `${` and `}`"),
        ("${A:-b}", "a default stands behind the colon alone: `${A:…}`"),
    ] {
        let lines = problems(parse(&format!("api: {{ host: '{text}' }}")));
        assert_eq!(lines, [format!("dq.yaml:1:14: `api.host`: {reason}")]);
    }
}

#[test]
fn a_secret_can_stand_in_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    fs::write(&path, "first\n").unwrap();
    let path = path.to_str().unwrap();
    let config = Config::load(&environment([("VEEVA_DB_PASSWORD_FILE", path)])).unwrap();
    let expected = (Some("[redacted]".to_owned()), "VEEVA_DB_PASSWORD_FILE".to_owned());
    assert_eq!(shown(&config, "database.primary.password"), expected);
    // Its own name wins, whichever of both holds it.
    let variables = [("VEEVA_DB_PASSWORD", "second"), ("DQ_DB_PASSWORD_FILE", path)];
    let config = Config::load(&environment(variables)).unwrap();
    assert_eq!(shown(&config, "database.primary.password").1, "DQ_DB_PASSWORD_FILE");
    // A placeholder finds it too, where a secret or a URL belongs.
    let text = "message_queue: { redis: { url: 'redis://:${SECRET}@h' } }";
    let config = Config::parse("dq.yaml", text, &environment([("SECRET_FILE", path)])).unwrap();
    assert_eq!(
        shown(&config, "message_queue.redis.url").0.as_deref(),
        Some("redis://:[redacted]@h")
    );
    let text = "database: { primary: { password: '${SECRET}' } }";
    Config::parse("dq.yaml", text, &environment([("SECRET_FILE", path)])).unwrap();
    let text = "database: { primary: { username: '${SECRET}' } }";
    assert_eq!(
        problems(Config::parse("dq.yaml", text, &environment([("SECRET_FILE", path)]))).len(),
        1
    );
}

#[test]
fn a_file_of_a_secret_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let missing = folder.path().join("missing").to_str().unwrap().to_owned();
    for (path, reason) in [
        (missing, "No such file"),
        (file("empty", b"\n"), "it is empty"),
        (file("bytes", b"canary\xff"), "it is not UTF-8"),
        (file("large", &vec![b'x'; 70_000]), "it is larger than 64 KiB"),
        (folder.path().to_str().unwrap().to_owned(), "s a directory"),
    ] {
        let lines = problems(Config::load(&environment([("REDIS_PASSWORD_FILE", path.as_str())])));
        let start = format!(
            "environment variable REDIS_PASSWORD_FILE: cannot read the secret in `{path}`: "
        );
        assert!(lines[0].starts_with(&start) && lines[0].contains(reason), "{lines:?}");
        assert!(lines.len() == 1 && !lines[0].contains("canary"), "{lines:?}");
    }
    let lines =
        problems(Config::load(&environment([("JWT_SECRET", "x"), ("JWT_SECRET_FILE", "y")])));
    assert_eq!(
        lines,
        ["environment variable JWT_SECRET: `JWT_SECRET_FILE` is set too: which of them counts?"]
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_named() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let mut sources = environment([]);
    sources.environment.insert("REDIS_HOST".into(), OsString::from_vec(b"h\xff".to_vec()));
    sources.environment.insert("OTHER".into(), OsString::from_vec(b"h\xff".to_vec()));
    assert_eq!(
        problems(Config::load(&sources)),
        ["environment variable REDIS_HOST: this is not UTF-8"]
    );
}

#[test]
fn a_variable_that_kubernetes_makes_can_be_overruled() {
    let kubernetes = ("REDIS_PORT", "tcp://10.0.0.11:6379");
    let lines = problems(Config::load(&environment([kubernetes])));
    assert!(lines[0].ends_with("`DQ_REDIS_PORT` wins over it"), "{lines:?}");
    let config = Config::load(&environment([kubernetes, ("DQ_REDIS_PORT", "6380")])).unwrap();
    assert_eq!(shown(&config, "cache.redis.port").0.as_deref(), Some("6380"));
}

#[test]
fn a_misspelt_variable_of_dq_is_told_and_no_error() {
    let variables = [("DQ_CACHE_TLL", "5"), ("DQ_SERVICE_HOST", "10.0.0.1"), ("CACHE_TLL", "5")];
    let config = Config::load(&environment(variables)).unwrap();
    let unknown = config.unknown_variables();
    assert_eq!(unknown.len(), 2, "{unknown:?}");
    assert_eq!(unknown[0], "`DQ_CACHE_TLL`; did you mean `DQ_CACHE_TTL`?");
}

#[test]
fn a_variable_can_hold_the_shards() {
    let shards = r#"{"enabled": true, "shards": [{"name": "a", "connection": "mysql://h/d"}]}"#;
    let text = "database: { sharding: { strategy: range, shards: [{ name: x }, { name: y }] } }";
    let sources = environment([("VEEVA_DB_SHARDING_CONFIG", shards)]);
    let config = Config::parse("dq.yaml", text, &sources).unwrap();
    let paths: Vec<_> = config.not_yet_used().iter().map(|it| it.path()).collect();
    let expected = ["enabled", "shards[0].name", "shards[0].connection"];
    assert_eq!(paths, expected.map(|it| format!("database.sharding.{it}")));
}
