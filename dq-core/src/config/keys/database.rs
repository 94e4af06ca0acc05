//! `database`: where the data are.

use crate::config::key::Key;
use crate::config::kind::{DAY_MS, Kind};

const SHARDS: &str = "sharding";

const URLS: Kind = Kind::Url(&["postgresql", "postgres", "mysql"]);
const GIB: u64 = 1 << 30;

pub(crate) const KEYS: &[Key] = &[
    Key::new(
        "database.primary.type",
        Kind::Word(&["sqlite", "postgresql", "mysql"]),
        "The kind of database.",
    )
    .default("sqlite")
    .set_by(&["DQ_DB_TYPE", "VEEVA_DB_TYPE"])
    .read_by_config(),
    Key::new(
        "database.primary.database",
        Kind::Path,
        "The name of the database; the path of the file where it is SQLite.",
    )
    .set_by(&["DQ_DB_NAME", "DQ_DB_PATH", "VEEVA_DB_NAME", "VEEVA_DB_PATH"])
    .read_by_config(),
    Key::new("database.primary.host", Kind::Host, "The host of the database server.")
        .default("localhost")
        .set_by(&["DQ_DB_HOST", "VEEVA_DB_HOST"])
        .read_by_config(),
    Key::new("database.primary.port", Kind::Whole(1, 65_535), "The port of the database server; without a value 3306 where it is MySQL.")
        .default("5432")
        .set_by(&["DQ_DB_PORT", "VEEVA_DB_PORT"])
        .read_by_config(),
    Key::new("database.primary.username", Kind::Text, "Who logs in to the database server.")
        .set_by(&["DQ_DB_USER", "VEEVA_DB_USER"])
        .read_by_config(),
    Key::new("database.primary.password", Kind::Secret, "The password of that user.")
        .set_by(&["DQ_DB_PASSWORD", "VEEVA_DB_PASSWORD"])
        .read_by_config(),
    Key::new(
        "database.primary.connection_pool_size",
        Kind::Whole(1, 1_000),
        "How many connections may read at once.",
    )
    .set_by(&["DQ_DB_POOL_SIZE", "VEEVA_DB_POOL_SIZE"])
    .sets("sqlite.readers"),
    Key::new(
        "database.primary.max_overflow",
        Kind::Whole(0, 1_000),
        "How many connections beyond those may be opened for a while; none where it is SQLite.",
    )
    .default("30")
    .set_by(&["DQ_DB_MAX_OVERFLOW", "VEEVA_DB_MAX_OVERFLOW"])
    .read_by_config(),
    Key::new(
        "database.primary.pool_timeout",
        Kind::seconds(1, DAY_MS),
        "How long to wait for a connection of the pool.",
    )
    .set_by(&["DQ_DB_POOL_TIMEOUT", "VEEVA_DB_POOL_TIMEOUT"])
    .sets("sqlite.acquire_timeout_ms"),
    Key::new(
        "database.primary.query_timeout",
        Kind::seconds(0, DAY_MS),
        "How long a server lets one statement run; 0 for as long as it takes. Scans are not limited.",
    )
    .default("0")
    .read_by_config(),
    Key::new("database.primary.enable_query_logging", Kind::Flag, "Whether statements are logged.")
        .default("false")
        .set_by(&["DQ_DB_ECHO", "VEEVA_DB_ECHO"])
        .awaits("logging"),
    Key::new(
        "database.sqlite.create_if_missing",
        Kind::Flag,
        "Whether a writer creates the file if it is missing.",
    )
    .sets("sqlite.create_if_missing"),
    Key::new(
        "database.sqlite.busy_timeout",
        Kind::milliseconds(0, DAY_MS),
        "How long to wait for a lock that another connection holds.",
    )
    .sets("sqlite.busy_timeout_ms"),
    Key::new(
        "database.sqlite.cache_size",
        Kind::Size(0, 1 << 40),
        "The page cache of each connection that runs queries; whole KiB.",
    )
    .sets("sqlite.cache_size_kib"),
    Key::new(
        "database.sqlite.result_size_max",
        Kind::Size(1, 1 << 40),
        "How much the values of one result may take in memory.",
    )
    .sets("sqlite.result_size_max_bytes"),
    Key::new(
        "database.sqlite.mmap_size",
        Kind::Size(0, 1024 * GIB),
        "How much of the file is mapped into memory; whole MiB. `dq` maps all of it on Linux, unless this is set.",
    )
    .sets("sqlite.mmap_size_mib"),
    Key::new(
        "database.sqlite.journal_mode",
        Kind::Word(&["keep", "wal", "delete"]),
        "The journal mode that a writer sets; `keep` leaves the file's own.",
    )
    .sets("sqlite.journal_mode"),
    Key::new(
        "database.sqlite.synchronous",
        Kind::Word(&["off", "normal", "full", "extra"]),
        "When a writer waits for the disk.",
    )
    .sets("sqlite.synchronous"),
    Key::new("database.sqlite.foreign_keys", Kind::Flag, "Whether a writer enforces foreign keys.")
        .sets("sqlite.foreign_keys"),
    Key::new(
        "database.sqlite.scan_method",
        Kind::Word(&["auto", "pages", "statements"]),
        "How tables are scanned: by pages where possible, by pages only, or by statements only.",
    )
    .sets("sqlite.scan_method"),
    Key::new(
        "database.sqlite.scan_connections",
        Kind::Whole(1, 64),
        "How many connections a scan by statements may use at once.",
    )
    .sets("sqlite.scan_connections"),
    Key::new(
        "database.postgres.application_name",
        Kind::Text,
        "What the server's own lists call dq's connections.",
    )
    .sets("postgres.application_name"),
    Key::new(
        "database.postgres.write_pool_size",
        Kind::Whole(1, 1_000),
        "How many connections may write at once.",
    )
    .sets("postgres.writers"),
    Key::new(
        "database.postgres.pool_idle_timeout",
        Kind::seconds(1, DAY_MS),
        "How long a connection beyond the pool's size may have no work before it is closed.",
    )
    .sets("postgres.idle_timeout_ms"),
    Key::new(
        "database.postgres.connection_lifetime",
        Kind::seconds(1, 7 * DAY_MS),
        "How old a connection may become.",
    )
    .sets("postgres.lifetime_max_ms"),
    Key::new(
        "database.postgres.connect_timeout",
        Kind::seconds(1, DAY_MS),
        "How long to wait until a new connection is made.",
    )
    .sets("postgres.connect_timeout_ms"),
    Key::new(
        "database.postgres.lock_timeout",
        Kind::seconds(0, DAY_MS),
        "How long a statement may wait for another transaction's lock; 0 for as long as it takes.",
    )
    .sets("postgres.lock_timeout_ms"),
    Key::new(
        "database.postgres.isolation",
        Kind::Word(&["read_committed", "repeatable_read", "serializable"]),
        "What a transaction that writes sees of the changes of others.",
    )
    .sets("postgres.isolation"),
    Key::new(
        "database.postgres.result_size_max",
        Kind::Size(1, 1 << 40),
        "How much the values of one result may take in memory.",
    )
    .sets("postgres.result_size_max_bytes"),
    Key::new(
        "database.postgres.version_staleness",
        Kind::seconds(0, DAY_MS),
        "How old the knowledge of a table's last change may be; from a minute on, changes of other tables do not matter.",
    )
    .sets("postgres.version_staleness_ms"),
    Key::new(
        "database.postgres.pgbouncer",
        Kind::Flag,
        "Whether a PgBouncer that pools transactions stands between; without a value it is found out.",
    )
    .sets("postgres.pgbouncer"),
    Key::new(
        "database.postgres.tls.ca_file",
        Kind::Path,
        "A PEM file with the certificates of the authorities to trust, in place of the system's.",
    )
    .sets("postgres.tls.ca_file"),
    Key::new(
        "database.postgres.tls.certificate_file",
        Kind::Path,
        "A PEM file with the certificate that dq shows the server.",
    )
    .sets("postgres.tls.certificate_file"),
    Key::new(
        "database.postgres.tls.key_file",
        Kind::Path,
        "A PEM file with the private key of that certificate.",
    )
    .sets("postgres.tls.key_file"),
    Key::new(
        "database.mysql.write_pool_size",
        Kind::Whole(1, 1_000),
        "How many connections may write at once.",
    )
    .sets("mysql.writers"),
    Key::new(
        "database.mysql.pool_idle_timeout",
        Kind::seconds(1, DAY_MS),
        "How long a connection beyond the pool's size may have no work before it is closed.",
    )
    .sets("mysql.idle_timeout_ms"),
    Key::new(
        "database.mysql.connection_lifetime",
        Kind::seconds(1, 7 * DAY_MS),
        "How old a connection may become.",
    )
    .sets("mysql.lifetime_max_ms"),
    Key::new(
        "database.mysql.connect_timeout",
        Kind::seconds(1, DAY_MS),
        "How long to wait until a new connection is made.",
    )
    .sets("mysql.connect_timeout_ms"),
    Key::new(
        "database.mysql.lock_timeout",
        Kind::seconds(0, DAY_MS),
        "How long a statement may wait for another transaction's lock; 0 for as long as it takes.",
    )
    .sets("mysql.lock_timeout_ms"),
    Key::new(
        "database.mysql.isolation",
        Kind::Word(&["read_committed", "repeatable_read", "serializable"]),
        "What a transaction that writes sees of the changes of others.",
    )
    .sets("mysql.isolation"),
    Key::new(
        "database.mysql.result_size_max",
        Kind::Size(1, 1 << 40),
        "How much the values of one result may take in memory.",
    )
    .sets("mysql.result_size_max_bytes"),
    Key::new(
        "database.mysql.parallel_snapshot",
        Kind::Word(&["off", "lock"]),
        "How several connections come to see one moment: by a lock that stops all writers of the server while they begin, or not at all.",
    )
    .sets("mysql.parallel_snapshot"),
    Key::new(
        "database.mysql.snapshot_connections",
        Kind::Whole(1, 64),
        "How many connections a snapshot has, if it may have several.",
    )
    .sets("mysql.snapshot_streams"),
    Key::new(
        "database.mysql.tls.ca_file",
        Kind::Path,
        "A PEM file with the certificates of the authorities to trust, in place of the system's.",
    )
    .sets("mysql.tls.ca_file"),
    Key::new(
        "database.mysql.tls.certificate_file",
        Kind::Path,
        "A PEM file with the certificate that dq shows the server.",
    )
    .sets("mysql.tls.certificate_file"),
    Key::new(
        "database.mysql.tls.key_file",
        Kind::Path,
        "A PEM file with the private key of that certificate.",
    )
    .sets("mysql.tls.key_file"),
    Key::new("database.read_replicas", Kind::List(&URLS), "The other servers of the database, which answer what only reads.")
        .set_by(&["DQ_DB_READ_REPLICAS", "VEEVA_DB_READ_REPLICAS"])
        .read_by_config(),
    Key::new(
        "database.replicas.primary_reads",
        Kind::Whole(1, 1_000),
        "How many connections read from the primary at once, where no replica will do.",
    )
    .sets("replicas.primary_readers"),
    Key::new(
        "database.replicas.lag_size_max",
        Kind::Size(0, 1 << 40),
        "How much of the log a replica that is read may have yet to replay.",
    )
    .sets("replicas.lag_max_bytes"),
    Key::new(
        "database.replicas.lag_max",
        Kind::seconds(1, DAY_MS),
        "How old the oldest change may be that a replica which is read has yet to replay.",
    )
    .sets("replicas.lag_max_ms"),
    Key::new(
        "database.replicas.poll_interval",
        Kind::milliseconds(1, 60_000),
        "How often each server is asked for its place.",
    )
    .sets("replicas.poll_interval_ms"),
    Key::new(
        "database.replicas.poll_timeout",
        Kind::milliseconds(1, 60_000),
        "How long an answer to that may take before the server counts as gone.",
    )
    .sets("replicas.poll_timeout_ms"),
    Key::new(
        "database.replicas.slow_start",
        Kind::seconds(0, DAY_MS),
        "How long a replica that has come back gets fewer reads than others.",
    )
    .sets("replicas.slow_start_ms"),
    Key::new(
        "database.replicas.catch_up",
        Kind::milliseconds(0, 60_000),
        "How long a read waits for a replica to replay what it must see, before it goes to the primary.",
    )
    .sets("replicas.catch_up_ms"),
    Key::new(
        "database.replicas.failover_timeout",
        Kind::seconds(1, DAY_MS),
        "How long a call waits for a primary where there is none.",
    )
    .sets("replicas.failover_ms"),
    Key::new("database.sharding.enabled", Kind::Flag, "Whether tables are spread over shards.")
        .default("false")
        .awaits(SHARDS),
    Key::new(
        "database.sharding.strategy",
        Kind::Word(&["hash", "range", "directory"]),
        "How the shard of a row is found.",
    )
    .default("hash")
    .awaits(SHARDS),
    Key::new("database.sharding.shard_key", Kind::Text, "The column that decides.").awaits(SHARDS),
    Key::new("database.sharding.shards.[].name", Kind::Text, "What a shard is called.")
        .awaits(SHARDS),
    Key::new("database.sharding.shards.[].connection", URLS, "Where a shard is.").awaits(SHARDS),
    Key::new(
        "database.sharding.shards.[].hash_range",
        Kind::List(&Kind::Text),
        "Which part of the hashes a shard holds.",
    )
    .awaits(SHARDS),
];
