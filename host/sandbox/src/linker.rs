//! What a component may import, in one place: the functions, and the check of names before anything is compiled.

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::state::State;
use crate::{SandboxError, bindings, wasi};

/// Interfaces with functions behind them, without versions. Types of `weir:action` come as interfaces too.
const OFFERED: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "weir:action/http",
    "weir:action/kv",
    "weir:action/log",
    "weir:action/manifest",
    "weir:action/payload",
    "weir:action/secrets",
    "weir:action/types",
    "weir:action/variables",
];

/// The contract as it is in this version of weir.
const CONTRACT: &str = "weir:action@1.0.0";

/// What to do about a component that was built for another contract.
pub(crate) const OTHER_CONTRACT: &str = "take `wit` and `weir-sdk` from what `weir action new` of this version of weir \
    makes and build it again, or upgrade the server";

/// The functions of the contract, by interface. The component tells of those that it uses.
const FUNCTIONS: &[(&str, &[&str])] = &[
    ("http", &["send"]),
    ("kv", &["get", "set", "compare-and-set", "increment", "delete", "list-keys"]),
    ("log", &["write"]),
    ("payload", &["kind-of", "scalar", "len", "keys", "slice", "raw"]),
    ("secrets", &["placeholder", "reveal"]),
    ("variables", &["get", "set", "remove"]),
];

/// All functions that components can import.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<State>, SandboxError> {
    let mut linker = Linker::new(engine);
    bindings::Action::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)
        .and_then(|()| wasi::add_to_linker(&mut linker))
        .map_err(|error| SandboxError::Engine { reason: format!("{error:#}") })?;
    Ok(linker)
}

/// Whether an import is one that weir has, going by its name.
pub(crate) fn check_import(name: &str) -> Result<(), SandboxError> {
    let refuse =
        |hint: &'static str| Err(SandboxError::Import { import: name.chars().take(200).collect(), hint: hint.into() });
    let other_contract = |what: &str| {
        let hint = format!("{what}: it has {CONTRACT}; {OTHER_CONTRACT}");
        Err(SandboxError::Import { import: name.chars().take(200).collect(), hint: hint.into() })
    };
    let (interface, version) = name.split_once('@').unwrap_or((name, ""));
    let major = if interface.starts_with("weir:action/") { "1." } else { "0.2." };
    if OFFERED.contains(&interface) {
        return match version.starts_with(major) {
            true => Ok(()),
            false if interface.starts_with("wasi:") => refuse(" in that version; build the component for WASI 0.2"),
            false => other_contract(" in that version"),
        };
    }
    match interface.split('/').next().unwrap_or_default() {
        "wasi:sockets" => refuse(": an action has no sockets; send requests with weir:action/http"),
        "wasi:http" => refuse(": an action sends requests and serves none"),
        "wasi:filesystem" | "wasi:cli" | "wasi:clocks" | "wasi:random" | "wasi:io" => {
            refuse("; build the component for WASI 0.2, as a reactor rather than a command")
        }
        "weir:action" => other_contract(""),
        _ => refuse("; an action may import weir:action and what a runtime needs of WASI 0.2"),
    }
}

/// Whether an imported instance of the contract has only functions that weir has.
pub(crate) fn check_function(instance: &str, function: &str) -> Result<(), SandboxError> {
    let interface = instance.split_once('@').map_or(instance, |(interface, _)| interface);
    let Some(interface) = interface.strip_prefix("weir:action/") else { return Ok(()) };
    let known = FUNCTIONS.iter().find(|(name, _)| *name == interface).map_or(&[][..], |(_, functions)| functions);
    if known.contains(&function) {
        return Ok(());
    }
    let function: String = function.chars().take(80).collect();
    let instance: String = instance.chars().take(200).collect();
    Err(SandboxError::Import {
        import: format!("the function {function} of {instance}"),
        hint: format!(": it has {CONTRACT}; {OTHER_CONTRACT}").into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_offered_may_be_imported() {
        for good in
            ["weir:action/log@1.0.0", "weir:action/types@1.7.0", "wasi:io/streams@0.2.12", "wasi:http/types@0.2.6"]
        {
            check_import(good).unwrap();
        }
        for bad in [
            "wasi:sockets/tcp@0.2.6",
            "wasi:io/streams@0.3.0",
            "wasi:http/incoming-handler@0.2.6",
            "weir:action/log@2.0.0",
            "weir:action/log",
            "env",
        ] {
            let error = check_import(bad).unwrap_err();
            assert!(error.to_string().contains(bad), "{error}");
        }
    }

    #[test]
    fn the_functions_are_those_of_the_contract() {
        let mut resolve = wit_parser::Resolve::default();
        let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest-sdk/wit");
        let (package, _) = resolve.push_path(wit).unwrap();
        let package = &resolve.packages[package];
        assert_eq!(package.name.to_string(), CONTRACT);
        let interfaces = package.interfaces.iter().map(|(name, id)| (name, &resolve.interfaces[*id].functions));
        for (name, functions) in interfaces {
            for function in functions.keys() {
                check_function(&format!("weir:action/{name}@1.0.0"), function).unwrap();
            }
            let known = FUNCTIONS.iter().find(|(known, _)| known == name).map_or(0, |(_, known)| known.len());
            assert_eq!(functions.len(), known, "{name}");
        }
        let error = check_function("weir:action/log@1.9.0", "flush").unwrap_err();
        assert!(error.to_string().contains("the function flush of weir:action/log@1.9.0"), "{error}");
        check_function("wasi:io/streams@0.2.12", "[method]input-stream.read").unwrap();
    }
}
