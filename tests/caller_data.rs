//! Promise: whatever a caller sends, it comes back unharmed and unexecuted, or is refused; the server goes on.

#![expect(clippy::disallowed_methods, reason = "the test is a caller: it opens its own socket")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};
use weir_tests::{HELLO, Server};

#[tokio::test]
async fn caller_data_is_data() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(HELLO)?;
    let nasty = [
        "a\"b\n{{ 7*7 }}",
        "{% for x in range(9) %}{{ x }}{% endfor %}",
        "${name} $& $1 \\ \u{0} \u{1b}[31m",
        "\u{202e}\u{feff}😀 ünïcödé",
        "",
    ];
    for name in nasty {
        let body = json!({ "name": name }).to_string();
        let answer = server.post(&url, body).await?;
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.json::<Value>().await?, json!({ "hello": name }));
    }
    for value in [json!(null), json!(1e300), json!(-0.5), json!(u64::MAX), json!([1, [2]]), json!({ "a": { "b": [] } })]
    {
        let answer = server.post(&url, json!({ "name": value }).to_string()).await?;
        assert_eq!(answer.json::<Value>().await?, json!({ "hello": value }));
    }
    let missing = server.post(&url, "{}").await?;
    assert_eq!((missing.status().as_u16(), missing.json::<Value>().await?), (201, json!({ "hello": null })));
    Ok(())
}

#[tokio::test]
async fn a_caller_cannot_set_anything_but_payload_and_request() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(
        r#"weir: 1
name: names
variables: { token: secret }
steps:
  - { id: answer, uses: response, with: { json: { token: "{{ token }}", flow: "{{ flow.name }}", mode: "{{ run.mode }}", method: "{{ request.method }}", q: "{{ request.query.q }}", path: "{{ request.path }}" } } }
"#,
    )?;
    let body = json!({ "token": "x", "flow": { "name": "x" }, "run": { "mode": "x" }, "vars": { "token": "x" } });
    let answer = server.post(&format!("{url}/a/b?q=1&token=x"), body.to_string()).await?.json::<Value>().await?;
    let expected = json!({
        "token": "secret", "flow": "names", "mode": "production", "method": "POST", "q": "1", "path": "/a/b",
    });
    assert_eq!(answer, expected);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_the_server_goes_on() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(HELLO)?;
    let nested = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    for body in [nested.into_bytes(), b"\xff\xfe{}".to_vec(), b"{\"name\":\"\xc3\x28\"}".to_vec(), b"{\"a\":1".to_vec()]
    {
        let answer = server.client.post(&url).header("content-type", "application/json").body(body).send().await?;
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.json::<Value>().await?["error"]["code"], "WEIR-BODY-MALFORMED");
    }
    let unknown = server.client.post(&url).header("content-type", "nonsense").body("x").send().await?;
    assert_eq!(unknown.status(), 415);
    assert_eq!(server.post(&url, r#"{"name":"still here"}"#).await?.status(), 201);
    let runs: Value = server.api(Method::GET, "/tenants/default/runs").send().await?.json().await?;
    assert_eq!(runs["items"].as_array().map(Vec::len), Some(1), "refused requests make no runs");
    Ok(())
}

#[tokio::test]
async fn broken_requests_close_their_connection_and_nothing_else() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(HELLO)?;
    let address = server.hooks.trim_start_matches("http://").to_owned();
    let path = url.trim_start_matches(&server.hooks).to_owned();
    let requests = [
        format!("POST {path} HTTP/1.1\r\nContent-Length: 2\r\n\r\n{{}}"),
        format!("POST {path} HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 2\r\n\r\n{{}}"),
        format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{{}}"),
        "garbage\r\n\r\n".to_owned(),
    ];
    for request in requests {
        let mut stream = TcpStream::connect(&address)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        assert!(answer.starts_with("HTTP/1.1 400"), "{request:?} was answered {answer:?}");
    }
    // Bodies that end early or are framed wrongly make no run.
    for request in ["Content-Length: 20\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n"] {
        let mut stream = TcpStream::connect(&address)?;
        stream.write_all(format!("POST {path} HTTP/1.1\r\nHost: a\r\n{request}").as_bytes())?;
        drop(stream);
    }
    assert_eq!(server.post(&url, r#"{"name":"still here"}"#).await?.status(), 201);
    let runs: Value = server.api(Method::GET, "/tenants/default/runs").send().await?.json().await?;
    assert_eq!(runs["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}
