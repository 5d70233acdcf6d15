//! Python: componentize-py puts the module `app` of `src/` and all that it imports into an interpreter.

use super::tools::{Tool, Tools, Trouble, run};
use crate::action::project::Project;

const COMPONENTIZE: Tool = Tool {
    title: "Python's componentize-py",
    program: "componentize-py",
    install: "`python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.1`",
};

/// Builds the project's component.
pub(super) fn build(project: &Project, tools: &Tools) -> Result<(), Trouble> {
    let componentize = tools.need(&COMPONENTIZE)?;
    if !project.folder.join("src/app.py").is_file() {
        return Err(Trouble::project("src/app.py is not there: write the action into it".into()));
    }
    let mut make = tools.command(&componentize);
    make.arg("-d").arg(&project.wit).args(["-w", "action", "componentize", "app", "-p", "src", "-p"]).arg(&project.sdk);
    make.arg("-o").arg(project.component()).arg("--stub-wasi");
    make.env("PYTHONDONTWRITEBYTECODE", "1").env("RUST_BACKTRACE", "0");
    run(&mut make).map(drop)
}
