//! The JSON report: the report itself, as `docs/report.schema.json` describes it.

use std::io;

use crate::validate::Report;

/// Writes `report` as indented JSON with a newline at its end.
pub(crate) fn render(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;
    use serde_json::{Value, json};

    fn rendered(report: &Report) -> String {
        let mut out = Vec::new();
        render(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn schema() -> jsonschema::Validator {
        let schema = include_str!("../../../docs/report.schema.json");
        jsonschema::draft202012::new(&serde_json::from_str(schema).unwrap()).unwrap()
    }

    #[test]
    fn a_program_gets_all_that_is_known() {
        insta::assert_snapshot!(rendered(&testing::report()));
    }

    #[test]
    fn the_schema_describes_every_report() {
        let reports = [
            testing::report(),
            testing::report_with_values(),
            testing::report_with_baseline(),
            testing::report_from_cache(),
        ];
        for report in reports {
            let text = rendered(&report);
            assert!(text.ends_with("}\n"));
            let errors: Vec<_> = schema()
                .iter_errors(&serde_json::from_str(&text).unwrap())
                .map(|it| format!("{}: {it}", it.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }

    #[test]
    fn the_schema_knows_every_property_of_a_report() {
        let closed = include_str!("../../../docs/report.schema.json")
            .replace("\"required\":", "\"additionalProperties\": false, \"required\":");
        let schema = jsonschema::draft202012::new(&serde_json::from_str(&closed).unwrap()).unwrap();
        let all = [
            testing::report_with_values(),
            testing::report_with_baseline(),
            testing::report_from_cache(),
        ];
        for report in all {
            let report = serde_json::from_str(&rendered(&report)).unwrap();
            let validated = schema.validate(&report).map_err(|it| it.to_string());
            assert_eq!(validated, Ok(()));
        }
    }

    #[test]
    fn what_is_written_can_be_read_back() {
        for report in [testing::report_with_values(), testing::report_from_cache()] {
            let text = rendered(&report);
            let read: Report = serde_json::from_str(&text).unwrap();
            assert_eq!(rendered(&read), text);
        }
    }

    #[test]
    fn the_schema_refuses_what_is_no_report() {
        let good: Value = serde_json::from_str(&rendered(&testing::report())).unwrap();
        let wrong = [
            ("/format", json!(2)),
            ("/status", json!("ok")),
            ("/as_of", json!("today")),
            ("/rules/0/checks/1/violations", json!(-1)),
            ("/rules/0/checks/1/severity", json!("urgent")),
            ("/rules/0/checks/1/error", json!("an error without the status")),
            ("/rules/0/checks/1/sample/0", json!({"row": 1})),
        ];
        for (place, value) in wrong {
            let mut report = good.clone();
            *report.pointer_mut(place).unwrap() = value;
            assert!(!schema().is_valid(&report), "{place}");
        }
    }
}
