//! JavaScript and TypeScript: esbuild makes one file of the sources, componentize-qjs puts it into an interpreter.

use super::tools::{Tool, Tools, Trouble, run};
use crate::action::project::Project;

const NODE: Tool =
    Tool { title: "Node.js", program: "node", install: "install Node.js 20 or newer (https://nodejs.org)" };

const ESBUILD: Tool = Tool {
    title: "JavaScript's esbuild",
    program: "esbuild",
    install: "`npm install --save-dev esbuild@0.28.2 componentize-qjs@0.4.5`",
};

const COMPONENTIZE: Tool = Tool {
    title: "JavaScript's componentize-qjs",
    program: "componentize-qjs",
    install: "`npm install --save-dev componentize-qjs@0.4.5`",
};

/// Builds the project's component.
pub(super) fn build(project: &Project, tools: &Tools) -> Result<(), Trouble> {
    tools.need(&NODE)?;
    let (esbuild, componentize) = (tools.need(&ESBUILD)?, tools.need(&COMPONENTIZE)?);
    let sources = ["src/action.ts", "src/action.js"];
    let source = sources.into_iter().find(|source| project.folder.join(source).is_file()).ok_or_else(|| {
        Trouble::project("neither src/action.js nor src/action.ts is there: write the action into one of them".into())
    })?;
    let sdk = project.sdk.join("src/index.js");
    if !sdk.is_file() {
        let message = format!("{} is not there: let `sdk` in weir.toml name weir's SDK for JavaScript", sdk.display());
        return Err(Trouble::project(message));
    }
    let mut bundle = tools.command(&esbuild);
    bundle.args([source, "--bundle", "--format=esm", "--platform=neutral", "--external:weir:action/*"]);
    bundle.args([format!("--alias:weir-action={}", sdk.display()), "--outfile=build/bundle.js".into()]);
    // Its interpreter has no loop of events: the SDK runs what is left to promises, so that nothing may wait by itself.
    bundle.args(["async-await", "async-generator", "for-await"].map(|feature| format!("--supported:{feature}=false")));
    run(&mut bundle)?;
    let mut make = tools.command(&componentize);
    make.arg("--wit").arg(&project.wit).args(["--world", "action", "--js", "build/bundle.js"]);
    make.arg("-o").arg(project.component()).args(["--sync", "--opt-size"]);
    run(&mut make).map(drop)
}
