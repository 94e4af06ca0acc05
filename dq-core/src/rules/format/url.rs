//! `url`: an absolute `http` or `https` URL.
//!
//! `http://` or `https://` in either case, a host, perhaps `:` and a port of 1 to 65535, perhaps a path, a
//! query and a fragment. The host is two or more labels as in `email`, a dotted IPv4 address, or an IPv6
//! address in brackets. Behind it stand only the characters that a URI may have, and `%` only before two
//! hexadecimal digits; at most 8,000 bytes in all. Other schemes, hosts of one label such as `localhost`,
//! user names and passwords, blanks and non-ASCII characters are refused: some are legal, and in reference
//! data nearly always a mistake.
//!
//! Source: RFC 3986, sections 2 (characters), 3.2.2 (host), 3.2.3 (port), 3.3 to 3.5 and appendix A; RFC 9110,
//! sections 4.1 (length), 4.2.1, 4.2.2 and 4.2.4 (`http`, `https`, no user information).

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::rules::format::email;

const URL_MAX: usize = 8000;
const HOST_MAX: usize = 253;

pub(super) fn matches(text: &[u8]) -> bool {
    let Some(rest) = without_scheme(text).filter(|_| text.len() <= URL_MAX) else { return false };
    let end = rest.iter().position(|it| matches!(it, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let Some((authority, rest)) = rest.split_at_checked(end) else { return false };
    is_authority(authority) && is_path_query_fragment(rest)
}

fn without_scheme(text: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memchr(b':', text)?;
    let (scheme, rest) = text.split_at_checked(colon)?;
    let is_web = scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https");
    rest.strip_prefix(b"://").filter(|_| is_web)
}

fn is_authority(authority: &[u8]) -> bool {
    if let [b'[', rest @ ..] = authority {
        let Some(end) = memchr::memchr(b']', rest) else { return false };
        let Some((address, port)) = rest.split_at_checked(end) else { return false };
        let port = port.strip_prefix(b"]").unwrap_or_default();
        return parses::<Ipv6Addr>(address) && is_port(port);
    }
    let end = memchr::memchr(b':', authority).unwrap_or(authority.len());
    let Some((host, port)) = authority.split_at_checked(end) else { return false };
    let is_host = host.len() <= HOST_MAX && (email::is_domain(host) || parses::<Ipv4Addr>(host));
    is_host && is_port(port)
}

/// Whether this is nothing, or a colon and a port.
fn is_port(text: &[u8]) -> bool {
    match text {
        [] => true,
        [b':', b'1'..=b'9', ..] => {
            let digits = text.strip_prefix(b":").unwrap_or_default();
            digits.iter().all(u8::is_ascii_digit) && parses::<u16>(digits)
        }
        _ => false,
    }
}

fn parses<T: std::str::FromStr>(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|it| it.parse::<T>().is_ok())
}

fn is_path_query_fragment(mut text: &[u8]) -> bool {
    let mut fragments = 0;
    while let [first, rest @ ..] = text {
        text = match (first, rest) {
            (b'%', [high, low, rest @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                rest
            }
            (b'#', rest) if fragments == 0 => {
                fragments += 1;
                rest
            }
            (byte, rest) if is_uri_character(*byte) => rest,
            _ => return false,
        };
    }
    true
}

/// Whether a byte is a `pchar` but for `%`, or one of `/` and `?`.
const fn is_uri_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
                | b'/'
                | b'?'
        )
}

#[cfg(test)]
mod tests {
    use crate::rules::format::Format;
    use crate::rules::format::assert_format;

    #[test]
    fn url_is_absolute_and_has_a_host() {
        let longest = format!("https://example.org/{}", "p".repeat(8000 - 20));
        #[rustfmt::skip]
        let valid = [
            "http://example.org", "https://www.example.org/", "HTTPS://EXAMPLE.ORG/A", "https://example.org:8443/a/b.html?q=1&r=%20#top",
            "https://example.org?q", "https://example.org#x", "http://192.0.2.1/", "http://[2001:db8::1]:80/", "http://[::]",
            "https://example.org/~a/(b);c=d,e/@f:g", "https://xn--bcher-kva.example", "https://example.org/#/route?x", longest.as_str(),
        ];
        let too_long = format!("{longest}p");
        #[rustfmt::skip]
        let invalid = [
            "example.org", "www.example.org/a", "//example.org", "http:/example.org", "http:example.org", "http://", "http:///a", "https://localhost/",
            "ftp://example.org/", "mailto:a@example.org", "javascript:alert(1)", "httpss://example.org", "http://example.org:0/", "http://example.org:65536/",
            "http://example.org:", "http://example.org:8o/", "http://example.org:+80/", "http://user@example.org/", "http://user:word@example.org/",
            "http://256.0.0.1/", "http://1.2.3/", "http://192.0.2.01/", "http://[::1", "http://[::1]a", "http://[192.0.2.1]/", "http://2001:db8::1/",
            "http://-a.org", "http://a_b.org", "http://example..org", "http://example.org.", "http://example.org/a b", "http://example.org/%2",
            "http://example.org/%zz", "http://example.org/#a#b", "http://example.org/<a>", "http://example.org/\"", "http://example.org/[a]",
            "http://example.org/a|b", "http://example.org\\a", "http://example.org/é", "http://é.org/", too_long.as_str(),
        ];
        assert_format(Format::Url, &valid, &invalid);
    }
}
