//! The target `uploads` with valid components and modules, made by wasm-smith of the fuzzer's bytes.

#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::{Corpus, fuzz_target};
use wasm_smith::{Component, Config, Module};

fn made(input: &[u8]) -> arbitrary::Result<Vec<u8>> {
    let mut source = Unstructured::new(input);
    if source.ratio(1_u8, 8_u8)? {
        return Ok(Module::new(Config::default(), &mut source)?.to_bytes());
    }
    Ok(Component::new(Config::default(), &mut source)?.to_bytes())
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let Ok(component) = made(input) else { return Corpus::Reject };
    weir_fuzz::run("uploads", &component);
    Corpus::Keep
});
