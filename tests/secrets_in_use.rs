//! Promise: a secret's value is on the wire to its own hosts and nowhere else: not in what flows, actions and scripts hold,
//! not in what comes back, not in records, events, logs or any stored byte.

use std::path::Path;

use anyhow::{Result, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use serde_json::{Value, json};
use weir_tests::{Cli, Peer, Seen, Server};

/// The value, and the forms in which it could hide.
const VALUE: &str = "pl4nted \"value\" & more/7f3c";

fn forms() -> Vec<String> {
    let percent: String = VALUE
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let quoted = Value::from(VALUE).to_string();
    vec![VALUE.to_owned(), percent, quoted.trim_matches('"').to_owned(), "pl4nted".to_owned()]
}

fn set(server: &Server, name: &str, value: &str, hosts: &[&str]) -> Result<()> {
    let file = server.scratch().file("value.txt", value)?;
    let file = file.to_string_lossy().into_owned();
    let mut args = vec!["secret", "set", name, "--from-file", &file];
    args.extend(hosts.iter().flat_map(|host| ["--host", host]));
    let Cli { code, stderr, stdout } = server.cli(&args)?;
    std::fs::remove_file(&file)?;
    ensure!(code == 0, "{stdout}{stderr}");
    Ok(())
}

/// A server that says back all that it was sent, in every form that servers use.
fn echo(seen: &Seen) -> Response<Full<Bytes>> {
    let all = json!({ "target": seen.target, "body": seen.text(), "authorization": seen.header("authorization") });
    let answer =
        Response::builder().header("content-type", "application/json").header("x-echo", seen.header("authorization"));
    answer.body(Full::from(all.to_string())).unwrap()
}

/// The files below a folder that have one of these texts in them.
fn files_with(folder: &Path, texts: &[String]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_with(&path, texts)?);
        } else {
            let bytes = std::fs::read(&path)?;
            let has = |text: &&String| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            found.extend(texts.iter().find(has).map(|text| format!("{} has {text}", path.display())));
        }
    }
    Ok(found)
}

fn flow(name: &str, step: &str) -> String {
    format!(
        r#"weir: 1
name: {name}
steps:
  - {{ id: send, {step}, save: got, on: {{ error: tell }} }}
  - {{ id: keep, uses: set, with: {{ kept: "{{{{ got }}}}" }} }}
  - {{ id: note, uses: log, with: {{ message: "{{{{ got }}}}" }} }}
  - {{ id: answer, uses: response, with: {{ json: "{{{{ got }}}}" }}, on: {{ next: end }} }}
  - {{ id: tell, uses: response, with: {{ status: 502, json: "{{{{ error }}}}" }} }}
"#
    )
}

#[tokio::test]
async fn a_planted_secret_is_found_nowhere_but_on_the_wire() -> Result<()> {
    let peer = Peer::at("127.0.0.1", echo).await?;
    let mut server = Server::start_with(&["--egress-allow", "127.0.0.1"])?;
    server.push_action("caller")?;
    set(&server, "TOKEN", VALUE, &["127.0.0.1"])?;
    let url = peer.url("/");
    let steps = [
        format!(
            r#"uses: http-request, with: {{ url: "{url}", headers: {{ authorization: "Bearer {{{{ secrets.TOKEN }}}}" }} }}"#
        ),
        format!(
            r#"uses: http-request, with: {{ url: "{url}", auth: {{ bearer: "{{{{ secrets.TOKEN }}}}" }}, json: {{ k: "{{{{ secrets.TOKEN }}}}" }} }}"#
        ),
        format!(
            r#"uses: http-request, with: {{ url: "{url}?k={{{{ secrets.TOKEN }}}}", form: {{ k: "{{{{ secrets.TOKEN }}}}" }} }}"#
        ),
        format!(
            r#"uses: http-request, with: {{ url: "{url}", auth: {{ basic: {{ user: ann, password: "{{{{ secrets.TOKEN }}}}" }} }}, text: "{{{{ secrets.TOKEN }}}}" }}"#
        ),
        format!(
            r#"uses: caller@1, with: {{ door: weir, url: "{url}", secret: TOKEN, body: "{{{{ secrets.TOKEN }}}}" }}"#
        ),
        format!(
            r#"uses: caller@1, with: {{ door: wasi, url: "{url}", secret: TOKEN, body: "{{{{ secrets.TOKEN }}}}" }}"#
        ),
        format!(
            r#"uses: code, with: {{ source: "const a = await fetch('{url}', {{ method: 'POST', headers: {{ authorization: `Bearer ${{secrets.TOKEN}}` }}, body: secrets.TOKEN }}); log.info(secrets.TOKEN); setVariable('v', secrets.TOKEN); return {{ got: await a.json(), own: secrets.TOKEN }};" }}"#
        ),
    ];
    let (mut answers, texts) = (String::new(), forms());
    for (at, step) in steps.iter().enumerate() {
        let (hook, _) = server.publish(&flow(&format!("use-{at}"), step))?;
        let answer = server.post(&hook, "{}").await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status == 200 && text.contains("weir-secret-"), "{step}: {status} {text}");
        let seen = peer.last();
        let came = format!("{} {} {}", seen.target, seen.header("authorization"), seen.text());
        ensure!(texts.iter().any(|form| came.contains(form)), "{step}: the peer got {came}");
        ensure!(!came.contains("weir-secret-"), "{step}: a stand-in left the house: {came}");
        answers.push_str(&text);
        let run = server.last_run().await?;
        answers.push_str(&run.to_string());
    }
    answers.push_str(&server.cli(&["secret", "list", "--json"])?.stdout);
    let leaked = texts.iter().find(|text| answers.contains(*text));
    ensure!(leaked.is_none() && !answers.contains("YW5uOnBsNG50ZWQ"), "an answer has {leaked:?}: {answers}");
    server.stop()?;
    let found = files_with(&server.data(), &texts)?;
    ensure!(found.is_empty(), "{found:?}");
    Ok(())
}

#[tokio::test]
async fn a_secret_goes_to_its_own_hosts_and_stand_ins_of_others_stand_for_nothing() -> Result<()> {
    let peer = Peer::at("127.0.0.1", echo).await?;
    let server = Server::start_with(&["--egress-allow", "127.0.0.0/8"])?;
    set(&server, "TOKEN", VALUE, &["127.0.0.1"])?;
    // Another host of the same server.
    let other = peer.url("/").replace("127.0.0.1", "localhost");
    let step = r#"uses: http-request, with: { url: "{{ payload.url }}", text: "{{ payload.text or secrets.TOKEN }}" }"#;
    let (hook, _) = server.publish(&flow("send", step))?;
    let denied = server.post(&hook, json!({ "url": other }).to_string()).await?.json::<Value>().await?;
    ensure!(denied["code"] == "WEIR-HTTP-SECRET-DENIED" && denied.to_string().contains("--host localhost"), "{denied}");
    ensure!(peer.seen().is_empty(), "it was sent: {:?}", peer.seen());
    // A caller who saw one run's stand-in, or makes one up, gets nothing for it in another run.
    let step = r#"uses: set, with: { got: "x" }"#;
    ensure!(
        server.publish(&flow("wrong", &step.replace("\"x\"", "\"{{ secrets.TOKEN }}\""))).is_err(),
        "a `set` may name no secret"
    );
    let (show, _) = server.publish(&flow("show", r#"uses: code, with: { source: "return secrets.TOKEN" }"#))?;
    let shown = server.post(&show, "{}").await?.json::<Value>().await?;
    let shown = shown.as_str().unwrap_or_default().to_owned();
    ensure!(shown.starts_with("weir-secret-") && shown.len() == 38, "{shown}");
    for text in [shown.as_str(), "weir-secret-aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        server.post(&hook, json!({ "url": peer.url("/"), "text": text }).to_string()).await?;
        ensure!(peer.last().text() == text, "{text} became {}", peer.last().text());
    }
    // A flow that names what is not there is not published.
    let missing = flow(
        "missing",
        &format!(r#"uses: http-request, with: {{ url: "{}", text: "{{{{ secrets.NONE }}}}" }}"#, peer.url("/")),
    );
    let file = server.scratch().file("missing.yaml", &missing)?;
    let Cli { code, stdout, stderr } = server.cli(&["flow", "push", &file.to_string_lossy(), "--publish"])?;
    ensure!(code != 0 && format!("{stdout}{stderr}").contains("weir secret set NONE"), "{stdout}{stderr}");
    Ok(())
}
