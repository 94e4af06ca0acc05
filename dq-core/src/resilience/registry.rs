//! The breakers of a program, by name.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::resilience::breaker::CircuitBreaker;
use crate::resilience::config::CircuitBreakerConfig;
use crate::resilience::statistics::CircuitStatistics;
use crate::resilience::windowed::WindowedCircuitBreaker;

/// Keeps the breakers of a program by name, one for each dependency.
///
/// ```
/// use std::sync::Arc;
///
/// use dq_core::clock::SystemClock;
/// use dq_core::resilience::{CircuitBreaker, CircuitBreakerConfig, CircuitBreakerRegistry};
///
/// # fn main() -> dq_core::Result<()> {
/// let registry = CircuitBreakerRegistry::new(CircuitBreakerConfig::default(), Arc::new(SystemClock))?;
/// registry.breaker("cache")?.force_open();
/// assert!(registry.breaker("cache")?.state().is_open());
/// registry.reset_all();
/// assert!(!registry.statistics().iter().any(|it| it.state.is_open()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CircuitBreakerRegistry {
    clock: Arc<dyn Clock>,
    entries: RwLock<Entries>,
}

#[derive(Debug)]
struct Entries {
    default: CircuitBreakerConfig,
    breakers: BTreeMap<String, Arc<dyn CircuitBreaker>>,
}

impl CircuitBreakerRegistry {
    /// How many breakers a registry holds: names made from requests or rows must not fill the memory.
    pub const BREAKERS_MAX: usize = 10_000;

    /// An empty registry, whose breakers are made with `default` unless they are given a configuration.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the field that is out of its range.
    pub fn new(default: CircuitBreakerConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        default.validate()?;
        let entries = Entries { default, breakers: BTreeMap::new() };
        Ok(Self { clock, entries: RwLock::new(entries) })
    }

    /// Returns the breaker called `name`, which is made if there is none.
    ///
    /// # Errors
    ///
    /// `LimitExceeded` when there are too many.
    pub fn breaker(&self, name: &str) -> Result<Arc<dyn CircuitBreaker>> {
        match self.find(name) {
            Some(breaker) => Ok(breaker),
            None => self.make(name, None),
        }
    }

    /// Returns the breaker called `name`, which is made with `config` if there is none. One that exists
    /// keeps its own configuration.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` when a field is out of its range; `LimitExceeded` when there are too many.
    pub fn breaker_with(
        &self,
        name: &str,
        config: &CircuitBreakerConfig,
    ) -> Result<Arc<dyn CircuitBreaker>> {
        match self.find(name) {
            Some(breaker) => Ok(breaker),
            None => self.make(name, Some(config)),
        }
    }

    /// Returns the breaker called `name`, if there is one.
    pub fn find(&self, name: &str) -> Option<Arc<dyn CircuitBreaker>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.breakers.get(name).map(Arc::clone)
    }

    /// Adds a breaker of any kind under its own name, in place of the one that has it.
    ///
    /// # Errors
    ///
    /// `LimitExceeded` when there are too many.
    pub fn insert(&self, breaker: Arc<dyn CircuitBreaker>) -> Result<()> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.insert(breaker)
    }

    /// Forgets the breaker called `name`, and returns it. Who holds it keeps it.
    pub fn remove(&self, name: &str) -> Option<Arc<dyn CircuitBreaker>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner).breakers.remove(name)
    }

    /// Makes breakers with `config` from now on; those that exist keep theirs.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, with the name of the field that is out of its range.
    pub fn set_default_config(&self, config: CircuitBreakerConfig) -> Result<()> {
        config.validate()?;
        self.entries.write().unwrap_or_else(PoisonError::into_inner).default = config;
        Ok(())
    }

    /// Returns all breakers, by name.
    pub fn breakers(&self) -> Vec<Arc<dyn CircuitBreaker>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.breakers.values().map(Arc::clone).collect()
    }

    /// Returns the statistics of all breakers, by name.
    pub fn statistics(&self) -> Vec<CircuitStatistics> {
        self.breakers().iter().map(|it| it.statistics()).collect()
    }

    /// Resets all breakers.
    pub fn reset_all(&self) {
        self.breakers().iter().for_each(|it| it.reset());
    }

    fn make(
        &self,
        name: &str,
        config: Option<&CircuitBreakerConfig>,
    ) -> Result<Arc<dyn CircuitBreaker>> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(breaker) = entries.breakers.get(name) {
            return Ok(Arc::clone(breaker));
        }
        let config = config.unwrap_or(&entries.default);
        let breaker = WindowedCircuitBreaker::new(name, config, Arc::clone(&self.clock))?;
        let breaker: Arc<dyn CircuitBreaker> = Arc::new(breaker);
        entries.insert(Arc::clone(&breaker))?;
        Ok(breaker)
    }
}

impl Entries {
    fn insert(&mut self, breaker: Arc<dyn CircuitBreaker>) -> Result<()> {
        let name = breaker.name();
        let most = CircuitBreakerRegistry::BREAKERS_MAX;
        if self.breakers.len() >= most && !self.breakers.contains_key(name) {
            let message = format!("cannot add circuit breaker `{name}`: there are {most} already");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        self.breakers.insert(name.to_owned(), breaker);
        Ok(())
    }
}
