//! Makes a component of a core module: adds the types of the contract, and what stands between WASI's first preview and
//! its second where the module uses the first. It compiles nothing.

use std::fs;
use std::path::Path;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::tools::Trouble;
use crate::action::project::{Language, Project};
use crate::failure::Failure;

/// The core module that a compiler left in the project's build folder.
pub(super) const CORE: &str = "core.wasm";

/// Makes the project's component of its core module.
pub(super) fn make(project: &Project) -> Result<(), Trouble> {
    let core = project.build_folder().join(CORE);
    let module = fs::read(&core).map_err(|error| Failure::reading(&core, error))?;
    let made = encode(module, &project.wit).map_err(|error| {
        let hint = match project.language {
            Language::Go => "call action.Register of weir.dev/action in func init()",
            Language::AssemblyScript => "export `describe`, `validate` and `run` from assembly/index.ts",
            _ => "export what the SDK exports, and import nothing else",
        };
        let wit = project.wit.display();
        let message = format!("build/{CORE} makes no component of the world `action` in {wit}: {error:#}; {hint}");
        Trouble::new("WEIR-ACTION-BUILD", message)
    })?;
    let component = project.component();
    fs::write(&component, made).map_err(|error| Failure::writing(component, error).into())
}

fn encode(mut module: Vec<u8>, wit: &Path) -> anyhow::Result<Vec<u8>> {
    module = without_debug_info(&module)?;
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let world = resolve.select_world(&[package], Some("action"))?;
    // Where the module does not name it, it does not import it.
    let preview1 = module.windows(PREVIEW1.len()).any(|bytes| bytes == PREVIEW1.as_bytes());
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    let mut encoder = ComponentEncoder::default().validate(true).module(&module)?;
    if preview1 {
        encoder = encoder.adapter(PREVIEW1, ADAPTER)?;
    }
    encoder.encode()
}

/// The module without what debuggers read: it is many times the code, and full of this machine's paths. Names of functions
/// stay.
fn without_debug_info(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut kept = Vec::with_capacity(module.len());
    let mut at = 0;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let end = match (&payload, payload.as_section()) {
            (_, Some((_, range))) => range.end,
            (Payload::Version { range, .. }, None) => range.end,
            _ => continue,
        };
        let debug = matches!(&payload, Payload::CustomSection(custom) if custom.name().starts_with(".debug"));
        if !debug {
            kept.extend_from_slice(module.get(at..end).unwrap_or_default());
        }
        at = end;
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A section of a module: its number, its size and what is in it.
    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        [&[id, u8::try_from(content.len()).unwrap()], content].concat()
    }

    /// A custom section.
    fn custom(name: &str) -> Vec<u8> {
        section(0, &[&[u8::try_from(name.len()).unwrap()], name.as_bytes(), b"/home/me"].concat())
    }

    #[test]
    fn names_stay_and_paths_go() {
        let head = b"\0asm\x01\0\0\0".to_vec();
        let types = section(1, &[1, 0x60, 0, 0]);
        let module =
            [head.clone(), custom(".debug_info"), types.clone(), custom("name"), custom(".debug_str")].concat();
        assert_eq!(without_debug_info(&module).unwrap(), [head, types, custom("name")].concat());
        assert!(without_debug_info(b"no module").is_err());
    }
}
