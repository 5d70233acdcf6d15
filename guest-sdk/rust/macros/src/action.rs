//! `#[weir_action::action]`: from a function to an implementation of `weir_action::Action`. It must not touch the
//! function itself, which stays callable as it was written.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, FnArg, ItemFn, Lit, Meta, Pat, Result, ReturnType, Type};

use crate::options::Options;

pub(crate) fn expand(options: TokenStream, function: TokenStream) -> Result<TokenStream> {
    let options: Options = syn::parse2(options)?;
    let function: ItemFn = syn::parse2(function)?;
    check_shape(&function)?;
    let arguments = Arguments::of(&function)?;
    let answer = answer(&function)?;

    let name = &function.sig.ident;
    let visibility = &function.vis;
    let facts = facts(&options, &function.attrs);
    let (config, input) = (arguments.config_type(), arguments.input_type());
    let call = &arguments.call;
    let check = options.validate.as_ref().map(|path| {
        quote_spanned! {path.span()=>
            fn check(config: &Self::Config) -> ::std::vec::Vec<::std::string::String> {
                ::weir_action::__private::Checked::into_findings(#path(config))
            }
        }
    });
    let type_doc = format!("The action `{name}`, for `weir_action::testing`.");
    Ok(quote! {
        #function

        #[doc = #type_doc]
        #[allow(non_camel_case_types)]
        #visibility struct #name {}

        impl ::weir_action::Action for #name {
            #facts
            type Config = #config;
            type Input = #input;
            type Answer = <#answer as ::weir_action::__private::Returned>::Answer;
            #check

            fn run(
                __context: &::weir_action::Context,
                __config: Self::Config,
                __input: Self::Input,
            ) -> ::core::result::Result<Self::Answer, ::weir_action::Error> {
                ::weir_action::__private::Returned::into_result(#name(#(#call),*))
            }
        }

        ::weir_action::export!(#name);
    })
}

fn check_shape(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if let Some(word) = &signature.asyncness {
        return Err(Error::new(word.span(), "an action is an ordinary function; weir waits for it"));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new(signature.generics.span(), "an action's types are fixed: no generics, no lifetimes"));
    }
    Ok(())
}

/// The arguments that the function asks for, found by their names.
#[derive(Default)]
struct Arguments {
    config: Option<Type>,
    input: Option<Type>,
    call: Vec<TokenStream>,
}

impl Arguments {
    fn of(function: &ItemFn) -> Result<Self> {
        let mut found = Self::default();
        for argument in &function.sig.inputs {
            let FnArg::Typed(argument) = argument else {
                return Err(Error::new(argument.span(), "an action is a free function, without `self`"));
            };
            let name = match &*argument.pat {
                Pat::Ident(name) => name.ident.to_string(),
                _ => String::new(),
            };
            let (reference, of) = match &*argument.ty {
                Type::Reference(reference) => (quote!(&), (*reference.elem).clone()),
                other => (TokenStream::new(), other.clone()),
            };
            match name.trim_start_matches('_') {
                "config" => {
                    found.config = Some(of);
                    found.call.push(quote!(#reference __config));
                }
                "input" => {
                    found.input = Some(of);
                    found.call.push(quote!(#reference __input));
                }
                "context" if reference.is_empty() => {
                    return Err(Error::new(argument.ty.span(), "the context is lent: `context: &Context`"));
                }
                "context" => found.call.push(quote!(__context)),
                _ => {
                    return Err(Error::new(
                        argument.pat.span(),
                        "an action's arguments are named `config`, `input` and `context`",
                    ));
                }
            }
        }
        Ok(found)
    }

    fn config_type(&self) -> TokenStream {
        self.config.as_ref().map_or_else(|| quote!(::weir_action::NoConfig), |of| quote!(#of))
    }

    fn input_type(&self) -> TokenStream {
        self.input.as_ref().map_or_else(|| quote!(::weir_action::Ignored), |of| quote!(#of))
    }
}

/// The function's result type.
fn answer(function: &ItemFn) -> Result<&Type> {
    match &function.sig.output {
        ReturnType::Type(_, of) => Ok(of),
        ReturnType::Default => Err(Error::new(
            function.sig.ident.span(),
            "an action returns what the step hands on: `-> weir_action::Result<…>`",
        )),
    }
}

/// The constants and capabilities of the implementation.
fn facts(options: &Options, attributes: &[Attribute]) -> TokenStream {
    let name = options.name.as_ref().map_or_else(|| quote!(::core::env!("CARGO_PKG_NAME")), |name| quote!(#name));
    let version =
        options.version.as_ref().map_or_else(|| quote!(::core::env!("CARGO_PKG_VERSION")), |version| quote!(#version));
    let title = options.title.as_ref().map(syn::LitStr::value).or_else(|| {
        let name = options.name.as_ref().map(syn::LitStr::value).or_else(package_name)?;
        Some(as_words(&name))
    });
    let title = title.map(|title| quote!(const TITLE: &'static str = #title;));
    let description = options.description.as_ref().map(syn::LitStr::value).unwrap_or_else(|| doc_text(attributes));
    let description =
        if description.is_empty() { quote!(::core::env!("CARGO_PKG_DESCRIPTION")) } else { quote!(#description) };
    let branches = &options.branches;
    let capabilities = &options.capabilities;
    let capabilities = (!capabilities.is_empty()).then(|| {
        quote! {
            fn capabilities() -> ::std::vec::Vec<::weir_action::Capability> {
                ::std::vec![#(::weir_action::Capability::#capabilities),*]
            }
        }
    });
    quote! {
        const NAME: &'static str = #name;
        #title
        const VERSION: &'static str = #version;
        const DESCRIPTION: &'static str = #description;
        const BRANCHES: &'static [&'static str] = &[#(#branches),*];
        #capabilities
    }
}

/// The name of the package being compiled, which cargo tells every compiler run.
#[allow(clippy::disallowed_methods, reason = "cargo's variable for the compiler, not a setting of weir")]
fn package_name() -> Option<String> {
    std::env::var("CARGO_PKG_NAME").ok()
}

/// `lead-score` as `Lead score`.
fn as_words(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A doc comment's text: lines of one paragraph joined, paragraphs apart.
fn doc_text(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let mut text = String::new();
    for line in lines {
        let line = line.trim();
        if line.is_empty() {
            if !text.is_empty() && !text.ends_with("\n\n") {
                text.push_str("\n\n");
            }
        } else {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push(' ');
            }
            text.push_str(line);
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(options: TokenStream, function: TokenStream) -> String {
        expand(options, function).unwrap_err().to_string()
    }

    #[test]
    fn mistakes_are_named() {
        let good = quote!(
            fn f(input: u8) -> Result<u8> {
                Ok(input)
            }
        );
        assert!(message(quote!(titel = "x"), good.clone()).contains("there is no option `titel`"));
        assert!(message(quote!(branches("next")), good.clone()).contains("name another branch"));
        assert!(message(quote!(capabilities(disk)), good.clone()).contains("no capability `disk`"));
        assert!(message(quote!(name = "a", name = "b"), good).contains("given twice"));
        assert!(
            message(
                quote!(),
                quote!(
                    fn f(lead: u8) -> Result<u8> {
                        Ok(lead)
                    }
                )
            )
            .contains("`config`, `input`")
        );
        assert!(
            message(
                quote!(),
                quote!(
                    fn f(context: Context) -> Result<u8> {
                        Ok(1)
                    }
                )
            )
            .contains("&Context")
        );
        assert!(
            message(
                quote!(),
                quote!(
                    fn f(input: u8) {}
                )
            )
            .contains("hands on")
        );
        assert!(
            message(
                quote!(),
                quote!(
                    async fn f(input: u8) -> Result<u8> {
                        Ok(1)
                    }
                )
            )
            .contains("ordinary")
        );
    }

    #[test]
    fn doc_comments_become_paragraphs() {
        let function: ItemFn = syn::parse2(quote! {
            /// Scores
            /// a lead.
            ///
            /// By weights.
            fn f() {}
        })
        .unwrap();
        assert_eq!(doc_text(&function.attrs), "Scores a lead.\n\nBy weights.");
        assert_eq!(as_words("lead-score"), "Lead score");
    }
}
