//! In which order tables are scanned.

use crate::rules::plan::{Kernel, PlannedCheck};

/// The positions of `tables` tables: each after those that its keys point to, as far as they do not
/// point in a circle. Then the key sets of parents are complete when those of their children are, and
/// a check can be decided as soon as its last table has been read.
pub(crate) fn parents_first(tables: usize, checks: &[PlannedCheck]) -> Vec<usize> {
    let edges: Vec<_> = checks.iter().filter_map(child_and_parent).collect();
    let mut order = Vec::with_capacity(tables);
    let mut seen = vec![false; tables];
    for table in 0..tables {
        visit(table, &edges, &mut seen, &mut order);
    }
    order
}

fn child_and_parent(check: &PlannedCheck) -> Option<(usize, usize)> {
    match check.kernel {
        Kernel::References { child, parent } | Kernel::Cardinality { child, parent, .. } => {
            Some((child.set.table, parent.set.table))
        }
        _ => None,
    }
}

fn visit(table: usize, edges: &[(usize, usize)], seen: &mut [bool], order: &mut Vec<usize>) {
    match seen.get_mut(table) {
        Some(seen) if !*seen => *seen = true,
        _ => return,
    }
    for (child, parent) in edges {
        if *child == table {
            visit(*parent, edges, seen, order);
        }
    }
    order.push(table);
}
