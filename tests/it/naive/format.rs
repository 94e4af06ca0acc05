//! Formats, as regular expressions.

use regex::Regex;

use crate::naive::parse_day;

/// States, the capital's district, territories, associated states, military mail.
const STATES: &str = "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM \
                      NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR VI FM MH PW AA AE AP";

/// Whether `text` has the format called `name`.
pub(crate) fn has_format(name: &str, text: &str) -> bool {
    match name {
        "npi" => is(r"[12][0-9]{9}", text) && is_luhn(&format!("80840{text}")),
        "luhn" => is(r"[0-9]{2,}", text) && is_luhn(text),
        "us_zip" => is(r"[0-9]{5}(-[0-9]{4})?", text),
        "us_state" => STATES.split_whitespace().any(|it| it == text),
        "phone" => is(r"(\+?1[ .()-]*)?\(?[0-9]([ .()-]*[0-9]){9}", text),
        "iso_date" => parse_day(text).is_some(),
        "email" => is_email(text),
        other => panic!("no format {other}"),
    }
}

fn is(pattern: &str, text: &str) -> bool {
    Regex::new(&format!("^(?:{pattern})$")).unwrap().is_match(text)
}

fn is_luhn(digits: &str) -> bool {
    let mut sum = 0;
    for (place, digit) in digits.chars().rev().enumerate() {
        let digit = digit.to_digit(10).unwrap();
        let counted = if place % 2 == 1 { (2 * digit).to_string() } else { digit.to_string() };
        sum += counted.chars().map(|it| it.to_digit(10).unwrap()).sum::<u32>();
    }
    sum % 10 == 0
}

fn is_email(text: &str) -> bool {
    let atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    let Some((local, domain)) = text.split_once('@') else { return false };
    let last = domain.rsplit('.').next().unwrap();
    text.len() <= 254
        && local.len() <= 64
        && is(&format!(r"{atom}(\.{atom})*"), local)
        && is(&format!(r"{label}(\.{label})+"), domain)
        && !is("[0-9]*", last)
}
