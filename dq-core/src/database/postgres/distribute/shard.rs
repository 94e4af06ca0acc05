//! A database that takes a part of a table.

use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::database::postgres::distribute::ddl::quoted;
use crate::database::postgres::distribute::table::Described;
use crate::database::postgres::options::options;
use crate::database::postgres::{PostgresConfig, PostgresDatabaseManager};
use crate::database::{DatabaseManager, Statement};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;
use crate::source::Source;
use crate::value::{OwnedValue, Value};

/// A database that takes a part of a table.
pub(crate) struct Shard {
    pub(crate) place: Place,
    pub(crate) database: PostgresDatabaseManager,
}

/// How the coordinator reaches a shard.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Which of the shards it is, from 1.
    pub(crate) number: usize,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: String,
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    pub(crate) sslmode: Option<String>,
}

/// What tells a database from every other: its system, and its number there.
const IDENTITY: &str = "SELECT concat(system_identifier, ' ', (SELECT oid FROM pg_database WHERE datname = current_database())) \
     FROM pg_control_system()";

/// Whether this user may use a server, and as whom it is reached.
const SERVER: &str = "SELECT has_server_privilege(s.oid, 'USAGE'), (SELECT o.option_value \
     FROM pg_user_mappings m, pg_options_to_table(m.umoptions) o \
     WHERE m.srvid = s.oid AND m.usename = current_user AND o.option_name = 'user') \
     FROM pg_foreign_server s WHERE s.srvname = ?";

/// The longest name that PostgreSQL keeps, in bytes.
const NAME_BYTES_MAX: usize = 63;

impl Place {
    /// What a URL says, and with what password dq itself goes there.
    pub(crate) fn of(config: &PostgresConfig, number: usize) -> Result<Self> {
        let invalid = || {
            let message = format!("cannot read the URL of shard {number}");
            Error::new(ErrorKind::UsageInvalid, message)
        };
        let url = config.url.expose();
        PgConnectOptions::from_str(url).map_err(|_| invalid())?;
        let (options, _) = options(config)?;
        let host = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => options.get_host().to_owned(),
        };
        let user = options.get_username().to_owned();
        let database = options.get_database().unwrap_or(&user).to_owned();
        let query = url.split_once('?').map_or("", |it| it.1);
        let parameter = |name: &str| {
            let values = query.split('&').filter_map(|it| it.split_once('='));
            values.filter(|it| it.0 == name).map(|it| decoded(it.1)).next_back()
        };
        Ok(Self {
            number,
            host,
            port: options.get_port(),
            database,
            user,
            password: password_of(options),
            sslmode: parameter("sslmode"),
        })
    }

    /// What the coordinator calls the server.
    pub(crate) fn server(&self) -> String {
        let name = format!("dq {}:{}/{}", self.host, self.port, self.database);
        if name.len() <= NAME_BYTES_MAX {
            return name;
        }
        let end: String = name.chars().rev().take(40).collect();
        let end: String = end.chars().rev().filter(char::is_ascii).collect();
        format!("dq {:08x} {end}", checksum(&name))
    }
}

/// Tells long names apart.
fn checksum(text: &str) -> u32 {
    let step = |sum: u32, byte: u8| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, step)
}

/// The password with which the driver comes: that of the URL or of the configuration, of `PGPASSWORD` or of `~/.pgpass`. It
/// tells it only as a part of a URL, in which nothing else must be out of the ordinary.
fn password_of(options: PgConnectOptions) -> Option<Secret> {
    let url = options.username("u").host("h").to_url_lossy();
    url.password().map(|it| Secret::new(decoded(it)))
}

/// Text in which `%41` stands for `A`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        let code = code.and_then(|it| u8::from_str_radix(it, 16).ok());
        if let (b'%', Some(byte)) = (first, code) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether the shards can be those of the coordinator called `name`.
pub(crate) fn check(name: &str, shards: &[Shard]) -> Result<()> {
    let invalid = |reason: String| {
        let message = format!("cannot distribute a table of `{name}`: {reason}");
        Err(Error::new(ErrorKind::UsageInvalid, message))
    };
    if shards.is_empty() {
        return invalid("there is no shard".to_owned());
    }
    let mut names: Vec<_> = shards.iter().map(|it| it.database.name()).collect();
    if names.contains(&name) {
        return invalid("it cannot be a shard of itself".to_owned());
    }
    names.sort_unstable();
    match names.windows(2).find(|it| it.first() == it.last()) {
        Some([twice, _]) => invalid(format!("the shard `{twice}` is given twice")),
        _ => Ok(()),
    }
}

/// Whether all are databases of their own, whatever they are called. Else the table would be a part of itself.
pub(crate) async fn check_identities(
    coordinator: &PostgresDatabaseManager,
    shards: &[Shard],
) -> Result<()> {
    let mut seen: Vec<(OwnedValue, &str)> = Vec::new();
    for database in [coordinator].into_iter().chain(shards.iter().map(|it| &it.database)) {
        let identity = database.query(&IDENTITY.into()).await?.scalar().into();
        if let Some((_, other)) = seen.iter().find(|it| it.0 == identity) {
            let (name, coordinator) = (database.name(), coordinator.name());
            let message = format!(
                "cannot distribute a table of `{coordinator}`: `{name}` is the same database as `{other}`"
            );
            return Err(Error::new(ErrorKind::UsageInvalid, message));
        }
        seen.push((identity, database.name()));
    }
    Ok(())
}

impl Shard {
    /// Whether the coordinator may reach this shard under its name: nothing else is reached under it, as another user.
    pub(crate) async fn check_server(&self, coordinator: &PostgresDatabaseManager) -> Result<()> {
        let server = self.place.server();
        let found = coordinator.query(&Statement::new(SERVER).bind(server.as_str())).await?;
        let Some(row) = found.rows().next() else { return Ok(()) };
        let refused = |kind, reason: String| {
            let name = coordinator.name();
            let message = format!("cannot distribute a table of `{name}`: {reason}");
            Err(Error::new(kind, message))
        };
        if row.value(0) != Value::Boolean(true) {
            let reason = format!("this user may not use the server `{server}`, which is there");
            return refused(ErrorKind::PermissionDenied, reason);
        }
        match row.value(1) {
            Value::Text(user) if user != self.place.user.as_bytes() => {
                let user = String::from_utf8_lossy(user);
                let reason = format!(
                    "the server `{server}` is reached as `{user}`, by whom tables may be there that this shard's user cannot read"
                );
                refused(ErrorKind::Conflict, reason)
            }
            _ => Ok(()),
        }
    }

    /// Whether the table is to be made here. If it is there, it must be empty and of the same columns.
    pub(crate) async fn lacks(&self, table: &Described) -> Result<bool> {
        let conflict = |reason: &str| {
            let message = format!(
                "cannot distribute `{}`: the shard `{}` has a table of that name {reason}",
                table.name,
                self.database.name()
            );
            Err(Error::new(ErrorKind::Conflict, message))
        };
        let here = match Described::read(&self.database, &table.full_name()).await {
            Ok(here) => here,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        };
        if here.shape() != table.shape() {
            return conflict("with other columns");
        }
        if !self.is_empty(table).await? {
            return conflict("with rows in it; drop it if nobody needs them");
        }
        Ok(false)
    }

    /// Whether the table has no row here.
    pub(crate) async fn is_empty(&self, table: &Described) -> Result<bool> {
        let sql = format!("SELECT NOT EXISTS (SELECT FROM {})", quoted_name(table));
        Ok(self.database.query(&Statement::new(sql)).await?.scalar() == Value::Boolean(true))
    }
}

pub(crate) fn quoted_name(table: &Described) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_how_the_coordinator_reaches_a_shard() {
        let url = "postgres://app:p%40s%3As@db-1.example.org:5433/registry?sslmode=require";
        let place = Place::of(&PostgresConfig::new(url), 1).unwrap();
        assert_eq!((place.host.as_str(), place.port), ("db-1.example.org", 5433));
        assert_eq!((place.user.as_str(), place.database.as_str()), ("app", "registry"));
        assert_eq!(place.password.as_ref().map(Secret::expose), Some("p@s:s"));
        assert_eq!(place.sslmode.as_deref(), Some("require"));
        assert_eq!(place.server(), "dq db-1.example.org:5433/registry");
        let long = format!("postgres://app@{}.example.org/registry", "a".repeat(60));
        let password = Some(Secret::new("of the configuration/@?"));
        let config = PostgresConfig { password, ..PostgresConfig::new(long) };
        let place = Place::of(&config, 2).unwrap();
        assert!(place.server().len() <= NAME_BYTES_MAX);
        assert_eq!(place.password.as_ref().map(Secret::expose), Some("of the configuration/@?"));
        let odd = "postgres://a%40b%2Fc@%2Ftmp%2Fsocket/registry?password=p%2Bq";
        let place = Place::of(&PostgresConfig::new(odd), 1).unwrap();
        assert_eq!((place.user.as_str(), place.host.as_str()), ("a@b/c", "/tmp/socket"));
        assert_eq!(place.password.as_ref().map(Secret::expose), Some("p+q"));
    }
}
