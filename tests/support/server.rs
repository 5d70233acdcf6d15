//! A running server: started on any free ports, called, killed, started again. It is ended by its id when dropped.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

use crate::process::{binary, root};
use crate::{Cli, Scratch};

/// A server of this test's own.
pub struct Server {
    process: Option<Child>,
    scratch: Scratch,
    data: PathBuf,
    /// Whether its complaints go to a file of the scratch folder, instead of the test's own.
    quiet: bool,
    /// The client for all calls; it follows no redirects.
    pub client: Client,
    /// Where hooks are called.
    pub hooks: String,
    /// Where the API is.
    pub admin: String,
    /// A token of the operator role.
    pub token: String,
}

impl Server {
    /// A server on a fresh data folder.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// The same with more arguments.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start_with(args: &[&str]) -> Result<Self> {
        let mut server = Self::at(PathBuf::new())?;
        (server.data, server.quiet) = (server.scratch.path().join("data"), false);
        server.start_again(args)?;
        Ok(server)
    }

    /// A server on a data folder of the caller's choice, with its complaints kept in a file.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start_in(data: impl Into<PathBuf>, args: &[&str]) -> Result<Self> {
        let mut server = Self::at(data)?;
        server.start_again(args)?;
        Ok(server)
    }

    /// The same, not yet started: `start_again` does that.
    ///
    /// # Errors
    /// Where there is no place for its files.
    pub fn at(data: impl Into<PathBuf>) -> Result<Self> {
        speak_tls();
        Ok(Self {
            process: None,
            scratch: Scratch::new()?,
            data: data.into(),
            quiet: true,
            client: Client::builder().redirect(reqwest::redirect::Policy::none()).build()?,
            hooks: String::new(),
            admin: String::new(),
            token: String::new(),
        })
    }

    /// Starts the server on the folder it had, with more arguments if need be.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start_again(&mut self, args: &[&str]) -> Result<()> {
        let any = "127.0.0.1:0";
        let mut command = Command::new(binary()?);
        command.args(["serve", "--json", "--listen", any, "--admin-listen", any, "--data"]).arg(self.data()).args(args);
        if self.quiet {
            command.stderr(File::options().create(true).append(true).open(self.complaints_file())?);
        }
        // Not on a terminal, whose end a hangup would be.
        command.stdin(Stdio::null());
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().context("the server has no standard output")?;
        self.process = Some(process);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        ensure!(!line.is_empty(), "the server ended before it listened");
        let known = std::fs::read_to_string(self.data().join("server.json"))?;
        let known: Value = serde_json::from_str(&known)?;
        let text = |key: &str| known.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        (self.hooks, self.admin, self.token) = (text("hooks"), text("admin"), text("token"));
        Ok(())
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// What it wrote to standard error so far, where that is kept.
    ///
    /// # Errors
    /// Where it is not.
    pub fn complaints(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&std::fs::read(self.complaints_file())?).into_owned())
    }

    fn complaints_file(&self) -> PathBuf {
        self.scratch.path().join("stderr")
    }

    /// The folder around it, for files of the test.
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().map_or(0, Child::id)
    }

    /// Ends the server with SIGKILL.
    ///
    /// # Errors
    /// Where it was not running.
    pub fn kill(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the server is not running")?;
        process.kill()?;
        process.wait()?;
        Ok(())
    }

    /// Ends the server with SIGTERM and waits for it.
    ///
    /// # Errors
    /// Where it was not running or ended badly.
    pub fn stop(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the server is not running")?;
        ensure!(Command::new("kill").arg(process.id().to_string()).status()?.success(), "SIGTERM was not sent");
        ensure!(process.wait()?.success(), "the server ended badly");
        Ok(())
    }

    /// Runs the command line on this server.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn cli(&self, args: &[&str]) -> Result<Cli> {
        Cli::run(&self.data(), args)
    }

    /// Pushes and publishes a flow; gives its production and development URLs.
    ///
    /// # Errors
    /// Where it has errors; they are in the error.
    pub fn publish(&self, flow: &str) -> Result<(String, String)> {
        let file = self.scratch.file("flow.yaml", flow)?;
        let pushed = self.cli(&["flow", "push", &file.to_string_lossy(), "--publish", "--json"])?;
        ensure!(pushed.code == 0, "the flow was not published: {pushed:?}");
        let pushed = pushed.json()?;
        let url = |pointer| pushed.pointer(pointer).and_then(Value::as_str).context("no URL").map(str::to_owned);
        Ok((url("/urls/production")?, url("/urls/development")?))
    }

    /// Keeps a secret of the default tenant.
    ///
    /// # Errors
    /// Where it is not kept.
    pub fn set_secret(&self, name: &str, value: &str) -> Result<()> {
        let file = self.scratch.file("secret.txt", value)?;
        let set = self.cli(&["secret", "set", name, "--from-file", &file.to_string_lossy()])?;
        ensure!(set.code == 0, "the secret was not kept: {set:?}");
        Ok(())
    }

    /// Uploads one of the committed test components.
    ///
    /// # Errors
    /// Where it is not admitted.
    pub fn push_action(&self, name: &str) -> Result<()> {
        let pushed = self.cli(&["action", "push", &component(name).to_string_lossy()])?;
        ensure!(pushed.code == 0, "the action was not admitted: {pushed:?}");
        Ok(())
    }

    /// A call of the API with the operator's token; `path` follows `/api/v1`.
    pub fn api(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.admin)).bearer_auth(&self.token)
    }

    /// What the API answers to a GET, as JSON; `path` follows `/api/v1`.
    ///
    /// # Errors
    /// Where there is no answer or it is no JSON.
    pub async fn get(&self, path: &str) -> Result<Value> {
        Ok(self.api(Method::GET, path).send().await?.json().await?)
    }

    /// Posts JSON text.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn post(&self, url: &str, json: impl Into<String>) -> Result<Response> {
        let request = self.client.post(url).header("content-type", "application/json").body(json.into());
        Ok(request.send().await?)
    }

    /// The newest run's full record, once it has ended.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn last_run(&self) -> Result<Value> {
        let runs = self.get("/tenants/default/runs?limit=1").await?;
        let id = runs.pointer("/items/0/id").and_then(Value::as_str).context("there is no run")?;
        self.ended(id).await
    }

    /// A run's record, once it has ended.
    ///
    /// # Errors
    /// Where there is none or it does not end.
    pub async fn ended(&self, id: &str) -> Result<Value> {
        for _ in 0..400 {
            let run = self.get(&format!("/tenants/default/runs/{id}")).await?;
            ensure!(run.get("error").is_none_or(Value::is_null) || run.get("id").is_some(), "run {id}: {run}");
            if run.get("outcome").is_some_and(|outcome| outcome != "running" && outcome != "waiting") {
                return Ok(run);
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        anyhow::bail!("run {id} did not end")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// A committed file or folder of the repository.
pub fn committed(path: &str) -> PathBuf {
    root().join(path)
}

/// Gives the process what clients speak TLS by; a second call keeps the first.
pub fn speak_tls() {
    let _ = CryptoProvider::install_default(ring::default_provider());
}

/// A committed component: a test guest, else a standard action.
pub fn component(name: &str) -> PathBuf {
    let guest = root().join("tests/guests/prebuilt").join(format!("{name}.wasm"));
    if guest.exists() { guest } else { root().join("actions/prebuilt").join(format!("{name}.wasm")) }
}
