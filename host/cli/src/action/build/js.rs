//! JavaScript and TypeScript: esbuild makes one file of the sources, componentize-qjs puts it into an interpreter.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Output;

use serde::{Deserialize, Serialize};

use super::tools::{Tool, Tools, Trouble, attempt, failed};
use crate::action::project::Project;
use crate::failure::Failure;

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

/// Where the bundle begins, in the build folder; it says what the sources have to export.
const ENTRY: &str = "entry.js";

/// All sources in one file, in the build folder.
const BUNDLE: &str = "bundle.js";

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
    let entry = project.build_folder().join(ENTRY);
    let exports =
        format!("import {{ describe, validate, run }} from \"../{source}\";\nexport {{ describe, validate, run }};\n");
    fs::write(&entry, exports).map_err(|error| Failure::writing(&entry, error))?;
    let mut bundle = tools.command(&esbuild);
    bundle.args(["build/entry.js", "--bundle", "--format=esm", "--platform=neutral", "--external:weir:action/*"]);
    bundle.args([format!("--alias:weir-action={}", sdk.display()), "--outfile=build/bundle.js".into()]);
    bundle.args(["--sourcemap=external", "--sources-content=false"]);
    // Its interpreter has no loop of events: the SDK runs what is left to promises, so that nothing may wait by itself.
    bundle.args(["async-await", "async-generator", "for-await"].map(|feature| format!("--supported:{feature}=false")));
    let bundled = attempt(&mut bundle)?;
    if exports_too_little(source, &bundled) {
        let form = "export const { describe, validate, run } = action({ … })";
        return Err(Trouble::project(format!("{source} exports no action: write `{form}` into it")));
    }
    if !bundled.status.success() {
        return Err(failed(&bundle, &bundled));
    }
    add_places(project)?;
    let mut make = tools.command(&componentize);
    make.arg("--wit").arg(&project.wit).args(["--world", "action", "--js", "build/bundle.js"]);
    make.arg("-o").arg(project.component()).args(["--sync", "--opt-size"]);
    let made = attempt(&mut make)?;
    if made.status.success() { Ok(()) } else { Err(thrown(source, &made).unwrap_or_else(|| failed(&make, &made))) }
}

/// Whether the bundle asked for the exports of an action and did not find them.
fn exports_too_little(source: &str, bundled: &Output) -> bool {
    let said = String::from_utf8_lossy(&bundled.stderr);
    let none = format!("\" will always be undefined because the file \"{source}\" has no exports");
    said.contains(&format!("No matching export in \"{source}\" for import \"")) || said.contains(&none)
}

/// What the author's modules threw when they were loaded, where that is why there is no component. The rest of what
/// componentize-qjs prints tells how it works.
fn thrown(source: &str, made: &Output) -> Option<Trouble> {
    let printed = String::from_utf8_lossy(&made.stderr);
    let (_, said) = printed.split_once("Failed to finish JavaScript module evaluation: ")?;
    let (text, stack) = said.split_at(said.find("\n    at ").unwrap_or(said.len()));
    let message = format!("{source} could not be loaded: {}; correct it", text.trim());
    Some(Trouble { said: stack.trim_matches('\n').to_owned(), ..Trouble::new("WEIR-ACTION-BUILD", message) })
}

/// Which line of which file each line of the bundle comes from, as esbuild says it (ECMA-426).
#[derive(Deserialize, Serialize)]
struct Places {
    sources: Vec<Option<String>>,
    mappings: String,
}

/// Tells the bundle where its lines come from, so that the stack of an exception names the author's own files. It comes last:
/// no line moves.
fn add_places(project: &Project) -> Result<(), Trouble> {
    let (bundle, map) = (project.build_folder().join(BUNDLE), project.build_folder().join("bundle.js.map"));
    let text = fs::read_to_string(&map).map_err(|error| Failure::reading(&map, error))?;
    let places: Places = serde_json::from_str(&text).map_err(|error| Failure::Other(error.into()))?;
    let own = |source: Option<String>| shown(project, Path::new(&source?));
    let places = Places { sources: places.sources.into_iter().map(own).collect(), ..places };
    let places = serde_json::to_string(&places).map_err(|error| Failure::Other(error.into()))?;
    let code = fs::read_to_string(&bundle).map_err(|error| Failure::reading(&bundle, error))?;
    let code = format!("{code}globalThis.weirPlaces?.({places});\n");
    fs::write(&bundle, code).map_err(|error| Failure::writing(bundle, error).into())
}

/// A source's name for its author; none for the SDK's own, whose lines help nobody.
fn shown(project: &Project, source: &Path) -> Option<String> {
    let source = plain(&project.build_folder().join(source));
    if source.starts_with(plain(&project.sdk)) || source.starts_with(project.build_folder()) {
        return None;
    }
    let name = source.strip_prefix(&project.folder).map(Path::to_owned);
    // What lies elsewhere is somebody's folder: its place is nobody's business.
    let name = name.unwrap_or_else(|_| source.file_name().map(PathBuf::from).unwrap_or_default());
    Some(name.to_string_lossy().into_owned())
}

/// A path without `..`, as names go; esbuild sees through links.
fn plain(path: &Path) -> PathBuf {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.components().fold(PathBuf::new(), |mut whole, part| {
        match part {
            Component::ParentDir => drop(whole.pop()),
            Component::CurDir => {}
            part => whole.push(part),
        }
        whole
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::project::Language;

    #[test]
    fn sources_have_the_names_that_their_author_knows() {
        let project = Project {
            folder: "/a/score".into(),
            name: "score".into(),
            language: Language::Js,
            sdk: "/a/score/../sdk".into(),
            wit: "/a/score/wit".into(),
        };
        for (source, name) in [
            ("../src/deep/sum.ts", Some("src/deep/sum.ts")),
            ("../node_modules/x/index.js", Some("node_modules/x/index.js")),
            ("../../shared/money.js", Some("money.js")),
            ("../../sdk/src/index.js", None),
            ("entry.js", None),
        ] {
            assert_eq!(shown(&project, Path::new(source)).as_deref(), name, "{source}");
        }
    }
}
