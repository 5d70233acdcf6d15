//! Where a secret's value comes from: a file, standard input, or whoever sits at the terminal. It never prints it.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;

use console::Term;
use weir_model::SecretName;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The longest value in bytes.
const MOST: usize = 64 << 10;

/// Reads the value of a secret.
pub(super) fn read(name: &SecretName, file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    let stdin = Path::new("standard input");
    let text = match file {
        Some(path) => all(&File::open(path).map_err(|error| Failure::reading(path, error))?, path)?,
        None if io::stdin().is_terminal() => return asked(name),
        None => all(io::stdin().lock(), stdin)?,
    };
    fitting(text)
}

/// Asks for it; what is typed is not shown.
fn asked(name: &SecretName) -> Result<Zeroizing<String>, Failure> {
    let term = Term::stderr();
    let ask = || {
        term.write_str(&format!("Value of {name} (not shown): "))?;
        term.read_secure_line().map(Zeroizing::new)
    };
    fitting(ask().map_err(|error| Failure::reading("the terminal", error))?)
}

fn all(source: impl Read, path: &Path) -> Result<Zeroizing<String>, Failure> {
    // With room for all, so that no copy stays where the text had to move.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST + 64));
    source.take(MOST as u64 + 32).read_to_end(&mut bytes).map_err(|error| Failure::reading(path, error))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        let path = path.display();
        Failure::Usage(format!("{path} holds no UTF-8 text: write what is not text as base64 first"))
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The value without the line break that ends a single line: a text of several lines, such as a PEM, is kept whole.
fn fitting(mut text: Zeroizing<String>) -> Result<Zeroizing<String>, Failure> {
    let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    if let Some(length) = line.filter(|line| !line.contains('\n')).map(str::len) {
        text.truncate(length);
    }
    match text.len() {
        0 => Err(Failure::Usage("the value is empty: give it on standard input or with --from-file".into())),
        1..=MOST => Ok(text),
        _ => Err(Failure::Usage(format!("the value is longer than {MOST} bytes, the most that a secret can have"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_loses_its_end_and_lines_keep_theirs() {
        let kept = |text: &str| fitting(Zeroizing::new(text.to_owned())).map(|text| String::clone(&text)).ok();
        for (given, expected) in
            [("x", "x"), ("x\n", "x"), ("x\r\n", "x"), (" x \n", " x "), ("a\nb\n", "a\nb\n"), ("x\n\n", "x\n\n")]
        {
            assert_eq!(kept(given).as_deref(), Some(expected), "{given:?}");
        }
        assert!(kept("").is_none() && kept("\n").is_none());
        assert!(kept(&"x".repeat(MOST)).is_some() && kept(&"x".repeat(MOST + 1)).is_none());
        assert!(all(&b"\xff"[..], Path::new("f")).is_err());
        assert_eq!(all(&[b'x'; 2 * MOST][..], Path::new("f")).unwrap().len(), MOST + 32);
    }
}
