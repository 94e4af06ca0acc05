//! Whether a statement only reads.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use sqlparser::ast::{
    BinaryOperator, Expr, ObjectName, ObjectNamePart, Query, Select, Statement as Parsed,
    TableFactor, Visit, Visitor,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use crate::database::Statement;
use crate::database::postgres::parameters::number;
use crate::database::postgres::probe::Definitions;

/// How many texts are remembered; then they are all forgotten, which costs less than knowing which to keep.
const TEXTS_MAX: usize = 4_096;

/// Longer texts are not remembered: they are rarely asked twice.
const TEXT_SIZE_MAX_BYTES: usize = 8_192;

/// What looks like a function and is grammar. None changes anything.
const GRAMMAR: [&str; 22] = [
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "grouping",
    "row",
    "array",
    "cast",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "localtime",
    "localtimestamp",
    "session_user",
    "user",
    "json_object",
    "json_array",
    "xmlelement",
];

/// Tells whether a statement only reads, as far as that can be known from its text and from what the database says of
/// its functions and views. What is not known to only read may write.
#[derive(Debug, Default)]
pub(crate) struct Classifier {
    known: RwLock<Known>,
    texts: Mutex<HashMap<Box<str>, bool, foldhash::fast::RandomState>>,
}

#[derive(Debug, Default)]
struct Known {
    /// The names of functions none of which may change anything.
    functions: HashSet<String>,
    /// The names of views that may.
    writing_views: HashSet<String>,
}

impl Classifier {
    /// Whether the statement only reads, and says the same on every server.
    pub(crate) fn only_reads(&self, statement: &Statement) -> bool {
        let sql = statement.sql();
        if let Some(known) = self.texts().get(sql) {
            return *known;
        }
        // Who binds the wrong parameters hears so from the primary.
        let Ok(numbered) = number(sql, statement.parameters()) else { return false };
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let only_reads = known.only_reads(&numbered.sql);
        let mut texts = self.texts();
        if sql.len() <= TEXT_SIZE_MAX_BYTES {
            if texts.len() >= TEXTS_MAX {
                texts.clear();
            }
            texts.insert(sql.into(), only_reads);
        }
        only_reads
    }

    /// Whether it has heard of any functions.
    pub(crate) fn is_told(&self) -> bool {
        !self.known.read().unwrap_or_else(PoisonError::into_inner).functions.is_empty()
    }

    /// Hears what functions and views there are.
    pub(crate) fn learn(&self, definitions: &Definitions) {
        let mut next = Known {
            functions: definitions.functions.iter().cloned().collect(),
            writing_views: HashSet::new(),
        };
        // A view is what its text is, and views may be made of views.
        let mut views: Vec<_> = definitions.views.iter().collect();
        loop {
            let (calm, found): (Vec<_>, Vec<_>) =
                views.into_iter().partition(|(_, text)| next.only_reads(text));
            if found.is_empty() {
                break;
            }
            next.writing_views.extend(found.into_iter().map(|(name, _)| name.clone()));
            views = calm;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = next;
        // While nobody can look at what is known, lest an older answer is remembered.
        self.texts().clear();
    }

    fn texts(&self) -> MutexGuard<'_, HashMap<Box<str>, bool, foldhash::fast::RandomState>> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn only_reads(&self, sql: &str) -> bool {
        match Parser::parse_sql(&PostgreSqlDialect {}, sql).as_deref() {
            Ok([statement]) => statement.visit(&mut Search { known: self }).is_continue(),
            _ => false,
        }
    }

    fn is_known(&self, name: &ObjectName) -> bool {
        last(name).is_some_and(|name| {
            // What begins so tells about the server, and is not the same on all.
            let is_own = name.starts_with("pg_") && name != "pg_typeof";
            !is_own && (self.functions.contains(&name) || GRAMMAR.contains(&name.as_str()))
        })
    }
}

/// Looks for whatever may write.
struct Search<'a> {
    known: &'a Known,
}

impl Search<'_> {
    fn go_on(is_fine: bool) -> ControlFlow<()> {
        if is_fine { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

impl Visitor for Search<'_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Parsed) -> ControlFlow<()> {
        Self::go_on(match statement {
            Parsed::Query(_) => true,
            Parsed::Explain { analyze, options, .. } => !analyze && options.is_none(),
            _ => false,
        })
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let is_plain = query.locks.is_empty()
            && query.for_clause.is_none()
            && query.settings.is_none()
            && query.pipe_operators.is_empty();
        Self::go_on(is_plain)
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        Self::go_on(select.into.is_none())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let is_own = relation.0.len() > 1
            && relation.0.first().and_then(text).is_some_and(|it| it == "information_schema");
        let name = last(relation);
        Self::go_on(name.is_some_and(|it| {
            !is_own && !it.starts_with("pg_") && !self.known.writing_views.contains(&it)
        }))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        Self::go_on(match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => {
                self.known.is_known(name)
            }
            _ => true,
        })
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        Self::go_on(match expression {
            Expr::Function(function) => self.known.is_known(&function.name),
            // Any function may stand behind an operator that the database defines itself.
            Expr::BinaryOp { op, .. } => {
                !matches!(op, BinaryOperator::PGCustomBinaryOperator(_) | BinaryOperator::Custom(_))
            }
            _ => true,
        })
    }
}

/// The last part of a name, as the catalog writes it.
fn last(name: &ObjectName) -> Option<String> {
    name.0.last().and_then(text)
}

fn text(part: &ObjectNamePart) -> Option<String> {
    match part {
        ObjectNamePart::Identifier(it) if it.quote_style.is_none() => Some(it.value.to_lowercase()),
        ObjectNamePart::Identifier(it) => Some(it.value.clone()),
        ObjectNamePart::Function(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classifier() -> Classifier {
        let classifier = Classifier::default();
        classifier.learn(&Definitions {
            functions: ["lower", "count", "generate_series", "Odd", "now", "pg_backend_pid"]
                .map(str::to_owned)
                .into(),
            views: [
                ("outer_view", "SELECT * FROM middle_view;"),
                ("middle_view", "SELECT * FROM inner_view;"),
                ("inner_view", "SELECT nextval('s'::regclass) AS n;"),
                ("plain_view", "SELECT lower(name) AS name FROM person;"),
            ]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into(),
        });
        classifier
    }

    fn only_reads(sql: &str) -> bool {
        classifier().only_reads(&sql.into())
    }

    #[test]
    fn what_only_reads_is_known() {
        for sql in [
            "SELECT 1",
            "SELECT a, lower(b), coalesce(c, 'x') FROM t WHERE d = 7 AND e LIKE 'f%' ORDER BY 1 LIMIT 5",
            "WITH n (i) AS (SELECT 1), m AS (SELECT * FROM n) SELECT count(*) FROM m JOIN n USING (i)",
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n",
            "SELECT * FROM generate_series(1, 10) g, plain_view",
            "VALUES (1), (2)",
            "SELECT \"Odd\"(x), current_date, now() FROM s.t WHERE x IN (SELECT y FROM u) AND EXISTS (SELECT 1)",
            "SELECT a -> 'b', c::numeric(10, 2), CASE WHEN d THEN 1 END, x[1] FROM t /* FOR UPDATE */",
            "SELECT 'INSERT INTO t' AS nextval -- nextval('s')",
            "EXPLAIN SELECT 1",
        ] {
            assert!(only_reads(sql), "{sql}");
        }
    }

    #[test]
    fn what_may_write_or_tells_about_one_server_is_not() {
        for sql in [
            "INSERT INTO t VALUES (1)",
            "UPDATE t SET a = 1",
            "SELECT nextval('s')",
            "SELECT public.lowers(a) FROM t",
            "SELECT a FROM t WHERE b = (SELECT odd(c) FROM u)",
            "SELECT * FROM t FOR UPDATE",
            "SELECT * FROM (SELECT * FROM t FOR SHARE SKIP LOCKED) x",
            "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
            "WITH i AS (INSERT INTO t VALUES (1) RETURNING a), n AS (SELECT 1) SELECT * FROM n",
            "SELECT 1 INTO TEMP x",
            "SELECT a OPERATOR(public.+) b FROM t",
            "SELECT * FROM dblink('x', 'DELETE FROM t') AS d(a int)",
            "SELECT pg_backend_pid()",
            "SELECT * FROM pg_stat_activity",
            "SELECT * FROM information_schema.tables",
            "SELECT * FROM inner_view",
            "SELECT * FROM public.outer_view",
            "EXPLAIN ANALYZE SELECT 1",
            "EXPLAIN (ANALYZE) SELECT 1",
            "SHOW server_version",
            "SET work_mem = 1",
            "LOCK TABLE t",
            "CALL p()",
            "COPY t TO STDOUT",
            "SELECT 1; DELETE FROM t",
            "SELECT a FROM t WHERE",
            "",
            "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
            "SELECT count(*) OVER (ORDER BY nextval('s')) FROM t",
            "SELECT 1 LIMIT nextval('s')",
            "SELECT count(*) FILTER (WHERE setval('s', 1) > 0) FROM t",
        ] {
            assert!(!only_reads(sql), "{sql}");
        }
    }

    #[test]
    fn parameters_are_not_in_the_way_and_must_fit() {
        let classifier = classifier();
        let named = Statement::new("SELECT lower(a) FROM t WHERE b = :b").bind_named("b", 1);
        assert!(classifier.only_reads(&named));
        let positional =
            Statement::new("SELECT a FROM t WHERE b = ? AND c @> ?").bind(1).bind("[]");
        assert!(classifier.only_reads(&positional));
        assert!(!classifier.only_reads(&"SELECT a FROM t WHERE b = ?".into()), "nothing is bound");
    }

    #[test]
    fn what_is_learnt_later_counts() {
        let classifier = classifier();
        let statement = "SELECT audit(1)".into();
        assert!(!classifier.only_reads(&statement));
        let functions = vec!["audit".to_owned()];
        classifier.learn(&Definitions { functions, ..Definitions::default() });
        assert!(classifier.only_reads(&statement));
        classifier.learn(&Definitions::default());
        assert!(!classifier.only_reads(&statement));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let classifier = classifier();
        for number in 0..TEXTS_MAX * 2 {
            assert!(classifier.only_reads(&format!("SELECT {number}").into()));
        }
        assert!(classifier.texts().len() <= TEXTS_MAX);
    }
}
