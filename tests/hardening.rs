//! Promise: whatever reaches a port, however slowly and however much of it, harms nobody else and leaves nothing behind.

#![expect(clippy::disallowed_methods, reason = "the test is a caller: it opens its own sockets")]

#[path = "hardening/frames.rs"]
mod frames;
#[path = "hardening/requests.rs"]
mod requests;
#[path = "hardening/wire.rs"]
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use flate2::Compression;
use flate2::bufread::{DeflateEncoder, GzEncoder, ZlibEncoder};
use frames::{CONTINUATION, HEADERS, PING, SETTINGS, frame, header, opening};
use h2::client::SendRequest;
use http::Request;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use weir_tests::{HELLO, Load, Scratch, Server};
use wire::{Came, Wire};

/// Times short enough for a test, in the order of what they hold.
const SHORT: [&str; 12] = [
    "--first-byte-time",
    "400ms",
    "--head-time",
    "500ms",
    "--body-time",
    "1500ms",
    "--idle-time",
    "800ms",
    "--unread-time",
    "1s",
    "--connection-age",
    "1h",
];

/// A flow whose answer is large.
const LARGE: &str = r#"weir: 1
name: large
trigger: { webhook: { methods: [GET, POST] } }
steps:
  - id: answer
    uses: response
    with: { json: "{{ payload }}" }
"#;

/// A client whose connections go with it.
fn caller() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().build()?)
}

/// A server with a published flow, and how many files it has open when nobody calls.
struct Target {
    server: Server,
    url: String,
    files: usize,
    _scratch: Scratch,
}

impl Target {
    async fn start(args: &[&str]) -> Result<Self> {
        let scratch = Scratch::new()?;
        let server = Server::start_in(scratch.path().join("data"), args)?;
        let (url, _) = server.publish(HELLO)?;
        let mut target = Self { server, url, files: 0, _scratch: scratch };
        target.still_answers().await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        target.files = target.open_files()?;
        Ok(target)
    }

    fn open_files(&self) -> Result<usize> {
        // Sockets alone: the store opens files of its own as runs are recorded.
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.server.pid()))?;
        let targets = open.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        Ok(targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count())
    }

    async fn still_answers(&self) -> Result<()> {
        // A connection of its own: one that was kept may be closed by the server just now.
        let call = caller()?.post(&self.url).header("content-type", "application/json");
        let answer = call.body(r#"{"name":"Ada"}"#).send().await?;
        ensure!(answer.status() == 201, "a plain call was answered {}", answer.status());
        Ok(())
    }

    /// The server answers, and has no more files open than before.
    async fn is_unharmed(&self) -> Result<()> {
        self.still_answers().await?;
        let mut files = 0;
        for _ in 0..400 {
            files = self.open_files()?;
            // The one connection of this test's own client may come and go.
            if files <= self.files + 1 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("{files} sockets are open, {} were before", self.files)
    }

    fn hooks(&self) -> String {
        self.server.hooks.trim_start_matches("http://").to_owned()
    }

    fn path(&self) -> String {
        self.url.trim_start_matches(&self.server.hooks).to_owned()
    }

    fn admin(&self) -> String {
        self.server.admin.trim_start_matches("http://").to_owned()
    }

    /// Both listeners: an address, and a path there that answers.
    fn both(&self) -> [(String, String); 2] {
        [(self.hooks(), self.path()), (self.admin(), "/api/v1/health".to_owned())]
    }
}

#[tokio::test]
async fn odd_requests_are_answered_as_the_table_says() -> Result<()> {
    let target = Target::start(&[]).await?;
    let mut wrong = Vec::new();
    for case in requests::all()? {
        for ((address, path), statuses) in target.both().into_iter().zip([&case.webhooks, &case.admin]) {
            let told = tried(&address, &path, &case, statuses)?;
            if let Some(told) = told {
                wrong.push(format!("{} at {path}: {told}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let runs = target.server.get("/tenants/default/runs?limit=200").await?;
    let runs = runs["items"].as_array().context("no runs")?.len();
    let answered: usize = requests::all()?.iter().map(|case| case.webhooks.iter().filter(|s| **s == 201).count()).sum();
    // Each connection that was kept was asked once more; the plain call before made one too.
    let again = requests::all()?.iter().filter(|case| case.is_kept && !case.webhooks.is_empty()).count();
    assert_eq!(runs, answered + again + 1, "what is refused makes no run");
    target.is_unharmed().await
}

/// What was not as the table says, where something was not.
fn tried(address: &str, path: &str, case: &requests::Case, statuses: &[u16]) -> Result<Option<String>> {
    let mut wire = Wire::connect(address)?;
    wire.send(&case.bytes(path, address)?);
    for status in statuses {
        match wire.answer()? {
            Came::Answer(came, _) if came == *status => {}
            came => return Ok(Some(format!("{came:?} instead of {status}"))),
        }
    }
    if statuses.is_empty() {
        let came = wire.answer_within(Duration::from_millis(300))?;
        return Ok((came != Came::Nothing).then(|| format!("{came:?} instead of nothing")));
    }
    let next = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let took = case.is_kept && wire.send(next.as_bytes());
    let came = wire.answer()?;
    let is_kept = took && matches!(came, Came::Answer(200 | 201, _));
    Ok((is_kept != case.is_kept || !is_kept && came != Came::End).then(|| format!("then {came:?}")))
}

#[tokio::test]
async fn slow_callers_lose_their_connections() -> Result<()> {
    let target = Target::start(&SHORT).await?;
    for (address, path) in target.both() {
        let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 9\r\n");
        let silent = Wire::connect(&address)?.answer()?;
        assert_eq!(silent, Came::End, "no byte at all");
        let mut wire = Wire::connect(&address)?;
        wire.send(b"PRI");
        assert_eq!(wire.answer()?, Came::End, "half of HTTP/2's first words");
        let mut wire = Wire::connect(&address)?;
        wire.send(&opening());
        assert!(wire.ends()?, "HTTP/2 without a request");
        let mut wire = Wire::connect(&address)?;
        while wire.send(b"X") && wire.answer_within(Duration::from_millis(50))? == Came::Nothing {}
        assert!(wire.ends()?, "a head in drops");
        let mut wire = Wire::connect(&address)?;
        wire.send(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes());
        assert!(matches!(wire.answer()?, Came::Answer(200 | 201, _)));
        wire.send(head.as_bytes());
        assert_eq!(wire.answer()?, Came::End, "a second head that does not end");
        let mut wire = Wire::connect(&address)?;
        wire.send(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes());
        assert!(matches!(wire.answer()?, Came::Answer(200 | 201, _)));
        assert_eq!(wire.answer()?, Came::End, "no further request");
    }
    target.is_unharmed().await
}

#[tokio::test]
async fn slow_bodies_are_answered_408() -> Result<()> {
    let target = Target::start(&SHORT).await?;
    let check = "/api/v1/tenants/default/flows/hello/arm".to_owned();
    let authorization = format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", target.server.token);
    for (address, path, headers) in
        [(target.hooks(), target.path(), String::new()), (target.admin(), check, authorization)]
    {
        let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Content-Length: 5000\r\n\r\n");
        let mut stalled = Wire::connect(&address)?;
        stalled.send(format!("{head}{{").as_bytes());
        let came = stalled.answer()?;
        assert!(matches!(&came, Came::Answer(408, body) if body.contains("BODY-SLOW")), "{came:?}");
        assert_eq!(stalled.answer()?, Came::End);
        let mut dripping = Wire::connect(&address)?;
        dripping.send(head.as_bytes());
        let came = loop {
            dripping.send(b" ");
            match dripping.answer_within(Duration::from_millis(50))? {
                Came::Nothing => {}
                came => break came,
            }
        };
        assert!(matches!(&came, Came::Answer(408, body) if body.contains("less than")), "{came:?}");
    }
    target.is_unharmed().await
}

/// An HTTP/2 client, and the task that moves its frames.
async fn h2(address: &str, window: u32) -> Result<(SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>)> {
    let stream = TcpStream::connect(address).await?;
    let (client, connection) = h2::client::Builder::new().initial_window_size(window).handshake(stream).await?;
    Ok((client, tokio::spawn(connection)))
}

fn get(address: &str, path: &str) -> Result<Request<()>> {
    Ok(Request::get(format!("http://{address}{path}")).body(())?)
}

#[tokio::test]
async fn http2_connections_without_requests_or_readers_end() -> Result<()> {
    let target = Target::start(&SHORT).await?;
    for (address, path) in target.both() {
        // Pings are no requests.
        let stream = TcpStream::connect(&address).await?;
        let (mut client, mut connection) = h2::client::handshake(stream).await?;
        let mut pings = connection.ping_pong().context("no pings")?;
        let connection = tokio::spawn(connection);
        let pinging = tokio::spawn(async move { while pings.ping(h2::Ping::opaque()).await.is_ok() {} });
        let (answer, _) = client.send_request(get(&address, &path)?, true)?;
        assert!(answer.await?.status().is_success());
        connection.await?.context("the connection ended otherwise than in order")?;
        pinging.await?;
        // A window of nothing: the answer never gets its turn.
        let (mut client, connection) = h2(&address, 0).await?;
        let (answer, _) = client.send_request(get(&address, &path)?, true)?;
        let answer = answer.await?;
        assert!(answer.status().is_success());
        // Whether it says goodbye or not: it ends.
        let _ = connection.await?;
    }
    target.is_unharmed().await
}

#[tokio::test]
async fn an_answer_that_nobody_reads_ends_its_connection() -> Result<()> {
    let target = Target::start(&SHORT).await?;
    let (url, _) = target.server.publish(LARGE)?;
    let path = url.trim_start_matches(&target.server.hooks).to_owned();
    let body = serde_json::to_string(&"x".repeat(1 << 20))?;
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let ended = tokio::task::spawn_blocking({
        let address = target.hooks();
        move || -> Result<bool> {
            let mut wire = Wire::connect(&address)?;
            // Asks and asks and reads nothing, until the server takes no more and then gives up.
            for _ in 0..64 {
                if !wire.send(request.as_bytes()) {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    });
    assert!(ended.await??, "the server took 64 requests for a megabyte each and nobody read an answer");
    target.is_unharmed().await
}

#[tokio::test]
async fn an_http2_connection_of_age_ends_without_losing_a_request() -> Result<()> {
    let target = Target::start(&["--connection-age", "700ms"]).await?;
    let (address, path) = (target.hooks(), target.path());
    let (mut client, connection) = h2(&address, 65_535).await?;
    let mut answered = 0;
    loop {
        client = match client.ready().await {
            Ok(client) => client,
            Err(_) => break,
        };
        let Ok((answer, _)) = client.send_request(get(&address, &path)?, true) else { break };
        match answer.await {
            Ok(answer) => {
                assert_eq!(answer.status(), 201);
                answered += 1;
            }
            // Sent after the server had said which one was its last: it was not looked at.
            Err(error) => {
                assert!(error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM), "{error}");
                break;
            }
        }
    }
    assert!(answered > 0);
    connection.await?.context("the connection ended otherwise than in order")?;
    target.is_unharmed().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_hundred_slow_connections_cost_nobody_a_call() -> Result<()> {
    let target = Target::start(&["--first-byte-time", "1s", "--head-time", "1s"]).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let opened = Arc::new(AtomicUsize::new(0));
    let attackers: Vec<_> = (0..400).map(|n| slow(target.hooks(), n % 2 == 0, &stop, &opened)).collect();
    let load = Load::start(&caller()?, &target.url, 8, Duration::ZERO);
    // Each of the slow ones was closed and has come again, while the others called.
    while opened.load(Ordering::Relaxed) < 1_200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    load.answered(200).await?;
    let calls = load.stop().await?;
    stop.store(true, Ordering::Relaxed);
    for attacker in attackers {
        attacker.await?;
    }
    let failed: Vec<_> = calls.iter().filter(|call| call.status != 201).collect();
    assert!(failed.is_empty(), "{} of {}: {:?}", failed.len(), calls.len(), failed.first());
    target.is_unharmed().await
}

/// A caller who says nothing, or a head in drops, and comes again when it is closed.
fn slow(address: String, is_silent: bool, stop: &Arc<AtomicBool>, opened: &Arc<AtomicUsize>) -> JoinHandle<()> {
    let (stop, opened) = (Arc::clone(stop), Arc::clone(opened));
    tokio::spawn(async move {
        while !stop.load(Ordering::Relaxed) {
            let Ok(mut stream) = TcpStream::connect(&address).await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            opened.fetch_add(1, Ordering::Relaxed);
            let mut byte = [0];
            loop {
                let tick = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut byte)).await;
                let is_over = tick.is_ok() || stop.load(Ordering::Relaxed);
                if is_over || !is_silent && stream.write_all(b"G").await.is_err() {
                    break;
                }
            }
        }
    })
}

#[tokio::test]
async fn an_address_has_only_so_many_connections() -> Result<()> {
    let target = Target::start(&["--max-connections-per-address", "8", "--first-byte-time", "1s"]).await?;
    for (address, path) in target.both() {
        let mut held = Vec::new();
        for _ in 0..16 {
            held.push(Wire::connect(&address)?);
        }
        // Those above the number are closed at once; the others in their time.
        let closed_at_once = held.iter_mut().filter_map(|wire| wire.answer_within(Duration::from_millis(100)).ok());
        let closed_at_once = closed_at_once.filter(|came| *came == Came::End).count();
        assert!((8..=9).contains(&closed_at_once), "{closed_at_once} of 16 at {path}");
        for wire in &mut held {
            assert!(wire.ends()?);
        }
    }
    target.is_unharmed().await
}

fn all(mut encoder: impl std::io::Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    encoder.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[tokio::test]
async fn bodies_in_a_content_coding_are_decoded_and_bombs_are_not() -> Result<()> {
    let target = Target::start(&[]).await?;
    let post = |coding: &'static str, body: Vec<u8>| {
        let request = target.server.client.post(&target.url).header("content-type", "application/json");
        async move {
            let answer = request.header("content-encoding", coding).body(body).send().await?;
            anyhow::Ok((answer.status().as_u16(), answer.json::<Value>().await?))
        }
    };
    let best = Compression::best();
    let plain = br#"{"name":"Ada"}"#;
    let zstd = |bytes: &[u8]| ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest);
    let brotli = b"\x8b\x06\x80{\"name\":\"Ada\"}\x03".to_vec();
    for (coding, body) in [
        ("identity", plain.to_vec()),
        ("gzip", all(GzEncoder::new(&plain[..], best))?),
        ("GZIP", all(GzEncoder::new(&plain[..], best))?),
        ("deflate", all(ZlibEncoder::new(&plain[..], best))?),
        ("deflate", all(DeflateEncoder::new(&plain[..], best))?),
        ("br", brotli.clone()),
        ("zstd", zstd(plain)),
    ] {
        let (status, answer) = post(coding, body).await?;
        assert_eq!((status, answer["hello"].as_str()), (201, Some("Ada")), "{coding}: {answer}");
    }
    let zeros = vec![b'0'; 5 << 20];
    // Eight million zeros in Brotli, as its reference implementation makes them.
    let brotli_bomb = b"\x9b\xff\xff\x7f\xf8\x25\x60\xe2\xb1\x40\x20\xf7\xfe\x0f".to_vec();
    for (coding, body) in [
        ("gzip", all(GzEncoder::new(&zeros[..], best))?),
        ("deflate", all(ZlibEncoder::new(&zeros[..], best))?),
        ("br", brotli_bomb),
        ("zstd", zstd(&zeros)),
    ] {
        let (status, answer) = post(coding, body).await?;
        assert_eq!((status, answer["error"]["code"].as_str()), (413, Some("WEIR-BODY-RATIO")), "{coding}: {answer}");
    }
    // The limit holds for what is decoded, to the byte.
    let text = |length: usize| {
        let varied = (0..length - 11).map(|n| char::from(b'a' + u8::try_from(n * n % 7919 % 26).unwrap_or(0)));
        format!(r#"{{"name":"{}"}}"#, varied.collect::<String>()).into_bytes()
    };
    let limit = 5 << 20;
    for (length, status) in [(limit, 201), (limit + 1, 413)] {
        let (came, answer) = post("gzip", all(GzEncoder::new(&text(length)[..], Compression::fast()))?).await?;
        assert_eq!(came, status, "{length} bytes: {:?}", answer["error"]);
    }
    for (coding, body, status, code) in [
        ("compress", plain.to_vec(), 415, "WEIR-BODY-ENCODING"),
        ("gzip, br", plain.to_vec(), 415, "WEIR-BODY-ENCODING"),
        ("gzip", plain.to_vec(), 400, "WEIR-BODY-MALFORMED"),
        ("br", brotli[..brotli.len() - 1].to_vec(), 400, "WEIR-BODY-MALFORMED"),
    ] {
        let (came, answer) = post(coding, body).await?;
        assert_eq!((came, answer["error"]["code"].as_str()), (status, Some(code)), "{coding}");
    }
    target.is_unharmed().await
}

/// Has legitimate callers call while something happens; none of their calls may fail.
async fn beside_callers(target: &Target, attack: impl Future<Output = Result<()>>) -> Result<()> {
    let load = Load::start(&caller()?, &target.url, 4, Duration::ZERO);
    attack.await?;
    load.answered(20).await?;
    let calls = load.stop().await?;
    let failed: Vec<_> = calls.iter().filter(|call| call.status != 201).collect();
    assert!(failed.is_empty() && !calls.is_empty(), "{} of {}: {:?}", failed.len(), calls.len(), failed.first());
    target.is_unharmed().await
}

#[tokio::test]
async fn resetting_streams_in_a_hurry_harms_nobody() -> Result<()> {
    let target = Target::start(&[]).await?;
    let attack = async {
        for (address, path) in target.both() {
            let mut resets = 0;
            for _ in 0..20 {
                let (mut client, connection) = h2(&address, 65_535).await?;
                for _ in 0..2_000 {
                    let Ok((_, mut stream)) = client.send_request(get(&address, &path)?, true) else { break };
                    stream.send_reset(h2::Reason::CANCEL);
                    resets += 1;
                    if resets % 50 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                drop(client);
                let _ = connection.await?;
            }
            assert!(resets > 1_000);
        }
        Ok(())
    };
    beside_callers(&target, attack).await
}

#[tokio::test]
async fn floods_of_frames_end_their_connection_and_harm_nobody() -> Result<()> {
    let target = Target::start(&["--head-time", "2s"]).await?;
    let attack = async {
        for (address, path) in target.both() {
            let head = [
                header(":method", "GET"),
                header(":scheme", "http"),
                header(":authority", "h"),
                header(":path", &path),
            ];
            let filler = header("x-filler", &"a".repeat(100)).repeat(100);
            // A head that goes on and on.
            let mut endless = opening();
            endless.extend(frame(HEADERS, 0, 1, &head.concat()));
            let more = frame(CONTINUATION, 0, 1, &filler).repeat(100);
            assert!(flood(&address, endless, more).await?, "CONTINUATION");
            // Empty frames that carry nothing.
            let mut empty = opening();
            empty.extend(frame(HEADERS, 0, 1, &head.concat()));
            assert!(flood(&address, empty, frame(CONTINUATION, 0, 1, &[]).repeat(1_000)).await?, "empty CONTINUATION");
            // More header bytes than a head may have, and more headers: refused, and the connection may go on.
            flood(&address, opening(), frame(PING, 0, 0, &[0; 8]).repeat(1_000)).await?;
            flood(&address, opening(), frame(SETTINGS, 0, 0, &[]).repeat(1_000)).await?;
        }
        Ok(())
    };
    beside_callers(&target, attack).await
}

/// Sends an opening and then the same again and again, reading nothing; whether the server ended it.
async fn flood(address: &str, opening: Vec<u8>, again: Vec<u8>) -> Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&opening).await?;
    let sending = async {
        for _ in 0..2_000 {
            if stream.write_all(&again).await.is_err() {
                return true;
            }
        }
        false
    };
    // A server that reads no more has the flood wait; that is as good as an end.
    Ok(tokio::time::timeout(Duration::from_secs(5), sending).await.unwrap_or(true))
}

#[tokio::test]
async fn http2_heads_are_held_to_the_same_rules() -> Result<()> {
    let target = Target::start(&[]).await?;
    for (address, path) in target.both() {
        let (mut client, connection) = h2(&address, 65_535).await?;
        let many = (0..101)
            .fold(Request::get(format!("http://{address}{path}")), |request, n| request.header(format!("x-{n}"), "a"));
        let long = format!("http://{address}{path}?{}", "a".repeat(9_000));
        let cases = [
            (Request::get(format!("http://{address}{path}")), vec![200, 201]),
            (Request::builder().method("TRACE").uri(format!("http://{address}{path}")), vec![405]),
            (Request::get(format!("http://{address}{path}")).header("host", "evil"), vec![400]),
            (Request::get(long), vec![414]),
            (many, vec![431]),
        ];
        for (request, statuses) in cases {
            let request = request.body(())?;
            let told = format!("{request:?}");
            client = client.ready().await?;
            let (answer, _) = client.send_request(request, true)?;
            let status = answer.await?.status().as_u16();
            assert!(statuses.contains(&status), "{status} for {}", told.chars().take(200).collect::<String>());
        }
        drop(client);
        connection.await??;
    }
    target.is_unharmed().await
}
