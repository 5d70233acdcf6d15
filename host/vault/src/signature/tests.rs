//! Tests of signatures: the published examples of the senders, what is refused and why, and that no header makes it panic.

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;
use weir_model::{Coded as _, Scheme};

use super::*;

const NOW: i64 = 1_700_000_000;

fn def(value: Value) -> SignatureDef {
    serde_json::from_value(value).unwrap()
}

fn of(scheme: &str) -> SignatureDef {
    match scheme {
        "generic" => {
            def(json!({ "scheme": "generic", "secret": "S", "header": "x-sig", "timestamp_header": "x-time" }))
        }
        scheme => def(json!({ "scheme": scheme, "secret": "S" })),
    }
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn at(def: &SignatureDef, secrets: &[&str], lines: &[(&str, &str)], body: &[u8], now: i64) -> Result<Verified, String> {
    let headers = headers(lines);
    let delivery = Delivery { headers: &headers, body, now: Timestamp::from_millis(now * 1_000) };
    verify(def, secrets, &delivery)
        .map_err(|error| error.code().as_str().trim_start_matches("WEIR-VAULT-SIGNATURE-").into())
}

fn hmac(secret: &[u8], signed: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(secret).unwrap().chain_update(signed).finalize().into_bytes().to_vec()
}

/// A delivery as its sender signs it: the headers.
fn signed(scheme: &str, secret: &str, body: &[u8], time: i64) -> Vec<(&'static str, String)> {
    let with = |before: String| hmac(secret.as_bytes(), &[before.as_bytes(), body].concat());
    match scheme {
        "standard-webhooks" => {
            let key = BASE64.decode(secret.trim_start_matches("whsec_").as_bytes()).unwrap();
            let mac = hmac(&key, &[format!("msg_1.{time}.").as_bytes(), body].concat());
            vec![
                ("webhook-id", "msg_1".into()),
                ("webhook-timestamp", time.to_string()),
                ("webhook-signature", format!("v1,{}", BASE64.encode(&mac))),
            ]
        }
        "github" => vec![("x-hub-signature-256", format!("sha256={}", HEXLOWER.encode(&with(String::new()))))],
        "stripe" => {
            vec![("stripe-signature", format!("t={time},v1={}", HEXLOWER.encode(&with(format!("{time}.")))))]
        }
        "slack" => vec![
            ("x-slack-request-timestamp", time.to_string()),
            ("x-slack-signature", format!("v0={}", HEXLOWER.encode(&with(format!("v0:{time}:"))))),
        ],
        "shopify" => vec![("x-shopify-hmac-sha256", BASE64.encode(&with(String::new())))],
        _ => vec![("x-time", time.to_string()), ("x-sig", HEXLOWER.encode(&with(format!("{time}."))))],
    }
}

fn borrowed<'a>(lines: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    lines.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// A secret that every scheme can use.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

#[test]
fn every_scheme_is_here_and_in_the_vocabulary() {
    let here: Vec<&str> = SCHEMES.iter().map(|(name, _)| *name).collect();
    let known: Vec<&str> = Scheme::ALL.iter().map(|info| info.name).collect();
    assert_eq!(here, known);
}

#[test]
fn what_the_senders_publish_as_examples_is_right() {
    // GitHub's documentation, "Testing the webhook payload validation".
    let github = [("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")];
    assert!(at(&of("github"), &["It's a Secret to Everybody"], &github, b"Hello, World!", NOW).is_ok());
    // Slack's documentation, "Verifying requests from Slack".
    let slack = [
        ("X-Slack-Request-Timestamp", "1531420618"),
        ("X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
    ];
    let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                 channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                 response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&\
                 trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let secret = ["8f742231b10e8888abcd99yyyzzz85a5"];
    assert!(at(&of("slack"), &secret, &slack, body, 1_531_420_618).is_ok());
    assert_eq!(at(&of("slack"), &secret, &slack, body, NOW), Err("OLD".to_owned()));
    // Standard Webhooks' specification, "Signature scheme".
    let standard = [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    let body = br#"{"test": 2432232314}"#;
    assert!(at(&of("standard-webhooks"), &[SECRET], &standard, body, 1_614_265_330).is_ok());
}

#[test]
fn any_of_several_secrets_and_signatures_is_enough() {
    for (scheme, _) in SCHEMES {
        let lines = signed(scheme, SECRET, b"{}", NOW);
        let lines = borrowed(&lines);
        assert!(at(&of(scheme), &[OTHER, SECRET], &lines, b"{}", NOW).is_ok(), "{scheme}");
        assert_eq!(at(&of(scheme), &[OTHER], &lines, b"{}", NOW), Err("DIFFERS".to_owned()), "{scheme}");
        assert_eq!(at(&of(scheme), &[SECRET], &lines, b"{} ", NOW), Err("DIFFERS".to_owned()), "{scheme}");
        assert_eq!(at(&of(scheme), &[], &lines, b"{}", NOW), Err("SECRET".to_owned()), "{scheme}");
        assert_eq!(at(&of(scheme), &[SECRET], &[], b"{}", NOW), Err("MISSING".to_owned()), "{scheme}");
        let twice = [&lines[..], &lines[..]].concat();
        assert_eq!(at(&of(scheme), &[SECRET], &twice, b"{}", NOW), Err("REPEATED".to_owned()), "{scheme}");
    }
    for (scheme, header, join) in [("standard-webhooks", 2, " "), ("stripe", 0, ","), ("generic", 1, ",")] {
        let (wrong, right) = (signed(scheme, OTHER, b"{}", NOW), signed(scheme, SECRET, b"{}", NOW));
        let mut both = wrong.clone();
        let added = right[header].1.trim_start_matches(&format!("t={NOW},")).to_owned();
        both[header].1 = format!("{}{join}{added}", wrong[header].1);
        assert!(at(&of(scheme), &[SECRET], &borrowed(&both), b"{}", NOW).is_ok(), "{scheme}");
        both[header].1 = vec![added; 17].join(join);
        let many = if scheme == "stripe" { format!("t={NOW},{}", both[header].1) } else { both[header].1.clone() };
        both[header].1 = many;
        assert_eq!(at(&of(scheme), &[SECRET], &borrowed(&both), b"{}", NOW), Err("MANY".to_owned()), "{scheme}");
    }
}

#[test]
fn a_signed_time_is_near_the_present_or_refused() {
    for (scheme, _) in SCHEMES.iter().filter(|(name, _)| of(name).is_timed()) {
        for (age, expected) in
            [(0, Ok(())), (300, Ok(())), (-300, Ok(())), (301, Err("OLD".to_owned())), (-301, Err("NEW".to_owned()))]
        {
            let lines = signed(scheme, SECRET, b"x", NOW - age);
            let found = at(&of(scheme), &[SECRET], &borrowed(&lines), b"x", NOW).map(|_| ());
            assert_eq!(found, expected, "{scheme} {age}");
        }
        let mut lines = signed(scheme, SECRET, b"x", NOW);
        for (_, value) in &mut lines {
            *value = value.replace(&NOW.to_string(), &format!("{NOW}x"));
        }
        assert_eq!(at(&of(scheme), &[SECRET], &borrowed(&lines), b"x", NOW), Err("MALFORMED".to_owned()), "{scheme}");
    }
    let millis = def(json!({ "scheme": "generic", "secret": "S", "header": "x-sig", "timestamp_header": "x-time",
        "tolerance": "1s" }));
    let time = (NOW * 1_000 - 900).to_string();
    let mac = HEXLOWER.encode(&hmac(b"k", format!("{time}.x").as_bytes()));
    assert!(at(&millis, &["k"], &[("x-time", &time), ("x-sig", &mac)], b"x", NOW).is_ok());
    assert_eq!(at(&millis, &["k"], &[("x-time", &time), ("x-sig", &mac)], b"x", NOW + 1), Err("OLD".to_owned()));
}

#[test]
fn standard_webhooks_knows_public_keys_and_the_names_of_svix() {
    let pair = SigningKey::from_bytes(&[7; 32]);
    let public = format!("whpk_{}", BASE64.encode(pair.verifying_key().as_bytes()));
    let signature = pair.sign(format!("msg_1.{NOW}.body").as_bytes());
    let asymmetric = format!("v1a,{}", BASE64.encode(&signature.to_bytes()));
    let lines = |signature: &str| {
        let time = NOW.to_string();
        [("svix-id", "msg_1".to_owned()), ("svix-timestamp", time), ("svix-signature", signature.to_owned())]
    };
    let check = |secrets: &[&str], signature: &str, body: &[u8]| {
        at(&of("standard-webhooks"), secrets, &borrowed(&lines(signature)), body, NOW).map(|_| ())
    };
    assert_eq!(check(&[&public], &asymmetric, b"body"), Ok(()));
    assert_eq!(check(&[SECRET, &public], &format!("v1,AAAA v2,x {asymmetric}"), b"body"), Ok(()));
    assert_eq!(check(&[&public], &asymmetric, b"bodY"), Err("DIFFERS".to_owned()));
    assert_eq!(check(&[SECRET], &asymmetric, b"body"), Err("DIFFERS".to_owned()), "a kind for each key");
    assert_eq!(check(&[SECRET], "v2,x", b"body"), Err("KIND".to_owned()));
    for secret in ["whsec_", "whsec_???", "whpk_AAAA", "whsk_AAAA", "not base64"] {
        assert_eq!(check(&[secret], &asymmetric, b"body"), Err("SECRET".to_owned()), "{secret}");
    }
    // One that cannot be used does not spoil the other.
    assert_eq!(check(&["whsec_???", &public], &asymmetric, b"body"), Ok(()));
    let mut dotted = lines(&asymmetric);
    dotted[0].1 = "msg.1".into();
    let found = at(&of("standard-webhooks"), &[&public], &borrowed(&dotted), b"body", NOW);
    assert_eq!(found, Err("MALFORMED".to_owned()), "the id could reach into the time");
}

#[test]
fn the_generic_scheme_does_what_the_flow_says() {
    let base = || json!({ "scheme": "generic", "secret": "S", "header": "x-sig" });
    let with = |more: Value| {
        let mut value = base();
        value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        def(value)
    };
    let check =
        |def: &SignatureDef, value: &str| at(def, &["k"], &[("x-sig", value), ("x-time", "1700000000")], b"b", NOW);
    // Made with openssl: `printf b | openssl dgst -sha1 -hmac k`, and -sha512 in base64.
    let sha1 =
        HEXLOWER.encode(&Hmac::<sha1::Sha1>::new_from_slice(b"k").unwrap().chain_update(b"b").finalize().into_bytes());
    let sha512 = Hmac::<sha2::Sha512>::new_from_slice(b"k").unwrap().chain_update(b"b").finalize().into_bytes();
    let sha512 = BASE64.encode(&sha512);
    assert!(check(&with(json!({ "algorithm": "sha1", "prefix": "sha1=" })), &format!("sha1={sha1}")).is_ok());
    assert!(check(&with(json!({ "algorithm": "sha1" })), &sha1.to_uppercase()).is_ok());
    assert!(check(&with(json!({ "algorithm": "sha512", "encoding": "base64" })), &sha512).is_ok());
    let mixed = sha1[..20].to_uppercase() + &sha1[20..];
    for (settings, value) in [
        (json!({ "algorithm": "sha1" }), mixed.as_str()),
        (json!({ "algorithm": "sha1", "prefix": "v1=" }), &sha1),
        (json!({ "algorithm": "sha1" }), &sha1[1..]),
        (json!({ "algorithm": "sha512", "encoding": "base64" }), sha512.trim_end_matches('=')),
        (json!({ "algorithm": "sha512" }), &sha512),
    ] {
        assert_eq!(check(&with(settings.clone()), value), Err("MALFORMED".to_owned()), "{settings} {value}");
    }
    assert_eq!(check(&with(json!({})), &sha1), Err("DIFFERS".to_owned()), "another hash function");
    let template = with(json!({ "timestamp_header": "x-time", "template": "a:{body}:{timestamp}" }));
    assert!(check(&template, &HEXLOWER.encode(&hmac(b"k", b"a:b:1700000000"))).is_ok());
}

#[test]
fn what_comes_again_has_the_same_identity_and_nothing_else_has() {
    let once = |def: &SignatureDef, lines: &[(&'static str, String)], body: &[u8]| {
        at(def, &[SECRET], &borrowed(lines), body, NOW).unwrap().once
    };
    for (scheme, _) in SCHEMES {
        let mut def = of(scheme);
        assert_eq!(def.refuses_replays(), *scheme == "standard-webhooks");
        def.replay = Some(true);
        let first = once(&def, &signed(scheme, SECRET, b"a", NOW), b"a").unwrap();
        let mut again = signed(scheme, SECRET, b"a", NOW);
        again.push(("x-github-delivery", "another".to_owned()));
        assert_eq!(once(&def, &again, b"a"), Some(first), "{scheme}: what is not signed does not count");
        let days = std::time::Duration::from_secs(7 * 24 * 3_600);
        assert_eq!(first.keep, if def.is_timed() { std::time::Duration::from_secs(600) } else { days });
        let other = once(&def, &signed(scheme, SECRET, b"b", NOW), b"b").unwrap();
        // The id is what counts where there is one.
        assert_eq!(other.digest == first.digest, *scheme == "standard-webhooks", "{scheme}");
        let later = once(&def, &signed(scheme, SECRET, b"a", NOW + 1), b"a").unwrap();
        assert_eq!(later.digest == first.digest, *scheme == "standard-webhooks" || !def.is_timed(), "{scheme}");
        def.replay = Some(false);
        assert_eq!(once(&def, &signed(scheme, SECRET, b"a", NOW), b"a"), None);
    }
}

/// Headers of every scheme with anything in them, more often than not nearly right.
fn any_headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let names = vec![
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "svix-id",
        "svix-timestamp",
        "svix-signature",
        "x-hub-signature-256",
        "stripe-signature",
        "x-slack-signature",
        "x-slack-request-timestamp",
        "x-shopify-hmac-sha256",
        "x-sig",
        "x-time",
    ];
    let piece = prop_oneof![
        Just(b"v1,".to_vec()),
        Just(b"v1a,".to_vec()),
        Just(b"t=1700000000,".to_vec()),
        Just(b"1700000000".to_vec()),
        Just(b"v1=".to_vec()),
        Just(b"v0=".to_vec()),
        Just(b"sha256=".to_vec()),
        Just(vec![b'9'; 40]),
        "[0-9a-f]{64}".prop_map(String::into_bytes),
        "[A-Za-z0-9+/]{43}=".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..9),
    ];
    let value = proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat());
    proptest::collection::vec((proptest::sample::select(names), value), 0..16)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_header_makes_it_panic_or_believe(lines in any_headers(), body in proptest::collection::vec(any::<u8>(), 0..40)) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(name, value);
            }
        }
        let delivery = Delivery { headers: &headers, body: &body, now: Timestamp::from_millis(NOW * 1_000) };
        for (scheme, _) in SCHEMES {
            for secret in [SECRET, "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", ""] {
                prop_assert!(verify(&of(scheme), &[secret], &delivery).is_err());
            }
        }
    }

    #[test]
    fn a_changed_bit_of_body_or_signature_is_seen(
        body in proptest::collection::vec(any::<u8>(), 1..200), place: proptest::sample::Index, bit in 0..8_u8,
    ) {
        for (scheme, _) in SCHEMES {
            let lines = signed(scheme, SECRET, &body, NOW);
            prop_assert!(at(&of(scheme), &[SECRET], &borrowed(&lines), &body, NOW).is_ok());
            let mut changed = body.clone();
            changed[place.index(body.len())] ^= 1 << bit;
            prop_assert!(at(&of(scheme), &[SECRET], &borrowed(&lines), &changed, NOW).is_err());
            let (last, (name, value)) = (lines.len() - 1, lines.last().unwrap());
            let mut bytes = value.as_bytes().to_vec();
            bytes[place.index(value.len())] ^= 1 << bit;
            let Ok(value) = HeaderValue::from_bytes(&bytes) else { continue };
            let mut headers = headers(&borrowed(&lines[..last]));
            headers.insert(*name, value);
            let delivery = Delivery { headers: &headers, body: &body, now: Timestamp::from_millis(NOW * 1_000) };
            prop_assert!(verify(&of(scheme), &[SECRET], &delivery).is_err(), "{}", scheme);
        }
    }
}
