//! Reads a caller's credentials from the head: `Authorization: Basic` and `Bearer`, or a header of the flow's choice. The
//! comparison is vault's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};
use weir_model::Auth;
use weir_vault::credential::is_one_of;

/// Why a caller is not known, for the server's log. It repeats nothing that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unknown {
    #[error("the header with the credentials is missing")]
    Missing,
    #[error("the header with the credentials is there more than once")]
    Repeated,
    #[error("the credentials are not of the kind that this hook takes, or not written as they should be")]
    Malformed,
    #[error("the user or the password is wrong")]
    Password,
    #[error("the token is wrong")]
    Token,
    #[error("the header's value is wrong")]
    Value,
}

/// What a refused caller is told to send (RFC 9110 §11.6.1); none where there is no word for it.
pub(super) const fn challenge(auth: &Auth) -> Option<&'static str> {
    match auth {
        Auth::Basic(_) => Some("Basic realm=\"weir\", charset=\"UTF-8\""),
        Auth::Bearer(_) => Some("Bearer realm=\"weir\""),
        Auth::None | Auth::Header(_) | Auth::Signature(_) => None,
    }
}

/// Whether the head has credentials with one of the secrets.
pub(super) fn check(auth: &Auth, headers: &HeaderMap, secrets: &[&str]) -> Result<(), Unknown> {
    match auth {
        Auth::None | Auth::Signature(_) => Ok(()),
        Auth::Basic(basic) => {
            let text = of_scheme(headers, "basic")?;
            let pair = STANDARD.decode(text).map_err(|_| Unknown::Malformed)?;
            let colon = pair.iter().position(|byte| *byte == b':').ok_or(Unknown::Malformed)?;
            let (user, password) = pair.split_at_checked(colon).ok_or(Unknown::Malformed)?;
            let password = password.get(1..).unwrap_or_default();
            // Both are looked at, so that the time does not tell which one was right.
            let is_right = is_one_of(user, &[&basic.user]) & is_one_of(password, secrets);
            if is_right { Ok(()) } else { Err(Unknown::Password) }
        }
        Auth::Bearer(_) => {
            let token = of_scheme(headers, "bearer")?;
            if is_one_of(token.as_bytes(), secrets) { Ok(()) } else { Err(Unknown::Token) }
        }
        Auth::Header(header) => {
            let value = one(headers, &header.name)?;
            if is_one_of(value.as_bytes(), secrets) { Ok(()) } else { Err(Unknown::Value) }
        }
    }
}

/// What follows the scheme's name in `Authorization`.
fn of_scheme<'a>(headers: &'a HeaderMap, scheme: &str) -> Result<&'a str, Unknown> {
    let text = one(headers, header::AUTHORIZATION.as_str())?.to_str().map_err(|_| Unknown::Malformed)?;
    let (given, rest) = text.split_once(' ').ok_or(Unknown::Malformed)?;
    if given.eq_ignore_ascii_case(scheme) { Ok(rest.trim_start_matches(' ')) } else { Err(Unknown::Malformed) }
}

fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a HeaderValue, Unknown> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(Unknown::Missing),
        (Some(value), None) => Ok(value),
        (Some(_), Some(_)) => Err(Unknown::Repeated),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn head(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).fold(
            HeaderMap::new(),
            |mut headers, (name, value): (http::HeaderName, HeaderValue)| {
                headers.append(name, value);
                headers
            },
        )
    }

    fn auths() -> [Auth; 3] {
        let auth = |value| serde_json::from_value(value).unwrap();
        [
            auth(json!({ "basic": { "user": "crm", "password": ["A", "B"] } })),
            auth(json!({ "bearer": ["A", "B"] })),
            auth(json!({ "header": { "name": "x-key", "value": ["A", "B"] } })),
        ]
    }

    #[test]
    fn credentials_are_taken_with_any_of_the_secrets_and_in_no_other_form() {
        let [basic, bearer, key] = auths();
        let secrets = ["old:secret", "new secret"];
        let pair = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        for (auth, name, value, expected) in [
            (&basic, "authorization", pair("crm:old:secret"), Ok(())),
            (&basic, "authorization", pair("crm:new secret").replace("Basic", "bAsIc"), Ok(())),
            (&basic, "authorization", pair("crm:old"), Err(Unknown::Password)),
            (&basic, "authorization", pair("CRM:new secret"), Err(Unknown::Password)),
            (&basic, "authorization", pair("crm"), Err(Unknown::Malformed)),
            (&basic, "authorization", "Basic crm:new secret".to_owned(), Err(Unknown::Malformed)),
            (&basic, "authorization", "Bearer new secret".to_owned(), Err(Unknown::Malformed)),
            (&basic, "x-key", pair("crm:new secret"), Err(Unknown::Missing)),
            (&bearer, "authorization", "Bearer new secret".to_owned(), Ok(())),
            (&bearer, "authorization", "bearer  old:secret".to_owned(), Ok(())),
            (&bearer, "authorization", "Bearer".to_owned(), Err(Unknown::Malformed)),
            (&bearer, "authorization", "Bearer ".to_owned(), Err(Unknown::Token)),
            (&bearer, "authorization", "new secret".to_owned(), Err(Unknown::Malformed)),
            (&bearer, "authorization", "Bearer new secret2".to_owned(), Err(Unknown::Token)),
            (&key, "x-key", "old:secret".to_owned(), Ok(())),
            (&key, "x-key", "old".to_owned(), Err(Unknown::Value)),
            (&key, "authorization", "old:secret".to_owned(), Err(Unknown::Missing)),
        ] {
            assert_eq!(check(auth, &head(&[(name, &value)]), &secrets), expected, "{value}");
        }
        let twice = head(&[("x-key", "old:secret"), ("x-key", "old:secret")]);
        assert_eq!(check(&key, &twice, &secrets), Err(Unknown::Repeated));
        assert_eq!(check(&key, &head(&[("x-key", "")]), &[]), Err(Unknown::Value));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value in proptest::collection::vec(any::<u8>(), 0..80), is_basic: bool) {
            let mut bytes = if is_basic { b"Basic ".to_vec() } else { Vec::new() };
            bytes.extend(value);
            let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
            for auth in auths() {
                let mut headers = HeaderMap::new();
                headers.insert("x-key", value.clone());
                headers.insert(header::AUTHORIZATION, value.clone());
                prop_assert!(check(&auth, &headers, &["a secret that nobody sends"]).is_err());
            }
        }
    }
}
