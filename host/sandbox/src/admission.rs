//! Reads an uploaded component before anything else does: is it one, is it small enough to compile, what does it import.

use wasmparser::{ComponentTypeRef, Encoding, Parser, Payload, Validator, WasmFeatures};
use wasmtime::Engine;

use crate::SandboxError;
use crate::linker::check_import;
use crate::sandbox::MAX_COMPONENT_BYTES;

// Compilation takes time and memory that grow faster than the size of what is compiled: with the square of the number
// of a function's local variables, above all. wasmtime does not limit that.
const MAX_MODULES: u64 = 128;
const MAX_NESTING: u64 = 16;
const MAX_FUNCTIONS: u64 = 100_000;
const MAX_LOCALS: u64 = 4_000;
const MAX_BODY_BYTES: u64 = 1 << 20;

/// Checks a component's bytes without compiling them.
pub(crate) fn inspect(bytes: &[u8]) -> Result<(), SandboxError> {
    if bytes.len() > MAX_COMPONENT_BYTES {
        return Err(SandboxError::TooLarge { size: bytes.len(), limit: MAX_COMPONENT_BYTES });
    }
    if Engine::detect_precompiled(bytes).is_some() {
        return Err(SandboxError::Precompiled);
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(SandboxError::NotBinary);
    }
    if !Parser::is_component(bytes) {
        return Err(if Parser::is_core_wasm(bytes) {
            SandboxError::CoreModule
        } else {
            SandboxError::Malformed { reason: "neither a component nor a module begins like this".into() }
        });
    }
    walk(bytes)?;
    Validator::new_with_features(features()).validate_all(bytes).map(drop).map_err(malformed)
}

/// What the engine takes; the rest is refused here with a clear message.
fn features() -> WasmFeatures {
    WasmFeatures::default()
        .difference(WasmFeatures::THREADS)
        .difference(WasmFeatures::MEMORY64)
        .difference(WasmFeatures::RELAXED_SIMD)
        .difference(WasmFeatures::EXCEPTIONS)
        .difference(WasmFeatures::GC)
        .difference(WasmFeatures::FUNCTION_REFERENCES)
        .difference(WasmFeatures::CM_ASYNC)
}

#[derive(Default)]
struct Seen {
    depth: u64,
    modules: u64,
    functions: u64,
}

fn walk(bytes: &[u8]) -> Result<(), SandboxError> {
    let mut seen = Seen::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            Payload::Version { encoding, .. } => {
                seen.depth += 1;
                most("nesting", seen.depth, MAX_NESTING)?;
                if encoding == Encoding::Module {
                    seen.modules += 1;
                    most("a number of modules", seen.modules, MAX_MODULES)?;
                }
            }
            Payload::End(_) => seen.depth = seen.depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if seen.depth == 1 => {
                for import in imports {
                    let import = import.map_err(malformed)?;
                    // A world that uses an interface's types imports them by name as well; a type gives nothing to call.
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        check_import(import.name.name)?;
                    }
                }
            }
            Payload::CodeSectionStart { count, .. } => {
                seen.functions += u64::from(count);
                most("a number of functions", seen.functions, MAX_FUNCTIONS)?;
            }
            Payload::CodeSectionEntry(body) => {
                most("a function with a size in bytes", body.range().len() as u64, MAX_BODY_BYTES)?;
                let mut locals = 0;
                for group in body.get_locals_reader().map_err(malformed)? {
                    locals += u64::from(group.map_err(malformed)?.0);
                    most("a function with a number of local variables", locals, MAX_LOCALS)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn most(what: &'static str, found: u64, limit: u64) -> Result<(), SandboxError> {
    if found > limit { Err(SandboxError::TooComplex { what, found, limit }) } else { Ok(()) }
}

fn malformed(error: wasmparser::BinaryReaderError) -> SandboxError {
    SandboxError::Malformed { reason: error.to_string() }
}
