//! Formats: regular expressions of ASCII, and the arithmetic of their check digits.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::target::{Reason, Site};
use crate::rules::format::Format;

/// A day that exists, `YYYY-MM-DD`.
pub(crate) const DAY: &str = "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)";

const ATEXT: &str = "[A-Za-z0-9!#$%&''*+/=?^_`{|}~-]";

/// Whether a text has a format.
///
/// # Errors
///
/// Formats that have no translation.
pub(crate) fn has(text: &Fragment, format: Format, site: Site) -> Result<Fragment, Reason> {
    Ok(match format {
        Format::Npi => npi(text, &sum_of_npi(text, site)),
        Format::Luhn => luhn(text),
        Format::Dea => dea(text),
        Format::Email => email(text),
        Format::Phone => {
            is(text, "^([0-9]|[(][ ().-]*[0-9])([ ().-]*[0-9]){9}$|^[+]?1([ ().-]*[0-9]){10}$")
        }
        Format::UsZip => is(text, "^[0-9]{5}(-[0-9]{4})?$"),
        Format::UsState => is(
            text,
            "^(A[AEKLPRSZ]|C[AOT]|D[CE]|F[LM]|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEHINOPST]|N[CDEHJMVY]|O[HKR]|P[ARW]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY])$",
        ),
        Format::IsoDate => is(text, &format!("^{DAY}$")),
        Format::Uuid => is(text, "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"),
        Format::Ccn => {
            is(text, "^[0-9A-Z][0-9]([0-9]{4}|[0-9]{3}[EF]|[A-Z][0-9A-Z][0-9]{2}|[CDX][0-9]{7})$")
        }
        Format::NuccTaxonomy => is(text, "^[0-9]{3}[0-9A-Z]{2}[0-9]{4}X$"),
        Format::Url => return Err(format!("the format `{format}` has no translation")),
    })
}

/// Whether a text matches a regular expression of ours.
pub(crate) fn is(text: &Fragment, pattern: &str) -> Fragment {
    Fragment::new("(").and(text).text(" ~ '").text(pattern).text("')").with_pattern()
}

/// The sum of ten digits, with that of the prefix of all of them.
fn sum_of_npi(text: &Fragment, site: Site) -> Fragment {
    match site {
        Site::Here => sum_of_pairs(text),
        Site::Shards => sum_of_digits(text),
    }
}

/// The sum of each digit, every other of them doubled. `postgres_fdw` sends no text that is read as a number.
fn sum_of_digits(text: &Fragment) -> Fragment {
    let doubled = Fragment::new("translate(").and(text).text(", '0123456789', '0246813579')");
    let digits: Vec<_> = (1..=10)
        .map(|place| {
            let from = if place % 2 == 1 { &doubled } else { text };
            Fragment::new("ascii(substr(").and(from).text(&format!(", {place}, 1))"))
        })
        .collect();
    // Ten times the code of `0` is a multiple of 10.
    Fragment::new("24 + ").and(&Fragment::joined(&digits, " + "))
}

/// The sum of each pair of digits is looked up.
fn sum_of_pairs(text: &Fragment) -> Fragment {
    let sums: Vec<_> = (0..100_u32).map(pair_sum).map(|it| it.to_string()).collect();
    let sums = format!("('{{{}}}'::int4[])", sums.join(","));
    let number = text.enclosed().text("::int8");
    let mut sum = Fragment::new("24");
    for place in [1_u64, 100, 10_000, 1_000_000, 100_000_000] {
        sum = sum.text(&format!(" + {sums}[1 + "));
        sum = sum.and(&number).text(&format!(" / {place} % 100]"));
    }
    sum
}

/// Ten digits.
fn npi(text: &Fragment, sum: &Fragment) -> Fragment {
    let digits =
        Fragment::new("CASE WHEN octet_length(").and(text).text(") = 10 AND octet_length(btrim(");
    let digits = digits.and(text).text(", '0123456789')) = 0 THEN ").and(text);
    digits
        .text(" ~<~ '3' AND ")
        .and(text)
        .text(" ~>=~ '1' AND (")
        .and(sum)
        .text(") % 10 = 0 WHEN ")
        .and(text)
        .text(" IS NOT NULL THEN false END")
        .enclosed()
}

/// What two digits add to the sum of Luhn, the first of them doubled.
fn pair_sum(pair: u32) -> u32 {
    let (odd, even) = (pair / 10, pair % 10);
    odd * 2 - 9 * u32::from(odd > 4) + even
}

/// Digits, however many.
pub(crate) fn luhn(text: &Fragment) -> Fragment {
    let digits =
        Fragment::new("CASE WHEN octet_length(").and(text).text(") >= 2 AND octet_length(btrim(");
    let digits =
        digits.and(text).text(", '0123456789')) = 0 THEN (SELECT sum(CASE WHEN (octet_length(");
    let doubled = digits
        .and(text)
        .text(") - i) % 2 = 1 THEN d * 2 - CASE WHEN d > 4 THEN 9 ELSE 0 END ELSE d END)");
    let each = doubled.text(" FROM (SELECT i, ascii(substr(").and(text);
    let each = each.text(", i, 1)) - 48 AS d FROM generate_series(1, octet_length(").and(text);
    each.text(")) AS i) AS digits) % 10 = 0 WHEN ")
        .and(text)
        .text(" IS NOT NULL THEN false END")
        .enclosed()
}

fn dea(text: &Fragment) -> Fragment {
    let digit = |place: u32| {
        Fragment::new("(ascii(substr(").and(text).text(&format!(", {place}, 1)) - 48)"))
    };
    let sum = |places: [u32; 3]| Fragment::joined(&places.map(digit), " + ").enclosed();
    let form = is(text, "^[A-HJ-NPR-UX][A-Z9][0-9]{7}$");
    let sum = sum([3, 5, 7]).text(" + 2 * ").and(&sum([4, 6, 8])).enclosed();
    let checked = Fragment::new("CASE WHEN ").and(&form).text(" THEN ").and(&sum);
    let checked = checked.text(" % 10 = ").and(&digit(9)).text(" WHEN ").and(text);
    checked.text(" IS NOT NULL THEN false END").enclosed()
}

fn email(text: &Fragment) -> Fragment {
    let label = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?";
    let form = format!("^{ATEXT}+([.]{ATEXT}+)*@({label}[.])+{label}$");
    let short = Fragment::new("(octet_length(").and(text).text(") <= 254 AND strpos(").and(text);
    let short = short.text(", '@') <= 65 AND ").and(&is(text, &form)).text(" AND ").and(text);
    let short =
        short.text(" !~ '[.][0-9]+$' AND (octet_length(").and(text).text(") <= 65 OR split_part(");
    short.and(text).text(", '@', 2) !~ '[^.]{64}'))").with_pattern().with_pattern()
}
