//! Promise: every example works as its README says: flows publish, documented calls get their documented answers, sample
//! deliveries are taken.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::Value;
use weir_tests::{Cli, Server, committed};

/// The files of a folder with an ending, in the order of their names.
fn files(folder: &str, ending: &str) -> Result<Vec<PathBuf>> {
    let folder = committed(folder);
    let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(
        |path| if ending.is_empty() { path.is_dir() } else { path.extension().is_some_and(|found| found == ending) },
    );
    files.sort();
    Ok(files)
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|name| name.to_str()).unwrap_or_default()
}

/// The secret that the README's calls are signed with.
const SECRET: &str = "example";

/// A server with all example flows and the actions that they use.
fn with_examples() -> Result<Server> {
    let server = Server::start()?;
    let flows = files("examples/flows", "yaml")?;
    for name in ["GITHUB_SECRET", "STRIPE_SECRET", "SHOPIFY_SECRET"] {
        server.set_secret(name, SECRET)?;
    }
    let texts = flows.iter().map(std::fs::read_to_string).collect::<Result<String, _>>()?;
    for action in files("actions/prebuilt", "wasm")? {
        if texts.contains(&format!("{}@", stem(&action))) {
            server.push_action(stem(&action))?;
        }
    }
    for flow in flows {
        let pushed = server.cli(&["flow", "push", &flow.to_string_lossy(), "--publish", "--json"])?;
        ensure!(pushed.code == 0, "{}: {pushed:?}", flow.display());
        let pushed = pushed.json()?;
        assert_eq!(pushed["name"], stem(&flow), "a file is named as its flow");
        assert_eq!(pushed["findings"], Value::Array(Vec::new()), "{}", flow.display());
    }
    Ok(server)
}

#[tokio::test]
async fn every_example_flow_is_sound() -> Result<()> {
    with_examples()?;
    for flow in files("examples/flows", "yaml")? {
        // Without a server too; custom actions are then believed.
        let checked = Cli::ended(&mut Cli::command(&["flow", "validate", &flow.to_string_lossy(), "--strict"])?)?;
        assert_eq!(checked.code, 0, "{checked:?}");
    }
    Ok(())
}

/// A call of the README: the flow it is about, the shell's lines, and what is said of the answer.
fn documented(readme: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    readme.split("\n## ").skip(1).filter_map(|section| {
        let (name, rest) = section.split_once('\n')?;
        let (call, said) = rest.split_once("```sh\n")?.1.split_once("```")?;
        call.contains("curl").then(|| (name.trim(), call, said.trim()))
    })
}

#[tokio::test]
async fn documented_calls_get_their_documented_answers() -> Result<()> {
    let server = with_examples()?;
    let weir = Cli::command(&[])?;
    let folder = Path::new(weir.get_program()).parent().context("no folder")?.to_owned();
    let readme = std::fs::read_to_string(committed("examples/flows/README.md"))?;
    let mut tried = Vec::new();
    for (name, call, said) in documented(&readme) {
        let body = server.scratch().path().join("body");
        let script = format!("curl() {{ command curl -sS -o \"$BODY\" -w '%{{http_code}}' \"$@\"; }}\n{call}");
        let mut shell = Command::new("sh");
        shell.args(["-euc", &script]).current_dir(committed("")).env("BODY", &body).env("WEIR_DATA", server.data());
        shell.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display()));
        let called = shell.output()?;
        let status = String::from_utf8_lossy(&called.stdout).into_owned();
        // The text after a call begins with the status where it is not 200, and shows a whole body as `{…}`.
        let expected = said.split_whitespace().next().filter(|word| word.parse::<u16>().is_ok()).unwrap_or("200");
        assert_eq!(status, expected, "{name}: {}", String::from_utf8_lossy(&called.stderr));
        let body = std::fs::read_to_string(body)?;
        let body = body.split_once("\r\n\r\n").map_or(body.as_str(), |(_, body)| body);
        if let Some(shown) = said.split('`').skip(1).step_by(2).find(|code| code.starts_with('{')) {
            assert_eq!(serde_json::from_str::<Value>(body)?, serde_json::from_str::<Value>(shown)?, "{name}");
        }
        let run = server.last_run().await?;
        assert_eq!((&run["flow"], &run["outcome"]), (&name.into(), &"completed".into()), "{run}");
        tried.push(name.to_owned());
    }
    tried.sort();
    let flows: Vec<String> = files("examples/flows", "yaml")?.iter().map(|flow| stem(flow).to_owned()).collect();
    assert_eq!(tried, flows, "every flow has a call in the README");
    Ok(())
}

#[tokio::test]
async fn every_sample_delivery_is_taken_by_its_flow() -> Result<()> {
    let server = with_examples()?;
    let flows = files("examples/flows", "yaml")?;
    let mut sent = 0;
    for folder in files("examples/payloads", "")? {
        let product = stem(&folder);
        let flow = flows
            .iter()
            .map(|flow| stem(flow))
            .find(|flow| flow.starts_with(product))
            .with_context(|| product.to_owned())?;
        let url = server.get(&format!("/tenants/default/flows/{flow}")).await?;
        let url = url["urls"]["production"].as_str().context("no URL")?;
        for delivery in files(&format!("examples/payloads/{product}"), "json")? {
            let body = std::fs::read_to_string(&delivery)?;
            let payload: Value = serde_json::from_str(&body)?;
            let (header, event) = event(product, stem(&delivery), &payload)?;
            let request = server.client.request(Method::POST, url).header("content-type", "application/json");
            let (signature, value) = signed(product, body.as_bytes())?;
            let answer = request.header(header, event).header(signature, value).body(body).send().await?;
            let status = answer.status();
            assert!(status.is_success(), "{}: {status} {}", delivery.display(), answer.text().await?);
            let run = server.last_run().await?;
            assert_eq!(
                (&run["flow"], &run["outcome"]),
                (&flow.into(), &"completed".into()),
                "{}: {run}",
                delivery.display()
            );
            assert_eq!(run["trigger"]["payload"], payload);
            sent += 1;
        }
    }
    assert!(sent >= 3, "only {sent} sample deliveries");
    Ok(())
}

/// The header in which a product names its event, from the delivery's file name: `pull-request-opened`, `orders-create`.
fn event(product: &str, name: &str, payload: &Value) -> Result<(&'static str, String)> {
    Ok(match product {
        "github" => {
            let action = payload["action"].as_str().map(|action| format!("-{action}")).unwrap_or_default();
            ("x-github-event", name.strip_suffix(action.as_str()).unwrap_or(name).replace('-', "_"))
        }
        "shopify" => {
            let (topic, verb) = name.rsplit_once('-').context("a Shopify delivery is named <topic>-<verb>.json")?;
            ("x-shopify-topic", format!("{}/{verb}", topic.replace('-', "_")))
        }
        // Its event stands in the body.
        _ => ("x-sample", name.to_owned()),
    })
}

/// The header with which a product signs a delivery.
fn signed(product: &str, body: &[u8]) -> Result<(&'static str, String)> {
    Ok(match product {
        "github" => {
            ("x-hub-signature-256", format!("sha256={}", hmac(&[body], "openssl dgst -sha256 -hmac example -r")?))
        }
        "shopify" => {
            ("x-shopify-hmac-sha256", hmac(&[body], "openssl dgst -sha256 -hmac example -binary | openssl base64 -A")?)
        }
        _ => {
            #[allow(clippy::disallowed_methods, reason = "a sender signs its own clock's time")]
            let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs().to_string();
            let code = hmac(&[time.as_bytes(), b".", body], "openssl dgst -sha256 -hmac example -r")?;
            ("stripe-signature", format!("t={time},v1={code}"))
        }
    })
}

/// The first word that a command prints of some bytes.
fn hmac(parts: &[&[u8]], command: &str) -> Result<String> {
    let mut shell = Command::new("sh").args(["-c", command]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut stdin = shell.stdin.take().context("no standard input")?;
    parts.iter().try_for_each(|part| stdin.write_all(part))?;
    drop(stdin);
    let printed = String::from_utf8(shell.wait_with_output()?.stdout)?;
    Ok(printed.split_whitespace().next().context("openssl printed nothing")?.to_owned())
}
