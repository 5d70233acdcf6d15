//! The contract in Rust, generated from `guest-sdk/wit`. Nothing is written here by hand.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]

wasmtime::component::bindgen!({
    path: "../../guest-sdk/wit",
    world: "action",
    // Parameters of calls into the component are borrowed, so that no call copies its context.
    ownership: Borrowing { duplicate_if_necessary: true },
    // Host functions may suspend: that is where time limits take hold of a call that waits. They may end the call, for
    // that is what a limit does.
    imports: { default: async | trappable },
    exports: { default: async },
});
