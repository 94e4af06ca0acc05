//! What there is to know of a table before it is spread.

use serde::Deserialize;

use crate::database::postgres::PostgresDatabaseManager;
use crate::database::postgres::distribute::ddl::quoted;
use crate::database::postgres::distribute::shard::Shard;
use crate::database::{DatabaseManager, Statement};
use crate::error::{Error, ErrorKind, Result};
use crate::source::Source;
use crate::value::Value;

/// The oldest server whose foreign tables are scanned at once.
const VERSION_MIN: u32 = 140_000;

/// Describes a table as JSON. What parts on other servers cannot have, or what would be lost, is an obstacle.
const DESCRIBE: &str = "\
SELECT json_build_object( \
  'schema', n.nspname, 'name', c.relname, 'kind', c.relkind::text, \
  'version', current_setting('server_version_num')::int, \
  'comment', obj_description(c.oid, 'pg_class'), \
  'database_to_set', (SELECT d.datname FROM pg_database d WHERE d.datname = current_database() \
     AND pg_has_role(d.datdba, 'USAGE') AND (current_setting('enable_partitionwise_aggregate') = 'off' OR current_setting('enable_partitionwise_join') = 'off')), \
  'columns', (SELECT coalesce(json_agg(json_build_object('name', a.attname, 'data_type', format_type(a.atttypid, a.atttypmod), \
       'is_required', a.attnotnull, 'default', pg_get_expr(d.adbin, d.adrelid), 'comment', col_description(c.oid, a.attnum), \
       'collation', CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(ln.nspname) || '.' || quote_ident(l.collname) END) ORDER BY a.attnum), '[]') \
     FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
     LEFT JOIN pg_collation l ON l.oid = a.attcollation LEFT JOIN pg_namespace ln ON ln.oid = l.collnamespace \
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), \
  'constraints', (SELECT coalesce(json_agg(json_build_object('name', k.conname, 'kind', k.contype::text, 'definition', pg_get_constraintdef(k.oid), \
       'columns', (SELECT coalesce(json_agg(a.attname ORDER BY u.place), '[]') FROM unnest(k.conkey) WITH ORDINALITY u (number, place) \
                   JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number)) ORDER BY k.conname), '[]') \
     FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c')), \
  'indexes', (SELECT coalesce(json_agg(json_build_object('definition', pg_get_indexdef(i.indexrelid), 'is_unique', i.indisunique, \
       'columns', (SELECT coalesce(json_agg(a.attname), '[]') FROM unnest(i.indkey::int2[]) u (number) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number)) \
       ORDER BY i.indexrelid), '[]') \
     FROM pg_index i WHERE i.indrelid = c.oid AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)), \
  'sequences', (SELECT coalesce(json_agg(json_build_object('name', s.oid::regclass::text, 'column', a.attname)), '[]') \
     FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid \
     WHERE d.refobjid = c.oid AND d.deptype = 'a' AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass), \
  'grants', (SELECT coalesce(json_agg(json_build_object('privilege', g.privilege_type, 'is_grantable', g.is_grantable, \
       'to', CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END)), '[]') \
     FROM aclexplode(c.relacl) g WHERE g.grantee <> c.relowner), \
  'partitioned_by', (SELECT pg_get_partkeydef(c.oid) WHERE c.relkind = 'p'), \
  'key_columns', (SELECT coalesce(json_agg(a.attname ORDER BY u.place), '[]') FROM pg_partitioned_table p, unnest(p.partattrs::int2[]) WITH ORDINALITY u (number, place) \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number WHERE p.partrelid = c.oid AND p.partstrat = 'h'), \
  'parts', (SELECT coalesce(json_agg(json_build_object('name', i.inhrelid::regclass::text, 'options', s.srvoptions)), '[]') \
     FROM pg_inherits i LEFT JOIN pg_foreign_table f ON f.ftrelid = i.inhrelid LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE i.inhparent = c.oid), \
  'obstacles', array_to_json(array_remove(ARRAY[ \
     CASE WHEN c.relpersistence <> 'p' THEN 'it is not kept for good' END, \
     CASE WHEN c.relispartition OR EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)) THEN 'it inherits, or is inherited from' END, \
     CASE WHEN c.relrowsecurity THEN 'rules hide rows of it from users' END, \
     CASE WHEN NOT pg_has_role(c.relowner, 'USAGE') THEN 'it belongs to another user' \
          WHEN c.relowner <> (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user) THEN 'it belongs to another role: `SET ROLE` by `options` of the URL' END, \
     (SELECT 'a foreign key belongs to it: ' || string_agg(k.conname, ', ') FROM pg_constraint k WHERE k.contype = 'f' AND c.oid IN (k.conrelid, k.confrelid)), \
     (SELECT 'it has a constraint of exclusion: ' || string_agg(k.conname, ', ') FROM pg_constraint k WHERE k.contype = 'x' AND k.conrelid = c.oid), \
     (SELECT 'it has a trigger: ' || string_agg(g.tgname, ', ') FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal), \
     (SELECT 'values of a column are generated: ' || string_agg(a.attname, ', ') FROM pg_attribute a WHERE a.attrelid = c.oid AND (a.attidentity <> '' OR a.attgenerated <> '')), \
     (SELECT 'there are privileges on its columns: ' || string_agg(a.attname, ', ') FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL), \
     (SELECT 'a view or rule rests on it: ' || string_agg(DISTINCT r.ev_class::regclass::text, ', ') FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid \
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid), \
     (SELECT 'it is published: ' || string_agg(p.pubname, ', ') FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = c.oid), \
     CASE WHEN to_regclass(quote_ident(n.nspname) || '.' || quote_ident(c.relname || '_before_dq')) IS NOT NULL THEN 'there is a table of its name with `_before_dq` behind it' END \
  ]::text[], NULL)))::text \
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') \
  AND (c.relname = ? AND pg_table_is_visible(c.oid) OR n.nspname || '.' || c.relname = ? \
       OR quote_ident(n.nspname) || '.' || quote_ident(c.relname) = ?) \
ORDER BY (quote_ident(n.nspname) || '.' || quote_ident(c.relname) = ?) DESC, c.oid LIMIT 1";

/// What there is to know of a table.
#[derive(Debug, Deserialize)]
pub(crate) struct Described {
    pub(crate) schema: String,
    pub(crate) name: String,
    kind: String,
    version: u32,
    pub(crate) comment: Option<String>,
    /// The database, if settings of its sessions would help and may be made.
    pub(crate) database_to_set: Option<String>,
    pub(crate) columns: Vec<DescribedColumn>,
    pub(crate) constraints: Vec<Constraint>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) sequences: Vec<Sequence>,
    pub(crate) grants: Vec<Grant>,
    partitioned_by: Option<String>,
    /// The columns by whose hash it is partitioned.
    key_columns: Vec<String>,
    parts: Vec<Part>,
    obstacles: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DescribedColumn {
    pub(crate) name: String,
    pub(crate) data_type: String,
    pub(crate) is_required: bool,
    pub(crate) default: Option<String>,
    pub(crate) comment: Option<String>,
    pub(crate) collation: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Constraint {
    pub(crate) name: String,
    /// `p`, `u` or `c`: the primary key, unique, check.
    pub(crate) kind: String,
    pub(crate) definition: String,
    columns: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Index {
    pub(crate) definition: String,
    is_unique: bool,
    columns: Vec<String>,
}

/// A sequence that belongs to a column.
#[derive(Debug, Deserialize)]
pub(crate) struct Sequence {
    /// Quoted.
    pub(crate) name: String,
    pub(crate) column: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Grant {
    pub(crate) privilege: String,
    /// Quoted.
    pub(crate) to: String,
    pub(crate) is_grantable: bool,
}

/// A partition, and the options of its server.
#[derive(Debug, Deserialize)]
struct Part {
    name: String,
    options: Option<Vec<String>>,
}

impl Described {
    /// Describes the table that the catalog knows by a name.
    pub(crate) async fn read(database: &PostgresDatabaseManager, name: &str) -> Result<Self> {
        let statement = Statement::new(DESCRIBE).bind(name).bind(name).bind(name).bind(name);
        let found = database.query(&statement).await?;
        let failed = |kind, reason: &str| {
            let database = database.name();
            let message = format!("cannot describe the table `{name}` of `{database}`: {reason}");
            Error::new(kind, message)
        };
        match found.scalar() {
            Value::Text(text) => serde_json::from_slice(text)
                .map_err(|it| failed(ErrorKind::Internal, &it.to_string())),
            _ => Err(failed(ErrorKind::NotFound, "there is none")),
        }
    }

    /// Its name with that of its schema.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// What its parts must have in common with it.
    pub(crate) fn shape(&self) -> Vec<(&str, &str)> {
        let shape = self.columns.iter().map(|it| (it.name.as_str(), it.data_type.as_str()));
        shape.collect()
    }

    /// The columns of the primary key.
    pub(crate) fn primary_key(&self) -> Option<&[String]> {
        self.constraints.iter().find(|it| it.kind == "p").map(|it| &it.columns[..])
    }

    /// The columns that decide where a row lies.
    pub(crate) fn columns_for(&self, wanted: &[String]) -> Result<Vec<String>> {
        if let Some(unknown) =
            wanted.iter().find(|name| self.columns.iter().all(|it| it.name != **name))
        {
            return Err(self.refused(
                ErrorKind::UsageInvalid,
                &format!("it has no column {}", quoted(unknown)),
            ));
        }
        if !wanted.is_empty() {
            return Ok(wanted.to_vec());
        }
        if !self.key_columns.is_empty() {
            return Ok(self.key_columns.clone());
        }
        let first = self.primary_key().and_then(<[_]>::first);
        first.map(|it| vec![it.clone()]).ok_or_else(|| {
            let reason = "it has no primary key; say by which columns";
            self.refused(ErrorKind::UsageInvalid, reason)
        })
    }

    /// Whether the table is spread by `columns` over `shards` already.
    ///
    /// # Errors
    ///
    /// `Conflict` if it is partitioned otherwise.
    pub(crate) fn is_spread(&self, columns: &[String], shards: &[Shard]) -> Result<bool> {
        let Some(by) = &self.partitioned_by else { return Ok(false) };
        let lies_on = |part: &Part, shard: &Shard| {
            let place = &shard.place;
            let options = part.options.as_deref().unwrap_or_default();
            let wanted = [
                format!("host={}", place.host),
                format!("port={}", place.port),
                format!("dbname={}", place.database),
            ];
            wanted.iter().all(|it| options.contains(it))
        };
        let is_same = self.key_columns == columns
            && self.parts.len() == shards.len()
            && shards.iter().all(|shard| self.parts.iter().any(|it| lies_on(it, shard)));
        if is_same {
            return Ok(true);
        }
        let parts: Vec<_> = self.parts.iter().map(|it| format!("`{}`", it.name)).collect();
        let parts = if parts.is_empty() { "nothing yet".to_owned() } else { parts.join(", ") };
        let reason = format!("it is partitioned already, by {by} into {parts}");
        Err(self.refused(ErrorKind::Conflict, &reason))
    }

    /// Whether the table can be spread by `columns`.
    pub(crate) fn check(&self, columns: &[String]) -> Result<()> {
        let unsupported = |reason: &str| Err(self.refused(ErrorKind::Unsupported, reason));
        if self.version < VERSION_MIN {
            return unsupported("its server is older than PostgreSQL 14");
        }
        if self.kind != "r" {
            return unsupported("it is no ordinary table");
        }
        if !self.obstacles.is_empty() {
            return unsupported(&self.obstacles.join("; "));
        }
        let contains = |all: &[String]| columns.iter().all(|it| all.contains(it));
        let keys = self.constraints.iter().filter(|it| it.kind != "c");
        let keys = keys.map(|it| (&it.definition, &it.columns));
        let unique = self.indexes.iter().filter(|it| it.is_unique);
        let mut keys = keys.chain(unique.map(|it| (&it.definition, &it.columns)));
        match keys.find(|it| !contains(it.1)) {
            Some((definition, _)) => unsupported(&format!(
                "`{definition}` lacks a column that decides where a row lies, so that equal rows could lie on \
                 two servers"
            )),
            None => Ok(()),
        }
    }

    fn refused(&self, kind: ErrorKind, reason: &str) -> Error {
        Error::new(kind, format!("cannot distribute `{}`: {reason}", self.full_name()))
    }
}
