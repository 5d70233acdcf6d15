//! The last that a guest said on its standard error, or logged as an error: why it panicked, where the language's runtime says so. It knows how
//! panics of Rust, Go and Python read; it keeps nothing else.

use crate::logs::cut;

/// Bytes of a message, and of a place.
const MOST: usize = 300;

/// What is kept of the lines so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    kind: Kind,
    text: String,
    place: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    /// Just the last line.
    #[default]
    Line,
    /// The message follows the line that names the place, up to a hint about backtraces.
    Rust { open: bool },
    /// The message comes first, then the calls, the innermost first.
    Go,
    /// The calls come first, the innermost last, then the message.
    Python,
}

impl Words {
    /// Takes the next line.
    pub(crate) fn hear(&mut self, line: &str) {
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        if self.begins(line) {
            return;
        }
        match self.kind {
            Kind::Line if !line.starts_with("note: ") => self.text = cut(line, MOST).to_owned(),
            Kind::Rust { open: true } if line.starts_with("note: ") => self.kind = Kind::Rust { open: false },
            Kind::Rust { open: true } => self.add(line.trim()),
            Kind::Go if self.place.is_none() => self.place = go_place(line),
            Kind::Python => match line.strip_prefix("  File \"") {
                Some(at) => self.place = python_place(at),
                // What the interpreter's own runtime says afterwards is of no use.
                None if !line.starts_with(' ') && self.text.is_empty() => self.text = cut(line, MOST).to_owned(),
                None => {}
            },
            _ => {}
        }
    }

    /// Whether a panic begins with this line. What Python raises comes before whatever its runtime says of it.
    fn begins(&mut self, line: &str) -> bool {
        let rust = line.starts_with("thread '").then(|| line.split_once("panicked at ")).flatten();
        let go = line.strip_prefix("panic: ").or_else(|| line.strip_prefix("fatal error: "));
        let (kind, text, place) = match (rust, go) {
            // A cause comes with a traceback of its own before that of what it led to.
            _ if self.kind == Kind::Python && !line.starts_with("Traceback ") => return false,
            (Some((_, place)), _) => (Kind::Rust { open: true }, "", Some(place.trim_end_matches(':'))),
            (None, Some(text)) => (Kind::Go, text, None),
            _ if line.starts_with("Traceback (most recent call last)") => (Kind::Python, "", None),
            _ => return false,
        };
        let kept = |text: &str| cut(text, MOST).to_owned();
        *self = Self { kind, text: kept(text), place: place.map(kept) };
        true
    }

    fn add(&mut self, line: &str) {
        if !self.text.is_empty() {
            self.text.push_str(", ");
        }
        self.text.push_str(line);
        let kept = cut(&self.text, MOST).len();
        self.text.truncate(kept);
    }

    /// The message; empty where nothing was said.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// `panicked at PLACE: MESSAGE`, where that is what happened.
    pub(crate) fn panic(&self) -> Option<String> {
        let verb = match self.kind {
            Kind::Line => return None,
            Kind::Rust { .. } | Kind::Go => "panicked",
            Kind::Python => "raised an exception",
        };
        let place = self.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
        let text = if self.text.is_empty() { String::new() } else { format!(": {}", self.text) };
        Some(format!("{verb}{place}{text}"))
    }
}

/// `action.go:12` of a line such as `/src/me/action.go:12 +0x1d`, but of the runtime's own files.
fn go_place(line: &str) -> Option<String> {
    let path = line.strip_prefix('\t')?.split(" +0x").next()?;
    let own = path.contains(".go:") && !path.starts_with("runtime/") && !path.contains("/runtime/");
    own.then(|| cut(path.rsplit('/').next().unwrap_or(path), MOST).to_owned())
}

/// `app.py:3` of the rest of a line such as `  File "/src/app.py", line 3, in run`.
fn python_place(at: &str) -> Option<String> {
    let (path, rest) = at.split_once("\", line ")?;
    let line: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let file = path.rsplit('/').next().unwrap_or(path);
    Some(cut(&format!("{file}:{line}"), MOST).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str) -> Words {
        let mut words = Words::default();
        text.lines().for_each(|line| words.hear(line));
        words
    }

    #[test]
    fn panics_of_each_language_are_understood() {
        let rust = "\nthread '<unnamed>' (1) panicked at src/lib.rs:11:5:\nassertion `left == right` failed: sums\n  \
                    left: 1\n right: 2\nnote: run with `RUST_BACKTRACE=1` to see more\nstray\n";
        let told = "panicked at src/lib.rs:11:5: assertion `left == right` failed: sums, left: 1, right: 2";
        assert_eq!(heard(rust).panic().unwrap(), told);
        let go = "panic: boom\n\ngoroutine 1 [running]:\npanic({0x1, 0x2})\n\t/go/src/runtime/panic.go:860 +0x1\n\
                  main.run(...)\n\t/src/me/action.go:12 +0x2\nmain.main()\n\t/src/me/main.go:3 +0x2\n";
        assert_eq!(heard(go).panic().unwrap(), "panicked at action.go:12: boom");
        let python = "Traceback (most recent call last):\n  File \"/0/app.py\", line 3, in run\n    raise ValueError\n\
                      ValueError: no score\nthread 'main' panicked at runtime/src/lib.rs:9:5:\n";
        assert_eq!(heard(python).panic().unwrap(), "raised an exception at app.py:3: ValueError: no score");
    }

    #[test]
    fn anything_else_is_the_last_line() {
        let words = heard("one\n\n  two  \nnote: three\n");
        assert_eq!((words.text(), words.panic()), ("  two", None));
        assert_eq!(heard(&"x".repeat(1_000)).text().len(), MOST);
        let long = heard(&format!("panic: {}\n\t{}.go:1", "ä".repeat(1_000), "y".repeat(1_000)));
        assert!(long.panic().unwrap().len() < 700);
    }
}
