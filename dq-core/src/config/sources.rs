//! What a configuration is read from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// The variable that names the configuration file.
pub(crate) const FILE_VARIABLE: &str = "DQ_CONFIG";

/// What a configuration is read from. What stands later wins: the defaults, the file, the environment,
/// `explicit`.
#[derive(Clone, Default)]
pub struct ConfigSources {
    /// The YAML file. Default: none.
    pub file: Option<PathBuf>,
    /// The environment variables. Default: none; [`from_environment`](Self::from_environment) takes those
    /// of the process.
    pub environment: BTreeMap<OsString, OsString>,
    /// Values by path, such as `cache.redis.port`, for what the program itself decides. Default: none.
    pub explicit: Vec<(String, String)>,
}

impl ConfigSources {
    /// The environment variables of this process, and the file that `DQ_CONFIG` names. This is the one
    /// place where the library looks at the environment.
    pub fn from_environment() -> Self {
        let environment: BTreeMap<_, _> = std::env::vars_os().collect();
        let file = environment.get(&OsString::from(FILE_VARIABLE));
        let file = file.filter(|it| !it.is_empty()).map(PathBuf::from);
        Self { file, environment, explicit: Vec::new() }
    }
}

/// Names only: any value may be a secret.
impl fmt::Debug for ConfigSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let explicit: Vec<_> = self.explicit.iter().map(|(path, _)| path).collect();
        f.debug_struct("ConfigSources")
            .field("file", &self.file)
            .field("environment", &self.environment.keys())
            .field("explicit", &explicit)
            .finish()
    }
}
