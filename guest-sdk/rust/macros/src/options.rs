//! The options of `#[weir_action::action(…)]`. It reads them; it must not look at the function.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitStr, Path, Result, Token, parenthesized};

/// What stands in the attribute's parentheses.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    pub(crate) title: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    pub(crate) version: Option<LitStr>,
    pub(crate) branches: Vec<LitStr>,
    /// One expression of type `weir_action::Capability` each.
    pub(crate) capabilities: Vec<TokenStream>,
    pub(crate) validate: Option<Path>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            if seen.contains(&key) {
                return Err(Error::new(key.span(), format!("`{key}` is given twice")));
            }
            options.read(&key, input)?;
            seen.push(key);
            if input.is_empty() {
                break;
            }
            input.parse::<Token![,]>()?;
        }
        Ok(options)
    }
}

impl Options {
    fn read(&mut self, key: &Ident, input: ParseStream<'_>) -> Result<()> {
        match key.to_string().as_str() {
            "name" => self.name = Some(text(input)?),
            "title" => self.title = Some(text(input)?),
            "description" => self.description = Some(text(input)?),
            "version" => self.version = Some(text(input)?),
            "branches" => self.branches = branches(input)?,
            "capabilities" => self.capabilities = capabilities(input)?,
            "validate" => {
                input.parse::<Token![=]>()?;
                self.validate = Some(input.parse()?);
            }
            _ => {
                return Err(Error::new(
                    key.span(),
                    format!(
                        "there is no option `{key}`; there are name, title, description, version, branches(…), \
                         capabilities(…) and validate"
                    ),
                ));
            }
        }
        Ok(())
    }
}

fn text(input: ParseStream<'_>) -> Result<LitStr> {
    input.parse::<Token![=]>()?;
    input.parse()
}

fn texts(input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    let inside;
    parenthesized!(inside in input);
    Ok(Punctuated::<LitStr, Token![,]>::parse_terminated(&inside)?.into_iter().collect())
}

fn branches(input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    let branches = texts(input)?;
    for branch in &branches {
        if matches!(branch.value().as_str(), "" | "next" | "error") {
            return Err(Error::new(branch.span(), "every step has `next` and `error`; name another branch"));
        }
    }
    Ok(branches)
}

fn capabilities(input: ParseStream<'_>) -> Result<Vec<TokenStream>> {
    let inside;
    parenthesized!(inside in input);
    let mut found = Vec::new();
    while !inside.is_empty() {
        found.push(capability(&inside)?);
        if inside.is_empty() {
            break;
        }
        inside.parse::<Token![,]>()?;
    }
    Ok(found)
}

fn capability(input: ParseStream<'_>) -> Result<TokenStream> {
    let kind: Ident = input.parse()?;
    let one = |input: ParseStream<'_>| match texts(input)?.as_slice() {
        [name] => Ok(name.clone()),
        _ => Err(Error::new(kind.span(), format!("`{kind}` takes one name: {kind}(\"…\")"))),
    };
    Ok(match kind.to_string().as_str() {
        "http" => {
            let texts = texts(input)?;
            let Some((host, methods)) = texts.split_first() else {
                return Err(Error::new(
                    kind.span(),
                    "`http` takes a host and methods: http(\"api.example.com\", \"GET\")",
                ));
            };
            quote!(Http(::weir_action::HttpScope {
                host: ::std::string::String::from(#host),
                methods: ::std::vec![#(::std::string::String::from(#methods)),*],
            }))
        }
        "kv" => {
            let name = one(input)?;
            quote!(Kv(::std::string::String::from(#name)))
        }
        "secret" => {
            let name = one(input)?;
            quote!(Secret(::std::string::String::from(#name)))
        }
        "variables" => quote!(Variables),
        "clock" => quote!(Clock),
        "random" => quote!(Random),
        _ => {
            return Err(Error::new(
                kind.span(),
                format!("there is no capability `{kind}`; there are http, kv, secret, variables, clock and random"),
            ));
        }
    })
}
