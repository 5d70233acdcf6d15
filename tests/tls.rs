//! Promise: both ports speak TLS when they are told to, to everybody who is told whom to trust, and say what is wrong otherwise.

#![expect(clippy::disallowed_methods, reason = "the test is a caller: it opens its own sockets")]

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use weir_tests::{Cli, HELLO, Scratch, Server};

/// A certificate for this machine and its key, in files.
struct Pair {
    certificate: PathBuf,
    key: PathBuf,
    bytes: CertificateDer<'static>,
}

impl Pair {
    fn make(scratch: &Scratch, name: &str) -> Result<Self> {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names)?;
        Ok(Self {
            certificate: scratch.file(&format!("{name}.pem"), cert.pem())?,
            key: scratch.file(&format!("{name}.key"), signing_key.serialize_pem())?,
            bytes: cert.der().clone(),
        })
    }

    fn args(&self) -> [String; 8] {
        let (certificate, key) = (self.certificate.to_string_lossy(), self.key.to_string_lossy());
        ["--tls-cert", &certificate, "--tls-key", &key, "--admin-tls-cert", &certificate, "--admin-tls-key", &key]
            .map(str::to_owned)
    }

    /// Opens a connection, trusting this certificate alone.
    async fn connect(
        &self,
        address: &str,
        version: &'static SupportedProtocolVersion,
        protocols: &[&str],
    ) -> Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.bytes.clone())?;
        let mut config = ClientConfig::builder_with_protocol_versions(&[version])
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(address).await?;
        Ok(TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost")?, stream).await?)
    }
}

fn started(scratch: &Scratch, pair: &Pair) -> Result<Server> {
    let args = pair.args();
    Server::start_in(scratch.path().join("data"), &args.each_ref().map(String::as_str))
}

fn address(url: &str) -> String {
    url.trim_start_matches("https://").to_owned()
}

/// What a GET over HTTP/1 is answered.
async fn get(mut stream: TlsStream<TcpStream>, path: &str) -> Result<String> {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8(answer)?)
}

#[tokio::test]
async fn both_ports_speak_tls_with_both_versions_of_http_and_of_tls() -> Result<()> {
    let scratch = Scratch::new()?;
    let pair = Pair::make(&scratch, "one")?;
    let server = started(&scratch, &pair)?;
    ensure!(server.hooks.starts_with("https://") && server.admin.starts_with("https://"));
    // The command line trusts the certificate that the server wrote beside its token.
    let (url, _) = server.publish(HELLO)?;
    ensure!(url.starts_with("https://"), "{url}");
    let path = url.trim_start_matches(&server.hooks).to_owned();
    for (at, path, status) in [(&server.hooks, path.as_str(), 201), (&server.admin, "/api/v1/health", 200)] {
        let at = address(at);
        for (version, name) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
            let stream = pair.connect(&at, version, &["http/1.1"]).await?;
            assert_eq!(stream.get_ref().1.protocol_version(), Some(name));
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            let answer = get(stream, path).await?;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        }
        let stream = pair.connect(&at, &TLS13, &[]).await?;
        assert!(get(stream, path).await?.starts_with(&format!("HTTP/1.1 {status}")), "no ALPN is HTTP/1");
        let stream = pair.connect(&at, &TLS13, &["http/1.1", "h2"]).await?;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (mut client, connection) = h2::client::handshake(stream).await?;
        let connection = tokio::spawn(connection);
        let request = http::Request::get(format!("https://localhost{path}")).body(())?;
        let (answer, _) = client.send_request(request, true)?;
        assert_eq!(answer.await?.status(), status);
        drop(client);
        connection.await??;
        let old = pair.connect(&at, &TLS13, &["spdy/3"]).await;
        assert!(old.is_err(), "no protocol in common");
    }
    Ok(())
}

#[tokio::test]
async fn who_speaks_no_tls_or_never_ends_its_handshake_is_closed() -> Result<()> {
    let scratch = Scratch::new()?;
    let pair = Pair::make(&scratch, "one")?;
    let server = started(&scratch, &pair)?;
    for at in [&server.hooks, &server.admin].map(|url| address(url)) {
        let mut plain = TcpStream::connect(&at).await?;
        plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
        let mut answer = Vec::new();
        let _ = plain.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
        // The start of a handshake, and no more.
        let mut half = TcpStream::connect(&at).await?;
        half.write_all(b"\x16\x03\x01\x02\x00\x01").await?;
        let ended = tokio::time::timeout(Duration::from_secs(60), half.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "half a handshake was waited for");
    }
    Ok(())
}

#[tokio::test]
async fn certificates_that_cannot_be_used_are_named_at_the_start() -> Result<()> {
    let scratch = Scratch::new()?;
    let (one, two) = (Pair::make(&scratch, "one")?, Pair::make(&scratch, "two")?);
    let empty = scratch.file("empty.pem", "")?;
    let absent = scratch.path().join("absent.pem");
    let data = scratch.path().join("data");
    for (certificate, key, code) in [
        (&one.certificate, &two.key, "WEIR-TLS-MISMATCH"),
        (&empty, &one.key, "WEIR-TLS-CERTIFICATE"),
        (&one.certificate, &empty, "WEIR-TLS-KEY"),
        (&absent, &one.key, "WEIR-TLS-FILE"),
    ] {
        for prefix in ["", "admin-"] {
            let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
            let (cert_option, key_option) = (format!("--{prefix}tls-cert"), format!("--{prefix}tls-key"));
            let args = ["serve", &cert_option, &certificate, &key_option, &key];
            let ended = Cli::run(&data, &args)?;
            assert_eq!(ended.code, 2, "{ended:?}");
            assert!(ended.stderr.contains(code), "{code}: {}", ended.stderr);
        }
    }
    let alone = Cli::run(&data, &["serve", "--tls-cert", &one.certificate.to_string_lossy()])?;
    assert!(alone.code == 2 && alone.stderr.contains("--tls-key"), "{alone:?}");
    Ok(())
}

#[tokio::test]
async fn a_new_certificate_is_used_after_a_hangup_and_a_broken_one_is_not() -> Result<()> {
    let scratch = Scratch::new()?;
    let (pair, next) = (Pair::make(&scratch, "used")?, Pair::make(&scratch, "next")?);
    let server = started(&scratch, &pair)?;
    let at = address(&server.hooks);
    let hang_up = || {
        let sent = Command::new("kill").args(["-HUP", &server.pid().to_string()]).status()?;
        ensure!(sent.success(), "SIGHUP was not sent");
        anyhow::Ok(())
    };
    // A key without its certificate: the server says so and goes on.
    std::fs::copy(&next.key, &pair.key)?;
    hang_up()?;
    for _ in 0..400 {
        if server.complaints()?.contains("its successor would not start") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(server.complaints()?.contains("does not belong to the certificate"), "{}", server.complaints()?);
    pair.connect(&at, &TLS13, &[]).await.context("the server went on with what it had")?;
    // Both: calls wait, then the new one is shown.
    std::fs::copy(&next.certificate, &pair.certificate)?;
    hang_up()?;
    for _ in 0..400 {
        if next.connect(&at, &TLS13, &[]).await.is_ok() {
            let cli = Cli::run(&server.data(), &["flow", "list"])?;
            assert_eq!(cli.code, 0, "the command line trusts the new one: {cli:?}");
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    anyhow::bail!("the new certificate was not shown: {}", server.complaints()?)
}
