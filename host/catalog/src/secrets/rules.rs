//! What a secret may look like: the length of its value, the hosts and actions it names. It keeps nothing.

use weir_model::ActionRef;

use super::NewSecret;
use crate::{CatalogError, bounds};

/// The longest name of a host (RFC 1035 §2.3.4).
const HOST: usize = 253;
/// The longest part between two dots of it.
const LABEL: usize = 63;

/// Checks a secret and brings its names into the form in which they are compared.
pub(super) fn checked(secret: NewSecret) -> Result<NewSecret, CatalogError> {
    let NewSecret { text, hosts, reveal_to } = secret;
    if !(1..=bounds::SECRET).contains(&text.expose().len()) {
        let most = bounds::SECRET;
        return Err(CatalogError::Bad(format!("the value of a secret has 1 to {most} bytes: check what was sent")));
    }
    Ok(NewSecret { text, hosts: each(hosts, "hosts", host)?, reveal_to: each(reveal_to, "actions", action)? })
}

/// Every name once, in its form.
fn each(
    names: Vec<String>,
    what: &'static str,
    form: impl Fn(&str) -> Result<String, CatalogError>,
) -> Result<Vec<String>, CatalogError> {
    let mut formed: Vec<String> = names.iter().map(|name| form(name)).collect::<Result<_, _>>()?;
    formed.sort();
    formed.dedup();
    if formed.len() > bounds::SECRET_PLACES {
        let hint = "name fewer, or keep the value as two secrets";
        return Err(CatalogError::Limit { what, limit: bounds::SECRET_PLACES, hint });
    }
    Ok(formed)
}

/// A host's name or address, or `*.` and what names end with.
fn host(text: &str) -> Result<String, CatalogError> {
    let lower = text.trim().to_ascii_lowercase();
    let below = lower.strip_prefix("*.");
    let name = below.unwrap_or(&lower);
    // A whole top-level domain is not one owner's.
    let is_wide = below.is_some_and(|rest| !rest.contains('.') || rest.parse::<std::net::Ipv4Addr>().is_ok());
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_address = below.is_none() && address.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok());
    let is_name = name.len() <= HOST && name.split('.').all(is_label);
    if !is_wide && (is_address || is_name) {
        return Ok(lower);
    }
    let shown: String = text.chars().take(80).collect();
    Err(CatalogError::Bad(format!(
        "{shown:?} is no host: write a name such as api.example.com, without scheme, port and path, or *.example.com for \
         every name that ends with .example.com"
    )))
}

fn is_label(label: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=LABEL).contains(&label.len())
        && label.bytes().all(|b| plain(b) || b == b'-' || b == b'_')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// An action's name without a version: a new version of an action is the same action.
fn action(text: &str) -> Result<String, CatalogError> {
    let read: ActionRef = text.trim().parse()?;
    if read.version.is_some() {
        let name = &read.name;
        return Err(CatalogError::Bad(format!(
            "{text:?} names a version: a secret is revealed to {name:?} as a whole"
        )));
    }
    Ok(read.name.to_string())
}

#[cfg(test)]
mod tests {
    use weir_vault::SecretText;

    use super::*;

    #[test]
    fn hosts_are_names_addresses_or_what_names_end_with() {
        for (given, kept) in [
            (" API.Example.com ", "api.example.com"),
            ("*.example.com", "*.example.com"),
            ("*.EU.example.com", "*.eu.example.com"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("localhost", "localhost"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(host(given).unwrap(), kept);
        }
        let long = format!("{}.example", "a.".repeat(130));
        for wrong in [
            "",
            "*",
            "*.",
            "*.com",
            "*.10.0.0.1",
            "a.*.example.com",
            "https://api.example.com",
            "api.example.com:443",
            "api.example.com/x",
            "a@b.example",
            "a..b",
            ".a",
            "-a.b",
            "bücher.example",
            "*.[::1]",
            "[1]",
            "::1",
            "a b",
            &"a".repeat(64),
            &long,
        ] {
            assert!(host(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_kept_once_and_in_order_and_values_have_bounds() {
        let secret = |text: &str, hosts: &[&str], reveal_to: &[&str]| {
            let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            checked(NewSecret { text: SecretText::new(text), hosts: own(hosts), reveal_to: own(reveal_to) })
        };
        let kept = secret("x", &["b.example", "A.example", "b.example"], &["mailer", "crm"]).unwrap();
        assert_eq!(
            (kept.hosts, kept.reveal_to),
            (vec!["a.example".into(), "b.example".into()], vec!["crm".to_owned(), "mailer".into()])
        );
        for refused in [
            secret("", &[], &[]),
            secret(&"x".repeat((64 << 10) + 1), &[], &[]),
            secret("x", &[], &["crm@1"]),
            secret("x", &[], &["No Name"]),
        ] {
            assert!(refused.is_err());
        }
        let many: Vec<String> = (0..33).map(|n| format!("h{n}.example")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(matches!(secret("x", &many, &[]), Err(CatalogError::Limit { limit: 32, .. })));
        assert!(secret(&"x".repeat(64 << 10), &many[..32], &[]).is_ok());
    }
}
