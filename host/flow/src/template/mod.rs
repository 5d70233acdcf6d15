//! Templates: a JSON tree with expressions at its text leaves, compiled once, rendered often. It renders values into a
//! tree and never parses what it rendered, so no caller's data can become structure or code.

mod environment;
mod filters;
mod leaf;
mod lint;
mod path;
mod settle;
mod tree;

pub use tree::{Rendered, Template};
use weir_model::{Code, Coded};

pub(crate) use leaf::Leaf;
pub(crate) use settle::Budget;

/// How text leaves treat what they print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escape {
    /// As it is.
    #[default]
    None,
    /// For an HTML page: what is printed is escaped, and every leaf is text.
    Html,
}

/// Something that keeps a template or a condition from being compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Where, as a JSON Pointer below what was compiled.
    pub pointer: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Issue {
    pub(crate) fn new(pointer: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), message: message.into() }
    }
}

/// What may go wrong while a template or a condition runs. `pointer` says where, below what was compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The expression failed on this run's data.
    #[error("the template at `{pointer}` failed: {message}")]
    Failed {
        /// Where.
        pointer: String,
        /// Why.
        message: String,
    },
    /// It did too much.
    #[error(
        "the template at `{pointer}` took more work than a template may; move loops over much data into a `code` step"
    )]
    Fuel {
        /// Where.
        pointer: String,
    },
    /// It made too much.
    #[error("the template at `{pointer}` makes more than {limit} bytes; pass less data on")]
    Size {
        /// Where.
        pointer: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// What it made nests too deep.
    #[error("the template at `{pointer}` makes a value that nests deeper than {limit} levels; flatten it")]
    Depth {
        /// Where.
        pointer: String,
        /// The limit.
        limit: usize,
    },
}

impl TemplateError {
    /// The same error, where what failed sits below `prefix`.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        let (Self::Failed { pointer, .. }
        | Self::Fuel { pointer }
        | Self::Size { pointer, .. }
        | Self::Depth { pointer, .. }) = &mut self;
        pointer.insert_str(0, prefix);
        self
    }
}

impl Coded for TemplateError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Failed { .. } => "WEIR-FLOW-TEMPLATE-FAILED",
            Self::Fuel { .. } => "WEIR-FLOW-TEMPLATE-FUEL",
            Self::Size { .. } => "WEIR-FLOW-TEMPLATE-SIZE",
            Self::Depth { .. } => "WEIR-FLOW-TEMPLATE-DEPTH",
        })
    }
}

#[cfg(test)]
mod tests;
