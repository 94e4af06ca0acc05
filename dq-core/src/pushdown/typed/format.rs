//! Formats: regular expressions of ASCII, and the arithmetic of their check digits.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::target::{Asked, Reason};
use crate::pushdown::typed::words::Words;
use crate::rules::format::Format;

/// A day that exists, `YYYY-MM-DD`.
pub(crate) const DAY: &str = "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)";

const ATEXT: &str = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]";

/// Whether a text has a format.
///
/// # Errors
///
/// Formats that have no translation.
pub(crate) fn has(words: &dyn Words, text: &Fragment, format: Format) -> Result<Asked, Reason> {
    let is = |pattern: &str| words.is(text, pattern);
    Ok(Asked::certain(match format {
        Format::Luhn => return Ok(words.luhn(text)),
        Format::Npi => words.npi(text),
        Format::Dea => dea(words, text),
        Format::Email => email(words, text),
        Format::Phone => {
            is("^([0-9]|[(][ ().-]*[0-9])([ ().-]*[0-9]){9}$|^[+]?1([ ().-]*[0-9]){10}$")
        }
        Format::UsZip => is("^[0-9]{5}(-[0-9]{4})?$"),
        Format::UsState => is(
            "^(A[AEKLPRSZ]|C[AOT]|D[CE]|F[LM]|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEHINOPST]|N[CDEHJMVY]|O[HKR]|P[ARW]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY])$",
        ),
        Format::IsoDate => is(&format!("^{DAY}$")),
        Format::Uuid => is("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"),
        Format::Ccn => {
            is("^[0-9A-Z][0-9]([0-9]{4}|[0-9]{3}[EF]|[A-Z][0-9A-Z][0-9]{2}|[CDX][0-9]{7})$")
        }
        Format::NuccTaxonomy => is("^[0-9]{3}[0-9A-Z]{2}[0-9]{4}X$"),
        Format::Url => return Err(format!("the format `{format}` has no translation")),
    }))
}

fn dea(words: &dyn Words, text: &Fragment) -> Fragment {
    let digit = |place: u32| {
        Fragment::new("(ascii(substr(").and(text).text(&format!(", {place}, 1)) - 48)"))
    };
    let sum = |places: [u32; 3]| Fragment::joined(&places.map(digit), " + ").enclosed();
    let form = words.is(text, "^[A-HJ-NPR-UX][A-Z9][0-9]{7}$");
    let sum = sum([3, 5, 7]).text(" + 2 * ").and(&sum([4, 6, 8])).enclosed();
    let checked = Fragment::new("CASE WHEN ").and(&form).text(" THEN ").and(&sum);
    let checked = checked.text(" % 10 = ").and(&digit(9)).text(" WHEN ").and(text);
    checked.text(" IS NOT NULL THEN false END").enclosed()
}

fn email(words: &dyn Words, text: &Fragment) -> Fragment {
    let label = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?";
    let form = format!("^{ATEXT}+([.]{ATEXT}+)*@({label}[.])+{label}$");
    let short = Fragment::new("(octet_length(").and(text).text(") <= 254 AND position('@' IN ");
    let short = short.and(text).text(") <= 65 AND ").and(&words.is(text, &form));
    let short = short.text(" AND NOT ").and(&words.is(text, "[.][0-9]+$"));
    let short = short.text(" AND (octet_length(").and(text).text(") <= 65 OR NOT ");
    // There is one @.
    short.and(&words.is(text, "@.*[^.]{64}")).text("))")
}
