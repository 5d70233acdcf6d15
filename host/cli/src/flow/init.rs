//! `weir flow init`: writes the starter flow. It talks to no server.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use weir_model::FlowName;

use super::InitArgs;
use crate::failure::Failure;
use crate::output::{Out, Tone};

const STARTER: &str = include_str!("starter.yaml");

pub(super) fn init(args: &InitArgs, out: &Out) -> Result<(), Failure> {
    let (name, file) = target(&args.target)?;
    let text = starter(&name, &file);
    if args.stdout {
        return out.line(text.trim_end());
    }
    let mut options = OpenOptions::new();
    options.write(true).truncate(true).create(args.force).create_new(!args.force);
    let written = options.open(&file).and_then(|mut to| to.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::Usage(format!(
            "{} is there already: choose another name, or overwrite it with --force",
            file.display()
        )),
        _ => Failure::writing(&file, error),
    })?;
    if out.json() {
        return out.value(&json!({ "file": file, "name": name }));
    }
    let file = file.display();
    out.line(format!("Wrote {}. Next:", out.paint(Tone::Strong, file.to_string())))?;
    out.line(format!("  weir flow push {file} --publish"))
}

/// `orders` means `orders.yaml`; the name of a file given with its ending is the flow's name.
fn target(text: &str) -> Result<(FlowName, PathBuf), Failure> {
    let path = Path::new(text);
    let usage = |reason: String| Failure::Usage(reason);
    match path.extension().and_then(OsStr::to_str) {
        Some("yaml" | "yml") => {
            let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
            Ok((FlowName::new(stem).map_err(|error| usage(error.to_string()))?, path.to_owned()))
        }
        Some(_) => Err(usage(format!("{text}: a starter is YAML with comments; let the file end in .yaml"))),
        None => {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            let name = FlowName::new(name).map_err(|error| usage(error.to_string()))?;
            Ok((name, path.with_extension("yaml")))
        }
    }
}

fn starter(name: &FlowName, file: &Path) -> String {
    STARTER.replace("{{name}}", name.as_str()).replace("{{file}}", &file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_files() {
        let pair = |text| target(text).map(|(name, file)| (name.to_string(), file.display().to_string())).ok();
        assert_eq!(pair("orders"), Some(("orders".into(), "orders.yaml".into())));
        assert_eq!(pair("flows/orders.yml"), Some(("orders".into(), "flows/orders.yml".into())));
        assert_eq!(pair("flows/orders"), Some(("orders".into(), "flows/orders.yaml".into())));
        assert_eq!([pair("orders.json"), pair("My Orders"), pair("")], [None, None, None]);
    }

    #[test]
    fn the_starter_passes_its_own_check() {
        let (name, file) = target("orders").unwrap();
        let checked = super::super::validate::check_here(&starter(&name, &file));
        assert_eq!(checked.findings, Vec::new());
        assert_eq!(checked.steps, Some(3));
    }
}
