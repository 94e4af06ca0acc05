//! `dq config`: tells what a configuration means, and what is wrong with it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use dq_core::Result;
use dq_core::config::{Config, Origin, Setting};
use dq_core::report::{counted, visible};
use tokio::task::block_in_place;

use crate::arguments::{ConfigCommand, ConfigFormat};
use crate::output;

/// `dq config check` and `dq config show`.
pub(crate) fn run(command: &ConfigCommand) -> Result<u8> {
    let file = match command {
        ConfigCommand::Check(file) => file,
        ConfigCommand::Show(arguments) => &arguments.file,
    };
    let config = block_in_place(|| Config::load(&file.sources()))?;
    for variable in config.unknown_variables() {
        output::note(&format!("no setting has the environment variable {variable}"));
    }
    match command {
        ConfigCommand::Check(_) => output::print(|out| write_check(&config, out))?,
        ConfigCommand::Show(arguments) => {
            let text = match arguments.format {
                ConfigFormat::Yaml => config.to_yaml(),
                ConfigFormat::Json => config.to_json(),
            };
            output::print(|out| out.write_all(text.as_bytes()))?;
        }
    }
    Ok(0)
}

fn write_check(config: &Config, out: &mut dyn Write) -> io::Result<()> {
    let settings = config.settings();
    let set = settings.iter().filter(|it| *it.origin() != Origin::Default);
    writeln!(out, "{}: ok", counted(set.count() as u64, "setting"))?;
    for ((section, part), settings) in by_part(&config.not_yet_used()) {
        let paths: Vec<_> = settings.iter().map(|it| visible(it).into_owned()).collect();
        let count = counted(paths.len() as u64, "setting");
        writeln!(out, "not yet used: {count} under `{section}` for {part}: {}", paths.join(", "))?;
    }
    Ok(())
}

/// The paths of settings by their section and the part that will read them.
fn by_part(settings: &[&Setting]) -> BTreeMap<(&'static str, &'static str), Vec<String>> {
    let mut parts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for setting in settings {
        let path = setting.key().path();
        let section = path.split_once('.').map_or(path, |(section, _)| section);
        let part = setting.key().awaited().unwrap_or_default();
        parts.entry((section, part)).or_default().push(setting.path());
    }
    parts
}
