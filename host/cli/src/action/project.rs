//! The folder of an action's project: what its `weir.toml` says, or what its files show where there is none, and where
//! the component is that is built from it. It builds nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;
use weir_model::{ActionRef, Code, Finding, Severity};

use super::origin::shown;
use crate::failure::Failure;
use crate::output::Out;

/// What says that a folder is a project.
const MANIFEST: &str = "weir.toml";

/// The code of what is wrong with it.
const TROUBLE: &str = "WEIR-ACTION-PROJECT";

/// So many sources are looked at; a project has dozens.
const MOST_SOURCES: usize = 10_000;

/// Folders that builds and package managers fill, besides hidden ones.
const NOT_SOURCES: [&str; 4] = ["build", "target", "node_modules", "__pycache__"];

/// Files that a build may write by itself, or that it does not read.
const NO_SOURCES: [&str; 5] = ["Cargo.lock", "package-lock.json", "go.sum", "input.json", "config.json"];

/// A language that an action can be written in.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    Rust,
    Js,
    Python,
    Go,
    C,
    AssemblyScript,
}

impl Language {
    /// Its name for people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Js => "JavaScript",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::C => "C",
            Self::AssemblyScript => "AssemblyScript",
        }
    }

    /// The language of a folder without a `weir.toml`, by a file that only its projects have.
    fn of(folder: &Path) -> Option<Self> {
        // An AssemblyScript project has a `package.json` too.
        let marks = [
            ("asconfig.json", Self::AssemblyScript),
            ("Cargo.toml", Self::Rust),
            ("go.mod", Self::Go),
            ("pyproject.toml", Self::Python),
            ("package.json", Self::Js),
        ];
        let marked = marks.into_iter().find(|(name, _)| folder.join(name).is_file()).map(|(_, language)| language);
        marked.or_else(|| (!files_with(&folder.join("src"), "c").is_empty()).then_some(Self::C))
    }
}

/// A project.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// Its folder, from the root on.
    pub(crate) folder: PathBuf,
    pub(crate) name: String,
    pub(crate) language: Language,
    /// Where weir's SDK for the language is.
    pub(crate) sdk: PathBuf,
    /// Where the contract is.
    pub(crate) wit: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    language: Language,
    name: Option<String>,
    sdk: Option<PathBuf>,
    wit: Option<PathBuf>,
}

impl Project {
    /// The project in a folder.
    ///
    /// # Errors
    /// Where the folder holds none, or its `weir.toml` cannot be used.
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let whole = folder.canonicalize().map_err(|error| Failure::reading(folder, error))?;
        let file = whole.join(MANIFEST);
        let manifest = match fs::read_to_string(&file) {
            Ok(text) => manifest(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let language = Language::of(&whole).ok_or_else(|| no_project(folder))?;
                Manifest { language, name: None, sdk: None, wit: None }
            }
            Err(error) => return Err(Failure::reading(file, error)),
        };
        let name = manifest.name.unwrap_or_else(|| named_after(&whole));
        // The name becomes that of a file.
        if !name.parse::<ActionRef>().is_ok_and(|action| action.version.is_none()) {
            let message = format!(
                "{name:?} in {MANIFEST} cannot be an action's name: write `name` with a-z, 0-9 and -, at most 63 of them"
            );
            return Err(Failure::Action { code: Code::new(TROUBLE), message, findings: Vec::new() });
        }
        Ok(Self {
            name,
            language: manifest.language,
            sdk: whole.join(manifest.sdk.unwrap_or_else(|| "weir-sdk".into())),
            wit: whole.join(manifest.wit.unwrap_or_else(|| "wit".into())),
            folder: whole,
        })
    }

    /// Where builds put what they make.
    pub(crate) fn build_folder(&self) -> PathBuf {
        self.folder.join("build")
    }

    /// The component that a build makes.
    pub(crate) fn component(&self) -> PathBuf {
        self.build_folder().join(format!("{}.wasm", self.name))
    }

    /// The component, built earlier; warns where it is older than what it is built from.
    pub(super) fn built(&self, out: &Out) -> Result<PathBuf, Failure> {
        let component = self.component();
        let name = shown(&component);
        let again = match shown(&self.folder) {
            folder if folder == "." => "weir action build".to_owned(),
            folder => format!("weir action build --dir {folder}"),
        };
        let Some(built) = changed(&component) else {
            return Err(Failure::Usage(format!("{name} is not there yet: run `{again}` first")));
        };
        if self.sources().iter().filter_map(|source| changed(source)).any(|source| source > built) {
            out.note(format!("warning: {name} is older than its sources; `{again}` builds it again"));
        }
        Ok(component)
    }

    /// The files that it is built from, as far as they lie in its folder.
    pub(crate) fn sources(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() && !name.starts_with('.') && !NOT_SOURCES.contains(&&*name) {
                    folders.push(entry.path());
                } else if kind.is_file() && !NO_SOURCES.contains(&&*name) && !name.ends_with(".md") {
                    found.push(entry.path());
                }
            }
            if found.len() > MOST_SOURCES {
                break;
            }
        }
        found.sort();
        found
    }
}

/// Files of a folder whose names end in `.ext`, in the order of their names.
pub(crate) fn files_with(folder: &Path, ext: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|other| other == ext)).collect();
    files.sort();
    files
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}

fn manifest(text: &str) -> Result<Manifest, Failure> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.and_then(|before| u32::try_from(before.matches('\n').count() + 1).ok());
        let message = error.message().to_owned();
        let (code, severity) = (Code::new(TROUBLE), Severity::Error);
        let finding = Finding { code: code.clone(), severity, path: String::new(), line, step: None, message };
        let message = format!("{MANIFEST} cannot be used: correct it, or see what `weir action new` writes");
        Failure::Action { code, message, findings: vec![finding] }
    })
}

fn no_project(folder: &Path) -> Failure {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    Failure::Usage(format!(
        "{} is no action project, for it has no {MANIFEST}: go to the folder of one, or make one with \
         `weir action new --lang rust NAME`",
        folder.display()
    ))
}

/// A name for an action after that of its folder.
fn named_after(folder: &Path) -> String {
    let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    name.chars().map(plain).take(63).collect::<String>().trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_that_of_the_manifest_or_of_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("Lead_score");
        fs::create_dir(&project).unwrap();
        assert!(matches!(Project::open(&project), Err(Failure::Usage(text)) if text.contains("weir action new")));
        fs::write(project.join("package.json"), "{}").unwrap();
        let opened = Project::open(&project).unwrap();
        assert_eq!((opened.language, opened.name.as_str()), (Language::Js, "lead-score"));
        fs::write(project.join("asconfig.json"), "{}").unwrap();
        assert_eq!(Project::open(&project).unwrap().language, Language::AssemblyScript);
        fs::write(project.join(MANIFEST), "language = \"go\"\nname = \"x\"\nsdk = \"../sdk\"\n").unwrap();
        let opened = Project::open(&project).unwrap();
        assert_eq!((opened.language, opened.name.as_str()), (Language::Go, "x"));
        assert!(opened.sdk.ends_with("../sdk") && opened.wit.ends_with("wit"));
        assert!(opened.component().ends_with("build/x.wasm"));
    }

    #[test]
    fn slips_in_the_manifest_are_told_with_their_line() {
        let failure = manifest("language = \"rust\"\nnmae = \"x\"\n").err().unwrap();
        assert_eq!(failure.findings()[0].line, Some(2), "{failure:?}");
        let failure = manifest("\nlanguage = \"ruby\"\n").err().unwrap();
        let finding = &failure.findings()[0];
        assert!(finding.line == Some(2) && finding.message.contains("assemblyscript"), "{finding:?}");
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(MANIFEST), "language = \"rust\"\nname = \"../x\"\n").unwrap();
        assert!(Project::open(folder.path()).is_err());
    }

    #[test]
    fn what_builds_write_is_no_source() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for sub in ["src", "build", "target", ".venv", "node_modules"] {
            fs::create_dir(at(sub)).unwrap();
            fs::write(at(sub).join("lib.rs"), "").unwrap();
        }
        for name in ["Cargo.toml", "Cargo.lock", "README.md", "input.json"] {
            fs::write(at(name), "").unwrap();
        }
        let project = Project::open(folder.path()).unwrap();
        let names: Vec<_> =
            project.sources().iter().map(|path| shown(path).rsplit('/').next().unwrap().to_owned()).collect();
        assert_eq!(names, ["Cargo.toml", "lib.rs"]);
    }
}
