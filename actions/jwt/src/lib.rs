//! The standard action `jwt`: its settings and which way to go. Signatures are jsonwebtoken's; `keys` reads keys.

#![forbid(unsafe_code)]

mod keys;

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, Header, Validation, decode, encode};
use weir_action::serde_json::{Map, json};
use weir_action::{Error, Result, Value};

/// How a token is signed or what a token must fulfil.
#[weir_action::data]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Sign claims, or verify a token.
    pub op: Op,
    /// The algorithm, such as `HS256`, `RS256`, `ES256` or `EdDSA` (RFC 7518). A token signed with another one is refused.
    pub algorithm: String,
    /// The key: the shared secret for HS256, HS384 and HS512; else a key in PEM, private to sign and public to verify.
    #[schemars(length(min = 1))]
    pub key: String,
    /// How a shared secret is written.
    #[serde(default)]
    pub key_encoding: keys::Encoding,
    /// Signing: seconds until the token expires; sets `iat` and `exp`.
    #[serde(default)]
    pub expires_in: Option<u32>,
    /// Signing: the key's id, for the header.
    #[serde(default)]
    pub key_id: Option<String>,
    /// Verifying: who the token must be for; the claim `aud`.
    #[serde(default)]
    pub audience: Option<String>,
    /// Verifying: who must have issued it; the claim `iss`.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Verifying: seconds that clocks may differ.
    #[serde(default = "minute")]
    #[schemars(range(max = 3600))]
    pub leeway: u32,
    /// Verifying: whether a token without an expiry is taken.
    #[serde(default)]
    pub allow_no_expiry: bool,
}

/// Sign or verify.
#[weir_action::data]
#[derive(Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// An object of claims into a token.
    Sign,
    /// A token into its header and claims.
    Verify,
}

const fn minute() -> u32 {
    60
}

/// Signs claims as a JSON Web Token, or verifies one and hands on its claims (RFC 7519).
///
/// To sign, the input is an object of claims. To verify, it is the token; what does not verify takes the `error` exit.
#[weir_action::action(name = "jwt", title = "Sign or verify a JWT", validate = check)]
pub fn jwt(config: &Config, input: Value) -> Result<Value> {
    let algorithm = algorithm(config).map_err(Error::invalid)?;
    match (config.op, input) {
        (Op::Sign, Value::Object(claims)) => sign(config, algorithm, claims).map(Value::String),
        (Op::Verify, Value::String(token)) => verify(config, algorithm, token.trim()),
        (Op::Sign, _) => Err(Error::invalid("input: claims to sign are an object")),
        (Op::Verify, _) => Err(Error::invalid("input: a token to verify is a string")),
    }
}

fn sign(config: &Config, algorithm: Algorithm, mut claims: Map<String, Value>) -> Result<String> {
    if let Some(seconds) = config.expires_in {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        claims.insert("iat".to_owned(), now.into());
        claims.insert("exp".to_owned(), (now + u64::from(seconds)).into());
    }
    let mut header = Header::new(algorithm);
    header.kid.clone_from(&config.key_id);
    let key = keys::signing(algorithm, &config.key, config.key_encoding)?;
    encode(&header, &claims, &key).map_err(|error| Error::invalid(format!("the claims cannot be signed: {error}")))
}

fn verify(config: &Config, algorithm: Algorithm, token: &str) -> Result<Value> {
    let mut wanted = Validation::new(algorithm);
    wanted.leeway = config.leeway.into();
    wanted.validate_nbf = true;
    if config.allow_no_expiry {
        wanted.required_spec_claims.clear();
    }
    wanted.validate_aud = config.audience.is_some();
    if let Some(audience) = &config.audience {
        wanted.set_audience(&[audience]);
        wanted.required_spec_claims.insert("aud".to_owned());
    }
    if let Some(issuer) = &config.issuer {
        wanted.set_issuer(&[issuer]);
        wanted.required_spec_claims.insert("iss".to_owned());
    }
    let key = keys::verifying(algorithm, &config.key, config.key_encoding)?;
    let read = decode::<Map<String, Value>>(token, &key, &wanted);
    let read = read.map_err(|error| Error::failed(format!("the token is refused: {error}")))?;
    Ok(json!({ "header": read.header, "claims": read.claims }))
}

fn algorithm(config: &Config) -> Result<Algorithm, String> {
    config.algorithm.parse().map_err(|_| {
        let known = "HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA";
        format!("`algorithm` is {:?}; there are {known}", config.algorithm)
    })
}

/// What the schema cannot say: whether there is such an algorithm, and whether the key is one for it.
fn check(config: &Config) -> Result<(), Error> {
    let algorithm = algorithm(config).map_err(Error::invalid)?;
    match config.op {
        Op::Sign => keys::signing(algorithm, &config.key, config.key_encoding).map(drop),
        Op::Verify => keys::verifying(algorithm, &config.key, config.key_encoding).map(drop),
    }
}

#[cfg(test)]
mod tests;
