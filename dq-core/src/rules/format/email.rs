//! `email`: an e-mail address as people write it.
//!
//! `local@domain`, at most 254 bytes of ASCII. The local part has 1 to 64 letters, digits and
//! ``!#$%&'*+-/=?^_`{|}~``, and dots that are neither first, last nor doubled. The domain has two or
//! more labels between dots, each of 1 to 63 letters, digits and inner hyphens; the last is not all
//! digits. Quoted local parts, comments, address literals such as `[127.0.0.1]` and non-ASCII addresses
//! are refused: they are legal, and in reference data nearly always a mistake.
//!
//! Source: RFC 5321, sections 4.1.2 (`Dot-string`, `Domain`), 4.5.3.1 (lengths) and erratum 1690; RFC 5322,
//! section 3.2.3 (`atext`); RFC 1035, section 2.3.1 and RFC 1123, section 2.1 (labels).

const ADDRESS_MAX: usize = 254;
const LOCAL_MAX: usize = 64;
const LABEL_MAX: usize = 63;

pub(super) fn matches(text: &[u8]) -> bool {
    if text.len() > ADDRESS_MAX {
        return false;
    }
    let Some((local, domain)) = memchr::memchr(b'@', text).and_then(|at| text.split_at_checked(at))
    else {
        return false;
    };
    is_local(local) && domain.strip_prefix(b"@").is_some_and(is_domain)
}

fn is_local(local: &[u8]) -> bool {
    let is_atom = |atom: &[u8]| !atom.is_empty() && atom.iter().all(|byte| is_atext(*byte));
    local.len() <= LOCAL_MAX && local.split(|byte| *byte == b'.').all(is_atom)
}

/// Whether `domain` is two or more labels, of which the last is not all digits.
pub(super) fn is_domain(domain: &[u8]) -> bool {
    let mut labels = domain.rsplit(|byte| *byte == b'.');
    let last = labels.next().unwrap_or_default();
    let (mut others, mut count) = (true, 0);
    for label in labels {
        others &= is_label(label);
        count += 1;
    }
    others && count > 0 && is_label(last) && !last.iter().all(u8::is_ascii_digit)
}

fn is_label(label: &[u8]) -> bool {
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let has_ends = !matches!(label, [] | [b'-', ..] | [.., b'-']);
    has_ends && label.len() <= LABEL_MAX && label.iter().all(is_inner)
}

const fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'/'
                | b'='
                | b'?'
                | b'^'
                | b'_'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
                | b'~'
        )
}

#[cfg(test)]
mod tests {
    use crate::rules::format::Format;
    use crate::rules::format::assert_format;

    #[test]
    fn email_is_a_plain_address_with_a_domain() {
        let (label, local) = ("d".repeat(63), "l".repeat(64));
        let longest = format!("{local}@{label}.{label}.{}", "d".repeat(61));
        let valid = [
            "a@b.co",
            "jane.doe@example.org",
            "o'brien+tag@sub.example.com",
            "x_y-z@ex-ample.com",
            "1@2.de",
            "a@1.x1",
            "a@b.xn--p1ai",
            longest.as_str(),
        ];
        let (too_long, long_local) = (format!("{longest}d"), format!("l{local}@b.co"));
        let long_label = format!("a@d{label}.com");
        #[rustfmt::skip]
        let invalid = [
            "a", "a@", "@b.co", "a@b", "a@@b.co", "a@b@c.co", "a b@c.co", ".a@b.co", "a.@b.co", "a..b@c.co", "a@.co", "a@b.", "a@b..co",
            "a@-b.co", "a@b-.co", "a@b.c_o", "a@127.0.0.1", "a@[127.0.0.1]", "\"a\"@b.co", "a@b.co,c@d.co", "<a@b.co>", "é@b.co", "a@é.co",
            "mailto:a@b.co", too_long.as_str(), long_local.as_str(), long_label.as_str(),
        ];
        assert_format(Format::Email, &valid, &invalid);
    }
}
