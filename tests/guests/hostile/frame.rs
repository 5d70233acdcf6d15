//! Makes a component of a guest's text: adds what every action has and the guest leaves out. It knows no single guest.

use std::fmt::Write as _;

use anyhow::{Result, anyhow};
use weir_tests::committed;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Where `describe` finds its record; guests may change it there.
const INFO: usize = 1_024;
/// Where its list of branches and that of capabilities lie.
const LISTS: usize = 1_920;
/// Where its texts lie.
const TEXTS: usize = 2_048;

/// What a guest may use besides its own: 256 to 1,023 for results, its data from 4,096, memory to hand out from 16,384.
///
/// `$echo` returns the input, `$answer` any bytes as the output, `$alloc` is the allocator. The input's address and length
/// stand at 60 and 64 of the parameters, which come in memory since there are more than sixteen.
const FRAME: &str = r#"
  (global $top (mut i32) (i32.const 16384))
  (func $alloc (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (block $done (loop $more
      (br_if $done (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
      (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
      unreachable))
    (local.get $at))
  (func $answer (param $at i32) (param $length i32) (result i32)
    (i32.store (i32.const 256) (i32.const 0))
    (i32.store (i32.const 260) (local.get $at))
    (i32.store (i32.const 264) (local.get $length))
    (i32.store (i32.const 268) (i32.const 0))
    (i32.const 256))
  (func $echo (param $p i32) (result i32)
    (call $answer (i32.load offset=60 (local.get $p)) (i32.load offset=64 (local.get $p))))
"#;

/// What guests may import besides `weir:action`: as much of WASI as they use.
const WORLD: &str = r#"
package weir:tests;
world guest {
  include weir:action/action@1.0.0;
  import wasi:clocks/monotonic-clock@0.2.6;
  import wasi:cli/stdout@0.2.6;
  import wasi:cli/stderr@0.2.6;
  import wasi:cli/exit@0.2.6;
  import wasi:random/random@0.2.6;
}
package wasi:io@0.2.6 {
  interface error { resource error; }
  interface poll {
    resource pollable { block: func(); }
    poll: func(in: list<borrow<pollable>>) -> list<u32>;
  }
  interface streams {
    use error.{error};
    use poll.{pollable};
    variant stream-error { last-operation-failed(error), closed }
    resource output-stream {
      blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
      subscribe: func() -> pollable;
    }
  }
}
package wasi:cli@0.2.6 {
  interface stdout { use wasi:io/streams@0.2.6.{output-stream}; get-stdout: func() -> output-stream; }
  interface stderr { use wasi:io/streams@0.2.6.{output-stream}; get-stderr: func() -> output-stream; }
  interface exit { exit: func(status: result); }
}
package wasi:clocks@0.2.6 {
  interface monotonic-clock {
    use wasi:io/poll@0.2.6.{pollable};
    now: func() -> u64;
    subscribe-duration: func(when: u64) -> pollable;
  }
}
package wasi:random@0.2.6 { interface random { get-random-bytes: func(len: u64) -> list<u8>; } }
"#;

/// The component of a guest's text; the text of a whole component stays as it is.
pub(super) fn component(name: &str, text: &str) -> Result<Vec<u8>> {
    if text.lines().any(|line| line.starts_with("(component")) {
        return Ok(wat::parse_str(text)?);
    }
    let mut module = module(name, text)?;
    let mut resolve = Resolve::default();
    resolve.push_path(committed("guest-sdk/wit"))?;
    let package = resolve.push_str("guest.wit", WORLD)?;
    let world = resolve.select_world(&[package], Some("guest"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default().module(&module)?.encode()
}

/// The core module: what the guest has, then what it lacks. Imports come first in a module, so the guest's fields do.
pub(super) fn module(name: &str, fields: &str) -> Result<Vec<u8>> {
    let lacks = |export: &str| !fields.contains(&format!("(export \"{export}\")"));
    let mut text = format!("(module\n{fields}\n{FRAME}");
    if lacks("memory") {
        text += "(memory (export \"memory\") 1)\n";
    }
    if lacks("cabi_realloc") {
        text += "(export \"cabi_realloc\" (func $alloc))\n";
    }
    if lacks("describe") {
        write!(text, "(func (export \"describe\") (result i32) (i32.const {INFO}))")?;
    }
    if lacks("validate") {
        text += "(func (export \"validate\") (param i32 i32) (result i32)
            (i32.store8 (i32.const 512) (i32.const 0)) (i32.const 512))\n";
    }
    for (at, bytes) in info(name)? {
        // Active data is written before a start function runs, and in order: a guest's own data comes first.
        write!(text, "(data (i32.const {at}) \"{}\")", escaped(&bytes)?)?;
    }
    Ok(wat::parse_str(text + ")")?)
}

/// What `describe` returns, as the canonical ABI lays it out: the record, its lists, its texts.
fn info(name: &str) -> Result<[(usize, Vec<u8>); 3]> {
    let (mut record, mut lists, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    let mut text = |to: &mut Vec<u8>, text: &str| -> Result<()> {
        to.extend(word(TEXTS + texts.len())?);
        to.extend(word(text.len())?);
        texts.extend(text.bytes());
        Ok(())
    };
    for shown in [name, "A hostile guest", "1.0.0", "For tests.", r#"{"type":"object"}"#] {
        text(&mut record, shown)?;
    }
    // No schemas of input and output; one branch; one capability, the bucket `state`.
    record.extend([0; 24]);
    for number in [LISTS, 1, LISTS + 8, 1] {
        record.extend(word(number)?);
    }
    text(&mut lists, "left")?;
    lists.extend(word(1)?);
    text(&mut lists, "state")?;
    lists.extend([0; 8]);
    Ok([(INFO, record), (LISTS, lists), (TEXTS, texts)])
}

fn word(number: usize) -> Result<[u8; 4]> {
    Ok(u32::try_from(number).map_err(|_| anyhow!("{number} is no address"))?.to_le_bytes())
}

fn escaped(bytes: &[u8]) -> Result<String> {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "\\{byte:02x}")?;
    }
    Ok(text)
}
