//! Promise: a secret goes in and nobody can read it back: not by the API, not from the disk, not from a backup, not from
//! the log. Its keys can be changed while it serves, and without them no server pretends to have it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use weir_tests::{Cli, Scratch, Server};

const SECRETS: &str = "/tenants/default/secrets";
/// What must be found nowhere, as text or in an encoding that something could have given it.
const PLANTED: &str = "planted-value-7d1f0c9a54e2";
const PLANTED_BASE64: &str = "cGxhbnRlZC12YWx1ZS03ZDFmMGM5YTU0ZTI";

async fn done(request: RequestBuilder) -> Result<(u16, Value)> {
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
}

fn set(server: &Server, name: &str, body: &Value) -> RequestBuilder {
    server.api(Method::PUT, &format!("{SECRETS}/{name}")).json(body)
}

/// Runs a command with something on its standard input.
fn fed(server: &Server, args: &[&str], input: &str) -> Result<Cli> {
    let file = server.scratch().file("input", input)?;
    let mut command = Cli::command(args)?;
    command.arg("--data").arg(server.data()).stdin(Stdio::from(std::fs::File::open(file)?));
    Cli::ended(&mut command)
}

/// Files below a folder that hold some bytes.
fn holding(folder: &Path, wanted: &[&str]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(holding(&path, wanted)?);
        } else {
            let bytes = std::fs::read(&path)?;
            let holds = |wanted: &&str| bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes());
            found.extend(wanted.iter().filter(|wanted| holds(wanted)).map(|_| path.display().to_string()));
        }
    }
    Ok(found)
}

/// The folder of a server that can be started and stopped.
fn server() -> Result<(Scratch, Server)> {
    let scratch = Scratch::new()?;
    let server = Server::start_in(scratch.path().join("data"), &[])?;
    Ok((scratch, server))
}

#[tokio::test]
async fn a_secret_goes_in_and_never_comes_out() -> Result<()> {
    let (scratch, mut server) = server()?;
    let body = json!({ "value": PLANTED, "hosts": ["API.example.com", "*.example.com"], "reveal_to": ["mailer"] });
    let (status, made) = done(set(&server, "CRM_KEY", &body)).await?;
    assert_eq!((status, &made["version"]), (200, &json!(1)), "{made}");
    assert_eq!(made["hosts"], json!(["*.example.com", "api.example.com"]));
    let from_cli = fed(&server, &["secret", "set", "OTHER", "--host", "a.example"], &format!("{PLANTED}\n"))?;
    assert!(from_cli.code == 0 && from_cli.stdout.contains("Set OTHER, version 1."), "{from_cli:?}");
    let (_, again) = done(set(&server, "CRM_KEY", &body)).await?;
    assert_eq!((&again["version"], &again["created_at"]), (&json!(2), &made["created_at"]));

    let (_, list) = done(server.api(Method::GET, &format!("{SECRETS}?limit=1"))).await?;
    assert_eq!((&list["items"][0], list["next"].is_string()), (&again, true));
    let fields: Vec<_> = again.as_object().context("no object")?.keys().map(String::as_str).collect();
    assert_eq!(fields, ["name", "version", "hosts", "reveal_to", "created_at", "updated_at"]);
    let listed = server.cli(&["secret", "list"])?;
    assert!(listed.stdout.contains("CRM_KEY\t2\t") && listed.stdout.contains("OTHER\t1\t"), "{listed:?}");
    let shown = server.api(Method::GET, &format!("{SECRETS}/CRM_KEY")).send().await?;
    assert_eq!(shown.status(), 405, "there is no route that shows one");

    // Wrong bodies say nothing of what was in them.
    for wrong in [
        json!(PLANTED),
        json!([PLANTED]),
        json!({ "value": [PLANTED] }),
        json!({ "value": "x", "hosts": PLANTED }),
        json!({ "value": "x", PLANTED: 1 }),
        json!({ "valeu": PLANTED }),
    ] {
        let answer = set(&server, "CRM_KEY", &wrong).send().await?;
        assert_eq!(answer.status(), 400);
        let text = answer.text().await?;
        assert!(text.contains("WEIR-API-BODY") && !text.contains(PLANTED), "{text}");
    }
    let backup = scratch.path().join("backup");
    ensure!(server.cli(&["backup", &backup.to_string_lossy()])?.code == 0);
    let key = std::fs::read_to_string(server.data().join("secret-keys"))?;
    let key = key.split_whitespace().nth(1).context("no key")?.to_owned();
    server.stop()?;
    let encoded = PLANTED_BASE64;
    assert_eq!(holding(&server.data(), &[PLANTED, encoded])?, [""; 0]);
    assert_eq!(holding(&backup, &[PLANTED, encoded, &key])?, [""; 0], "the backup has neither value nor key");
    let log = server.complaints()?;
    assert!(!log.contains(PLANTED) && !log.contains(encoded) && !log.contains(&key), "{log}");
    assert!(log.contains("Keep a copy of this file"), "{log}");
    assert!(server.cli(&["doctor"])?.code == 0);

    server.start_again(&[])?;
    let (_, list) = done(server.api(Method::GET, SECRETS)).await?;
    assert_eq!((list["items"].as_array().map(Vec::len), &list["items"][0]), (Some(2), &again));
    Ok(())
}

#[tokio::test]
async fn secrets_are_the_admins_and_their_tenants() -> Result<()> {
    let (_scratch, server) = server()?;
    assert_eq!(server.api(Method::POST, "/tenants").json(&json!({ "name": "acme" })).send().await?.status(), 201);
    let token = async |role: &str, tenant: &str| -> Result<String> {
        let asked = server.api(Method::POST, "/tokens").json(&json!({ "role": role, "tenant": tenant }));
        done(asked).await?.1["token"].as_str().map(str::to_owned).context("no token")
    };
    let (viewer, editor) = (token("viewer", "default").await?, token("editor", "default").await?);
    let (admin, stranger) = (token("admin", "default").await?, token("admin", "acme").await?);
    let body = json!({ "value": "x" });
    let ask = async |method: Method, path: &str, token: &str| -> Result<u16> {
        let url = format!("{}/api/v1{path}", server.admin);
        let request = server.client.request(method.clone(), url).bearer_auth(token);
        let request = if method == Method::PUT { request.json(&body) } else { request };
        Ok(request.send().await?.status().as_u16())
    };
    let one = format!("{SECRETS}/A");
    for (token, put, list, delete) in
        [(&viewer, 403, 200, 403), (&editor, 403, 200, 403), (&stranger, 404, 404, 404), (&admin, 200, 200, 204)]
    {
        assert_eq!(ask(Method::PUT, &one, token).await?, put);
        assert_eq!(ask(Method::GET, SECRETS, token).await?, list);
        assert_eq!(ask(Method::DELETE, &one, token).await?, delete);
        assert_eq!(ask(Method::POST, "/secret-keys/rotate", token).await?, 403);
    }
    assert_eq!(ask(Method::PUT, &format!("{SECRETS}/lower"), &admin).await?, 400);
    assert_eq!(ask(Method::DELETE, &one, &admin).await?, 404);

    for (body, code) in [
        (json!({ "value": "" }), "WEIR-CATALOG-BAD-VALUE"),
        (json!({ "value": "x".repeat((64 << 10) + 1) }), "WEIR-CATALOG-BAD-VALUE"),
        (json!({ "value": "x", "hosts": ["https://a.example/"] }), "WEIR-CATALOG-BAD-VALUE"),
        (json!({ "value": "x", "reveal_to": ["mailer@1"] }), "WEIR-CATALOG-BAD-VALUE"),
        (json!({ "value": "x".repeat(600 << 10) }), "WEIR-API-BODY-SIZE"),
    ] {
        let (_, refused) = done(set(&server, "A", &body)).await?;
        assert_eq!(refused["error"]["code"], code, "{refused}");
    }
    // All that JSON can make of the longest value is taken.
    assert_eq!(done(set(&server, "A", &json!({ "value": "\u{1}".repeat(64 << 10) }))).await?.0, 200);

    let unasked = server.cli(&["secret", "delete", "A"])?;
    assert!(unasked.code == 2 && unasked.stderr.contains("--yes"), "{unasked:?}");
    assert_eq!(server.cli(&["secret", "delete", "A", "--yes"])?.code, 0);
    let gone = server.cli(&["secret", "delete", "A", "--yes"])?;
    assert!(gone.code == 5 && gone.stderr.contains("WEIR-CATALOG-SECRET-UNKNOWN"), "{gone:?}");
    let argument = server.cli(&["secret", "set", "A", "value"])?;
    assert_eq!(argument.code, 2, "a value never comes from the command line");
    assert_eq!(fed(&server, &["secret", "set", "A"], "")?.code, 2);
    let file = server.scratch().file("pem", "two\nlines\n")?;
    assert_eq!(server.cli(&["secret", "set", "A", "--from-file", &file.to_string_lossy()])?.code, 0);
    Ok(())
}

#[tokio::test]
async fn keys_are_changed_while_it_serves_and_the_old_one_can_go() -> Result<()> {
    let (_scratch, mut server) = server()?;
    let keys = server.data().join("secret-keys");
    assert_eq!(std::fs::metadata(&keys)?.permissions().mode() & 0o777, 0o600);
    let old = std::fs::read_to_string(&keys)?;
    assert_eq!(done(set(&server, "A", &json!({ "value": PLANTED }))).await?.0, 200);
    let made = server.cli(&["secret", "new-key", "--json"])?;
    ensure!(made.code == 0, "{made:?}");
    let both = std::fs::read_to_string(&keys)?;
    assert!(both.lines().count() == 2 && both.ends_with(&old));
    let done_once = server.cli(&["secret", "rotate-keys", "--json"])?.json()?;
    assert_eq!((&done_once["renewed"], &done_once["first"]), (&json!(1), &made.json()?["first"]), "{done_once}");
    assert_eq!(server.cli(&["secret", "rotate-keys", "--json"])?.json()?["renewed"], 0);
    std::fs::write(&keys, both.lines().next().context("no line")?)?;
    assert_eq!(server.cli(&["secret", "rotate-keys", "--json"])?.json()?["others"], json!([]));
    server.stop()?;
    server.start_again(&[])?;
    assert_eq!(server.cli(&["secret", "list", "--json"])?.json()?.as_array().map(Vec::len), Some(1));

    // A file that breaks while it serves changes nothing.
    let sound = std::fs::read_to_string(&keys)?;
    std::fs::write(&keys, "nonsense")?;
    let refused = server.cli(&["secret", "rotate-keys"])?;
    assert!(refused.code == 1 && refused.stderr.contains("WEIR-VAULT-KEYS-INVALID"), "{refused:?}");
    assert!(!refused.stderr.contains("nonsense"), "{refused:?}");
    assert_eq!(done(set(&server, "B", &json!({ "value": "x" }))).await?.0, 200);
    std::fs::write(&keys, &sound)?;

    // A new first key is taken at a start too; then the file is named, and lies elsewhere.
    ensure!(server.cli(&["secret", "new-key"])?.code == 0);
    server.stop()?;
    server.start_again(&[])?;
    server.stop()?;
    let first = std::fs::read_to_string(&keys)?.lines().next().context("no line")?.to_owned();
    let elsewhere = server.scratch().file("keys", first)?;
    std::fs::remove_file(&keys)?;
    server.start_again(&["--secret-keys", &elsewhere.to_string_lossy()])?;
    assert_eq!(server.cli(&["secret", "list", "--json"])?.json()?.as_array().map(Vec::len), Some(2));
    assert!(!keys.exists() && server.complaints()?.contains("chmod 600"));
    Ok(())
}

#[tokio::test]
async fn without_its_keys_a_server_says_so_and_does_not_start() -> Result<()> {
    let (scratch, mut server) = server()?;
    assert_eq!(done(set(&server, "A", &json!({ "value": PLANTED }))).await?.0, 200);
    let backup = scratch.path().join("backup");
    ensure!(server.cli(&["backup", &backup.to_string_lossy()])?.code == 0);
    server.stop()?;
    let keys = std::fs::read_to_string(server.data().join("secret-keys"))?;
    let id = keys.split_whitespace().next().context("no id")?.to_owned();
    let restored = scratch.path().join("restored");
    ensure!(Cli::run(&restored, &["restore", &backup.to_string_lossy()])?.code == 0);

    let any = "127.0.0.1:0";
    let refused = |args: &[&str]| -> Result<Cli> {
        let all = [&["serve", "--listen", any, "--admin-listen", any][..], args].concat();
        let refused = Cli::run(&restored, &all)?;
        ensure!(refused.code == 1 && refused.stdout.is_empty(), "{refused:?}");
        Ok(refused)
    };
    let none = refused(&[])?;
    assert!(none.stderr.contains("WEIR-CATALOG-SECRETS-LOCKED") && none.stderr.contains(&id), "{none:?}");
    assert!(!restored.join("secret-keys").exists(), "no key is made in place of a lost one");
    let wrong = scratch.path().join("wrong");
    ensure!(Cli::run(&restored, &["secret", "new-key", &wrong.to_string_lossy()])?.code == 0);
    let other = refused(&["--secret-keys", &wrong.to_string_lossy()])?;
    assert!(other.stderr.contains("WEIR-CATALOG-SECRETS-LOCKED") && other.stderr.contains("default"), "{other:?}");
    // Another key under the right id.
    let forged = std::fs::read_to_string(&wrong)?;
    let forged = forged.replace(forged.split_whitespace().next().context("no id")?, &id);
    let forged = scratch.file("forged", forged)?;
    assert!(refused(&["--secret-keys", &forged.to_string_lossy()])?.stderr.contains("WEIR-CATALOG-SECRETS-LOCKED"));
    let missing = refused(&["--secret-keys", "nowhere"])?;
    assert!(missing.stderr.contains("WEIR-VAULT-KEYS-FILE") && missing.stderr.contains("nowhere"), "{missing:?}");

    let kept = scratch.file("kept", keys)?;
    let copy = Server::start_in(&restored, &["--secret-keys", &kept.to_string_lossy()])?;
    assert_eq!(copy.cli(&["secret", "list", "--json"])?.json()?.as_array().map(Vec::len), Some(1));
    Ok(())
}
