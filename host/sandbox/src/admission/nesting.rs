//! How deep types of components nest. wasmparser reads a type in a type by a call in a call, without end: four bytes of
//! an upload for each are enough to run out of stack. So they are walked here first, on a list instead of the stack.

use std::ops::Range;

use wasmparser::{
    BinaryReader, BinaryReaderError, ComponentAlias, ComponentExternName, ComponentImport, ComponentType,
    ComponentTypeRef, CoreType, WasmFeatures,
};

use super::{malformed, most};
use crate::SandboxError;

/// The deepest nesting; tools write two or three levels.
const MAX_DEPTH: usize = 32;

// Binary format of the component model: what types and the declarations in them begin with.
const COMPONENT: u8 = 0x41;
const INSTANCE: u8 = 0x42;
const CORE_TYPE: u8 = 0x00;
const TYPE: u8 = 0x01;
const ALIAS: u8 = 0x02;
const IMPORT: u8 = 0x03;
const EXPORT: u8 = 0x04;

/// Walks a section of types, counting every one in `more`.
pub(super) fn check(
    bytes: &[u8],
    section: Range<usize>,
    features: WasmFeatures,
    mut more: impl FnMut(u64) -> Result<(), SandboxError>,
) -> Result<(), SandboxError> {
    let start = section.start;
    let mut reader = BinaryReader::new_features(bytes.get(section).unwrap_or_default(), start, features);
    // Declarations that are still to come, of each type around; the section itself is the outermost.
    let mut left = vec![reader.read_var_u32().map_err(malformed)?];
    while let Some(count) = left.last_mut() {
        let Some(rest) = count.checked_sub(1) else {
            left.pop();
            continue;
        };
        *count = rest;
        // The section lists types alone; a declaration says first what it is.
        let kind = if left.len() == 1 { TYPE } else { reader.read_u8().map_err(malformed)? };
        let inner = if kind == TYPE { inner(&mut reader).map_err(malformed)? } else { None };
        match inner {
            Some(declarations) => {
                more(1)?;
                left.push(declarations);
                most("types nested to a depth", left.len() as u64, MAX_DEPTH as u64)?;
            }
            None => match flat(&mut reader, kind).map_err(malformed)? {
                Some(types) => more(types)?,
                // The validator reads no further either, and says what is wrong.
                None => return Ok(()),
            },
        }
    }
    Ok(())
}

/// Enters a type that has declarations: how many. Stays before any other type.
fn inner(reader: &mut BinaryReader<'_>) -> Result<Option<u32>, BinaryReaderError> {
    let mut ahead = reader.clone();
    if !matches!(ahead.read_u8()?, COMPONENT | INSTANCE) {
        return Ok(None);
    }
    let count = ahead.read_var_u32()?;
    *reader = ahead;
    Ok(Some(count))
}

/// Reads what nests no further: how many types it counts as; none where there is no such kind.
fn flat(reader: &mut BinaryReader<'_>, kind: u8) -> Result<Option<u64>, BinaryReaderError> {
    Ok(Some(match kind {
        TYPE => reader.read::<ComponentType<'_>>().map(|_| 1)?,
        CORE_TYPE => count(&reader.read()?),
        ALIAS => reader.read::<ComponentAlias<'_>>().map(|_| 0)?,
        IMPORT => reader.read::<ComponentImport<'_>>().map(|_| 0)?,
        EXPORT => {
            reader.read::<ComponentExternName<'_>>()?;
            reader.read::<ComponentTypeRef>().map(|_| 0)?
        }
        _ => return Ok(None),
    }))
}

/// How many types a core type counts as: that of a module has more in it.
pub(super) fn count(kind: &CoreType<'_>) -> u64 {
    match kind {
        CoreType::Module(declarations) => declarations.len() as u64 + 1,
        CoreType::Rec(_) => 1,
    }
}
