//! Whether this machine has the compilers of other languages. It installs none.

use anyhow::{Context as _, Result, ensure};

/// Languages that actions can be written in, and the programs that their builds start.
const LANGUAGES: [(&str, &[&str]); 6] = [
    ("rust", &["cargo"]),
    ("js", &["node", "esbuild", "componentize-qjs"]),
    ("python", &["componentize-py"]),
    ("go", &["go"]),
    ("c", &["python-zig"]),
    ("assemblyscript", &["node", "asc"]),
];

/// Whether actions in a language can be built here. Where a program is missing this says so, and the test ends; in CI it fails
/// instead.
///
/// # Errors
/// In CI, where a program is missing; and where there is no such language.
pub fn can_build(language: &str) -> Result<bool> {
    let (_, programs) = LANGUAGES.iter().find(|(name, _)| *name == language).context("no such language")?;
    let Some(missing) = programs.iter().find(|program| !has(program)) else { return Ok(true) };
    ensure!(std::env::var_os("CI").is_none(), "{language} is not built: {missing} is missing; `cargo xtask tools`");
    println!("skipped: {language} is not built here, because {missing} is missing; `cargo xtask tools` installs it");
    Ok(false)
}

fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found() {
        // Guards against a search that never finds anything, which would skip every language.
        assert!(has("sh") && !has("no-such-program"));
    }
}
