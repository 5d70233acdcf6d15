//! Reads an uploaded component before anything else does: is it one, is it small enough to compile, what does it import.
//! It must stand whatever bytes come: nothing has looked at them before.

mod nesting;

use wasmparser::component_types::ComponentEntityType;
use wasmparser::types::Types;
use wasmparser::{
    ComponentExternalKind, ComponentTypeRef, Encoding, FunctionBody, Instance, Parser, Payload, SectionLimited,
    TypeRef, Validator, WasmFeatures,
};
use wasmtime::Engine;

use crate::SandboxError;
use crate::engine::{
    MAX_INSTANCES, MAX_MEMORIES, MAX_MEMORY_BYTES, MAX_MODULE_MEMORIES, MAX_MODULE_TABLES, MAX_TABLE_ELEMENTS,
};
use crate::linker::{check_function, check_import};
use crate::sandbox::MAX_COMPONENT_BYTES;

// Compilation takes time and memory that grow faster than the size of what is compiled: with the square of the number
// of a function's local variables, above all. wasmtime does not limit that. The largest components that mean well hold an
// interpreter with its libraries: about 20 MB in dozens of modules.
const MAX_MODULES: u64 = 128;
const MAX_NESTING: u64 = 16;
const MAX_TYPES: u64 = 50_000;
const MAX_IMPORTS: u64 = 50_000;
const MAX_EXPORTS: u64 = 50_000;
const MAX_FUNCTIONS: u64 = 100_000;
const MAX_LOCALS: u64 = 4_000;
const MAX_BODY_BYTES: u64 = 1 << 20;
const MAX_CODE_BYTES: u64 = 24 << 20;
const MAX_DATA_BYTES: u64 = 24 << 20;

const PAGE_BYTES: u64 = 64 << 10;

/// The functions that every action exports.
const EXPORTS: [&str; 3] = ["describe", "validate", "run"];

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
    let surface = walk(bytes)?;
    let types = Validator::new_with_features(features()).validate_all(bytes).map_err(malformed)?;
    surface.uses_what_is_there(&types)?;
    surface.is_an_action()
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

/// What there is in a component, all that it is made of included.
#[derive(Default)]
struct Seen {
    depth: u64,
    modules: u64,
    types: u64,
    imports: u64,
    exports: u64,
    functions: u64,
    code: u64,
    data: u64,
    instances: u64,
    memories: u64,
}

/// The names that a component shows to the outside.
#[derive(Default)]
struct Surface<'a> {
    imports: Vec<&'a str>,
    /// Exported functions.
    functions: Vec<&'a str>,
    /// Other exports: interfaces above all.
    others: Vec<&'a str>,
}

impl Surface<'_> {
    /// Whether weir has every function of the contract that is imported.
    fn uses_what_is_there(&self, types: &Types) -> Result<(), SandboxError> {
        let mut functions = 0;
        for name in &self.imports {
            let Some(ComponentEntityType::Instance(id)) = types.component_item_for_import(name).map(|item| item.ty)
            else {
                continue;
            };
            for (function, item) in &types[id].exports {
                // One type may stand behind many imports.
                functions += 1;
                most("a number of imported functions", functions, MAX_IMPORTS)?;
                if matches!(item.ty, ComponentEntityType::Func(_)) {
                    check_function(name, function)?;
                }
            }
        }
        Ok(())
    }

    /// Whether it exports what an action does. What those functions take and return the linker looks at.
    fn is_an_action(&self) -> Result<(), SandboxError> {
        let missing: Vec<_> = EXPORTS.into_iter().filter(|name| !self.functions.contains(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let there = self.functions.iter().chain(&self.others).take(4);
        let there: Vec<String> = there.map(|name| name.chars().take(80).collect()).collect();
        let has = |prefix: &str| self.others.iter().any(|name| name.starts_with(prefix));
        let kind = if has("wasi:cli/run@") {
            ", as a program with a main function does: make a library of it"
        } else if has("wasi:http/") {
            ", as a server of requests does"
        } else {
            ""
        };
        let there = if there.is_empty() { "nothing".into() } else { there.join(", ") };
        let missing = missing.join(", ");
        Err(SandboxError::World { reason: format!("it does not export {missing}; it exports {there}{kind}") })
    }
}

/// Counts everything before the validator builds anything of it.
fn walk(bytes: &[u8]) -> Result<Surface<'_>, SandboxError> {
    let mut seen = Seen::default();
    let mut surface = Surface::default();
    let mut parser = Parser::new(0);
    parser.set_features(features());
    for payload in parser.parse_all(bytes) {
        let payload = payload.map_err(malformed)?;
        match payload {
            Payload::ComponentTypeSection(ref section) => {
                nesting::check(bytes, section.range(), features(), |more| seen.types(more))?;
            }
            Payload::ComponentImportSection(section) if seen.depth == 1 => {
                seen.imports(section.count().into())?;
                for import in section {
                    let import = import.map_err(malformed)?;
                    // A world that uses an interface's types imports them by name as well; a type gives nothing to call.
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        check_import(import.name.name)?;
                        surface.imports.push(import.name.name);
                    }
                }
            }
            Payload::ComponentExportSection(section) if seen.depth == 1 => {
                seen.exports(section.count().into())?;
                for export in section {
                    let export = export.map_err(malformed)?;
                    let function = export.kind == ComponentExternalKind::Func;
                    let names = if function { &mut surface.functions } else { &mut surface.others };
                    names.push(export.name.name);
                }
            }
            other => seen.payload(other)?,
        }
    }
    Ok(surface)
}

impl Seen {
    fn payload(&mut self, payload: Payload<'_>) -> Result<(), SandboxError> {
        match payload {
            Payload::Version { encoding, .. } => self.enter(encoding),
            Payload::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(())
            }
            Payload::TypeSection(section) => self.types(section.count().into()),
            Payload::CoreTypeSection(section) => {
                for kind in section {
                    self.types(nesting::count(&kind.map_err(malformed)?))?;
                }
                Ok(())
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(malformed)?;
                    self.imports(1)?;
                    declared(&import.ty)?;
                }
                Ok(())
            }
            Payload::ComponentImportSection(section) => self.imports(section.count().into()),
            Payload::ExportSection(section) => self.exports(section.count().into()),
            Payload::ComponentExportSection(section) => self.exports(section.count().into()),
            // A component inside that is instantiated many times is the engine's to count.
            Payload::InstanceSection(section) => each(section, |instance| {
                self.instances += u64::from(matches!(instance, Instance::Instantiate { .. }));
                most("a number of core instances", self.instances, MAX_INSTANCES.into())
            }),
            Payload::MemorySection(section) => {
                self.memories += u64::from(section.count());
                most("a number of memories", self.memories, MAX_MEMORIES.into())?;
                most("a module with a number of memories", section.count().into(), MAX_MODULE_MEMORIES.into())?;
                each(section, |memory| declared(&TypeRef::Memory(memory)))
            }
            Payload::TableSection(section) => {
                most("a module with a number of tables", section.count().into(), MAX_MODULE_TABLES.into())?;
                each(section, |table| declared(&TypeRef::Table(table.ty)))
            }
            Payload::DataSection(section) => {
                self.data += section.range().len() as u64;
                most("data with a size in bytes", self.data, MAX_DATA_BYTES)
            }
            Payload::CodeSectionStart { count, range, .. } => {
                self.functions += u64::from(count);
                most("a number of functions", self.functions, MAX_FUNCTIONS)?;
                self.code += range.len() as u64;
                most("code with a size in bytes", self.code, MAX_CODE_BYTES)
            }
            Payload::CodeSectionEntry(body) => function(&body),
            _ => Ok(()),
        }
    }

    fn enter(&mut self, encoding: Encoding) -> Result<(), SandboxError> {
        self.depth += 1;
        most("nesting", self.depth, MAX_NESTING)?;
        self.modules += u64::from(encoding == Encoding::Module);
        most("a number of modules", self.modules, MAX_MODULES)
    }

    fn types(&mut self, more: u64) -> Result<(), SandboxError> {
        self.types = self.types.saturating_add(more);
        most("a number of types", self.types, MAX_TYPES)
    }

    fn imports(&mut self, more: u64) -> Result<(), SandboxError> {
        self.imports = self.imports.saturating_add(more);
        most("a number of imports", self.imports, MAX_IMPORTS)
    }

    fn exports(&mut self, more: u64) -> Result<(), SandboxError> {
        self.exports = self.exports.saturating_add(more);
        most("a number of exports", self.exports, MAX_EXPORTS)
    }
}

fn function(body: &FunctionBody<'_>) -> Result<(), SandboxError> {
    most("a function with a size in bytes", body.range().len() as u64, MAX_BODY_BYTES)?;
    let mut locals = 0;
    for group in body.get_locals_reader().map_err(malformed)? {
        locals += u64::from(group.map_err(malformed)?.0);
        most("a function with a number of local variables", locals, MAX_LOCALS)?;
    }
    Ok(())
}

/// What no call could have anyway, said when it is uploaded.
fn declared(what: &TypeRef) -> Result<(), SandboxError> {
    match what {
        TypeRef::Memory(memory) => {
            let bytes = memory.initial.saturating_mul(PAGE_BYTES);
            most("a memory with a first size in bytes", bytes, MAX_MEMORY_BYTES as u64)
        }
        TypeRef::Table(table) => most("a table with a number of elements", table.initial, MAX_TABLE_ELEMENTS as u64),
        _ => Ok(()),
    }
}

fn each<'a, T: wasmparser::FromReader<'a>>(
    section: SectionLimited<'a, T>,
    mut check: impl FnMut(T) -> Result<(), SandboxError>,
) -> Result<(), SandboxError> {
    section.into_iter().try_for_each(|item| check(item.map_err(malformed)?))
}

fn most(what: &'static str, found: u64, limit: u64) -> Result<(), SandboxError> {
    if found > limit { Err(SandboxError::TooComplex { what, found, limit }) } else { Ok(()) }
}

fn malformed(error: wasmparser::BinaryReaderError) -> SandboxError {
    SandboxError::Malformed { reason: error.to_string() }
}
