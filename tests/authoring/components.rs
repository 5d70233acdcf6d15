//! Bytes that are no action of this version's contract, and what must be said of each. It sends none of them.

use std::path::Path;

use anyhow::{Context as _, Result};

/// Bytes that are refused.
pub struct Refused {
    /// What they are called.
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub code: &'static str,
    /// What the message must say.
    pub parts: &'static [&'static str],
}

/// Exports of a component whose functions take and return nothing.
const EXPORTS: &str = "(core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) (func $f (canon lift (core \
                       func $i \"f\")))";

const REBUILD: &str = "it has weir:action@1.0.0; take `wit` and `weir-sdk` from what `weir action new` of this version of weir \
                       makes and build it again, or upgrade the server";

const WORLD: &str = "build it for the world `action` of `wit`, as a project of `weir action new` does";

/// All of them.
///
/// # Errors
/// Where one does not assemble.
pub fn refused() -> Result<Vec<Refused>> {
    let mut all = vec![
        Refused {
            name: "text",
            bytes: b"(component)".to_vec(),
            code: "WEIR-SANDBOX-NOT-BINARY",
            parts: &[
                "WebAssembly text or no WebAssembly at all; upload the binary component that `weir action build` writes",
            ],
        },
        Refused {
            name: "module",
            bytes: b"\0asm\x01\0\0\0".to_vec(),
            code: "WEIR-SANDBOX-CORE-MODULE",
            parts: &["a core WebAssembly module, not a component; build it with `weir action build`"],
        },
        Refused {
            name: "half",
            bytes: wat::parse_str(format!("(component {EXPORTS})"))?.get(..40).context("it is short")?.to_vec(),
            code: "WEIR-SANDBOX-MALFORMED",
            parts: &["the component is not valid: unexpected end"],
        },
    ];
    for (name, code, text, parts) in texts() {
        let bytes = wat::parse_str(format!("(component {text})")).context(name)?;
        all.push(Refused { name, bytes, code, parts });
    }
    Ok(all)
}

type Text = (&'static str, &'static str, String, &'static [&'static str]);

/// Components, by what is inside.
fn texts() -> Vec<Text> {
    let import = |what: &str| format!("(import \"{what}\" (instance))");
    let function = |what: &str| format!("(import \"{what}\" (instance (export \"flush\" (func))))");
    let (world, other) = ("WEIR-SANDBOX-WORLD", "WEIR-SANDBOX-IMPORT");
    vec![
        (
            "another-world",
            world,
            format!("{EXPORTS} (export \"handle\" (func $f))"),
            &["does not export describe, validate, run; it exports handle; ", WORLD],
        ),
        (
            "a-program",
            world,
            format!("{EXPORTS} (instance $x (export \"run\" (func $f))) (export \"wasi:cli/run@0.2.6\" (instance $x))"),
            &["as a program with a main function does: make a library of it", WORLD],
        ),
        (
            "other-types",
            world,
            format!(
                "{EXPORTS} (export \"describe\" (func $f)) (export \"validate\" (func $f)) (export \"run\" (func $f))"
            ),
            &["type-checking export func `describe`", WORLD],
        ),
        (
            "an-old-contract",
            other,
            import("weir:action/log@0.9.0"),
            &["weir:action/log@0.9.0, which weir does not offer in that version", REBUILD],
        ),
        (
            "a-future-contract",
            other,
            import("weir:action/log@2.0.0"),
            &["weir:action/log@2.0.0, which weir does not offer in that version", REBUILD],
        ),
        (
            "a-future-function",
            other,
            function("weir:action/log@1.4.0"),
            &["the function flush of weir:action/log@1.4.0", REBUILD],
        ),
        (
            "a-future-interface",
            other,
            function("weir:action/queue@1.4.0"),
            &["weir:action/queue@1.4.0, which weir does not offer", REBUILD],
        ),
        (
            "a-stranger",
            other,
            import("acme:mail/send@1.0.0"),
            &[
                "acme:mail/send@1.0.0, which weir does not offer; an action may import weir:action and what a runtime needs of WASI 0.2",
            ],
        ),
        (
            "a-later-wasi",
            other,
            import("wasi:clocks/wall-clock@0.3.0"),
            &["in that version; build the component for WASI 0.2"],
        ),
        (
            "sockets",
            other,
            import("wasi:sockets/tcp@0.2.6"),
            &["an action has no sockets; send requests with weir:action/http"],
        ),
    ]
}

/// Machine code, which a server makes of a component and keeps in its data folder.
///
/// # Errors
/// Where it has none.
pub fn what_a_server_compiled(folder: &Path) -> Result<Vec<u8>> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path)
                && bytes.starts_with(b"\x7fELF")
            {
                return Ok(bytes);
            }
        }
    }
    anyhow::bail!("there is no machine code below {}", folder.display())
}
