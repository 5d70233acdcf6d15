//! The server under attack: started with its complaints kept in a file, asked through its API, watched through /proc. It
//! judges nothing.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use weir_tests::{Cli, Scratch};

/// How long any answer may take, so that one that never comes is an error with a name.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a refusal may take: a compile bomb is stopped after a minute.
const UPLOAD: Duration = Duration::from_secs(180);

/// A client with connections of its own, which go with it.
///
/// # Errors
/// Where it cannot be made.
pub fn client() -> Result<Client> {
    weir_tests::speak_tls();
    Ok(Client::builder().timeout(PATIENCE).build()?)
}

/// A server; it ends with this.
pub struct Host {
    process: Child,
    scratch: Scratch,
    admin: String,
    token: String,
}

/// What the server holds at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Vitals {
    /// Resident memory.
    pub resident_kib: u64,
    /// Threads.
    pub threads: u64,
    /// Open descriptors, besides files of its own data folder: the store opens and closes those as it sees fit.
    pub descriptors: u64,
}

impl Host {
    /// A server on a fresh folder.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start() -> Result<Self> {
        let scratch = Scratch::new()?;
        let any = "127.0.0.1:0";
        let mut command = Cli::command(&["serve", "--json", "--listen", any, "--admin-listen", any, "--data"])?;
        command.arg(scratch.path().join("data"));
        let complaints = File::create(scratch.path().join("stderr"))?;
        let mut process = command.stdout(Stdio::piped()).stderr(complaints).spawn()?;
        let stdout = process.stdout.take();
        let mut host = Self { process, scratch, admin: String::new(), token: String::new() };
        let mut line = String::new();
        BufReader::new(stdout.context("the server has no standard output")?).read_line(&mut line)?;
        ensure!(!line.is_empty(), "the server ended before it listened: {}", host.complaints()?);
        let known: Value = serde_json::from_str(&fs::read_to_string(host.data().join("server.json"))?)?;
        let text = |key: &str| known[key].as_str().unwrap_or_default().to_owned();
        (host.admin, host.token) = (text("admin"), text("token"));
        Ok(host)
    }

    fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    /// What it wrote to standard error so far.
    ///
    /// # Errors
    /// Where that cannot be read.
    pub fn complaints(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(self.scratch.path().join("stderr"))?).into_owned())
    }

    /// What it holds now.
    ///
    /// # Errors
    /// Where it is gone.
    pub fn vitals(&self) -> Result<Vitals> {
        let folder = PathBuf::from(format!("/proc/{}", self.process.id()));
        let status = fs::read_to_string(folder.join("status"))?;
        let field = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|rest| rest.split_whitespace().next()).context("the server is gone")?;
            Ok(number.parse()?)
        };
        let data = self.data();
        let open = fs::read_dir(folder.join("fd"))?.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
        let descriptors = open.filter(|link| !link.starts_with(&data)).count() as u64;
        Ok(Vitals { resident_kib: field("VmRSS:")?, threads: field("Threads:")?, descriptors })
    }

    fn api(&self, client: &Client, method: Method, path: &str) -> RequestBuilder {
        client.request(method, format!("{}/api/v1{path}", self.admin)).bearer_auth(&self.token)
    }

    /// Makes a tenant.
    ///
    /// # Errors
    /// Where it is not made.
    pub async fn make_tenant(&self, client: &Client, tenant: &str) -> Result<()> {
        let made = self.api(client, Method::POST, "/tenants").json(&json!({ "name": tenant })).send().await?;
        ensure!(made.status() == 201, "{tenant}: {}", made.text().await?);
        Ok(())
    }

    /// Uploads a component; the code that it is refused with, or none.
    ///
    /// # Errors
    /// Where there is no answer that makes sense.
    pub async fn upload(&self, client: &Client, tenant: &str, bytes: Vec<u8>) -> Result<Option<String>> {
        let request = self.api(client, Method::POST, &format!("/tenants/{tenant}/actions"));
        let request = request.header("content-type", "application/wasm").timeout(UPLOAD);
        let answer = request.body(bytes).send().await?;
        if answer.status() == 201 {
            return Ok(None);
        }
        let refused: Value = answer.json().await?;
        Ok(Some(refused["error"]["code"].as_str().context("a refusal without a code")?.to_owned()))
    }

    /// Publishes a flow; where it is called.
    ///
    /// # Errors
    /// Where it has errors.
    pub async fn publish(&self, client: &Client, tenant: &str, name: &str, flow: String) -> Result<String> {
        let path = format!("/tenants/{tenant}/flows/{name}");
        let request = self.api(client, Method::PUT, &format!("{path}/draft"));
        let saved = request.header("content-type", "application/yaml").body(flow).send().await?;
        ensure!(saved.status() == 200, "{name}: {}", saved.text().await?);
        let published = self.api(client, Method::POST, &format!("{path}/publish")).send().await?;
        let published: Value = published.json().await?;
        let url = published["flow"]["urls"]["production"].as_str();
        Ok(url.with_context(|| format!("{name}: {published}"))?.to_owned())
    }

    /// Reads the records of all runs of a tenant, newest first: how many there are.
    ///
    /// # Errors
    /// Where there is no answer that makes sense.
    pub async fn read_all(&self, client: &Client, tenant: &str) -> Result<usize> {
        let (mut read, mut after) = (0, String::new());
        loop {
            let path = format!("/tenants/{tenant}/runs?limit=200{after}");
            let page: Value = self.api(client, Method::GET, &path).send().await?.json().await?;
            for run in page["items"].as_array().with_context(|| format!("no page: {page}"))? {
                self.record(client, tenant, run["id"].as_str().context("a run without an id")?).await?;
                read += 1;
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return Ok(read),
            }
        }
    }

    /// A run's record, once it has ended.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn record(&self, client: &Client, tenant: &str, run: &str) -> Result<Value> {
        let path = format!("/tenants/{tenant}/runs/{run}");
        let mut last = Value::Null;
        for _ in 0..400 {
            last = self.api(client, Method::GET, &path).send().await?.json().await?;
            if last["outcome"].as_str().is_some_and(|outcome| outcome != "running") {
                return Ok(last);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        bail!("run {run} did not end: {last}")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
