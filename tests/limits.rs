//! Promise: limits are set on four levels, of each number the lowest counts, and who meets one is told which.

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use weir_tests::{Cli, Scratch, Server};

/// A flow of one step that never ends by itself.
fn endless(flow: &str, step: &str) -> String {
    format!(
        "weir: 1\nname: endless\n{flow}\nsteps:\n  \
         - {{ id: work, uses: spin@1, {step} on: {{ error: tell, next: tell }} }}\n  \
         - {{ id: tell, uses: response, with: {{ json: {{ code: '{{{{ error.code }}}}' }} }} }}\n"
    )
}

/// Runs the flow and gives the fuel that stopped it, as its record names it.
async fn fuel(server: &Server, flow: &str, step: &str) -> Result<u64> {
    let (url, _) = server.publish(&endless(flow, step))?;
    let answer: Value = server.post(&url, "{}").await?.json().await?;
    ensure!(answer["code"] == "WEIR-STEP-FUEL", "{answer}");
    let run = server.last_run().await?;
    let work = &run["steps"][0];
    ensure!(work["error"]["code"] == "WEIR-STEP-FUEL" && work["limits_reached"] == json!(["fuel"]), "{work}");
    let message = work["error"]["message"].as_str().context("no message")?;
    let number = message.split(|c: char| !c.is_ascii_digit()).find(|number| number.len() > 5).context("no number")?;
    let limit = number.parse::<u64>()?;
    let used = work["usage"]["fuel"].as_u64().context("no usage")?;
    ensure!(used <= limit && used > limit / 2, "{used} of {limit}");
    Ok(limit)
}

/// A server whose operator has written a file.
fn limited(file: &str) -> Result<Server> {
    let mut server = Server::start()?;
    server.push_action("spin")?;
    let file = server.scratch().file("limits.yaml", file)?;
    server.stop()?;
    server.start_again(&["--limits", &file.to_string_lossy()])?;
    Ok(server)
}

#[tokio::test]
async fn of_four_levels_the_lowest_counts() -> Result<()> {
    let mut server = limited("# a small machine\nfuel: 80000000\nkv_operations: 5000\n")?;
    assert_eq!(fuel(&server, "", "").await?, 80_000_000, "the operator's file");
    let set = server.cli(&["limits", "set", "fuel=60_000_000", "kv_operations=9000"])?;
    assert_eq!(set.code, 0, "{set:?}");
    assert!(set.stderr.contains("no more than"), "{set:?}");
    assert_eq!(fuel(&server, "", "").await?, 60_000_000, "the tenant");
    assert_eq!(fuel(&server, "limits: { fuel: 40000000 }", "").await?, 40_000_000, "the flow");
    let flow = "limits: { fuel: 40000000 }";
    assert_eq!(fuel(&server, flow, "limits: { fuel: 20000000 },").await?, 20_000_000, "the step");
    assert_eq!(fuel(&server, flow, "limits: { fuel: 90000000 },").await?, 40_000_000, "no level raises another's");

    let shown = server.cli(&["limits", "show", "--json"])?.json()?;
    let row = |name: &str| -> Value {
        let rows = shown["limits"].as_array().cloned().unwrap_or_default();
        rows.into_iter().find(|limit| limit["name"] == name).unwrap_or_default()
    };
    assert_eq!(shown["own"], json!({ "fuel": 60_000_000, "kv_operations": 9_000 }));
    assert_eq!((&row("fuel")["value"], &row("fuel")["level"]), (&json!(60_000_000), &json!("tenant")));
    assert_eq!((&row("kv_operations")["value"], &row("kv_operations")["level"]), (&json!(5_000), &json!("operator")));
    assert_eq!(row("handles")["level"], "default");

    server.stop()?;
    server.start_again(&[])?;
    assert_eq!(fuel(&server, "", "").await?, 60_000_000, "a tenant's limits are stored");
    let cleared = server.cli(&["limits", "set", "fuel=", "--json"])?.json()?;
    assert_eq!(cleared["own"], json!({ "kv_operations": 9_000 }));
    Ok(())
}

#[tokio::test]
async fn what_all_steps_use_together_has_limits_and_codes_of_its_own() -> Result<()> {
    let server = Server::start()?;
    server.push_action("spin")?;
    let (url, _) = server.publish(
        "weir: 1
name: twice
limits: { fuel: 20000000, run_fuel: 30000000 }
steps:
  - { id: first, uses: spin@1, on: { error: second } }
  - { id: second, uses: spin@1, on: { error: tell } }
  - { id: tell, uses: response, with: { json: { code: '{{ error.code }}' } } }
",
    )?;
    assert_eq!(server.post(&url, "{}").await?.json::<Value>().await?, json!({ "code": "WEIR-RUN-FUEL" }));
    let run = server.last_run().await?;
    let [first, second] = [0, 1].map(|at| &run["steps"][at]);
    assert_eq!(first["error"]["code"], "WEIR-STEP-FUEL", "{first}");
    assert_eq!((&second["error"]["code"], &second["limits_reached"]), (&json!("WEIR-RUN-FUEL"), &json!(["run_fuel"])));
    let message = second["error"]["message"].as_str().context("no message")?;
    assert!(message.contains("30000000") && message.contains("run_fuel"), "{message}");
    assert!(second["usage"]["fuel"].as_u64() < Some(11_000_000), "only what was left: {second}");
    Ok(())
}

#[tokio::test]
async fn only_operators_set_the_limits_of_a_tenant() -> Result<()> {
    let server = Server::start()?;
    let path = "/tenants/default/limits";
    let token = |role: &'static str| {
        let made = server.api(Method::POST, "/tokens").json(&json!({ "role": role, "tenant": "default" }));
        async move {
            anyhow::Ok(made.send().await?.json::<Value>().await?["token"].as_str().context("no token")?.to_owned())
        }
    };
    let url = format!("{}/api/v1{path}", server.admin);
    let put = |token: &str| server.client.put(&url).bearer_auth(token).header("content-type", "application/yaml");
    let admin = token("admin").await?;
    assert_eq!(put(&admin).body("fuel: 5").send().await?.status(), 403);
    let viewer = token("viewer").await?;
    let seen: Value = server.client.get(&url).bearer_auth(&viewer).send().await?.json().await?;
    assert_eq!(seen["own"], json!({}));

    let refused = put(&server.token).body("fuel: 5\nfule: 5\nrun_steps: 0\n").send().await?;
    assert_eq!(refused.status(), 422);
    let refused: Value = refused.json().await?;
    let findings = &refused["error"]["findings"];
    assert_eq!(findings.as_array().map(Vec::len), Some(2), "{refused}");
    assert_eq!((&findings[0]["line"], &findings[0]["code"]), (&json!(2), &json!("WEIR-FLOW-LIMIT")));
    assert!(findings[0]["message"].as_str().is_some_and(|text| text.contains("`fuel`")), "{refused}");
    assert_eq!(server.get(path).await?["own"], json!({}), "nothing was set");

    let set = server.cli(&["limits", "set", "fule=5"])?;
    assert!(set.code == 1 && set.stderr.contains("did you mean `fuel`?"), "{set:?}");
    assert_eq!(server.cli(&["limits", "set", "fule="])?.code, 2);
    assert_eq!(server.cli(&["limits", "set", "fuel=many"])?.code, 2);
    Ok(())
}

#[test]
fn a_file_with_a_slip_keeps_the_server_from_starting_and_says_where() -> Result<()> {
    let scratch = Scratch::new()?;
    let file = scratch.file("limits.yaml", "fuel: 50000000\nfule: 5\nmemory_bytes: 0\nhandles: -1\n")?;
    let file = file.to_string_lossy();
    let any = "127.0.0.1:0";
    let args = ["serve", "--listen", any, "--admin-listen", any, "--limits", &file];
    let ended = Cli::run(&scratch.path().join("data"), &args)?;
    assert_eq!(ended.code, 1, "{ended:?}");
    for words in ["limits.yaml:2:", "did you mean `fuel`?", "limits.yaml:3:", "limits.yaml:4:", "did not start"] {
        assert!(ended.stderr.contains(words), "{words}: {ended:?}");
    }
    Ok(())
}
