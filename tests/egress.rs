//! Promise: requests leave through one door, whichever way a flow sends them; it opens for the internet and for what an
//! operator allows, and for nothing else, however the address is spelled.

use std::net::IpAddr;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use serde_json::{Value, json};
use weir_tests::{Cli, Names, Peer, Seen, Server};

/// The ways to send a request, and a flow for each that sends one to `payload.url`.
const DOORS: [(&str, &str); 4] = [
    ("http-request", r#"uses: http-request, with: { url: "{{ payload.url }}", redirects: 3, ok: any }"#),
    ("weir-http", r#"uses: caller@1, with: { door: weir, url: "{{ payload.url }}" }"#),
    ("wasi-http", r#"uses: caller@1, with: { door: wasi, url: "{{ payload.url }}" }"#),
    ("fetch", r#"uses: code, with: { source: "const answer = await fetch(payload.url); return answer.text();" }"#),
];

fn flow(name: &str, more: &str, step: &str) -> String {
    format!(
        r#"weir: 1
name: {name}
{more}
steps:
  - {{ id: send, {step}, save: got, on: {{ error: tell }} }}
  - {{ id: answer, uses: response, with: {{ json: "{{{{ got }}}}" }}, on: {{ next: end }} }}
  - {{ id: tell, uses: response, with: {{ status: 502, json: "{{{{ error }}}}" }} }}
"#
    )
}

async fn post(server: &Server, url: &str, payload: &Value) -> Result<(u16, Value)> {
    let answer = server.post(url, payload.to_string()).await?;
    let status = answer.status().as_u16();
    let text = answer.text().await?;
    Ok((status, serde_json::from_str(&text).with_context(|| text.clone())?))
}

fn with_caller(args: &[&str]) -> Result<Server> {
    let server = Server::start_with(args)?;
    server.push_action("caller")?;
    Ok(server)
}

fn set_egress(server: &Server, lists: &[&str]) -> Result<()> {
    let Cli { code, stderr, .. } = server.cli(&[&["egress", "set"], lists].concat())?;
    ensure!(code == 0, "{stderr}");
    Ok(())
}

/// Spellings of addresses that nobody may reach; `@` stands for the canary's port.
const SPELLINGS: &[&str] = &[
    // The loopback of IPv4, in every way that the URL standard reads.
    "http://127.0.0.1:@/",
    "http://127.1:@/",
    "http://127.0.1:@/",
    "http://127.255.255.254:@/",
    "http://2130706433:@/",
    "http://0x7f000001:@/",
    "http://0x7f.0.0.1:@/",
    "http://0x7f.1:@/",
    "http://0X7F.0x0.0x0.0x1:@/",
    "http://017700000001:@/",
    "http://0177.0.0.1:@/",
    "http://0177.1:@/",
    "http://00000177.00.00.01:@/",
    "http://127.0.0.1.:@/",
    "http://127.1.:@/",
    "http://１２７.０.０.１:@/",
    "http://①②⑦.⓪.⓪.①:@/",
    "http://127。0。0。1:@/",
    "http://127%2e0%2e0%2e1:@/",
    "http://%31%32%37.0.0.1:@/",
    "http:127.0.0.1:@/",
    "http:/127.0.0.1:@/",
    "http:///127.0.0.1:@/",
    "http:\\\\127.0.0.1:@\\",
    "http://\t127.0.0.1:@/",
    "http://127.0.0\n.1:@/",
    "HTTP://127.0.0.1:@/",
    "http://127.0.0.1:@",
    "http://127.0.0.1:@?x",
    "http://127.0.0.1:@#x",
    "http://127.0.0.1:0@/",
    // This network, which Linux takes for the loopback.
    "http://0.0.0.0:@/",
    "http://0:@/",
    "http://0x0:@/",
    "http://0.1:@/",
    "http://[::]:@/",
    // IPv6, and IPv4 in its clothes.
    "http://[::1]:@/",
    "http://[0:0:0:0:0:0:0:1]:@/",
    "http://[0000::0001]:@/",
    "http://[::ffff:127.0.0.1]:@/",
    "http://[::ffff:7f00:1]:@/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:@/",
    "http://[::127.0.0.1]:@/",
    "http://[::ffff:0:127.0.0.1]:@/",
    "http://[64:ff9b::127.0.0.1]:@/",
    "http://[64:ff9b:1::127.0.0.1]:@/",
    "http://[2002:7f00:1::]:@/",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:@/",
    "http://[fe80::1]:@/",
    "http://[fc00::1]:@/",
    "http://[fd00:ec2::254]:@/",
    "http://[ff02::1]:@/",
    "http://[fec0::1]:@/",
    "http://[2001:db8::1]:@/",
    "http://[100::1]:@/",
    "http://[5f00::1]:@/",
    "http://[3fff::1]:@/",
    "http://[::ffff:169.254.169.254]:@/",
    // Other blocks.
    "http://10.0.0.1:@/",
    "http://10.255.255.255:@/",
    "http://172.16.0.1:@/",
    "http://172.31.255.255:@/",
    "http://192.168.0.1:@/",
    "http://169.254.169.254:@/latest/meta-data/",
    "http://2852039166:@/",
    "http://0xa9fea9fe:@/",
    "http://0251.0376.0251.0376:@/",
    "http://100.64.0.1:@/",
    "http://192.0.0.192:@/",
    "http://192.0.2.1:@/",
    "http://192.88.99.1:@/",
    "http://198.18.0.1:@/",
    "http://198.51.100.1:@/",
    "http://203.0.113.1:@/",
    "http://224.0.0.1:@/",
    "http://240.0.0.1:@/",
    "http://255.255.255.255:@/",
    // Users, other schemes, and hosts that are none.
    "http://example.test@127.0.0.1:@/",
    "http://127.0.0.1:@@127.0.0.1:@/",
    "http://user:word@127.0.0.1:@/",
    "http://example.test#@127.0.0.1:@/",
    "http://example.test\\@127.0.0.1:@/",
    "http://127.0.0.1\\@example.test:@/",
    "ftp://127.0.0.1:@/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:@/_GET",
    "unix:///var/run/docker.sock",
    "https://127.0.0.1:@/",
    "//127.0.0.1:@/",
    "127.0.0.1:@",
    "",
    // Names.
    "http://localhost:@/",
    "http://LOCALHOST.:@/",
    "http://loop.test:@/",
    "http://loop.test.:@/",
    "http://LOOP.TEST:@/",
    "http://six.test:@/",
    "http://mapped.test:@/",
    "http://metadata.test:@/",
    "http://mixed.test:@/",
    "http://chain.test:@/",
    "http://rebind.test:@/",
    "http://rebind.test:@/again",
    "http://nowhere.test:@/",
];

fn names(name: &str, times: usize) -> (Vec<IpAddr>, Option<String>) {
    let all = |addresses: &[&str]| addresses.iter().map(|address| address.parse().unwrap()).collect::<Vec<_>>();
    match name {
        "loop.test" => (all(&["127.0.0.1"]), None),
        "six.test" => (all(&["::1"]), None),
        "mapped.test" => (all(&["::ffff:127.0.0.1"]), None),
        "metadata.test" => (all(&["169.254.169.254", "fd00:ec2::254"]), None),
        "mixed.test" => (all(&["127.0.0.2", "127.0.0.1", "::1"]), None),
        "chain.test" => (all(&["127.0.0.1"]), Some("loop.test.".to_owned())),
        // Allowed at the first look, forbidden at any later one.
        "rebind.test" => (all(&[if times < 2 { "127.0.0.2" } else { "127.0.0.1" }]), None),
        "peer.test" => (all(&["127.0.0.2"]), None),
        _ => (Vec::new(), None),
    }
}

#[tokio::test]
async fn no_spelling_of_a_forbidden_address_gets_through_any_door() -> Result<()> {
    let canary = Peer::saying("tweet").await?;
    let port = canary.address.port();
    let here = canary.url("/redirected");
    let redirecting = move |seen: &Seen| {
        let status = seen.target.trim_start_matches('/').parse().unwrap_or(302);
        Response::builder().status(status).header("location", here.as_str()).body(Full::<Bytes>::default()).unwrap()
    };
    let redirector = Peer::at("127.0.0.2", redirecting).await?;
    let dns = Names::that(names).await?;
    let server = with_caller(&["--egress-allow", "127.0.0.2", "--egress-dns", &dns.address.to_string()])?;
    let redirects = [301, 302, 303, 307, 308].map(|status| redirector.url(&format!("/{status}")));
    // The last `@` stands for the port, those before are meant.
    let with_port = |text: &&str| match text.rsplit_once('@') {
        Some((before, after)) => format!("{before}{port}{after}"),
        None => (*text).to_owned(),
    };
    let spellings: Vec<String> = SPELLINGS.iter().map(with_port).chain(redirects).collect();
    ensure!(spellings.len() >= 80, "only {} spellings", spellings.len());
    for (door, step) in DOORS {
        let (hook, _) = server.publish(&flow(door, "", step))?;
        for spelling in &spellings {
            let (status, told) = post(&server, &hook, &json!({ "url": spelling })).await?;
            let redirected = spelling.contains("127.0.0.2:") && door != "http-request";
            ensure!(redirected || status == 502, "{door} {spelling:?}: {status} {told}");
            ensure!(canary.connections() == 0, "{door} {spelling:?} reached the canary: {told}");
        }
    }
    ensure!(canary.seen().is_empty() && !redirector.seen().is_empty() && !dns.asked().is_empty());
    Ok(())
}

#[tokio::test]
async fn the_server_itself_is_never_reached_whatever_is_allowed() -> Result<()> {
    let server = with_caller(&["--egress-allow", "127.0.0.0/8", "--egress-allow", "::/0"])?;
    for (door, step) in DOORS {
        let (hook, _) = server.publish(&flow(door, "", step))?;
        for own in [&server.hooks, &server.admin] {
            let port = own.rsplit(':').next().unwrap_or_default();
            for host in ["127.0.0.1", "127.9.9.9", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"]
            {
                let (status, told) =
                    post(&server, &hook, &json!({ "url": format!("http://{host}:{port}/readyz") })).await?;
                ensure!(status == 502, "{door} {host}: {told}");
            }
        }
        let url = format!("{}/readyz", server.hooks);
        let (_, told) = post(&server, &hook, &json!({ "url": url })).await?;
        let says = told.to_string();
        ensure!(says.contains("this server itself") || says.contains("HttpRequestDenied"), "{door}: {told}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_denied_names_the_setting_that_allows_it() -> Result<()> {
    let peer = Peer::saying("hello").await?;
    let server = with_caller(&[])?;
    let payload = json!({ "url": peer.url("/") });
    for (door, step) in DOORS {
        let (hook, _) = server.publish(&flow(door, "", step))?;
        let (_, told) = post(&server, &hook, &payload).await?;
        let wanted = if door == "wasi-http" { "HttpRequestDenied" } else { "weir egress set allow=127.0.0.1" };
        ensure!(told.to_string().contains(wanted), "{door}: {told}");
    }
    // What the message says is what helps, at once.
    set_egress(&server, &["allow=127.0.0.1"])?;
    for (door, step) in DOORS {
        let (hook, _) = server.publish(&flow(door, "", step))?;
        let (status, told) = post(&server, &hook, &payload).await?;
        ensure!(status == 200 && told.to_string().contains("hello"), "{door}: {told}");
    }
    // Each list narrows.
    let (hook, _) = server.publish(&flow("fetch", "egress: { hosts: [api.example.com] }", DOORS[3].1))?;
    let (_, told) = post(&server, &hook, &payload).await?;
    ensure!(told.to_string().contains("`egress.hosts` of the flow"), "{told}");
    set_egress(&server, &["hosts=api.example.com"])?;
    let (hook, _) = server.publish(&flow("http-request", "", DOORS[0].1))?;
    let (_, told) = post(&server, &hook, &payload).await?;
    ensure!(told["code"] == "WEIR-HTTP-HOST-DENIED" && told.to_string().contains("weir egress set hosts="), "{told}");
    // A connection that was allowed is not used once it is not.
    set_egress(&server, &["hosts=", "allow="])?;
    let before = peer.seen().len();
    let (_, told) = post(&server, &hook, &payload).await?;
    ensure!(told["code"] == "WEIR-HTTP-ADDRESS-DENIED" && peer.seen().len() == before, "{told}");
    Ok(())
}

#[tokio::test]
async fn a_request_is_sent_as_written_and_its_answer_read_as_wished() -> Result<()> {
    let peer = Peer::at("127.0.0.1", |seen| {
        let answer = Response::builder().header("x-twice", "a").header("x-twice", "b");
        match seen.target.split('?').next().unwrap_or_default() {
            "/json" => answer.header("content-type", "application/json").body(Full::from(r#"{"n":1}"#)),
            "/bytes" => answer.body(Full::from(&[0xff_u8, 0, 1][..])),
            "/busy" => answer.status(503).header("retry-after", "0").body(Full::from("busy")),
            "/large" => answer.body(Full::from("x".repeat(3 << 20))),
            "/moved" => answer.status(302).header("location", "/json").body(Full::default()),
            _ => answer.body(Full::from("text")),
        }
        .unwrap()
    })
    .await?;
    let server = with_caller(&["--egress-allow", "127.0.0.1"])?;
    let send = async |with: &str| {
        let step = format!("uses: http-request, with: {{ {} }}", with.replace("URL", &peer.url("")));
        let (hook, _) = server.publish(&flow("send", "", &step))?;
        post(&server, &hook, &json!({ "q": "a b&c", "n": 7, "list": [1, 2] })).await
    };
    let (status, got) =
        send(r#"url: "URL/json?x=1", query: { q: "{{ payload.q }}", many: "{{ payload.list }}", none: null }"#).await?;
    ensure!(
        status == 200 && got["body"] == json!({ "n": 1 }) && got["headers"]["x-twice"] == json!(["a", "b"]),
        "{got}"
    );
    let seen = peer.last();
    ensure!(seen.method == "GET" && seen.target == "/json?x=1&q=a+b%26c&many=1&many=2", "{seen:?}");
    ensure!(seen.header("user-agent") == "weir" && seen.header("idempotency-key").is_empty());

    send(r#"url: "URL/", json: { n: "{{ payload.n }}", list: "{{ payload.list }}" }, headers: { x-own: ["1", "2"] }"#)
        .await?;
    let seen = peer.last();
    ensure!(seen.method == "POST" && seen.text() == r#"{"n":7,"list":[1,2]}"#, "{seen:?}");
    ensure!(seen.header("content-type") == "application/json" && seen.header("idempotency-key").contains(":send"));
    ensure!(seen.headers.get_all("x-own").iter().count() == 2);

    send(r#"url: "URL/", method: PUT, form: { q: "{{ payload.q }}" }, auth: { basic: { user: ann, password: "pw" } }"#)
        .await?;
    let seen = peer.last();
    ensure!(seen.method == "PUT" && seen.text() == "q=a+b%26c" && seen.header("authorization") == "Basic YW5uOnB3");

    let part = r#"file: { base64: "AAH/", filename: "a\"b.bin", type: image/png }"#;
    send(&format!(r#"url: "URL/", multipart: {{ note: "{{{{ payload.q }}}}", {part} }}"#)).await?;
    let seen = peer.last();
    let text = seen.text();
    ensure!(
        text.contains("name=\"note\"\r\n") && text.contains("filename=\"a%22b.bin\"") && text.contains("image/png")
    );

    let (_, got) = send(r#"url: "URL/bytes""#).await?;
    ensure!(got["body"] == "/wAB", "{got}");
    let (_, got) = send(r#"url: "URL/moved", redirects: 1"#).await?;
    ensure!(got["body"]["n"] == 1 && got["url"].as_str().is_some_and(|url| url.ends_with("/json")), "{got}");
    let (_, got) = send(r#"url: "URL/moved", ok: [302]"#).await?;
    ensure!(got["status"] == 302, "{got}");
    let (status, told) = send(r#"url: "URL/busy""#).await?;
    ensure!(status == 502 && told["code"] == "WEIR-HTTP-STATUS" && told["detail"]["body"] == "busy", "{told}");
    let (status, got) = send(r#"url: "URL/busy", ok: any"#).await?;
    ensure!(status == 200 && got["status"] == 503, "{got}");
    let (status, told) = send(r#"url: "URL/large", max_bytes: 1000000"#).await?;
    ensure!(status == 502 && told["code"] == "WEIR-HTTP-TOO-LARGE", "{told}");
    let (status, told) =
        send(r#"url: "URL/json", response: json, headers: { host: evil }"#).await.map_or((0, Value::Null), |got| got);
    ensure!(status == 0 && told.is_null(), "a reserved header was published");
    Ok(())
}

#[tokio::test]
async fn an_attempt_has_the_same_key_and_waits_as_it_is_asked_to() -> Result<()> {
    let peer = Peer::at("127.0.0.1", {
        let calls = std::sync::atomic::AtomicUsize::new(0);
        move |_| {
            let first = calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
            let answer = Response::builder().status(if first { 429 } else { 200 }).header("retry-after", "1");
            answer.body(Full::from("done")).unwrap()
        }
    })
    .await?;
    let server = with_caller(&["--egress-allow", "127.0.0.1"])?;
    let step = format!(
        r#"uses: http-request, with: {{ url: "{}", text: x }}, retry: {{ attempts: 3, backoff: 1ms..5s }}"#,
        peer.url("/")
    );
    let (hook, _) = server.publish(&flow("again", "", &step))?;
    let started = tokio::time::Instant::now();
    let (status, got) = post(&server, &hook, &json!({})).await?;
    ensure!(status == 200 && got["body"] == "done", "{got}");
    ensure!(started.elapsed() >= std::time::Duration::from_secs(1), "it did not wait");
    let keys: Vec<String> = peer.seen().iter().map(|seen| seen.header("idempotency-key").to_owned()).collect();
    ensure!(keys.len() == 2 && keys[0] == keys[1] && !keys[0].is_empty(), "{keys:?}");
    Ok(())
}
