//! AssemblyScript: asc makes a core module, which is wrapped into a component here.

use super::component;
use super::tools::{Tool, Tools, Trouble, run};
use crate::action::project::Project;

const ASC: Tool =
    Tool { title: "AssemblyScript's asc", program: "asc", install: "`npm install --save-dev assemblyscript@0.28.20`" };

const NODE: Tool =
    Tool { title: "Node.js", program: "node", install: "install Node.js 20 or newer (https://nodejs.org)" };

/// Builds the project's component.
pub(super) fn build(project: &Project, tools: &Tools) -> Result<(), Trouble> {
    tools.need(&NODE)?;
    let mut asc = tools.command(&tools.need(&ASC)?);
    if !project.folder.join("assembly/index.ts").is_file() {
        return Err(Trouble::project("assembly/index.ts is not there: write the action into it".into()));
    }
    asc.args(["assembly/index.ts", "-o", "build/core.wasm"]);
    // asc reads the project's own options by itself.
    if !project.folder.join("asconfig.json").is_file() {
        asc.args(["-O3", "--runtime", "minimal", "--use", "abort=assembly/index/abort"]);
    }
    run(&mut asc)?;
    component::make(project)
}
