//! Guests that are too large to be written down, and bytes that are no component at all. Each is small or simple to make and
//! dear to take in.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::frame;

/// A well-behaved `run`, for guests whose harm lies elsewhere.
const ECHO: &str = r#"(func (export "run") (param $p i32) (result i32) (call $echo (local.get $p)))"#;

/// The bytes of a guest by its name; none where there is a file of it.
pub(super) fn bytes(guest: &str) -> Result<Option<Vec<u8>>> {
    let action = |fields: &str| frame::component(guest, &format!("{fields}\n{ECHO}"));
    let component = |fields: &str| Ok(wat::parse_str(format!("(component {fields})"))?);
    let bytes = match guest {
        "nothing" => Ok(Vec::new()),
        "text" => Ok(b"(component)".to_vec()),
        "core-module" => frame::module(guest, ECHO),
        "machine-code" => Ok(machine_code()),
        "half" => halved(&action("")?),
        "too-large" => Ok([b"\0asm\x0d\0\x01\0".as_slice(), &vec![0; 33 << 20]].concat()),
        "many-instances" => {
            component(&format!("(core module (memory 1)) {}", repeat("(core instance (instantiate 0))", 900)))
        }
        "many-memories" => {
            // Each module is below every cap; together they need a gigabyte as soon as they are instantiated.
            let modules = repeat("(core module (memory 512) (table 10000 funcref))", 32);
            let instances = (0..32).map(|module| format!("(core instance (instantiate {module}))"));
            component(&(modules + &instances.collect::<String>()))
        }
        "many-modules" => component(&repeat("(core module)", 1_000)),
        "many-functions" => action(&repeat("(func)", 100_001)),
        "many-types" => component(&repeat("(type (list u8))", 200_000)),
        "many-locals" => action(&format!("(func (local {}))", repeat("i32 ", 40_000))),
        "nested-components" => nested(200),
        "nested-types" => component(&chain(10_000, |below| format!("(type (list {below}))"))),
        "growing-types" => component(&chain(40, |below| format!("(type (tuple {}))", repeat(&format!("{below} "), 8)))),
        "one-huge-function" => action(&format!("(func {})", repeat("(drop (i32.const 7))", 600_000))),
        "locals-bomb" => action(&repeat(&tangle(3_900), 120)),
        "straight-line-bomb" => {
            let line = repeat("i32.const 123456 i32.xor local.tee 0 ", 140_000);
            action(&repeat(&format!("(func (param i32) (result i32) local.get 0 {line})"), 14))
        }
        "branch-table" => action(&branches(50_000)),
        _ => return Ok(None),
    };
    bytes.map(Some)
}

fn repeat(text: &str, times: usize) -> String {
    text.repeat(times)
}

/// Definitions of types, each made from the one below; the first from a number.
fn chain(length: usize, each: impl Fn(&str) -> String) -> String {
    (0..length).fold(String::new(), |all, at| {
        let below = if at == 0 { "u64".to_owned() } else { (at - 1).to_string() };
        all + &each(&below) + "\n"
    })
}

/// A function whose local variables all depend on one another across as many blocks.
fn tangle(locals: usize) -> String {
    let mut code = format!("(func (param i32) (local {})\n", repeat("i32 ", locals));
    for at in 1..=locals {
        let (one, other) = (1 + at * 31 % locals, 1 + at * 17 % locals);
        // Writing to a string does not fail.
        let _ = writeln!(
            code,
            "(block (br_if 0 (local.get 0)) (local.set {at} (i32.add (local.get {one}) (local.get {other}))))"
        );
    }
    code + ")\n"
}

/// A function of blocks within one another around a branch to any of them.
fn branches(count: usize) -> String {
    let mut code = String::from("(func (param i32)\n");
    code += &repeat("block ", count);
    code += "local.get 0 br_table";
    for at in 0..count {
        let _ = write!(code, " {at}");
    }
    code.push('\n');
    code += &repeat("end ", count);
    code + ")\n"
}

/// Components within one another; text cannot nest that deep.
fn nested(depth: usize) -> Result<Vec<u8>> {
    const HEAD: &[u8] = b"\0asm\x0d\0\x01\0";
    let mut bytes = HEAD.to_vec();
    for _ in 0..depth {
        // A section with a component: its id, its length in LEB128 of five bytes, and what is in it.
        let length = u32::try_from(bytes.len())?;
        let mut outer = [HEAD, &[4]].concat();
        outer.extend(
            (0..5).map(|at| u8::try_from(length >> (7 * at) & 0x7f).unwrap_or(0) | if at < 4 { 0x80 } else { 0 }),
        );
        outer.append(&mut bytes);
        bytes = outer;
    }
    Ok(bytes)
}

/// The head of a file as wasmtime writes machine code: ELF for its own system, with the flag for components.
fn machine_code() -> Vec<u8> {
    let mut head = b"\x7fELF\x02\x01\x01\xc8\0\0\0\0\0\0\0\0".to_vec();
    head.extend([1, 0, 62, 0, 1, 0, 0, 0]);
    head.extend([0; 24]);
    head.extend([2, 0, 0, 0]);
    head.extend([64, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0]);
    head
}

fn halved(component: &[u8]) -> Result<Vec<u8>> {
    Ok(component.get(..component.len() / 2).context("an empty component")?.to_vec())
}
