//! `weir action new`: writes a project that builds: a template of its language, weir's SDK and the contract, which all
//! come with this program. It overwrites nothing and installs nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rust_embed::RustEmbed;
use serde_json::json;
use weir_model::ActionRef;

use super::origin::shown;
use crate::failure::Failure;
use crate::output::{Out, Tone};

/// What comes with this program: `wit/`, and for each language its SDK and its template.
#[derive(RustEmbed)]
#[folder = "../../guest-sdk"]
struct GuestSdk;

/// Ends the name of a template's file that is no file of its kind yet.
const TEMPLATE: &str = ".tmpl";

/// Start a project for an action
///
/// Makes a folder with an action that builds, a test, a README with the commands that follow, the SDK of the language,
/// and the contract. All of it comes with weir: nothing is downloaded until it is built.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir action new --lang rust lead-score
  weir action new --lang python lead-score --dir actions/lead-score")]
pub(super) struct NewArgs {
    /// The action's name: a-z, 0-9 and -
    #[arg(value_name = "NAME")]
    name: String,

    /// The language that it is written in
    #[arg(long, value_name = "LANGUAGE")]
    lang: Sdk,

    /// The folder to make; the action's name where nothing is said
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// A language that there is an SDK for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sdk {
    Rust,
    /// JavaScript or TypeScript
    Js,
    Python,
    Go,
    C,
}

impl Sdk {
    /// Its folder.
    const fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Js => "js",
            Self::Python => "python",
            Self::Go => "go",
            Self::C => "c",
        }
    }
}

/// Carries out the command.
pub(super) fn run(args: &NewArgs, out: &Out) -> Result<(), Failure> {
    let name = &args.name;
    if !name.parse::<ActionRef>().is_ok_and(|action| action.version.is_none()) {
        return Err(Failure::Usage(format!(
            "{name:?} cannot be an action's name: use a-z, 0-9 and -, at most 63 of them, such as lead-score"
        )));
    }
    let folder = args.dir.clone().unwrap_or_else(|| name.into());
    if fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) {
        let place = folder.display();
        return Err(Failure::Usage(format!("{place} is there already and not empty: name another folder with --dir")));
    }
    let files = files(args.lang, name);
    for (path, content) in &files {
        write(&folder.join(path), content)?;
    }
    let place = shown(&folder.canonicalize().map_err(|error| Failure::reading(&folder, error))?);
    if out.json() {
        let paths: Vec<_> = files.iter().map(|(path, _)| path).collect();
        return out.value(&json!({ "name": name, "folder": place, "files": paths }));
    }
    out.line(format!("Made {}, which is {} in {}.", out.paint(Tone::Strong, &place), name, args.lang.folder()))?;
    out.line(format!("Go on with `cd {place}` and `weir action build`; README.md has what comes after."))
}

/// The project's files in the order of their paths.
fn files(lang: Sdk, name: &str) -> Vec<(String, Vec<u8>)> {
    let language = format!("{}/", lang.folder());
    let mut files: Vec<_> = GuestSdk::iter()
        .filter_map(|path| {
            let content = GuestSdk::get(&path)?.data;
            if path.starts_with("wit/") {
                return Some((path.into_owned(), content.into_owned()));
            }
            // What Python leaves beside sources.
            let below = path.strip_prefix(&language).filter(|below| !below.contains("__pycache__"))?;
            match below.split_once('/') {
                Some(("template", file)) => Some((named(file), filled(&content, name))),
                // The SDK's own tests; what authors test with is elsewhere.
                Some(("tests", _)) => None,
                _ => Some((format!("weir-sdk/{below}"), content.into_owned())),
            }
        })
        .collect();
    files.sort();
    files
}

/// Where a template's file goes.
fn named(file: &str) -> String {
    match file.strip_suffix(TEMPLATE) {
        Some("gitignore") => ".gitignore".into(),
        Some(plain) => plain.into(),
        None => file.into(),
    }
}

/// A template's file with the action's name in the forms that languages want.
fn filled(content: &[u8], name: &str) -> Vec<u8> {
    let pascal: String = name.split('-').map(capitalised).collect();
    let text = String::from_utf8_lossy(content);
    let forms = [("{{name}}", name), ("{{snake}}", &name.replace('-', "_")), ("{{Pascal}}", &pascal)];
    forms.iter().fold(text.into_owned(), |text, (mark, form)| text.replace(mark, form)).into_bytes()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// Writes a file that is not there yet.
fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Failure::writing(folder, error))?;
    }
    let made = fs::File::create_new(path).and_then(|mut file| io::Write::write_all(&mut file, content));
    made.map_err(|error| Failure::writing(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_what_a_project_needs() {
        for lang in Sdk::value_variants() {
            let files = files(*lang, "my-first-action");
            let has = |wanted: &str| files.iter().any(|(path, _)| path == wanted);
            for wanted in ["weir.toml", "README.md", ".gitignore", "wit/action.wit", "input.json", "config.json"] {
                assert!(has(wanted), "{lang:?}: {wanted}");
            }
            assert!(files.iter().any(|(path, _)| path.starts_with("weir-sdk/")), "{lang:?}");
            assert!(files.iter().any(|(path, _)| path.contains("test") || path == "src/lib.rs"), "{lang:?}");
            for (path, content) in files.iter().filter(|(path, _)| !path.starts_with("weir-sdk/")) {
                let text = String::from_utf8_lossy(content);
                let left = ["{{name}}", "{{snake}}", "{{Pascal}}"].iter().any(|mark| text.contains(mark));
                assert!(!left && !path.ends_with(TEMPLATE), "{lang:?}: {path}");
            }
        }
    }

    #[test]
    fn rust_projects_pin_what_the_sdk_is_built_with_here() {
        let own = include_str!("../../../../Cargo.toml");
        let template = include_str!("../../../../guest-sdk/rust/template/Cargo.toml.tmpl");
        let pinned = template.split("[workspace.dependencies]\n").nth(1).unwrap().split("\n\n").next().unwrap();
        let registry: Vec<_> = pinned.lines().filter(|line| !line.contains("path = ")).collect();
        assert!(registry.len() > 5, "{pinned}");
        for line in registry {
            assert!(own.lines().any(|ours| ours == line), "{line}");
        }
    }

    #[test]
    fn names_take_the_forms_that_languages_want() {
        let text = filled(b"{{name}} {{snake}} {{Pascal}} {{other}}", "lead-score2");
        assert_eq!(String::from_utf8(text).unwrap(), "lead-score2 lead_score2 LeadScore2 {{other}}");
    }
}
