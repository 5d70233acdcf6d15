//! Whether a caller knows a secret: a password, a token, a header's value. It compares in constant time and reads no request.

use crate::digest;

/// Whether a text is one of the secrets. All of them are looked at whole, and the time tells nothing of their lengths.
pub fn is_one_of(given: &[u8], secrets: &[&str]) -> bool {
    let given = digest::sha256(given);
    secrets.iter().fold(false, |seen, secret| seen | digest::same(&digest::sha256(secret.as_bytes()), &given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_is_one() {
        let secrets = ["first", "second"];
        assert!(is_one_of(b"first", &secrets) && is_one_of(b"second", &secrets));
        for wrong in ["", "f", "firs", "firsts", "First", "firstsecond", "third"] {
            assert!(!is_one_of(wrong.as_bytes(), &secrets), "{wrong}");
        }
        assert!(!is_one_of(b"", &[]) && !is_one_of(b"x", &[]));
    }
}
