//! Reads the layers of a configuration one upon another: file, environment, explicit values, defaults.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use zeroize::{Zeroize, Zeroizing};

use crate::config::Config;
use crate::config::environment::Environment;
use crate::config::key::Key;
use crate::config::keys::{SECTION_VARIABLES, keys};
use crate::config::parts;
use crate::config::settings::{Origin, Setting, Settings};
use crate::config::sources::ConfigSources;
use crate::config::value::SettingValue;
use crate::config::walk::{Position, Walk};
use crate::document::{self, Node, Problems};
use crate::error::{Error, ErrorKind, Result};

/// No configuration is larger than this.
const FILE_SIZE_MAX_BYTES: u64 = 4 << 20;

/// The layers that have been read so far, and everything that is wrong with them.
pub(crate) struct Loader<'a> {
    environment: Environment<'a>,
    settings: Settings,
    /// A line for each problem.
    problems: Vec<String>,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(sources: &'a ConfigSources) -> Self {
        let environment = Environment(&sources.environment);
        Self { environment, settings: Settings::default(), problems: Vec::new() }
    }

    /// Reads the layers above the file, and makes the parts' structs of everything.
    pub(crate) fn finish(mut self, sources: &ConfigSources) -> Result<Config> {
        self.sections_in_variables();
        self.variables();
        for (path, text) in &sources.explicit {
            self.explicit(path, text);
        }
        let unknown_variables = self.environment.unknown();
        let mut config = parts::build(&self.settings, &mut self.problems);
        if !self.problems.is_empty() {
            return Err(Error::new(ErrorKind::ConfigInvalid, self.problems.join("\n")));
        }
        self.defaults();
        config.settings = self.settings;
        config.unknown_variables = unknown_variables;
        Ok(config)
    }

    /// Reads a YAML file.
    pub(crate) fn file(&mut self, path: &Path) -> Result<()> {
        let name = path.display().to_string();
        let cannot = |reason: &dyn fmt::Display| {
            let message = format!("cannot read the configuration in `{name}`: {reason}");
            Error::new(ErrorKind::UsageInvalid, message)
        };
        let mut bytes = Vec::new();
        let read = File::open(path)
            .and_then(|it| it.take(FILE_SIZE_MAX_BYTES + 1).read_to_end(&mut bytes));
        read.map_err(|error| cannot(&error).with_source(error))?;
        if bytes.len() as u64 > FILE_SIZE_MAX_BYTES {
            return Err(cannot(&"it is larger than 4 MiB"));
        }
        match document::text_of(bytes) {
            Ok(text) => self.text(&name, &Zeroizing::new(text)),
            Err(problems) => self.problems.extend(problems.into_lines(&name)),
        }
        Ok(())
    }

    /// Reads the text of a YAML file.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        let origin = |place| Origin::in_file(name, place);
        let problems = self.document(text, &Position::default(), &origin);
        self.problems.extend(problems.into_lines(name));
    }

    fn document(
        &mut self,
        text: &str,
        position: &Position,
        origin: &dyn Fn(document::Place) -> Origin,
    ) -> Problems {
        let mut walk = Walk::new(self.environment);
        if let Some(mut root) = Node::parse(text, &mut walk.problems) {
            walk.read(&root, position);
            root.for_each_scalar(&mut |_, text| text.zeroize());
        }
        for found in walk.found {
            self.set(found.segments, found.key, found.value, origin(found.place));
        }
        walk.problems
    }

    fn sections_in_variables(&mut self) {
        for (section, names) in SECTION_VARIABLES {
            let Some((name, text)) = self.environment.of_section(names) else { continue };
            self.settings.remove_section(section);
            let lines = match text {
                Ok(text) => {
                    let origin = |_| Origin::Variable(name.clone());
                    self.document(&text, &Position::of(section), &origin).into_lines(&name)
                }
                Err(message) => vec![format!("{name}: {message}")],
            };
            self.problems.extend(lines.iter().map(|it| format!("environment variable {it}")));
        }
    }

    fn variables(&mut self) {
        for key in keys() {
            let Some((name, text)) = self.environment.of_key(key) else { continue };
            let hint = |it| with_hint(it, &name, key.variables);
            match text.and_then(|it| key.kind.read(&it).map_err(hint)) {
                Ok(value) => {
                    self.set(Position::of(key.path).segments, key, value, Origin::Variable(name));
                }
                Err(message) => {
                    self.problems.push(format!("environment variable {name}: {message}"));
                }
            }
        }
    }

    fn explicit(&mut self, path: &str, text: &str) {
        let position = path.split('.').try_fold(Position::default(), |at, name| at.step(name));
        let (position, key) = match position.map(|it| (it.key(), it)) {
            Ok((Some(key), position)) => (position, key),
            Ok((None, _)) => return self.problems.push(format!("`{path}` is a section")),
            Err(hint) => return self.problems.push(format!("`{path}` is not known{hint}")),
        };
        match key.kind.read(text) {
            Ok(value) => self.set(position.segments, key, value, Origin::Explicit),
            Err(message) => self.problems.push(format!("`{path}`: {message}")),
        }
    }

    fn set(
        &mut self,
        segments: Vec<String>,
        key: &'static Key,
        value: SettingValue,
        origin: Origin,
    ) {
        self.settings.insert(Setting { segments, key, value: Some(value), origin });
    }

    /// What nobody set is shown too, if something reads it.
    fn defaults(&mut self) {
        for key in keys().filter(|it| it.awaited().is_none() && !it.is_pattern()) {
            if self.settings.get(key.path).is_none() {
                let segments = Position::of(key.path).segments;
                let value = key.default_value();
                self.settings.insert(Setting { segments, key, value, origin: Origin::Default });
            }
        }
    }
}

/// Kubernetes sets variables such as `REDIS_PORT` for every service, to something else than a port.
fn with_hint(message: String, name: &str, variables: &[&str]) -> String {
    match variables.first() {
        Some(own) if name.ends_with("_PORT") && *own != name => {
            format!(
                "{message}; if Kubernetes sets it for a service of that name, `{own}` wins over it"
            )
        }
        _ => message,
    }
}
