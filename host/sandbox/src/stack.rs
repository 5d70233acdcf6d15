//! The functions that ran when a call trapped, by the names that the component has for them. It judges nothing.

use wasmtime::WasmBacktrace;

use crate::logs::{cut, escape};

/// Functions named in a message.
const MAX_NAMES: usize = 6;

/// Bytes of one name.
const MAX_NAME: usize = 120;

/// So often in one stack makes a recursion of it.
const RECURSION: usize = 4;

/// What a language's runtime calls on its way to a trap: names begin like this, or are just this.
const PREFIXES: &[&str] = &[
    "std::",
    "core::",
    "alloc::",
    "<std::",
    "<core::",
    "<alloc::",
    "__rust",
    "_rust",
    "rust_",
    "panic_abort",
    "runtime.",
    "syscall.",
    "~lib/",
    "__wasi",
    "__wasilibc",
    "__assert",
    "wasi_snapshot_preview1",
    "wit-component:",
    "wasm_pc_f_loop",
];
const NAMES: &[&str] = &[
    "abort",
    "exit",
    "_Exit",
    "raise",
    "proc_exit",
    "exit_exit",
    "os.Exit",
    // The SDK for C.
    "weir_alloc",
    "weir_assert_fail",
    "weir_panic_at",
    "weir_regrow",
    "weir_room",
];

/// Functions, the innermost first.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    names: Vec<String>,
    recursive: bool,
}

impl Stack {
    /// That of an error, if it holds one.
    pub(crate) fn of(error: &wasmtime::Error) -> Self {
        let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return Self::default() };
        let places: Vec<_> =
            backtrace.frames().iter().map(|frame| (frame.module().name(), frame.func_index())).collect();
        let recursive = places.iter().any(|place| places.iter().filter(|other| *other == place).count() >= RECURSION);
        Self { names: names(&backtrace.to_string()), recursive }
    }

    /// Whether a function called itself over and over, by itself or through others.
    pub(crate) const fn recursive(&self) -> bool {
        self.recursive
    }

    /// `inner <- outer`; empty where no names are known.
    pub(crate) fn text(&self) -> String {
        self.names.join(" <- ")
    }
}

/// The names in wasmtime's text, each line of which reads `0: 0x1234 - module!function`, demangled.
fn names(shown: &str) -> Vec<String> {
    let named = shown.lines().filter_map(|line| line.split_once('!')).map(|(_, name)| name.trim());
    // Without a name section there are numbers, which say nothing to anybody.
    let named: Vec<_> = named.filter(|name| !name.starts_with("<wasm function ")).map(tidy).collect();
    let own = named.iter().position(|name| !of_runtime(name)).unwrap_or(named.len());
    let mut names: Vec<(&str, usize)> = Vec::new();
    for name in named.iter().skip(own) {
        match names.last_mut() {
            Some((last, times)) if *last == name.as_str() => *times += 1,
            _ => names.push((name.as_str(), 1)),
        }
    }
    let word = |(name, times): (&str, usize)| {
        let name = escape(cut(name, MAX_NAME));
        if times == 1 { name } else { format!("{name} ({times} times)") }
    };
    names.into_iter().take(MAX_NAMES).map(word).collect()
}

fn of_runtime(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

/// A Rust name without the hashes that tell crates and instances apart: `::h0123456789abcdef` at its end,
/// `[0123456789abcdef]` within.
fn tidy(name: &str) -> String {
    let hex = |text: &str, least: usize| text.len() >= least && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = match name.rsplit_once("::h") {
        Some((short, hash)) if hash.len() == 16 && hex(hash, 16) => short,
        _ => name,
    };
    let mut parts = name.split('[');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(']') {
            Some((hash, rest)) if hex(hash, 8) => out.push_str(rest),
            _ => {
                out.push('[');
                out.push_str(part);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_author() {
        let shown = "error while executing at wasm backtrace:\n    0: 0x10 - m!__rustc[1db8a1e3ad3e3bd5]::rust_panic\n    \
                     1: 0x11 - m!core::panicking::panic_fmt::h0123456789abcdef\n    2: 0x12 - m!score::sum::h0123456789abcdef\n    \
                     3: 0x12 - m!score[0123456789abcdef]::sum\n    4: 0x13 - m!<wasm function 12>\n    5: 0x14 - m!run\x1b\n";
        assert_eq!(names(shown), ["score::sum (2 times)", "run\\u{1b}"]);
        assert_eq!(names("    0: 0x1 - <unknown>!<wasm function 3>\n").len(), 0);
        assert_eq!(names("    0: 0x1 - m!abort\n    1: 0x1 - m!abort_all\n"), ["abort_all"]);
        assert_eq!(names("    0: 0x1 - m!abort\n").len(), 0);
        assert_eq!(tidy("a[b]::c::h12"), "a[b]::c::h12");
    }
}
