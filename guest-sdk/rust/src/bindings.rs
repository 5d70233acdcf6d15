//! The raw bindings of `weir:action@1.0.0`, made from `guest-sdk/wit`. Nothing is written by hand here.
#![allow(missing_docs, unreachable_pub, unsafe_code, clippy::all, clippy::indexing_slicing, reason = "generated")]

wit_bindgen::generate!({
    path: "../wit",
    world: "action",
    additional_derives: [PartialEq],
    pub_export_macro: true,
    export_macro_name: "export_action",
    default_bindings_module: "weir_action::__private::bindings",
});
