//! Promise: what senders' own libraries sign is taken, and nothing that differs from it by a bit, comes too late or comes
//! again; who cannot show what a hook asks for starts no run.

#[path = "signatures/signer.rs"]
mod signer;

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use signer::{Headers, Signer};
use weir_model::{SignatureDef, Timestamp};
use weir_tests::{Scratch, Server};
use weir_vault::signature::{Delivery, verify};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Of the seed that `sign.mjs` signs with.
const PUBLIC: &str = "whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";

/// Each scheme of the signer, what a flow says of it, and its secret.
const SCHEMES: [(&str, &str, &str); 7] = [
    ("standard-webhooks", r#"{"scheme":"standard-webhooks","secret":"S"}"#, SECRET),
    ("standard-webhooks-ed25519", r#"{"scheme":"standard-webhooks","secret":"P"}"#, PUBLIC),
    ("github", r#"{"scheme":"github","secret":"S"}"#, SECRET),
    ("stripe", r#"{"scheme":"stripe","secret":"S"}"#, SECRET),
    ("slack", r#"{"scheme":"slack","secret":"S"}"#, SECRET),
    ("shopify", r#"{"scheme":"shopify","secret":"S"}"#, SECRET),
    ("generic", GENERIC, SECRET),
];
const GENERIC: &str = r#"{"scheme":"generic","secret":"S","header":"x-sig","algorithm":"sha512","encoding":"base64",
    "prefix":"v1=","timestamp_header":"x-time","template":"{timestamp}/{body}"}"#;

fn definition(scheme: &str) -> Result<SignatureDef> {
    let (_, text, _) = SCHEMES.iter().find(|(name, ..)| *name == scheme).context("no such scheme")?;
    Ok(serde_json::from_str(text)?)
}

#[allow(clippy::disallowed_methods, reason = "a sender signs its own clock's time")]
fn now() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?)
}

/// Numbers that are the same in every run (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap_or(0) % below
    }

    /// Any text, for a sender's libraries sign text.
    fn body(&mut self) -> String {
        let length = 1 + self.next(600);
        let mut body = String::new();
        for _ in 0..length {
            let most = [0x80, 0x80, 0x80, 0x800, 0xD800, 0x11_0000][self.next(6)];
            body.push(char::from_u32(u32::try_from(self.next(most)).unwrap_or(0)).unwrap_or('"'));
        }
        body
    }
}

fn map(headers: &Headers) -> Result<HeaderMap> {
    headers.iter().map(|(name, value)| Ok((name.parse::<HeaderName>()?, HeaderValue::from_str(value)?))).collect()
}

fn is_right(def: &SignatureDef, secret: &str, headers: &HeaderMap, body: &[u8], now: i64) -> bool {
    let delivery = Delivery { headers, body, now: Timestamp::from_millis(now * 1_000) };
    verify(def, &[secret], &delivery).is_ok()
}

/// The same headers with one bit of the signature's header changed; none where no header can have such a value.
fn changed(headers: &HeaderMap, bit: usize) -> Option<HeaderMap> {
    let mut headers = headers.clone();
    let name = headers.keys().find(|name| name.as_str().contains("sig") || name.as_str().contains("hmac"))?.clone();
    let mut value = headers.get(&name)?.as_bytes().to_vec();
    let place = (bit / 8) % value.len();
    value[place] ^= 1 << (bit % 8);
    headers.insert(name, HeaderValue::from_bytes(&value).ok()?);
    Some(headers)
}

#[test]
fn what_the_senders_libraries_sign_is_right_and_a_bit_beside_it_is_not() -> Result<()> {
    const NOW: i64 = 1_700_000_000;
    let (Some(mut node), Some(mut python)) = (Signer::node()?, Signer::python()?) else { return Ok(()) };
    let mut random = Random(7);
    let definitions = SCHEMES
        .map(|(name, text, secret)| (name, serde_json::from_str::<SignatureDef>(text).expect("a definition"), secret));
    let mut checked = 0_u32;
    for round in 0..1_000 {
        let body = random.body();
        let id = format!("msg_{round}");
        let by_node = node.sign(SECRET, &id, NOW, &body)?;
        let by_python = python.sign(SECRET, &id, NOW, &body)?;
        assert_eq!(by_node["standard-webhooks"], by_python["standard-webhooks"]);
        for (name, def, secret) in &definitions {
            let headers = map(by_node.get(*name).context("not signed")?)?;
            assert!(is_right(def, secret, &headers, body.as_bytes(), NOW + 299), "{name}: {body:?}");
            let mut other = body.clone().into_bytes();
            let place = random.next(other.len());
            other[place] ^= 1 << random.next(8);
            assert!(!is_right(def, secret, &headers, &other, NOW), "{name}: {body:?}");
            // Every bit of some signatures, one of each other.
            let bits = if round < 10 { 0..2_000 } else { 0..1 };
            for bit in bits {
                let bit = if round < 10 { bit } else { random.next(8_000) };
                if let Some(headers) = changed(&headers, bit) {
                    assert!(!is_right(def, secret, &headers, body.as_bytes(), NOW), "{name}, bit {bit}: {headers:?}");
                }
            }
            checked += 1;
        }
    }
    assert_eq!(checked, 7_000);
    Ok(())
}

/// A flow that answers 201 with its run and what it sees of its caller.
fn flow(name: &str, webhook: &Value) -> String {
    let answer = json!({ "run": "{{ run.id }}", "payload": "{{ payload }}", "ip": "{{ request.client_ip }}",
        "headers": "{{ request.headers }}" });
    json!({ "weir": 1, "name": name, "trigger": { "webhook": webhook }, "steps": [
        { "id": "fails", "uses": "condition", "with": { "when": "payload.fail" }, "on": { "true": "broken", "false": "answer" } },
        { "id": "broken", "uses": "fail", "with": { "code": "BROKEN" } },
        { "id": "answer", "uses": "response", "with": { "status": 201, "json": answer } },
    ] })
    .to_string()
}

fn with_signature(scheme: &str, more: &Value) -> Result<Value> {
    let mut signature = serde_json::to_value(definition(scheme)?)?;
    let settings = signature.as_object_mut().context("no object")?;
    settings.extend(more.as_object().context("no object")?.clone());
    Ok(json!({ "auth": { "signature": signature } }))
}

/// A server with the secrets that the flows name.
fn server(args: &[&str]) -> Result<(Scratch, Server)> {
    let scratch = Scratch::new()?;
    let server = Server::start_in(scratch.path().join("data"), args)?;
    server.set_secret("S", SECRET)?;
    server.set_secret("P", PUBLIC)?;
    Ok((scratch, server))
}

async fn send(server: &Server, url: &str, headers: &HeaderMap, body: &str) -> Result<Got> {
    got(server.client.post(url).headers(headers.clone()).body(body.to_owned()).send().await?).await
}

/// What a test looks at of an answer.
#[derive(Debug)]
struct Got {
    status: u16,
    replayed: bool,
    challenge: Option<String>,
    body: Value,
}

impl Got {
    fn refused(&self) -> (u16, &str) {
        (self.status, self.body.pointer("/error/code").and_then(Value::as_str).unwrap_or_default())
    }
}

async fn got(answer: Response) -> Result<Got> {
    let text = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (replayed, challenge) = (text("idempotency-replayed").is_some(), text("www-authenticate"));
    let status = answer.status().as_u16();
    Ok(Got { status, replayed, challenge, body: answer.json().await? })
}

const UNTRUSTED: (u16, &str) = (401, "WEIR-HOOK-AUTH");
const REPLAY: (u16, &str) = (409, "WEIR-HOOK-REPLAY");

async fn arm(server: &Server, flow: &str) -> Result<()> {
    let arm = server.api(Method::POST, &format!("/tenants/default/flows/{flow}/arm")).json(&json!({ "for": "5m" }));
    ensure!(arm.send().await?.status().is_success(), "{flow} was not armed");
    Ok(())
}

async fn runs(server: &Server) -> Result<usize> {
    let runs = server.get("/tenants/default/runs?limit=200").await?;
    Ok(runs["items"].as_array().context("no list")?.len())
}

#[tokio::test]
async fn every_scheme_is_checked_before_a_run_begins() -> Result<()> {
    let Some(mut node) = Signer::node()? else { return Ok(()) };
    let (_scratch, server) = server(&[])?;
    let body = r#"{"n":"größer ✓"}"#;
    let mut taken = 0;
    for (scheme, _, _) in SCHEMES {
        let (url, development) =
            server.publish(&flow(&format!("by-{scheme}"), &with_signature(scheme, &json!({}))?))?;
        let (now, id) = (now()?, format!("msg_{scheme}"));
        let signed =
            |signer: &mut Signer, time| -> Result<HeaderMap> { map(&signer.sign(SECRET, &id, time, body)?[scheme]) };
        let right = signed(&mut node, now)?;
        let answer = send(&server, &url, &right, body).await?;
        assert_eq!((answer.status, &answer.body["payload"]["n"]), (201, &json!("größer ✓")), "{scheme} {answer:?}");
        taken += 1;
        let is_timed = definition(scheme)?.is_timed();
        for (what, headers, sent) in [
            ("nothing", HeaderMap::new(), body),
            ("another body", right.clone(), r#"{"n":"groesser"}"#),
            ("a changed signature", changed(&right, 8 * 20).context("not changed")?, body),
            ("an old time", signed(&mut node, now - 310)?, body),
            ("a time ahead", signed(&mut node, now + 310)?, body),
            (
                "another secret",
                map(&node.sign("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", &id, now, body)?[scheme])?,
                body,
            ),
        ] {
            let does_not_count =
                (!is_timed && what.contains("time")) || (scheme.ends_with("ed25519") && what.contains("secret"));
            if !does_not_count {
                let answer = send(&server, &url, &headers, sent).await?;
                assert_eq!(answer.refused(), UNTRUSTED, "{scheme} with {what}: {answer:?}");
                assert_eq!(answer.challenge, None);
            }
        }
        // The draft is not a way around.
        arm(&server, &format!("by-{scheme}")).await?;
        assert_eq!(send(&server, &development, &HeaderMap::new(), body).await?.refused(), UNTRUSTED);
        assert_eq!(send(&server, &development, &right, body).await?.status, 201, "each mode has its own memory");
        taken += 1;
    }
    assert_eq!(runs(&server).await?, taken, "what is refused is no run");
    let log = server.complaints()?;
    for reason in ["is missing", "is right with any of 1 secrets", "was made 31", "ahead"] {
        assert!(log.contains(reason), "the log says why: {reason}");
    }
    assert!(!log.contains(SECRET.trim_start_matches("whsec_")));
    Ok(())
}

#[tokio::test]
async fn signatures_in_other_encodings_are_refused() -> Result<()> {
    let Some(mut node) = Signer::node()? else { return Ok(()) };
    let (_scratch, server) = server(&[])?;
    let body = "{}";
    // A time whose signatures have both letters and digits; any other is as good.
    let signed = node.sign(SECRET, "msg_1", now()?, body)?;
    let base64_to_url = |value: &str| value.replace(['+', '/'], "-").replace('=', "");
    let upper = |value: &str, prefix: &str| value.replacen(prefix, "", 1).to_uppercase();
    for (scheme, header, other) in [
        (
            "github",
            "x-hub-signature-256",
            format!("sha256={}", upper(&signed["github"]["x-hub-signature-256"], "sha256=")),
        ),
        ("github", "x-hub-signature-256", signed["github"]["x-hub-signature-256"].replace("sha256=", "")),
        ("github", "x-hub-signature-256", signed["github"]["x-hub-signature-256"].replace("sha256=", "sha1=")),
        ("slack", "x-slack-signature", signed["slack"]["x-slack-signature"].replace("v0=", "v1=")),
        ("shopify", "x-shopify-hmac-sha256", base64_to_url(&signed["shopify"]["x-shopify-hmac-sha256"])),
        ("stripe", "stripe-signature", signed["stripe"]["stripe-signature"].replace("v1=", "v0=")),
        ("standard-webhooks", "webhook-signature", signed["standard-webhooks"]["webhook-signature"].replace("v1,", "")),
        ("generic", "x-sig", signed["generic"]["x-sig"].replace("v1=", "")),
    ] {
        let (url, _) =
            server.publish(&flow(&format!("by-{scheme}"), &with_signature(scheme, &json!({ "replay": false }))?))?;
        assert_eq!(send(&server, &url, &map(&signed[scheme])?, body).await?.status, 201, "{scheme}");
        let mut headers = map(&signed[scheme])?;
        headers.insert(header, HeaderValue::from_str(&other)?);
        assert_eq!(send(&server, &url, &headers, body).await?.refused(), UNTRUSTED, "{scheme}: {other}");
        headers.append(header, HeaderValue::from_str(&signed[scheme][header])?);
        assert_eq!(send(&server, &url, &headers, body).await?.refused(), UNTRUSTED, "{scheme}: two headers");
    }
    Ok(())
}

/// The URL after a restart, which may change the port.
fn moved(url: &str, before: &str, server: &Server) -> Result<String> {
    let path = url.strip_prefix(before).with_context(|| format!("{url} is not below {before}"))?;
    Ok(format!("{}{path}", server.hooks))
}

#[tokio::test]
async fn a_delivery_that_came_before_is_refused_also_after_a_restart() -> Result<()> {
    let Some(mut node) = Signer::node()? else { return Ok(()) };
    let (_scratch, mut server) = server(&[])?;
    let now = now()?;
    let standard = with_signature("standard-webhooks", &json!({}))?;
    let (answering, _) = server.publish(&flow("answering", &standard))?;
    let background = json!({ "weir": 1, "name": "background", "trigger": { "webhook": standard },
        "steps": [{ "id": "note", "uses": "set", "with": { "seen": 1 } }] });
    let (background, _) = server.publish(&background.to_string())?;
    let (github, _) = server.publish(&flow("github", &with_signature("github", &json!({ "replay": true }))?))?;
    let (stripe, _) = server.publish(&flow("stripe", &with_signature("stripe", &json!({ "replay": true }))?))?;
    let mut signed = |scheme: &str, id: &str, time| map(&node.sign(SECRET, id, time, "{}")?[scheme]);
    let mut first: Vec<(String, HeaderMap, u16)> = vec![
        (answering.clone(), signed("standard-webhooks", "msg_1", now)?, 201),
        (background, signed("standard-webhooks", "msg_1", now)?, 202),
        (github, signed("github", "", now)?, 201),
        (stripe, signed("stripe", "", now)?, 201),
    ];
    for (url, headers, status) in &first {
        assert_eq!(send(&server, url, headers, "{}").await?.status, *status);
        assert_eq!(send(&server, url, headers, "{}").await?.refused(), REPLAY);
    }
    // What is not signed makes no new delivery of it.
    first[2].1.insert("x-github-delivery", HeaderValue::from_static("another"));
    let before = server.hooks.clone();
    server.kill()?;
    server.start_again(&[])?;
    for (url, headers, _) in &first {
        assert_eq!(send(&server, &moved(url, &before, &server)?, headers, "{}").await?.refused(), REPLAY, "{url}");
    }
    let answering = moved(&answering, &before, &server)?;
    // The sender's own second try of a message has its id and a new time.
    let second = signed("standard-webhooks", "msg_1", now + 1)?;
    assert_eq!(send(&server, &answering, &second, "{}").await?.refused(), REPLAY);
    assert_eq!(send(&server, &answering, &signed("standard-webhooks", "msg_2", now)?, "{}").await?.status, 201);
    let later = moved(&first[3].0, &before, &server)?;
    assert_eq!(send(&server, &later, &signed("stripe", "", now + 1)?, "{}").await?.status, 201);
    assert_eq!(runs(&server).await?, 6);

    // Of many at once one is taken.
    let headers = signed("standard-webhooks", "msg_3", now)?;
    let sent = (0..16).map(|_| {
        let request = server.client.post(&answering).headers(headers.clone()).body("{}").send();
        tokio::spawn(async move { got(request.await?).await })
    });
    let mut taken = 0;
    for sent in sent.collect::<Vec<_>>() {
        let answer = sent.await??;
        if answer.status == 201 { taken += 1 } else { assert_eq!(answer.refused(), REPLAY) }
    }
    assert_eq!(taken, 1);
    Ok(())
}

#[tokio::test]
async fn a_sender_may_try_again_what_failed_and_a_key_gets_the_first_answer() -> Result<()> {
    let Some(mut node) = Signer::node()? else { return Ok(()) };
    let (_scratch, server) = server(&[])?;
    let now = now()?;
    let (url, _) = server.publish(&flow("failing", &with_signature("standard-webhooks", &json!({}))?))?;
    let fails = r#"{"fail":true}"#;
    let headers = map(&node.sign(SECRET, "msg_1", now, fails)?["standard-webhooks"])?;
    for _ in 0..2 {
        assert_eq!(send(&server, &url, &headers, fails).await?.status, 500, "what failed may come again");
    }
    let headers = map(&node.sign(SECRET, "msg_1", now, "{}")?["standard-webhooks"])?;
    assert_eq!(send(&server, &url, &headers, "{}").await?.status, 201);
    assert_eq!(send(&server, &url, &headers, "{}").await?.refused(), REPLAY);

    let mut webhook = with_signature("standard-webhooks", &json!({}))?;
    webhook["idempotency"] = json!({ "header": "idempotency-key" });
    let (url, _) = server.publish(&flow("keyed", &webhook))?;
    let mut headers = map(&node.sign(SECRET, "msg_2", now, "{}")?["standard-webhooks"])?;
    headers.insert("idempotency-key", HeaderValue::from_static("one"));
    let first = send(&server, &url, &headers, "{}").await?;
    let again = send(&server, &url, &headers, "{}").await?;
    assert_eq!((first.status, first.replayed, again.status, again.replayed), (201, false, 201, true));
    assert_eq!(first.body["run"], again.body["run"]);
    // The key is not signed, so another one does not make another delivery.
    headers.insert("idempotency-key", HeaderValue::from_static("two"));
    assert_eq!(send(&server, &url, &headers, "{}").await?.refused(), REPLAY);
    headers.remove("idempotency-key");
    let without = send(&server, &url, &headers, "{}").await?;
    assert_eq!(without.refused(), REPLAY, "{without:?}");
    Ok(())
}

#[tokio::test]
async fn credentials_are_asked_for_and_flows_do_not_see_them() -> Result<()> {
    let (_scratch, server) = server(&[])?;
    server.set_secret("OLD", "hunter-old")?;
    server.set_secret("NEW", "hunter-new")?;
    const BASIC: Option<&str> = Some("Basic realm=\"weir\", charset=\"UTF-8\"");
    const BEARER: Option<&str> = Some("Bearer realm=\"weir\"");
    // `crm:hunter-new`, `crm:hunter-old`, `crm:hunter`, `other:hunter-new` in base64.
    for (auth, challenge, header, right, wrong) in [
        (
            json!({ "basic": { "user": "crm", "password": ["NEW", "OLD"] } }),
            BASIC,
            "authorization",
            ["Basic Y3JtOmh1bnRlci1uZXc=", "basic Y3JtOmh1bnRlci1vbGQ="],
            ["Basic Y3JtOmh1bnRlcg==", "Basic b3RoZXI6aHVudGVyLW5ldw==", "Basic ?", "Bearer hunter-new"],
        ),
        (
            json!({ "bearer": ["NEW", "OLD"] }),
            BEARER,
            "authorization",
            ["Bearer hunter-new", "bearer hunter-old"],
            ["Bearer hunter", "Bearer", "hunter-new", "Basic Y3JtOmh1bnRlci1uZXc="],
        ),
        (
            json!({ "header": { "name": "X-Our-Key", "value": ["NEW", "OLD"] } }),
            None,
            "x-our-key",
            ["hunter-new", "hunter-old"],
            ["hunter", "hunter-newer", "Hunter-new", ""],
        ),
    ] {
        let (url, _) = server.publish(&flow("guarded", &json!({ "auth": auth })))?;
        let before = runs(&server).await?;
        let head = |value: &str| -> Result<HeaderMap> {
            Ok(HeaderMap::from_iter([(header.parse::<HeaderName>()?, HeaderValue::from_str(value)?)]))
        };
        for value in right {
            let answer = send(&server, &url, &head(value)?, "{}").await?;
            assert_eq!((answer.status, &answer.body["headers"][header]), (201, &json!("[checked]")), "{value}");
        }
        for value in wrong {
            let answer = send(&server, &url, &head(value)?, "{}").await?;
            assert_eq!((answer.refused(), answer.challenge.as_deref()), (UNTRUSTED, challenge), "{value}");
        }
        let mut twice = head(right[0])?;
        twice.append(header, HeaderValue::from_static("hunter"));
        assert_eq!(send(&server, &url, &twice, "{}").await?.refused(), UNTRUSTED);
        assert_eq!(send(&server, &url, &HeaderMap::new(), "{}").await?.refused(), UNTRUSTED);
        assert_eq!(runs(&server).await?, before + 2, "what is refused is no run");
        assert!(!server.last_run().await?.to_string().contains("hunter"));
    }
    // Refused before its body is read, so that strangers fill no memory.
    let answer = server.client.post(format!("{}/webhook/none", server.hooks)).body("{}").send().await?;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn a_hook_without_its_secret_is_not_published_and_lets_nobody_in() -> Result<()> {
    let (_scratch, server) = server(&[])?;
    let text = flow("guarded", &json!({ "auth": { "bearer": ["LATER", "S"] } }));
    let file = server.scratch().file("guarded.yaml", &text)?;
    let push = || server.cli(&["flow", "push", &file.to_string_lossy(), "--publish", "--json"]);
    let pushed = push()?;
    assert_ne!(pushed.code, 0);
    let said = format!("{}{}", pushed.stdout, pushed.stderr);
    assert!(said.contains("WEIR-FLOW-SECRET") && said.contains("weir secret set LATER"), "{said}");
    server.set_secret("LATER", "later")?;
    let pushed = push()?.json()?;
    let url = pushed["urls"]["production"].as_str().context("no URL")?;
    let with = |value| HeaderMap::from_iter([(reqwest::header::AUTHORIZATION, HeaderValue::from_static(value))]);
    assert_eq!(send(&server, url, &with("Bearer later"), "{}").await?.status, 201);
    for (name, expected) in [("LATER", UNTRUSTED), ("S", (503, "WEIR-HOOK-SECRET"))] {
        ensure!(server.cli(&["secret", "delete", name, "--yes"])?.code == 0, "{name} was not deleted");
        assert_eq!(send(&server, url, &with("Bearer later"), "{}").await?.refused(), expected);
    }
    Ok(())
}

#[tokio::test]
async fn only_listed_addresses_call_and_only_trusted_proxies_are_believed() -> Result<()> {
    let (_scratch, mut server) = server(&[])?;
    let webhook = json!({ "allow": ["203.0.113.0/24", "2001:db8::/32"] });
    let (url, development) = server.publish(&flow("listed", &webhook))?;
    let (open, _) = server.publish(&flow("open", &json!({})))?;
    let forwarded =
        |line| HeaderMap::from_iter([(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_static(line))]);
    let refused = (403, "WEIR-HOOK-ADDRESS");
    assert_eq!(send(&server, &url, &HeaderMap::new(), "{}").await?.refused(), refused);
    assert_eq!(send(&server, &url, &forwarded("203.0.113.7"), "{}").await?.refused(), refused, "nobody's word");
    assert_eq!(send(&server, &open, &forwarded("203.0.113.7"), "{}").await?.body["ip"], "127.0.0.1");
    arm(&server, "listed").await?;
    assert_eq!(send(&server, &development, &HeaderMap::new(), "{}").await?.refused(), refused);
    let before = server.hooks.clone();
    server.stop()?;
    server.start_again(&["--trusted-proxy", "127.0.0.0/8", "--trusted-proxy", "10.0.0.0/8"])?;
    let (url, open) = (moved(&url, &before, &server)?, moved(&open, &before, &server)?);
    for (line, ip, is_listed) in [
        ("203.0.113.7", "203.0.113.7", true),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7", true),
        ("203.0.113.7, 198.51.100.1", "198.51.100.1", false),
        ("203.0.113.7, 10.1.2.3", "203.0.113.7", true),
        ("2001:db8::7", "2001:db8::7", true),
        ("203.0.113.7, nonsense", "127.0.0.1", false),
    ] {
        assert_eq!(send(&server, &open, &forwarded(line), "{}").await?.body["ip"], ip, "{line}");
        let answer = send(&server, &url, &forwarded(line), "{}").await?;
        assert_eq!(answer.refused(), if is_listed { (201, "") } else { refused }, "{line}");
    }
    Ok(())
}
