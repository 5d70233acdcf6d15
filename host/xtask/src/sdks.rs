//! Runs the tests that each language's SDK, example and template have in that language, and says in a line for each what ran
//! or why it did not. In CI nothing may be left out. It knows how the tests are started, not what they test.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::shell;

/// A language's tests.
struct Sdk {
    name: &'static str,
    /// The program that has to be there, how it says its version, and the oldest that will do.
    needs: (&'static str, &'static [&'static str], [u32; 2]),
    run: fn(&Tests<'_>) -> Result<()>,
}

/// Rust's are among the workspace's own.
const SDKS: [Sdk; 4] = [
    Sdk { name: "js", needs: ("node", &["--version"], [20, 6]), run: javascript },
    Sdk { name: "python", needs: ("python3", &["--version"], [3, 11]), run: python },
    Sdk { name: "go", needs: ("go", &["version"], [1, 24]), run: go },
    Sdk { name: "c", needs: ("python-zig", &["version"], [0, 14]), run: c },
];

/// Where one language's tests run.
struct Tests<'a> {
    /// The search path for programs.
    path: &'a OsStr,
    /// A folder that goes with them.
    scratch: &'a Path,
    /// A project fresh from the template.
    project: PathBuf,
}

/// Runs all of them; `path` is the search path with the languages' tools.
pub(crate) fn run(path: &OsStr) -> Result<()> {
    let scratch = std::env::temp_dir().join(format!("weir-sdks-{}", std::process::id()));
    fs::create_dir_all(&scratch).with_context(|| format!("cannot make {}", scratch.display()))?;
    let done = SDKS.iter().try_for_each(|sdk| sdk.test(path, &scratch));
    let _ = fs::remove_dir_all(&scratch);
    done
}

impl Sdk {
    fn test(&self, path: &OsStr, scratch: &Path) -> Result<()> {
        let name = self.name;
        if let Some(why) = self.missing(path) {
            ensure!(std::env::var_os("CI").is_none(), "the tests of {name} have to run in CI, but {why}");
            println!("SDK {name}: skipped, because {why}");
            return Ok(());
        }
        let project = scratch.join(format!("new-{name}"));
        let tests = Tests { path, scratch, project };
        let weir = shell::binary("weir")?;
        let (place, action) = (tests.project.to_string_lossy(), format!("new-{name}"));
        tests.run(scratch, weir.as_os_str(), &["action", "new", "--lang", name, &action, "--dir", &place])?;
        (self.run)(&tests).with_context(|| format!("the tests of {name} failed"))?;
        println!("SDK {name}: the SDK's own tests, those of the example score-{name} and of the template passed");
        Ok(())
    }

    /// Why they cannot run here.
    fn missing(&self, path: &OsStr) -> Option<String> {
        let (program, args, least) = self.needs;
        let output = Command::new(program).args(args).env("PATH", path).output().ok();
        let said = output.filter(|output| output.status.success()).map(|output| output.stdout);
        let Some(said) = said else { return Some(format!("{program} is not there")) };
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        let found = version(&said);
        let [major, minor] = least;
        (found < least).then(|| format!("{program} is {said}, and they need {major}.{minor} or newer"))
    }
}

/// The first two numbers of a text such as `go version go1.27.3 linux/amd64`.
fn version(text: &str) -> [u32; 2] {
    let from = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let mut numbers = text.get(from..).unwrap_or_default().split('.').map(|part| {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part.get(..digits).unwrap_or_default().parse().unwrap_or(0)
    });
    [numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)]
}

impl Tests<'_> {
    /// Runs a program; what it prints is shown where it fails.
    fn run(&self, folder: &Path, program: &OsStr, args: &[impl AsRef<OsStr>]) -> Result<()> {
        let name = program.to_string_lossy();
        let mut command = shell::command(&name);
        // Python and Go leave nothing beside the sources.
        command
            .current_dir(folder)
            .env("PATH", self.path)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("GOTOOLCHAIN", "local");
        let output = command.args(args).output().with_context(|| format!("{name} could not be started"))?;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            bail!("{name} in {} ended with {}:\n{}", folder.display(), output.status, said.concat());
        }
        Ok(())
    }

    /// The SDK's folder, that of the example, and the fresh project.
    fn folders(&self, language: &str) -> [PathBuf; 3] {
        let root = shell::root();
        let sdk = root.join("guest-sdk").join(language);
        [sdk, root.join("examples/actions").join(format!("score-{language}")), self.project.clone()]
    }
}

fn javascript(tests: &Tests<'_>) -> Result<()> {
    tests.folders("js").iter().try_for_each(|folder| tests.run(folder, "npm".as_ref(), &["test", "--silent"]))
}

fn python(tests: &Tests<'_>) -> Result<()> {
    let words = ["-m", "unittest", "discover", "tests"];
    tests.folders("python").iter().try_for_each(|folder| tests.run(folder, "python3".as_ref(), &words))
}

fn go(tests: &Tests<'_>) -> Result<()> {
    for folder in tests.folders("go") {
        for task in ["vet", "test"] {
            tests.run(&folder, "go".as_ref(), &[task, "./..."])?;
        }
    }
    Ok(())
}

fn c(tests: &Tests<'_>) -> Result<()> {
    let [sdk, example, project] = tests.folders("c");
    // The SDK's own test is an action by itself.
    for (at, (folder, own, sdk)) in [
        (&sdk, &["tests"][..], &sdk),
        (&example, &["test", "src"], &sdk),
        (&project, &["test", "src"], &project.join("weir-sdk")),
    ]
    .into_iter()
    .enumerate()
    {
        let program = tests.scratch.join(format!("c-test-{at}"));
        let mut words: Vec<OsString> = ["cc", "-std=c11", "-g", "-Wall", "-Wextra", "-Werror"].map(Into::into).into();
        words.extend(["-I".into(), sdk.join("include").into_os_string()]);
        for sources in own.iter().map(|name| folder.join(name)).chain([sdk.join("src")]) {
            words.extend(sources_of(&sources)?);
        }
        words.extend(["-lm".into(), "-o".into(), program.clone().into_os_string()]);
        tests.run(folder, "python-zig".as_ref(), &words)?;
        tests.run(folder, program.as_os_str(), &[] as &[&str])?;
    }
    Ok(())
}

/// The C files of a folder.
fn sources_of(folder: &Path) -> Result<Vec<OsString>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let files = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    Ok(files.into_iter().filter(|file| file.extension().is_some_and(|ext| ext == "c")).map(Into::into).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        for (said, found) in [
            ("v20.20.2", [20, 20]),
            ("Python 3.11.7", [3, 11]),
            ("go version go1.27rc1 linux/amd64", [1, 27]),
            ("0.17.1", [0, 17]),
            ("who knows", [0, 0]),
        ] {
            assert_eq!(version(said), found, "{said}");
        }
    }
}
