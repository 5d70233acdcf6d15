//! Assembles test components from text. Their memory is laid out as the canonical ABI of world `action` wants it.

use std::fmt::Write;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Where `describe` finds its record.
const INFO: usize = 1_024;
/// Where texts of the record lie.
const TEXTS: usize = 2_048;

const WORLD: &str = r#"
package weir:tests;
world guest {
  include weir:action/action@1.0.0;
  import wasi:clocks/monotonic-clock@0.2.6;
  import wasi:cli/stdout@0.2.6;
  import wasi:cli/exit@0.2.6;
  import wasi:random/random@0.2.6;
  import wasi:sockets/tcp@0.2.6;
}
world other { import weir:action/log@1.0.0; export run: func(); }
package wasi:io@0.2.6 {
  interface error { resource error; }
  interface poll { resource pollable { block: func(); } }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
  }
}
package wasi:cli@0.2.6 {
  interface stdout { use wasi:io/streams@0.2.6.{output-stream}; get-stdout: func() -> output-stream; }
  interface exit { exit: func(status: result); }
}
package wasi:clocks@0.2.6 {
  interface monotonic-clock {
    use wasi:io/poll@0.2.6.{pollable};
    subscribe-duration: func(when: u64) -> pollable;
  }
}
package wasi:random@0.2.6 { interface random { get-random-bytes: func(len: u64) -> list<u8>; } }
package wasi:sockets@0.2.6 { interface tcp { connect: func() -> u32; } }
"#;

/// A guest under construction.
#[derive(Default)]
pub(crate) struct Guest {
    imports: String,
    items: String,
    locals: String,
    run: String,
    config_schema: Option<String>,
    name: Option<String>,
    bucket: Option<String>,
}

impl Guest {
    /// A guest whose `run` has this body; `$p` points to its parameters.
    pub(crate) fn new(run: &str) -> Self {
        Self { run: run.to_owned(), ..Self::default() }
    }

    /// With imports.
    pub(crate) fn import(mut self, imports: &str) -> Self {
        self.imports.push_str(imports);
        self
    }

    /// With more items of the module.
    pub(crate) fn item(mut self, items: &str) -> Self {
        self.items.push_str(items);
        self
    }

    /// With locals of `run` and what it does first.
    pub(crate) fn local(mut self, code: &str) -> Self {
        self.locals.push_str(code);
        self
    }

    /// With another `config-schema`.
    pub(crate) fn schema(mut self, text: &str) -> Self {
        self.config_schema = Some(text.to_owned());
        self
    }

    /// With another name.
    pub(crate) fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// With a bucket of the key-value store that it declares.
    pub(crate) fn bucket(mut self, name: &str) -> Self {
        self.bucket = Some(name.to_owned());
        self
    }

    /// The core module.
    pub(crate) fn module(&self) -> Vec<u8> {
        let mut texts = Vec::new();
        let mut record = Vec::new();
        let mut text = |record: &mut Vec<u8>, text: &str| {
            record.extend(u32::try_from(TEXTS + texts.len()).unwrap().to_le_bytes());
            record.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
            texts.extend(text.bytes());
        };
        text(&mut record, self.name.as_deref().unwrap_or("echo"));
        text(&mut record, "A guest");
        text(&mut record, "1.2.3");
        text(&mut record, "For tests.");
        text(&mut record, self.config_schema.as_deref().unwrap_or(r#"{"type":"object"}"#));
        record.extend([0; 24]);
        let branches = TEXTS - 64;
        record.extend(u32::try_from(branches).unwrap().to_le_bytes());
        record.extend(1_u32.to_le_bytes());
        let capabilities = TEXTS - 128;
        let declared = u32::from(self.bucket.is_some());
        record.extend(u32::try_from(capabilities).unwrap().to_le_bytes());
        record.extend(declared.to_le_bytes());
        let mut list = Vec::new();
        text(&mut list, "left");
        // A variant with the case `kv` and its text; the longest case takes 16 bytes after the discriminant.
        let mut asked = vec![1, 0, 0, 0];
        text(&mut asked, self.bucket.as_deref().unwrap_or_default());
        let Self { imports, items, locals, run, .. } = self;
        let wat = format!(
            r#"(module
              {imports}
              (memory (export "memory") 1)
              (global $top (mut i32) (i32.const 16384))
              (data (i32.const {INFO}) "{}")
              (data (i32.const {branches}) "{}")
              (data (i32.const {capabilities}) "{}")
              (data (i32.const {TEXTS}) "{}")
              (func $alloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
                (global.set $top (i32.add (local.get $at) (local.get 3)))
                (block $done (loop $more
                  (br_if $done (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
                  (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
                  unreachable))
                (local.get $at))
              {items}
              (func (export "describe") (result i32) (i32.const {INFO}))
              (func (export "validate") (param i32 i32) (result i32)
                (i32.store8 (i32.const 512) (i32.const 0)) (i32.const 512))
              (func $run (export "run") (param $p i32) (result i32) (local $x i32) {locals} {run}))"#,
            escaped(&record),
            escaped(&list),
            escaped(&asked),
            escaped(&texts),
        );
        wat::parse_str(&wat).unwrap()
    }

    /// The component.
    pub(crate) fn build(&self) -> Vec<u8> {
        component(self.module(), "guest")
    }
}

/// A component of another world.
pub(crate) fn stranger() -> Vec<u8> {
    component(wat::parse_str(r#"(module (func (export "run")))"#).unwrap(), "other")
}

fn component(mut module: Vec<u8>, world: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest-sdk/wit")).unwrap();
    let package = resolve.push_str("tests.wit", WORLD).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "\\{byte:02x}").unwrap();
        text
    })
}

/// Code that returns what two instructions leave as the output: its address, then its length.
pub(crate) fn returns(address: &str, length: &str) -> String {
    format!(
        "(i32.store (i32.const 256) (i32.const 0)) (i32.store (i32.const 260) {address})
         (i32.store (i32.const 264) {length}) (i32.store (i32.const 268) (i32.const 0)) (i32.const 256)"
    )
}

/// Code that returns the input.
pub(crate) fn echo() -> String {
    returns("(i32.load offset=60 (local.get $p))", "(i32.load offset=64 (local.get $p))")
}
