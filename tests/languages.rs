//! Promise: an author who knows Rust, JavaScript, Python, Go or C gets from an empty folder to a flow that uses their
//! action with one command for each step, and the same action gives the same answer in all of them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value, json};
use weir_tests::{Cli, Scratch, Server, can_build, committed};

/// One command of the documentation, in a folder, against a server.
fn weir(folder: &Path, server: &Server, args: &[&str]) -> Result<String> {
    let mut command = Cli::command(args)?;
    // A project's own target folder: the one of this build has another profile's things.
    command.env_remove("CARGO_TARGET_DIR").env("WEIR_DATA", server.data()).current_dir(folder);
    let ended = Cli::ended(&mut command)?;
    ensure!(ended.code == 0, "weir {}: {ended:?}", args.join(" "));
    Ok(ended.stdout)
}

/// `new`, `build`, `test`, `push` and a call, as the README has them.
async fn from_nothing(language: &str) -> Result<()> {
    if !can_build(language)? {
        return Ok(());
    }
    let server = Server::start()?;
    let scratch = Scratch::new()?;
    let name = format!("first-{language}");
    weir(scratch.path(), &server, &["action", "new", "--lang", language, &name])?;
    let project = scratch.path().join(&name);
    weir(&project, &server, &["action", "build"])?;
    let tested =
        weir(&project, &server, &["action", "test", "--input", "input.json", "--config", "config.json", "--json"])?;
    let tested: Value = serde_json::from_str(&tested)?;
    weir(&project, &server, &["action", "push"])?;
    let config: Value = serde_json::from_slice(&std::fs::read(project.join("config.json"))?)?;
    let flow = json!({
        "weir": 1,
        "name": "first",
        "steps": [
            { "id": "work", "uses": format!("{name}@0.1"), "with": config, "on": exits(&tested) },
            { "id": "answer", "uses": "response", "with": { "json": "{{ steps.work.output }}" } },
        ],
    });
    let (url, _) = server.publish(&flow.to_string())?;
    let answer = server.post(&url, std::fs::read_to_string(project.join("input.json"))?).await?;
    ensure!(answer.status() == 200, "{language}: {}", answer.text().await?);
    assert_eq!(answer.json::<Value>().await?, tested["output"], "{language}: the flow answers what `test` printed");
    Ok(())
}

/// Sends the branch that was taken to the answer; other exits go there anyway, by default.
fn exits(tested: &Value) -> Value {
    match tested["exit"].as_str().filter(|exit| *exit != "next") {
        Some(branch) => json!({ branch: "answer" }),
        None => json!({}),
    }
}

#[tokio::test]
async fn rust_from_an_empty_folder() -> Result<()> {
    from_nothing("rust").await
}

#[tokio::test]
async fn javascript_from_an_empty_folder() -> Result<()> {
    from_nothing("js").await
}

#[tokio::test]
async fn python_from_an_empty_folder() -> Result<()> {
    from_nothing("python").await
}

#[tokio::test]
async fn go_from_an_empty_folder() -> Result<()> {
    from_nothing("go").await
}

#[tokio::test]
async fn c_from_an_empty_folder() -> Result<()> {
    from_nothing("c").await
}

/// Copies the files of a folder, so that builds leave nothing in the checkout.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (path, there) = (entry.path(), to.join(entry.file_name()));
        let built = ["build", "target", "node_modules", ".venv"].iter().any(|name| path.ends_with(name));
        match path.is_dir() {
            true if built => {}
            true => copy(&path, &there)?,
            false => drop(std::fs::copy(&path, &there)?),
        }
    }
    Ok(())
}

/// Builds and pushes the example of each language. The Rust one is among the committed components.
fn push_examples(server: &Server, scratch: &Path) -> Result<bool> {
    copy(&committed("guest-sdk"), &scratch.join("guest-sdk"))?;
    server.push_action("score-rust")?;
    for language in ["js", "python", "go", "c", "assemblyscript"] {
        if !can_build(language)? {
            return Ok(false);
        }
        let example = PathBuf::from("examples/actions").join(format!("score-{language}"));
        let project = scratch.join(&example);
        copy(&committed(&example.to_string_lossy()), &project)?;
        weir(&project, server, &["action", "build"])?;
        weir(&project, server, &["action", "push"])?;
    }
    Ok(true)
}

#[tokio::test]
async fn six_languages_give_the_same_answers_to_the_same_leads() -> Result<()> {
    let server = Server::start()?;
    let scratch = Scratch::new()?;
    if !push_examples(&server, scratch.path())? {
        return Ok(());
    }
    let (url, _) = server.publish(&std::fs::read_to_string(committed("examples/actions/compare.yaml"))?)?;
    let known = json!({ "name": "Zoë \u{0} 🦀", "employees": 250.9, "visits": 2, "tags": ["a", "b"], "id": "known" });
    let answer = server.post(&url, known.to_string()).await?.json::<Value>().await?;
    let expected = json!({
        "value": 250 + 2 * 10 + 2 * 5 + 7,
        "reasons": [
            { "signal": "employees", "points": 250 },
            { "signal": "name", "points": 7 },
            { "signal": "tags", "points": 10 },
            { "signal": "visits", "points": 20 },
        ],
        "depth": 2,
        "name": "Zoë \u{0} 🦀",
        "seen": 1,
    });
    assert_eq!(answer, json!({ "same": true, "answer": expected }), "{}", server.last_run().await?);
    let mut leads = Leads(0x5eed);
    for number in 0..200 {
        let lead = leads.lead(number);
        let answer = server.post(&url, lead.to_string()).await?.json::<Value>().await?;
        assert_eq!(answer["same"], true, "lead {number}, {lead}: {}", server.last_run().await?);
    }
    Ok(())
}

/// Leads that nobody would think of, the same in every run.
struct Leads(u64);

impl Leads {
    /// The next number below a bound; xorshift64.
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap_or(0)
    }

    fn lead(&mut self, number: usize) -> Value {
        let mut lead = Map::new();
        for signal in ["name", "employees", "visits", "tags", "größe", "\u{1F980}", "deep"] {
            if self.below(4) > 0 {
                lead.insert(signal.to_owned(), self.value(0));
            }
        }
        match number {
            0 => return json!({}),
            1 => drop(lead.insert("deep".to_owned(), (0..90).fold(json!([]), |inner, _| json!([inner])))),
            2 => drop(lead.insert("deep".to_owned(), (0..90).fold(json!({}), |inner, _| json!({ "d": inner })))),
            3 => drop(lead.insert("tags".to_owned(), Value::Array(vec![Value::Null; 3_000]))),
            4 => drop(lead.insert("name".to_owned(), "é🦀".repeat(2_000).into())),
            5 => drop(lead.insert("id".to_owned(), "not an id".into())),
            _ => drop(lead.insert("id".to_owned(), format!("lead-{}", number % 40).into())),
        }
        Value::Object(lead)
    }

    fn value(&mut self, depth: usize) -> Value {
        const NUMBERS: [&str; 14] = [
            "0",
            "-0.0",
            "1",
            "-7",
            "2.999999999",
            "999.5",
            "1000",
            "1001",
            "1e300",
            "1e-7",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "5e-324",
        ];
        const TEXTS: [&str; 9] = [
            "",
            "Ada",
            "a\"b\n{{ 7*7 }}",
            "\u{0}\u{1}\u{1f}",
            "🦀🦀",
            "e\u{301}",
            "\u{2028}",
            "</script>&<>",
            "\u{fffd}",
        ];
        match self.below(if depth < 4 { 8 } else { 6 }) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 | 3 => serde_json::from_str(NUMBERS[self.below(NUMBERS.len())]).unwrap_or_default(),
            4 | 5 => TEXTS[self.below(TEXTS.len())].repeat(self.below(4)).into(),
            6 => (0..self.below(6)).map(|_| self.value(depth + 1)).collect(),
            _ => Value::Object((0..self.below(6)).map(|at| (format!("k{at}"), self.value(depth + 1))).collect()),
        }
    }
}
