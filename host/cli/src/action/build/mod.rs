//! `weir action build`: has a project's own compiler make a component, and looks at it as a push would. It compiles nothing
//! itself and installs nothing.

mod assemblyscript;
mod c;
mod component;
mod go;
mod js;
mod python;
mod rust;
mod tools;

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tokio::task::spawn_blocking;
use weir_model::{Clock as _, Coded as _};
use weir_sandbox::SandboxError;

use super::origin::shown;
use super::project::{Language, Project};
use crate::failure::Failure;
use crate::output::{Out, Tone, bytes, clean, duration, spinner};
use crate::system::SystemClock;
use tools::{Tools, Trouble};

/// Build a project's component
///
/// Picks the language by the project's weir.toml, or by its files where there is none, runs that language's compiler,
/// and leaves the component in build/NAME.wasm. Compilers are looked for in the project (node_modules/.bin, .venv/bin)
/// and then on PATH; one that is missing is named, with the command that installs it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir action build
  weir action build --dir actions/lead-score")]
pub(super) struct BuildArgs {
    /// The project's folder
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    dir: PathBuf,
}

/// What was built.
#[derive(Clone, Copy, Debug)]
struct Built {
    size: u64,
    micros: u64,
}

/// Carries out the command.
pub(super) async fn run(args: &BuildArgs, out: &Out) -> Result<(), Failure> {
    let project = Project::open(&args.dir)?;
    let built = make(&project).await.map_err(|trouble| told(trouble, out))?;
    if out.json() {
        return out.value(&json!({
            "name": project.name, "component": project.component(), "size": built.size, "micros": built.micros,
        }));
    }
    let name = out.paint(Tone::Strong, shown(&project.component()));
    out.line(format!("Built {name}: {} in {}.", bytes(built.size), duration(built.micros)))?;
    out.line(format!("Try it with `{}`, send it with `{}`.", next(&project, true), next(&project, false)))
}

/// Builds a project before something else is done with it; says that it did, and nothing more.
///
/// # Errors
/// Why there is no component; what the compiler said is shown already.
pub(crate) async fn build(project: &Project, out: &Out) -> Result<(), Failure> {
    let built = make(project).await.map_err(|trouble| told(trouble, out))?;
    out.note(format!("Built {} in {}.", shown(&project.component()), duration(built.micros)));
    Ok(())
}

/// Shows what the compiler said.
fn told(trouble: Trouble, out: &Out) -> Failure {
    if !trouble.said.is_empty() {
        trouble.said.lines().for_each(|line| out.note(clean(line)));
    }
    trouble.failure
}

/// The command that goes on from here.
fn next(project: &Project, test: bool) -> String {
    let folder = shown(&project.folder);
    let at = |name: &str| shown(&project.folder.join(name));
    let mut command = format!("weir action {}", if test { "test" } else { "push" });
    if folder != "." {
        command = format!("{command} {folder}");
    }
    for (option, name) in [("--input", "input.json"), ("--config", "config.json")] {
        if test && project.folder.join(name).is_file() {
            command = format!("{command} {option} {}", at(name));
        }
    }
    command
}

async fn make(project: &Project) -> Result<Built, Trouble> {
    let clock = SystemClock::new();
    let spinner = spinner(format!("Building {} ({})", project.name, project.language.title()));
    let ours = project.clone();
    let made = spawn_blocking(move || compile(&ours)).await;
    spinner.finish_and_clear();
    let size = made.map_err(|error| Failure::Other(error.into()))??;
    Ok(Built { size, micros: u64::try_from(clock.elapsed().as_micros()).unwrap_or(u64::MAX) })
}

/// Runs the compiler and looks at what it made; gives its size.
fn compile(project: &Project) -> Result<u64, Trouble> {
    let tools = Tools::of(project);
    let folder = project.build_folder();
    fs::create_dir_all(&folder).map_err(|error| Failure::writing(&folder, error))?;
    // What an earlier build left must not be taken for what this one makes.
    let component = project.component();
    for old in [&component, &folder.join(component::CORE)] {
        match fs::remove_file(old) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::writing(old, error).into());
            }
            _ => {}
        }
    }
    if project.language != Language::Rust && !project.wit.is_dir() {
        let place = project.wit.display();
        return Err(Trouble::project(format!(
            "{place} is not there: let `wit` in weir.toml name the folder of action.wit"
        )));
    }
    match project.language {
        Language::Rust => rust::build(project, &tools),
        Language::Js => js::build(project, &tools),
        Language::Python => python::build(project, &tools),
        Language::Go => go::build(project, &tools),
        Language::C => c::build(project, &tools),
        Language::AssemblyScript => assemblyscript::build(project, &tools),
    }?;
    let made = fs::read(&component).map_err(|error| Failure::reading(&component, error))?;
    if let Err(error) = weir_sandbox::inspect(&made) {
        // Nobody is to push it.
        fs::remove_file(&component).map_err(|error| Failure::writing(component, error))?;
        return Err(match error {
            SandboxError::World { reason } if project.language == Language::Rust => Trouble::project(format!(
                "the library is no action, for {reason}: put `#[weir_action::action]` on a public function"
            )),
            error => Failure::Action { code: error.code(), message: error.to_string(), findings: Vec::new() }.into(),
        });
    }
    Ok(u64::try_from(made.len()).unwrap_or(u64::MAX))
}
