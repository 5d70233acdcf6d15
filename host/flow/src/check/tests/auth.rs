//! Tests of what a flow says of its callers: what is read, what is refused where, and that no message repeats a secret.

use weir_model::{Auth, Scheme};

use super::{faults, flow};
use crate::for_tests::checked;

fn with(webhook: &str) -> String {
    let steps = flow("  - { id: a, uses: response, with: { status: 201 } }");
    steps.replacen("steps:", &format!("trigger:\n  webhook:\n{webhook}\nsteps:"), 1)
}

/// The findings about one line of a webhook's settings, as `CODE path`.
fn found(line: &str) -> Vec<String> {
    let short = |path: String| path.trim_start_matches("/trigger/webhook").to_owned();
    faults(&with(&format!("    {line}"))).into_iter().map(|(code, path, _)| format!("{code} {}", short(path))).collect()
}

#[test]
fn every_way_to_know_callers_is_read() {
    for auth in [
        "none",
        "{ basic: { user: crm, password: CRM_PASSWORD } }",
        "{ bearer: API_KEY }",
        "{ bearer: [API_KEY, API_KEY_OLD] }",
        "{ header: { name: X-Api-Key, value: [A, B] } }",
        "{ signature: { scheme: standard-webhooks, secret: S, tolerance: 1m, replay: false } }",
        "{ signature: { scheme: github, secret: [S, T], replay: true } }",
        "{ signature: { scheme: stripe, secret: S } }",
        "{ signature: { scheme: slack, secret: S } }",
        "{ signature: { scheme: shopify, secret: S } }",
        "{ signature: { scheme: generic, secret: S, header: X-Sig } }",
        "{ signature: { scheme: generic, secret: S, header: x-sig, algorithm: sha512, encoding: base64, prefix: 'v1=',
            timestamp_header: X-Time, template: 'v0:{timestamp}:{body}', tolerance: 24h } }",
    ] {
        let text = with(&format!("    auth: {auth}\n    allow: [192.0.2.0/24, '2001:db8::/32', 203.0.113.7]"));
        let webhook = checked(&text).plan.unwrap().webhook;
        let read = webhook.auth.clone().unwrap();
        assert_eq!(webhook.allow.as_ref().map(Vec::len), Some(3));
        match &read {
            Auth::Header(header) => assert_eq!(header.name, "x-api-key"),
            Auth::Signature(def) if def.scheme.name() == Scheme::GENERIC => {
                assert_eq!(def.header.as_deref(), Some("x-sig"));
            }
            _ => {}
        }
        let json = serde_json::to_value(webhook).unwrap();
        assert_eq!(serde_json::from_value::<Auth>(json["auth"].clone()).unwrap(), read, "{auth}");
    }
}

#[test]
fn what_is_wrong_is_found_where_it_stands() {
    for (line, wanted) in [
        ("auth: basics", &["AUTH /auth"][..]),
        ("auth: bearer", &["AUTH /auth"]),
        ("auth: 7", &["AUTH /auth"]),
        ("auth: {}", &["AUTH /auth"]),
        ("auth: { bearer: A, basic: {} }", &["AUTH /auth"]),
        ("auth: { none: {} }", &["AUTH /auth/none"]),
        ("auth: { baerer: A }", &["AUTH /auth/baerer"]),
        ("auth: { basic: {} }", &["MISSING-KEY /auth/basic", "MISSING-KEY /auth/basic"]),
        ("auth: { basic: { user: 'a:b', password: p } }", &["AUTH /auth/basic/user", "AUTH /auth/basic/password"]),
        ("auth: { bearer: [] }", &["AUTH /auth/bearer"]),
        ("auth: { bearer: [A, b, 7] }", &["AUTH /auth/bearer/1", "AUTH /auth/bearer/2"]),
        ("auth: { bearer: { value: A } }", &["AUTH /auth/bearer"]),
        ("auth: { header: { name: 'a b', value: A } }", &["AUTH /auth/header/name"]),
        ("auth: { signature: { secret: A } }", &["MISSING-KEY /auth/signature"]),
        ("auth: { signature: { scheme: gitlab, secret: A } }", &["AUTH /auth/signature/scheme"]),
        ("auth: { signature: { scheme: github, secret: A, tolerance: 5m } }", &["AUTH /auth/signature/tolerance"]),
        ("auth: { signature: { scheme: stripe, secret: A, tolerance: 0s } }", &["AUTH /auth/signature/tolerance"]),
        ("auth: { signature: { scheme: stripe, secret: A, header: x } }", &["AUTH /auth/signature/header"]),
        ("auth: { signature: { scheme: generic, secret: A } }", &["MISSING-KEY /auth/signature"]),
        (
            "auth: { signature: { scheme: generic, secret: A, header: x, algorithm: md5, encoding: hax, prefix: 'a,' } }",
            &["AUTH /auth/signature/algorithm", "AUTH /auth/signature/encoding", "AUTH /auth/signature/prefix"],
        ),
        (
            "auth: { signature: { scheme: generic, secret: A, header: x, template: '{timestamp}' } }",
            &["AUTH /auth/signature/template"],
        ),
        (
            "auth: { signature: { scheme: generic, secret: A, header: x, template: '{timestamp}{body}' } }",
            &["AUTH /auth/signature/template"],
        ),
        (
            "auth: { signature: { scheme: generic, secret: A, header: x, timestamp_header: t, template: '{body}' } }",
            &["AUTH /auth/signature/timestamp_header"],
        ),
        ("allow: []", &["ALLOW /allow"]),
        ("allow: [10.0.0.1/8, example.com, 10.0.0.0/8]", &["ALLOW /allow/0", "ALLOW /allow/1"]),
        ("allow: 10.0.0.0/8", &["TYPE /allow"]),
    ] {
        assert_eq!(found(line), wanted, "{line}");
    }
}

#[test]
fn a_secret_that_stands_where_its_name_should_is_not_repeated() {
    for line in [
        "auth: { bearer: hunter2 }",
        "auth: { bearer: [hunter2] }",
        "auth: { basic: { user: x, password: hunter2 } }",
        "auth: { header: { name: x, value: hunter2 } }",
        "auth: { signature: { scheme: github, secret: hunter2 } }",
    ] {
        let findings = checked(&with(&format!("    {line}"))).findings;
        assert_eq!(findings.len(), 1, "{line}");
        assert!(!findings[0].message.contains("hunter2") && findings[0].message.contains("weir secret set"));
    }
}
