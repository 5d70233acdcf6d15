//! Makes a component of a core module: adds the types of the contract, and what stands between WASI's first preview and
//! its second where the module uses the first. It compiles nothing.

use std::fs;
use std::path::Path;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::tools::Trouble;
use crate::action::project::Project;
use crate::failure::Failure;

/// The core module that a compiler left in the project's build folder.
pub(super) const CORE: &str = "core.wasm";

/// Makes the project's component of its core module.
pub(super) fn make(project: &Project) -> Result<(), Trouble> {
    let core = project.build_folder().join(CORE);
    let module = fs::read(&core).map_err(|error| Failure::reading(&core, error))?;
    let made = encode(module, &project.wit).map_err(|error| {
        let message = format!(
            "build/{CORE} makes no component of the world `action` in {}: {error:#}; export what the SDK exports, and \
             import nothing else",
            project.wit.display()
        );
        Trouble::new("WEIR-ACTION-BUILD", message)
    })?;
    let component = project.component();
    fs::write(&component, made).map_err(|error| Failure::writing(component, error).into())
}

fn encode(mut module: Vec<u8>, wit: &Path) -> anyhow::Result<Vec<u8>> {
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
