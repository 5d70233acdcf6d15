//! Python: componentize-py puts the module `app` of `src/` and all that it imports into an interpreter.

use std::fs;
use std::process::Output;

use super::tools::{Tool, Tools, Trouble, attempt, failed};
use crate::action::project::Project;
use crate::failure::Failure;

const COMPONENTIZE: Tool = Tool {
    title: "Python's componentize-py",
    program: "componentize-py",
    install: "`python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.1`",
};

/// The module that imports the author's; its folder below the build folder, and its name.
const ENTRY: (&str, &str) = ("entry", "weir_entry");

/// Builds the project's component.
pub(super) fn build(project: &Project, tools: &Tools) -> Result<(), Trouble> {
    let componentize = tools.need(&COMPONENTIZE)?;
    if !project.folder.join("src/app.py").is_file() {
        return Err(Trouble::project("src/app.py is not there: write the action into it".into()));
    }
    if !project.sdk.join("weir_action").is_dir() {
        let place = project.sdk.display();
        let message = format!("{place}/weir_action is not there: let `sdk` in weir.toml name weir's SDK for Python");
        return Err(Trouble::project(message));
    }
    let (folder, module) = (project.build_folder().join(ENTRY.0), ENTRY.1);
    let entry = folder.join(format!("{module}.py"));
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&entry, include_str!("python_entry.py")));
    written.map_err(|error| Failure::writing(entry, error))?;
    let mut make = tools.command(&componentize);
    make.arg("-d").arg(&project.wit).args(["-w", "action", "componentize", module]);
    make.args(["-p", "src", "-p"]).arg(&project.sdk).arg("-p").arg(folder);
    make.arg("-o").arg(project.component()).arg("--stub-wasi");
    make.env("PYTHONDONTWRITEBYTECODE", "1").env("RUST_BACKTRACE", "0");
    let output = attempt(&mut make)?;
    if output.status.success() { Ok(()) } else { Err(refused(project, &output, || failed(&make, &output))) }
}

/// Why the author's module did not become an action. Most of what is printed tells how componentize-py works.
fn refused(project: &Project, output: &Output, otherwise: impl FnOnce() -> Trouble) -> Trouble {
    let printed = String::from_utf8_lossy(&output.stderr);
    if printed.contains("cannot import name 'WitWorld' from 'app'") {
        let message = "src/app.py has no action: decorate a function with `@action(…)` of weir_action";
        return Trouble::project(message.into());
    }
    let Some(said) = author_part(&printed) else { return otherwise() };
    let last = said.lines().last().unwrap_or_default().to_owned();
    let said = said.replace("\"/0/", "\"src/").replace("\"/1/", &format!("\"{}/", project.sdk.display()));
    let message = format!("src/app.py could not be imported: {last}; correct what is above");
    Trouble { said, ..Trouble::new("WEIR-ACTION-BUILD", message) }
}

/// The author's part of what is printed: what Python says between componentize-py's own traceback and the causes that repeat
/// it, without the lines about the module that imports the author's.
fn author_part(printed: &str) -> Option<String> {
    let (_, said) = printed.split_once("AssertionError: ")?;
    let said = said.split("\n\nCaused by:").next().unwrap_or(said).trim_end();
    // Of what went wrong in the tool itself nothing but all of it is of use.
    if !said.contains("  File \"/") {
        return None;
    }
    let mut ours = false;
    let lines = said.lines().filter(|line| {
        ours = line.starts_with("  File \"/2/") || (ours && line.starts_with("    "));
        !ours
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_author_reads_what_python_says_of_their_files() {
        let printed = "Traceback (most recent call last):\n  File \"/x/componentize-py\", line 8, in <module>\n    \
                       sys.exit(script())\n             ^^^^^^^^\nAssertionError: Traceback (most recent call last):\n  \
                       File \"/2/weir_entry.py\", line 10, in <module>\n    from app import WitWorld\n  \
                       File \"/0/app.py\", line 1, in <module>\n    import requests\n\
                       ModuleNotFoundError: No module named 'requests'\n\n\nCaused by:\n    ModuleNotFoundError: No module\n";
        let said = "Traceback (most recent call last):\n  File \"/0/app.py\", line 1, in <module>\n    import requests\n\
                    ModuleNotFoundError: No module named 'requests'";
        assert_eq!(author_part(printed).unwrap(), said);
        assert_eq!(author_part("AssertionError: failed to merge packages\n\nCaused by:\n    0: no\n"), None);
        assert_eq!(author_part("Segmentation fault"), None);
    }
}
