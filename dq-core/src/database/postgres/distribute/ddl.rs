//! The statements that spread a table.

use crate::database::postgres::distribute::shard::{Shard, quoted_name};
use crate::database::postgres::distribute::table::{Described, DescribedColumn};
use crate::database::postgres::shards::KEY_COMMENT;
use crate::secret::REDACTED;

/// What stands behind the name of the table that is put aside.
const ASIDE: &str = "before_dq";

/// What could make the server write the text of a statement down, and what keeps it from that.
const LOGGING: [(&str, &str); 6] = [
    ("log_min_error_statement", "panic"),
    ("log_statement", "none"),
    ("log_min_duration_statement", "-1"),
    ("log_min_duration_sample", "-1"),
    ("log_transaction_sample_rate", "0"),
    ("pg_stat_statements.track_utility", "off"),
];

/// A statement, and where it is run.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The position of the shard; none for the coordinator.
    pub(crate) shard: Option<usize>,
    pub(crate) sql: String,
    /// The same without passwords.
    pub(crate) shown: String,
    pub(crate) effect: Effect,
}

/// What a statement is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Effect {
    /// It defines something.
    Defines,
    /// It is a query that changes a setting of the transaction.
    Sets,
    /// It moves the rows.
    Moves,
}

/// Writes the statements.
pub(crate) struct Ddl<'a> {
    pub(crate) table: &'a Described,
    pub(crate) columns: &'a [String],
    pub(crate) shards: &'a [Shard],
}

/// A name as an identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal, whatever the setting of backslashes.
fn literal(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "''");
    if escaped.contains('\\') { format!("E'{escaped}'") } else { format!("'{escaped}'") }
}

impl Ddl<'_> {
    /// All statements; parts are made where they are `missing`.
    pub(crate) fn steps(&self, missing: &[bool]) -> Vec<Step> {
        let mut steps = Vec::new();
        for (position, _) in missing.iter().enumerate().filter(|it| *it.1) {
            let part = self.part().into_iter();
            steps.extend(part.map(|sql| Step { shard: Some(position), ..here(sql) }));
        }
        steps.push(here("CREATE EXTENSION IF NOT EXISTS postgres_fdw".to_owned()));
        self.shards.iter().for_each(|it| steps.extend(server(it)));
        let (name, aside) = (quoted_name(self.table), self.aside());
        steps.push(here(format!("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")));
        for sequence in &self.table.sequences {
            steps.push(here(format!("ALTER SEQUENCE {} OWNED BY NONE", sequence.name)));
        }
        let rename = format!("ALTER TABLE {name} RENAME TO {}", quoted(&self.aside_name()));
        steps.push(here(rename));
        steps.extend(self.parent().into_iter().map(here));
        steps.extend(self.passwords());
        let columns = list(self.table.columns.iter().map(|it| &it.name));
        let insert = format!("INSERT INTO {name} ({columns}) SELECT {columns} FROM {aside}");
        steps.push(Step { effect: Effect::Moves, ..here(insert) });
        steps.push(here(format!("DROP TABLE {aside}")));
        steps.extend(self.belongings().into_iter().map(here));
        steps
    }

    /// How many rows there were.
    pub(crate) fn count_before(&self) -> String {
        format!("SELECT count(*) FROM {}", self.aside())
    }

    /// How many rows there are in all parts.
    pub(crate) fn count_after(&self) -> String {
        let parts = self.parts().map(|it| format!("SELECT count(*) AS n FROM {it}"));
        let parts = parts.collect::<Vec<_>>().join(" UNION ALL ");
        format!("SELECT CAST(sum(n) AS bigint) FROM ({parts}) AS u")
    }

    /// Takes back what was made on a shard.
    pub(crate) fn drop_part(&self) -> String {
        format!("DROP TABLE {}", quoted_name(self.table))
    }

    fn aside_name(&self) -> String {
        format!("{}_{ASIDE}", self.table.name)
    }

    fn aside(&self) -> String {
        format!("{}.{}", quoted(&self.table.schema), quoted(&self.aside_name()))
    }

    /// The names of the parts on the coordinator.
    fn parts(&self) -> impl Iterator<Item = String> {
        self.shards.iter().map(|it| {
            let name = format!("{}_shard_{}", self.table.name, it.place.number);
            format!("{}.{}", quoted(&self.table.schema), quoted(&name))
        })
    }

    /// What a shard needs to take its part: the table with all that makes a row valid.
    fn part(&self) -> Vec<String> {
        let mut made = Vec::new();
        if self.table.schema != "public" {
            made.push(format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(&self.table.schema)));
        }
        let columns = self.table.columns.iter().map(bare);
        let constraints = self.table.constraints.iter();
        let constraints =
            constraints.map(|it| format!("CONSTRAINT {} {}", quoted(&it.name), it.definition));
        let all: Vec<_> = columns.chain(constraints).collect();
        made.push(format!("CREATE TABLE {} ({})", quoted_name(self.table), all.join(", ")));
        made.extend(self.table.indexes.iter().map(|it| it.definition.clone()));
        made
    }

    /// The passwords of the shards, once nothing else can go wrong: a server writes a statement that fails into its log,
    /// with all that is in it. Who may tell it not to does so.
    fn passwords(&self) -> Vec<Step> {
        let given = |it: &Shard| Some((quoted(&it.place.server()), it.place.password.clone()?));
        let given = self.shards.iter().filter_map(given);
        let alter = |server: &str, password: &str| {
            let password = literal(password);
            format!(
                "ALTER USER MAPPING FOR CURRENT_USER SERVER {server} OPTIONS (ADD password {password})"
            )
        };
        let steps: Vec<_> = given
            .map(|(server, password)| Step {
                shown: alter(&server, REDACTED),
                ..here(alter(&server, password.expose()))
            })
            .collect();
        if steps.is_empty() {
            return steps;
        }
        let may = "current_setting('is_superuser') = 'on'";
        let pairs = LOGGING.map(|(name, value)| format!("('{name}', '{value}')")).join(", ");
        let quiet = format!(
            "SELECT set_config(name, value, true) FROM (VALUES {pairs}) AS s (name, value) WHERE {may}"
        );
        let names = LOGGING.map(|it| format!("'{}'", it.0)).join(", ");
        let again = format!(
            "SELECT set_config(name, reset_val, true) FROM pg_settings WHERE name IN ({names}) AND {may}"
        );
        let sets = |sql| Step { effect: Effect::Sets, ..here(sql) };
        [sets(quiet)].into_iter().chain(steps).chain([sets(again)]).collect()
    }

    /// The table without rows of its own, and its parts.
    fn parent(&self) -> Vec<String> {
        let columns = self.table.columns.iter().map(column);
        let checks = self.table.constraints.iter().filter(|it| it.kind == "c");
        let checks = checks.map(|it| format!("CONSTRAINT {} {}", quoted(&it.name), it.definition));
        let all: Vec<_> = columns.chain(checks).collect();
        let by = list(self.columns.iter());
        let name = quoted_name(self.table);
        let mut made =
            vec![format!("CREATE TABLE {name} ({}) PARTITION BY HASH ({by})", all.join(", "))];
        let modulus = self.shards.len();
        let key = self.table.primary_key().and_then(|it| serde_json::to_string(it).ok());
        for (position, (part, shard)) in self.parts().zip(self.shards).enumerate() {
            let (server, schema) = (quoted(&shard.place.server()), literal(&self.table.schema));
            made.push(format!(
                "CREATE FOREIGN TABLE {part} PARTITION OF {name} FOR VALUES WITH (MODULUS {modulus}, \
                 REMAINDER {position}) SERVER {server} OPTIONS (schema_name {schema}, table_name {})",
                literal(&self.table.name)
            ));
            if let Some(key) = &key {
                let comment = literal(&format!("{KEY_COMMENT}{key}"));
                made.push(format!("COMMENT ON FOREIGN TABLE {part} IS {comment}"));
            }
        }
        made
    }

    /// What the table had besides rows.
    fn belongings(&self) -> Vec<String> {
        let name = quoted_name(self.table);
        let mut made = Vec::new();
        if let Some(comment) = &self.table.comment {
            made.push(format!("COMMENT ON TABLE {name} IS {}", literal(comment)));
        }
        for column in &self.table.columns {
            if let Some(comment) = &column.comment {
                let column = quoted(&column.name);
                made.push(format!("COMMENT ON COLUMN {name}.{column} IS {}", literal(comment)));
            }
        }
        for grant in &self.table.grants {
            let option = if grant.is_grantable { " WITH GRANT OPTION" } else { "" };
            made.push(format!("GRANT {} ON {name} TO {}{option}", grant.privilege, grant.to));
        }
        for sequence in &self.table.sequences {
            let column = quoted(&sequence.column);
            made.push(format!("ALTER SEQUENCE {} OWNED BY {name}.{column}", sequence.name));
        }
        if let Some(database) = &self.table.database_to_set {
            for setting in ["enable_partitionwise_aggregate", "enable_partitionwise_join"] {
                made.push(format!("ALTER DATABASE {} SET {setting} = on", quoted(database)));
            }
        }
        made
    }
}

/// Names as identifiers.
fn list<'n>(names: impl Iterator<Item = &'n String>) -> String {
    names.map(|it| quoted(it)).collect::<Vec<_>>().join(", ")
}

fn here(sql: String) -> Step {
    Step { shard: None, shown: sql.clone(), sql, effect: Effect::Defines }
}

/// The server, and as whom it is entered.
fn server(shard: &Shard) -> Vec<Step> {
    let place = &shard.place;
    let name = quoted(&place.server());
    let mut options = vec![
        format!("host {}", literal(&place.host)),
        format!("port '{}'", place.port),
        format!("dbname {}", literal(&place.database)),
    ];
    options.extend(place.sslmode.as_ref().map(|it| format!("sslmode {}", literal(it))));
    options.extend(
        ["async_capable 'true'", "fetch_size '10000'", "batch_size '1000'", "connect_timeout '10'"]
            .map(str::to_owned),
    );
    let create = format!(
        "CREATE SERVER IF NOT EXISTS {name} FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({})",
        options.join(", ")
    );
    let user = literal(&place.user);
    let mapping =
        format!("CREATE USER MAPPING FOR CURRENT_USER SERVER {name} OPTIONS (user {user})");
    let drop = format!("DROP USER MAPPING IF EXISTS FOR CURRENT_USER SERVER {name}");
    [create, drop, mapping].map(here).into()
}

/// A column of the table, with its default.
fn column(column: &DescribedColumn) -> String {
    let default = column.default.as_ref().map(|it| format!(" DEFAULT {it}"));
    format!("{}{}", bare(column), default.unwrap_or_default())
}

/// A column of the table where rows come with all their values.
fn bare(column: &DescribedColumn) -> String {
    let collation = column.collation.as_ref().map(|it| format!(" COLLATE {it}"));
    let required = if column.is_required { " NOT NULL" } else { "" };
    let (name, data_type) = (quoted(&column.name), &column.data_type);
    format!("{name} {data_type}{}{required}", collation.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_cannot_end_early() {
        assert_eq!(quoted("a\"; DROP"), "\"a\"\"; DROP\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'"), "E'a\\\\'''");
    }
}
