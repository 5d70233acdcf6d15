//! An author's project in a scratch folder, and the trial of its action on a server. It knows no single mistake.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use weir_tests::{Cli, Scratch, Server, can_build, committed};

/// Asserts that a message says all of this.
pub fn holds(what: &str, told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "{what}: there is no {part:?} in: {told}");
    }
}

/// A project as `weir action new` makes it.
pub struct Project {
    scratch: Scratch,
    name: String,
}

impl Project {
    pub fn new(language: &str) -> Result<Self> {
        let project = Self { scratch: Scratch::new()?, name: format!("wrong-{language}") };
        let mut command = Cli::command(&["action", "new", "--lang", language, &project.name])?;
        let made = Cli::ended(command.current_dir(project.scratch.path()))?;
        ensure!(made.code == 0, "{made:?}");
        Ok(project)
    }

    /// The same where the language can be built.
    pub fn of(language: &str) -> Result<Option<Self>> {
        can_build(language)?.then(|| Self::new(language)).transpose()
    }

    fn folder(&self) -> PathBuf {
        self.scratch.path().join(&self.name)
    }

    /// Its folder, as messages and compilers have it.
    pub fn place(&self) -> String {
        self.folder().to_string_lossy().into_owned()
    }

    pub fn has(&self, file: &str) -> bool {
        self.folder().join(file).exists()
    }

    pub fn write(&self, file: &str, content: &str) -> Result<()> {
        Ok(fs::write(self.folder().join(file), content)?)
    }

    pub fn remove(&self, file: &str) -> Result<()> {
        let path = self.folder().join(file);
        if path.is_dir() {
            fs::remove_dir_all(path)?
        } else {
            fs::remove_file(path)?
        }
        Ok(())
    }

    /// Takes files of `tests/authoring` under other names.
    pub fn copy(&self, files: &[(&str, &str)]) -> Result<()> {
        for (from, to) in files {
            let from = committed("tests/authoring").join(from);
            fs::copy(&from, self.folder().join(to)).with_context(|| from.display().to_string())?;
        }
        Ok(())
    }

    fn weir(&self, args: &[&str], path: Option<OsString>) -> Result<Cli> {
        let mut command = Cli::command(args)?;
        // A project's own target folder: the one of this build has another profile's things.
        command.env_remove("CARGO_TARGET_DIR").env_remove("WASI_SYSROOT").current_dir(self.folder());
        if let Some(path) = path {
            command.env("PATH", path);
        }
        Cli::ended(&mut command)
    }

    /// What a build says that must fail.
    pub fn build(&self) -> Result<String> {
        let told = self.weir(&["action", "build"], None)?;
        ensure!(told.code == 1 && !self.has(&format!("build/{}.wasm", self.name)), "it was built: {told:?}");
        Ok(told.stderr)
    }

    /// The same of a source.
    pub fn build_of(&self, file: &str, source: &str) -> Result<String> {
        self.write(file, source)?;
        self.build()
    }

    /// The same on a machine with nothing but these programs, which are shell scripts.
    pub fn build_with(&self, programs: &[(&str, &str)]) -> Result<String> {
        let folder = self.scratch.path().join("bin");
        fs::create_dir_all(&folder)?;
        for (name, script) in programs {
            let file = folder.join(name);
            fs::write(&file, format!("#!/bin/sh\n{script}\n"))?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
        }
        let told = self.weir(&["action", "build"], Some(folder.into()))?;
        ensure!(told.code == 1, "it was built: {told:?}");
        Ok(told.stderr)
    }

    /// `weir action test`.
    pub fn tested(&self, args: &[&str]) -> Result<Cli> {
        self.weir(&[&["action", "test"], args].concat(), None)
    }

    /// `weir action push`.
    pub fn pushed(&self, server: &Server) -> Result<Cli> {
        server.cli(&["action", "push", &self.place()])
    }

    /// The component's bytes, as far as they are text.
    pub fn component(&self) -> Result<String> {
        let bytes = fs::read(self.folder().join("build").join(format!("{}.wasm", self.name)))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Builds it, sends it to a server, and publishes a flow that hands its payload to it.
    pub async fn trial(&self) -> Result<Trial> {
        let built = self.weir(&["action", "build"], None)?;
        ensure!(built.code == 0, "{built:?}");
        let server = Server::start()?;
        let pushed = self.pushed(&server)?;
        ensure!(pushed.code == 0, "{pushed:?}");
        let answer = |id: &str, json: &str| json!({ "id": id, "uses": "response", "with": { "json": json }, "on": { "next": "end" } });
        let uses = &self.name;
        let flow = |name: &str, limits: Value| {
            let on = json!({ "error": "caught", "hot": "answer", "cold": "answer" });
            let work = json!({ "id": "work", "uses": uses, "on": on });
            let answers = [answer("answer", "{{ steps.work.output }}"), answer("caught", "{{ error }}")];
            json!({ "weir": 1, "name": name, "limits": limits, "steps": [work, answers[0], answers[1]] }).to_string()
        };
        let (url, _) = server.publish(&flow("trial", json!({})))?;
        // A loop comes to the end of its fuel before that of its time, however busy the machine is.
        let (short, _) = server.publish(&flow("short", json!({ "fuel": 300_000_000 })))?;
        Ok(Trial { server, url, short, name: self.name.clone() })
    }
}

/// A server with a flow that does what its payload says.
pub struct Trial {
    server: Server,
    url: String,
    /// The same flow with little fuel.
    short: String,
    name: String,
}

impl Trial {
    /// What the flow answers.
    pub async fn call(&self, what: &str) -> Result<Value> {
        let url = if what == "loop" { &self.short } else { &self.url };
        let what = serde_json::from_str::<i64>(what).map_or_else(|_| json!(what), |number| json!(number));
        Ok(self.server.post(url, json!({ "what": what }).to_string()).await?.json().await?)
    }

    /// Calls it with each of these: the code that it must fail with, and what message and detail must say.
    pub async fn of(&self, wrong: &[(&str, &str, &[&str])]) -> Result<()> {
        for (what, code, parts) in wrong {
            let error = self.call(what).await?;
            let name = format!("{}, {what}", self.name);
            assert_eq!(error["code"], *code, "{name}: {error}");
            let mut told = error["message"].as_str().context("no message")?.to_owned();
            told.push_str(&error["detail"].to_string());
            holds(&name, &told, parts);
        }
        let hot = self.call("hot").await?;
        ensure!(hot == 1, "{}: it does not work after all that: {hot}", self.name);
        Ok(())
    }
}
