//! What the action promises its users, through JSON as a flow calls it.

use weir_action::serde_json::{Value, json};
use weir_action::testing;

use super::jwt;

// Made for these tests with `openssl ecparam -name prime256v1 -genkey`.
const PRIVATE: &str = include_str!("../tests/es256-private.pem");
const PUBLIC: &str = include_str!("../tests/es256-public.pem");

fn run(config: &Value, input: Value) -> Result<Value, String> {
    testing::run::<jwt>(config, &input).map(|output| output.value).map_err(|error| error.to_string())
}

#[test]
fn what_was_signed_verifies_and_nothing_else() {
    let sign = json!({ "op": "sign", "algorithm": "HS256", "key": "a secret of thirty-two bytes, yes", "expires_in": 60, "key_id": "k1" });
    let token = run(&sign, json!({ "sub": "ada", "iss": "me", "aud": "you" })).unwrap();
    let verify = json!({ "op": "verify", "algorithm": "HS256", "key": "a secret of thirty-two bytes, yes", "audience": "you", "issuer": "me" });
    let read = run(&verify, token.clone()).unwrap();
    assert_eq!((&read["claims"]["sub"], &read["header"]["kid"]), (&json!("ada"), &json!("k1")));
    for (setting, value) in
        [("key", "another secret"), ("algorithm", "HS512"), ("audience", "them"), ("issuer", "them")]
    {
        let mut other = verify.clone();
        other[setting] = value.into();
        assert!(run(&other, token.clone()).unwrap_err().starts_with("the token is refused: "), "{setting}");
    }
    let mut bytes = token.as_str().unwrap().to_owned().into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'.').unwrap() + 5;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    assert!(run(&verify, json!(String::from_utf8(bytes).unwrap())).is_err());
}

/// RFC 7515, appendix A.1: the first published token.
#[test]
fn the_token_of_the_specification_verifies() {
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv\
                 bS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ+EstJQLr/T+1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==";
    let config = json!({ "op": "verify", "algorithm": "HS256", "key": key, "key_encoding": "base64", "leeway": 3600 });
    // It expired in 2011: the signature is looked at first, so that this is what it is refused for.
    assert_eq!(run(&config, json!(token)).unwrap_err(), "the token is refused: ExpiredSignature");
}

#[test]
fn keys_in_pem_sign_and_verify() {
    let claims = json!({ "sub": "ada" });
    let token = run(&json!({ "op": "sign", "algorithm": "ES256", "key": PRIVATE }), claims.clone()).unwrap();
    let config = json!({ "op": "verify", "algorithm": "ES256", "key": PUBLIC, "allow_no_expiry": true });
    assert_eq!(run(&config, token.clone()).unwrap()["claims"], claims);
    // Without an expiry only where that is allowed.
    assert!(run(&json!({ "op": "verify", "algorithm": "ES256", "key": PUBLIC }), token).is_err());
}

#[test]
fn settings_are_judged_before_a_token_comes() {
    let check = |config: Value| testing::check::<jwt>(&config);
    assert!(check(json!({ "op": "sign", "algorithm": "none", "key": "x" }))[0].contains("`algorithm` is \"none\""));
    let found = check(json!({ "op": "verify", "algorithm": "ES256", "key": "not a key" }));
    assert!(found[0].contains("takes a public key in PEM") && !found[0].contains("not a key"), "{found:?}");
}
