//! The two attributes of `weir-action`. This crate owns their syntax and their messages; what they expand to lives in
//! `weir-action`.

#![forbid(unsafe_code)]

mod action;
mod data;
mod options;

use proc_macro::TokenStream;

/// Makes a function the action that the crate's component exports.
///
/// The function may take `config` (the step's settings), `input` (what the step gets) and `context: &Context`, in any
/// order, each by value or by reference, and returns a `Result` of a value or of an `Output`. Its types need serde's
/// and schemars' derives, which `#[weir_action::data]` adds.
///
/// | option | says | without it |
/// |---|---|---|
/// | `name = "…"` | the name that flows use | the package's name |
/// | `title = "…"` | the title for people | the name, spelled as words |
/// | `description = "…"` | what it does | the function's doc comment, else the package's description |
/// | `version = "…"` | its version | the package's version |
/// | `branches("…", …)` | exits besides `next` and `error` | none |
/// | `capabilities(…)` | what it needs: `http("host", "GET", …)`, `kv("bucket")`, `secret("name")`, `variables`, `clock`, `random` | nothing |
/// | `validate = path` | `fn(&Config) -> Result<(), E>`, a check of settings at publish beyond their schema; `E` is a `String`, a `Vec<String>` or an `Error` | no check |
///
/// Besides, it makes a type with the function's name, for `weir_action::testing`.
///
/// ```ignore
/// #[weir_action::action(title = "Score a lead", branches("hot", "cold"))]
/// fn lead_score(config: Config, input: Lead) -> Result<Output<Score>> { … }
/// ```
#[proc_macro_attribute]
pub fn action(options: TokenStream, function: TokenStream) -> TokenStream {
    action::expand(options.into(), function.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a type fit for an action's settings, input or output: derives `Clone`, `Debug`, `Serialize`, `Deserialize` and
/// `JsonSchema`, so that the crate needs no dependency besides `weir-action`. serde's and schemars' own attributes work
/// as ever; doc comments become the schema's descriptions.
#[proc_macro_attribute]
pub fn data(options: TokenStream, item: TokenStream) -> TokenStream {
    data::expand(options.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
