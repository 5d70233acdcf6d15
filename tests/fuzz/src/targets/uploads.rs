//! Components from authors, before anything compiles them: any bytes are admitted or refused with a code, each time alike.

use weir_model::Coded as _;

use crate::{Target, files, make};

pub(crate) const TARGET: Target = Target {
    name: "uploads",
    run,
    make: make::binary,
    // Large ones would take the time that many small ones could have.
    seeds: || {
        let all = [files("tests/guests/prebuilt", &["wasm"]), files("actions/prebuilt", &["wasm"])];
        all.into_iter().flatten().filter(|bytes| bytes.len() < 512 << 10).collect()
    },
    words: &[
        "\0asm\x01\0\0\0",
        "\0asm\x0d\0\x01\0",
        "weir:action/types@1.0.0",
        "wasi:io/streams@0.2.0",
        "\x7fELF",
        "\u{ff}\u{ff}\x0f",
    ],
};

fn run(input: &[u8]) {
    let verdict = |bytes: &[u8]| weir_sandbox::inspect(bytes).map_err(|error| (error.code(), error.to_string()));
    let first = verdict(input);
    assert_eq!(first, verdict(input), "two verdicts on the same bytes");
    if let Err((code, _)) = first {
        assert!(code.as_str().starts_with("WEIR-SANDBOX-"), "{code:?} is no code of the sandbox");
    }
}
