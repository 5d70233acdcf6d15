//! The raw bindings of `weir:action@1.0.0`, made from `guest-sdk/wit`. Nothing is written by hand here.
#![allow(missing_docs, unreachable_pub, unsafe_code, clippy::all, clippy::indexing_slicing, reason = "generated")]

use crate::Action;

wit_bindgen::generate!({
    path: "../../guest-sdk/wit",
    world: "action",
});

export!(Action with_types_in self);
