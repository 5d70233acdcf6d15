//! Promise: every action of the standard library is admitted as it is committed, publishes with settings of its README's
//! kind, and does in a flow what it says.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use weir_tests::{Server, committed};

/// An action, its settings, a payload, and what comes of it.
fn calls() -> Vec<(&'static str, Value, Value, Value)> {
    vec![
        (
            "csv",
            json!({ "op": "parse", "types": "infer" }),
            json!("name,total\nAda,12.5\n"),
            json!([{ "name": "Ada", "total": 12.5 }]),
        ),
        (
            "date-math",
            json!({ "timezone": "Europe/Rome", "add": "1 month", "format": "%-d %B %Y" }),
            json!("2027-01-31T10:00:00"),
            json!("28 February 2027"),
        ),
        (
            "hash",
            json!({ "key": "Jefe" }),
            json!("what do ya want for nothing?"),
            json!("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ),
        ("html-to-text", json!({}), json!("<h1>Hi</h1><script>x()</script><p>a &amp; b"), json!("# Hi\n\na & b")),
        ("jq", json!({ "filter": "[.[] | select(. > $min)] | add", "vars": { "min": 1 } }), json!([1, 2, 3]), json!(5)),
        ("json-schema-validate", json!({ "schema": { "type": "object" } }), json!({ "a": 1 }), json!(true)),
        ("markdown-to-html", json!({}), json!("*a* <b>"), json!("<p><em>a</em> &lt;b&gt;</p>\n")),
        (
            "xml-to-json",
            json!({ "infer_types": true }),
            json!("<a b='1'><c/>x</a>"),
            json!({ "a": { "@b": 1, "c": null, "#text": "x" } }),
        ),
    ]
}

fn flow(action: &str, config: &Value) -> Value {
    let output = match action {
        "date-math" => "{{ steps.work.output.text }}",
        "json-schema-validate" => "{{ steps.work.output.valid }}",
        _ => "{{ steps.work.output }}",
    };
    json!({
        "weir": 1,
        "name": format!("uses-{action}"),
        "steps": [
            { "id": "work", "uses": format!("{action}@1"), "with": config, "input": "{{ payload.input }}" },
            { "id": "answer", "uses": "response", "with": { "json": { "output": output } } },
        ],
    })
}

#[tokio::test]
async fn each_does_in_a_flow_what_it_says() -> Result<()> {
    let server = Server::start()?;
    for (action, config, input, expected) in &calls() {
        server.push_action(action)?;
        let (url, _) = server.publish(&flow(action, config).to_string())?;
        let answer = server.post(&url, json!({ "input": input }).to_string()).await?;
        let status = answer.status();
        let answer: Value = answer.json().await?;
        ensure!(status == 200, "{action}: {answer}");
        assert_eq!(&answer["output"], expected, "{action}");
    }
    Ok(())
}

#[tokio::test]
async fn a_token_signed_in_one_flow_verifies_in_another_and_a_changed_one_takes_the_error_exit() -> Result<()> {
    let server = Server::start()?;
    server.push_action("jwt")?;
    let key = "a shared secret that is long enough";
    let (sign, _) = server.publish(
        &flow("jwt", &json!({ "op": "sign", "algorithm": "HS256", "key": key, "expires_in": 60 })).to_string(),
    )?;
    let signed: Value = server.post(&sign, json!({ "input": { "sub": "ada" } }).to_string()).await?.json().await?;
    let token = signed["output"].as_str().context("no token")?;
    let verify = json!({
        "weir": 1,
        "name": "verify",
        "steps": [
            { "id": "work", "uses": "jwt@1", "with": { "op": "verify", "algorithm": "HS256", "key": key }, "input": "{{ payload.token }}",
              "on": { "error": "refuse" } },
            { "id": "answer", "uses": "response", "with": { "json": "{{ steps.work.output.claims.sub }}" }, "on": { "next": "end" } },
            { "id": "refuse", "uses": "response", "with": { "status": 401, "text": "{{ error.message }}" } },
        ],
    });
    let (verify, _) = server.publish(&verify.to_string())?;
    let answer = server.post(&verify, json!({ "token": token }).to_string()).await?;
    assert_eq!((answer.status().as_u16(), answer.json::<Value>().await?), (200, json!("ada")));
    let changed = token.replacen('.', ".e", 1);
    let answer = server.post(&verify, json!({ "token": changed }).to_string()).await?;
    assert_eq!(answer.status().as_u16(), 401);
    assert!(answer.text().await?.starts_with("the token is refused: "));
    Ok(())
}

#[test]
fn each_has_a_page_and_its_bytes() -> Result<()> {
    let mut found = 0;
    for entry in std::fs::read_dir(committed("actions"))? {
        let folder = entry?.path();
        if !folder.join("Cargo.toml").is_file() {
            continue;
        }
        let name = folder.file_name().and_then(|name| name.to_str()).context("no name")?;
        let page = std::fs::read_to_string(folder.join("README.md"))?;
        // What scripts run in comes with the server: it is used by another name, and no version.
        let used = if ["code", "typescript"].contains(&name) { "uses: code".into() } else { format!("uses: {name}@1") };
        ensure!(page.starts_with(&format!("# {name}\n")) && page.contains(&used), "{name}: its page");
        ensure!(committed(&format!("actions/prebuilt/{name}.wasm")).is_file(), "{name}: its bytes");
        found += 1;
    }
    ensure!(found >= 9, "{found} actions");
    Ok(())
}
