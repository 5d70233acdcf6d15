//! Where the component comes from that a command is about: a file, or a project that it was built from. It does not look
//! inside.

use std::path::{Path, PathBuf};

use super::project::Project;
use crate::failure::Failure;
use crate::output::Out;

/// Where a component comes from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// Whoever runs the command names its file.
    File(PathBuf),
    /// It is built from a project.
    Project(Box<Project>),
}

impl Origin {
    /// What the command line names: a file, or the folder of a project; the folder it runs in where it names nothing.
    ///
    /// # Errors
    /// Where it is a folder and holds no project.
    pub(crate) fn of(named: Option<&Path>) -> Result<Self, Failure> {
        match named {
            Some(file) if !file.is_dir() => Ok(Self::File(file.to_owned())),
            folder => Ok(Self::Project(Box::new(Project::open(folder.unwrap_or_else(|| Path::new(".")))?))),
        }
    }

    /// The component's file.
    ///
    /// # Errors
    /// Where a project was not built yet.
    pub(crate) fn component(&self, out: &Out) -> Result<PathBuf, Failure> {
        match self {
            Self::File(file) => Ok(file.clone()),
            Self::Project(project) => project.built(out),
        }
    }

    /// The project, where it is one.
    pub(crate) fn project(&self) -> Option<&Project> {
        match self {
            Self::File(_) => None,
            Self::Project(project) => Some(project),
        }
    }
}

/// A path as people read it: from the folder that the command runs in where it is below that.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok().and_then(|here| here.canonicalize().ok());
    match here.as_deref().and_then(|here| path.strip_prefix(here).ok()) {
        Some(below) if below.as_os_str().is_empty() => ".".into(),
        Some(below) => below.display().to_string(),
        None => path.display().to_string(),
    }
}
