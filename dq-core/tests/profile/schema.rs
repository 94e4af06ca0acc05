//! `docs/profile.schema.json` describes every profile.

use dq_core::profile::{Profile, ProfileFormat, ProfileOptions, profile, render};

use crate::clinics::Clinics;
use crate::tables::{one_column, options, source, wait};

const SCHEMA: &str = include_str!("../../../docs/profile.schema.json");

fn rendered(found: &Profile) -> serde_json::Value {
    let mut out = Vec::new();
    render(found, ProfileFormat::Json, &mut out).unwrap();
    assert!(out.ends_with(b"}\n"));
    serde_json::from_slice(&out).unwrap()
}

fn validator(schema: &str) -> jsonschema::Validator {
    jsonschema::draft202012::new(&serde_json::from_str(schema).unwrap()).unwrap()
}

#[test]
fn the_schema_describes_every_profile_and_knows_every_property() {
    let closed = SCHEMA.replace("\"required\":", "\"additionalProperties\": false, \"required\":");
    let clinics = Clinics::new(1);
    let many: Vec<_> = (0..4000).map(|it| Some(it.to_string())).collect();
    let profiles = [
        (clinics.source(), ProfileOptions { suggest: true, ..options(1) }),
        (clinics.source(), ProfileOptions { show_values: false, ..options(1) }),
        (one_column("it", &many), ProfileOptions { memory_bytes: 1000, ..options(1) }),
        (source::<&str>(&["a"], &[]), options(1)),
    ];
    for (source, options) in profiles {
        let found = rendered(&wait(profile(&source, &options)).unwrap());
        for schema in [SCHEMA, &closed] {
            let schema = validator(schema);
            let errors: Vec<_> = schema
                .iter_errors(&found)
                .map(|it| format!("{}: {it}", it.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }
}

#[test]
fn the_schema_refuses_what_is_no_profile() {
    let good = rendered(&wait(profile(&Clinics::new(1).source(), &options(1))).unwrap());
    let wrong = [
        ("/format", serde_json::json!(2)),
        ("/tables/0/rows", serde_json::json!(-1)),
        ("/tables/0/columns/0/distinct", serde_json::json!(7)),
        ("/tables/0/columns/0/kinds/0/kind", serde_json::json!("number")),
    ];
    for (place, value) in wrong {
        let mut found = good.clone();
        *found.pointer_mut(place).unwrap() = value;
        assert!(!validator(SCHEMA).is_valid(&found), "{place}");
    }
}
