//! Formats of text: what an identifier, an address or a number must look like. One file each, with
//! its rule and the source of the rule.
//!
//! A format looks at the whole text and forgives nothing around it: no blanks, no line ends. It
//! allocates nothing.

use std::fmt;

macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident = $module:ident;)*) => {
        $(mod $module;)*

        /// A format that text can have.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Format {
            $($(#[$doc])* $variant,)*
        }

        impl Format {
            /// Every format, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name in a rule set.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($module),)* }
            }

            /// Whether `text` has this format.
            #[inline]
            pub fn matches(self, text: &[u8]) -> bool {
                match self { $(Self::$variant => $module::matches(text),)* }
            }
        }
    };
}

formats! {
    /// A US National Provider Identifier: ten digits, of which the first is 1 or 2 and the last is
    /// the Luhn check digit with the prefix 80840.
    Npi = npi;
    /// An e-mail address `local@host.domain` as people write it: ASCII, without quotes and comments.
    Email = email;
    /// The ten digits of a US phone number, with or without `+1` and punctuation.
    Phone = phone;
    /// A US ZIP code: `12345` or `12345-6789`.
    UsZip = us_zip;
    /// The two capital letters of the US Postal Service for a state, district, territory or military mail.
    UsState = us_state;
    /// At least two digits, of which the last is the Luhn check digit of the others.
    Luhn = luhn;
    /// A day that exists, `YYYY-MM-DD`.
    IsoDate = iso_date;
    /// An absolute `http` or `https` URL with a host that the world could know.
    Url = url;
    /// A UUID: 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
    Uuid = uuid;
    /// A registration number of the US Drug Enforcement Administration: two characters, six digits and
    /// their check digit.
    Dea = dea;
    /// A CMS certification number of a US provider (six characters) or supplier (ten).
    Ccn = ccn;
    /// A code of the US Health Care Provider Taxonomy: ten characters, of which the last is `X`.
    NuccTaxonomy = nucc_taxonomy;
}

impl Format {
    /// The format called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Asserts which texts have a format and which do not, and that nothing around them is forgiven.
#[cfg(test)]
#[track_caller]
fn assert_format(format: Format, valid: &[&str], invalid: &[&str]) {
    for text in valid {
        assert!(format.matches(text.as_bytes()), "{format}: {text:?}");
        for around in
            [format!(" {text}"), format!("{text} "), format!("{text}\n"), format!("{text}\0")]
        {
            assert!(!format.matches(around.as_bytes()), "{format}: {around:?}");
        }
    }
    for text in invalid.iter().chain(&["", " ", "é", "\u{ff11}", "x".repeat(1000).as_str()]) {
        assert!(!format.matches(text.as_bytes()), "{format}: {text:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_format() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(*format));
        }
        assert_eq!(Format::UsZip.name(), "us_zip");
        assert_eq!(Format::from_name("NPI"), None);
    }
}
