//! `#[weir_action::data]`: the derives that an action's types need. It must not change the type.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Result};

pub(crate) fn expand(options: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !options.is_empty() {
        return Err(Error::new_spanned(options, "`data` takes no options; use serde's and schemars' attributes"));
    }
    let item: DeriveInput = syn::parse2(item)?;
    Ok(quote! {
        #[derive(
            ::core::clone::Clone,
            ::core::fmt::Debug,
            ::weir_action::serde::Serialize,
            ::weir_action::serde::Deserialize,
            ::weir_action::schemars::JsonSchema,
        )]
        #[serde(crate = "::weir_action::serde")]
        #[schemars(crate = "::weir_action::schemars")]
        #item
    })
}
