//! `cargo xtask demo`: from a checkout to a running server with example flows, a real webhook and its run, in one command.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{setup, shell};

/// Sets up, builds, starts the server on a scratch folder, deploys the examples, calls one, shows the run. Then serves until
/// it is interrupted, or ends where `once` is set.
pub(crate) fn run(once: bool) -> Result<()> {
    setup::for_building()?;
    println!("Building weir. The first build compiles RocksDB and wasmtime and takes 20 to 40 minutes on two cores.");
    shell::build()?;
    let data = std::env::temp_dir().join(format!("weir-demo-{}", std::process::id()));
    fs::create_dir_all(&data)?;
    let weir = Weir { binary: shell::binary("weir")?, data };
    let mut server = weir.serve()?;
    let shown = show(&weir, once);
    if shown.is_ok() && !once {
        server.wait()?;
    }
    let _ = server.kill();
    let _ = server.wait();
    let _ = fs::remove_dir_all(&weir.data);
    shown
}

fn show(weir: &Weir, once: bool) -> Result<()> {
    let examples = shell::root().join("examples");
    for action in components(&shell::root().join("actions/prebuilt"))? {
        weir.print(&["action", "push", text(&action)?])?;
    }
    let example = weir.data.join("example-secret.txt");
    fs::write(&example, "example\n")?;
    for name in ["GITHUB_SECRET", "STRIPE_SECRET", "SHOPIFY_SECRET"] {
        weir.print(&["secret", "set", name, "--from-file", text(&example)?])?;
    }
    let mut hello = None;
    for flow in files(&examples.join("flows"), "yaml")? {
        let pushed: Value =
            serde_json::from_str(&weir.output(&["flow", "push", text(&flow)?, "--publish", "--json"])?)?;
        let url = pushed.pointer("/urls/production").and_then(Value::as_str).context("the flow has no URL")?;
        let name = pushed.get("name").and_then(Value::as_str).unwrap_or_default();
        println!("{name:<18} {url}");
        if name == "hello" {
            hello = Some(url.to_owned());
        }
    }
    let url = hello.context("examples/flows has no flow named hello")?;
    println!("\nA webhook, and the answer:");
    let body = r#"{"name":"Ada","total":42}"#;
    shell::run("curl", &["-sS", "-i", "-H", "content-type: application/json", "-d", body, &url])?;
    println!("\n\nIts run:");
    let runs: Value = serde_json::from_str(&weir.output(&["run", "list", "--limit", "1", "--json"])?)?;
    let id = runs.pointer("/0/id").and_then(Value::as_str).context("the run was not logged")?;
    weir.print(&["run", "show", id])?;
    let data = text(&weir.data)?;
    println!("\nAdmin API: {}   (weir --help; every client command takes --data {data})", weir.admin()?);
    if !once {
        println!("The server runs until you press Ctrl-C. Its scratch folder {data} stays; delete it when you like.");
    }
    Ok(())
}

/// The built binary on the demo's scratch folder.
struct Weir {
    binary: PathBuf,
    data: PathBuf,
}

impl Weir {
    /// Starts the server and waits until it listens.
    fn serve(&self) -> Result<Child> {
        let mut serve = Command::new(&self.binary);
        serve.args(["serve", "--data", text(&self.data)?]);
        let mut process = serve.stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(process.stdout.take().context("the server has no standard output")?);
        let mut line = String::new();
        while !self.data.join("server.json").exists() {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                bail!("the server ended before it listened; its message is above");
            }
            print!("{line}");
        }
        std::thread::spawn(move || {
            lines.lines().map_while(std::result::Result::ok).for_each(|line| println!("{line}"));
        });
        Ok(process)
    }

    fn admin(&self) -> Result<String> {
        let known: Value = serde_json::from_str(&fs::read_to_string(self.data.join("server.json"))?)?;
        Ok(known.get("admin").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    fn output(&self, args: &[&str]) -> Result<String> {
        let words = [args, &["--data", text(&self.data)?]].concat();
        shell::output(text(&self.binary)?, &words)
    }

    fn print(&self, args: &[&str]) -> Result<()> {
        println!("$ weir {}", args.join(" "));
        print!("{}", self.output(args)?);
        Ok(())
    }
}

/// All that can be pushed: what scripts run in comes with the server.
fn components(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut components = files(folder, "wasm")?;
    components.retain(|path| !["code.wasm", "typescript.wasm"].iter().any(|own| path.ends_with(own)));
    Ok(components)
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}
