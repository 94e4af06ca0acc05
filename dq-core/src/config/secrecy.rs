//! Which secrets are none, because they are short or stand in somebody's documentation.

use zeroize::Zeroizing;

use crate::secret::Secret;

/// What an HMAC of SHA-256 needs: a key as long as its output.
const SIGNING_KEY_BYTES_MIN: usize = 32;

/// Fewer different bytes than this are a repeated word.
const DIFFERENT_BYTES_MIN: usize = 8;

/// What templates, tutorials and examples write where a secret belongs; in lower case and without
/// anything that is no letter or digit.
const PLACEHOLDERS: [&str; 12] = [
    "yoursecret",
    "yourjwtsecret",
    "yoursupersecret",
    "mysecret",
    "mysupersecret",
    "supersecret",
    "secretkey",
    "jwtsecret",
    "changeme",
    "changethis",
    "replaceme",
    "insecure",
];

/// Whether a secret can sign tokens. The error says why it cannot, without repeating it.
pub(crate) fn is_hard_to_guess(secret: &str) -> Result<(), String> {
    let letters = secret.chars().filter(|it| it.is_alphanumeric());
    let word: Zeroizing<String> = letters.flat_map(char::to_lowercase).collect::<String>().into();
    if PLACEHOLDERS.iter().any(|it| word.contains(it)) {
        let advice = "make one, for example with `openssl rand -base64 48`";
        return Err(format!("this secret is a placeholder that everybody knows: {advice}"));
    }
    if secret.len() < SIGNING_KEY_BYTES_MIN {
        return Err(format!("this secret has fewer than {SIGNING_KEY_BYTES_MIN} bytes"));
    }
    if different(secret.as_bytes()) < DIFFERENT_BYTES_MIN {
        return Err("this secret repeats a few characters".to_owned());
    }
    Ok(())
}

/// Whether a secret is a key to encrypt with, made at random. The error says why it is not, without
/// repeating it.
pub(crate) fn is_random_key(secret: &Secret) -> Result<(), String> {
    let advice = "make one, for example with `openssl rand -base64 32`";
    let Some(key) = secret.to_key() else {
        return Err(format!(
            "expected a key of 32 bytes, as 64 hexadecimal digits or in base64: {advice}"
        ));
    };
    // Of 32 bytes at random, never so few are different.
    if different(&*key) < DIFFERENT_BYTES_MIN {
        return Err(format!("this key repeats a few bytes: {advice}"));
    }
    Ok(())
}

fn different(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in bytes {
        if let Some(it) = seen.get_mut(usize::from(*byte)) {
            *it = true;
        }
    }
    seen.iter().filter(|it| **it).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_knows_is_refused() {
        for secret in [
            "your-secret-key",
            "YOUR_SECRET_KEY_CHANGE_IN_PRODUCTION_PLEASE",
            "your-super-secret-jwt-key-that-is-long-enough",
            "please change me before you go to production",
            "",
            "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d",
            "abababababababababababababababababab",
        ] {
            assert!(is_hard_to_guess(secret).is_err(), "{secret}");
        }
        is_hard_to_guess("q8Zx3vT1mR7pLk2Wn5Yc9Hd4Jf6Gb0As").unwrap();
    }
    #[test]
    fn a_key_is_random() {
        let zeros = "0".repeat(64);
        for key in ["", "canary", "your-secret-key", zeros.as_str()] {
            let error = is_random_key(&key.into()).unwrap_err();
            assert!(error.contains("openssl") && !error.contains("canary"), "{error}");
        }
        is_random_key(&"LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=".into()).unwrap();
    }
}
