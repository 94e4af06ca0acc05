//! The kinds of defects and the checks of the pack belong together.

use std::collections::{BTreeMap, BTreeSet};

use dq_core::generate::Defect;
use dq_core::packs::Pack;

#[test]
fn every_check_of_the_pack_has_a_defect_that_it_finds() {
    let rules = Pack::Healthcare.rules(&BTreeMap::new()).unwrap();
    let checks = rules
        .rules()
        .iter()
        .flat_map(|rule| rule.checks.iter().map(move |check| format!("{}/{}", rule.id, check.id)));
    let found = Defect::ALL.iter().flat_map(|it| it.checks()).map(|it| (*it).to_owned());
    assert_eq!(checks.collect::<BTreeSet<_>>(), found.collect());
}

#[test]
fn the_rows_of_a_defect_are_in_the_table_of_its_checks() {
    let rules = Pack::Healthcare.rules(&BTreeMap::new()).unwrap();
    for defect in Defect::ALL {
        for name in defect.checks() {
            let (rule, check) = name.split_once('/').unwrap();
            let rule = rules.rules().iter().find(|it| it.id == rule).unwrap();
            let check = rule.checks.iter().find(|it| it.id == check).unwrap();
            assert_eq!(check.table, defect.table().as_str(), "{defect}: {name}");
        }
    }
}
