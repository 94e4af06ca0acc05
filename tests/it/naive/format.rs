//! Formats, as regular expressions.

use regex::Regex;

use crate::naive::parse_day;
use crate::naive::pattern::is_found;

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
        "url" => is_url(text),
        "uuid" => is("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text),
        "dea" => is("[ABCDEFGHJKLMNPRSTUX][A-Z9][0-9]{7}", text) && has_dea_check_digit(text),
        "ccn" => {
            let provider = "[0-9]{4}|[0-9]{3}[EF]|[A-Z][0-9A-Z][0-9]{2}";
            is(&format!("[0-9A-Z][0-9]({provider}|[CDX][0-9]{{7}})"), text)
        }
        "nucc_taxonomy" => is("[0-9]{3}[0-9A-Z]{2}[0-9]{4}X", text),
        other => panic!("no format {other}"),
    }
}

fn is(pattern: &str, text: &str) -> bool {
    is_found(&format!("^(?:{pattern})$"), text)
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

fn has_dea_check_digit(text: &str) -> bool {
    let digits: Vec<_> = text.chars().skip(2).map(|it| it.to_digit(10).unwrap()).collect();
    let once = digits[0] + digits[2] + digits[4];
    let twice = digits[1] + digits[3] + digits[5];
    (once + 2 * twice) % 10 == digits[6]
}

fn is_url(text: &str) -> bool {
    let octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    let character = r"[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}";
    let rest = format!(r"(/({character})*)?(\?({character}|\?)*)?(#({character}|\?)*)?");
    let url = Regex::new(&format!(r"^(?i:https?)://(\[[^\]]*\]|[^:/?#\[\]]+)(:[0-9]+)?{rest}$"));
    let Some(parts) = url.unwrap().captures(text) else { return false };
    let is_port = |it: &str| {
        is(":[1-9][0-9]{0,4}", it) && it.trim_start_matches(':').parse::<u32>().unwrap() < 65536
    };
    let host = &parts[1];
    text.len() <= 8000
        && parts.get(2).is_none_or(|it| is_port(it.as_str()))
        && match host.strip_prefix('[') {
            Some(address) => address.trim_end_matches(']').parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                is(&format!(r"{octet}(\.{octet}){{3}}"), host)
                    || (host.len() <= 253 && is_domain(host))
            }
        }
}

fn is_email(text: &str) -> bool {
    let atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    let Some((local, domain)) = text.split_once('@') else { return false };
    text.len() <= 254
        && local.len() <= 64
        && is(&format!(r"{atom}(\.{atom})*"), local)
        && is_domain(domain)
}

fn is_domain(domain: &str) -> bool {
    let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    let last = domain.rsplit('.').next().unwrap();
    is(&format!(r"{label}(\.{label})+"), domain) && !is("[0-9]*", last)
}
