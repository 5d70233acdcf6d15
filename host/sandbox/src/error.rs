//! What can go wrong with a component before it runs as a step. It words the errors; `failure` words those of calls.

use std::path::PathBuf;

use weir_model::{Code, Coded};

/// Why the caller of [`crate::Sandbox::load`] could not hand over a component's bytes.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// Why a component was not admitted or loaded, or why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// wasmtime did not start.
    #[error(
        "the WebAssembly engine did not start: {reason}; check the machine's limits on address space (`ulimit -v`)"
    )]
    Engine {
        /// What wasmtime says.
        reason: String,
    },
    /// The cache folder cannot be used.
    #[error("the component cache {} cannot be used: {source}; give weir a folder that it owns and may write to", path.display())]
    Cache {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Too many bytes.
    #[error(
        "the component has {size} bytes, the limit is {limit}; build it in release mode, optimised for size and stripped"
    )]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The WebAssembly text format.
    #[error(
        "this is WebAssembly text or no WebAssembly at all; upload the binary component that `weir action build` writes"
    )]
    NotBinary,
    /// A core module.
    #[error(
        "this is a core WebAssembly module, not a component; build it with `weir action build`, or turn it into a component with `wasm-tools component embed` and `component new`"
    )]
    CoreModule,
    /// Machine code.
    #[error("this is precompiled machine code, which weir never runs; upload the component it was made from")]
    Precompiled,
    /// Bytes that do not validate, or with features that are off.
    #[error(
        "the component is not valid: {reason}; threads, memory64, garbage collection and exceptions are not available"
    )]
    Malformed {
        /// What the validator says.
        reason: String,
    },
    /// Larger in some way than weir compiles.
    #[error("the component has {what} of {found}, the limit is {limit}; build it in release mode, or split it")]
    TooComplex {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: u64,
        /// How much there may be.
        limit: u64,
    },
    /// An import that weir does not have.
    #[error("the component imports {import}, which weir does not offer{hint}")]
    Import {
        /// The import's name.
        import: String,
        /// What to do instead; starts with its own separator.
        hint: std::borrow::Cow<'static, str>,
    },
    /// The exports are not those of the contract.
    #[error(
        "the component is no action: {reason}; build it for the world `action` of `wit`, as a project of `weir action new` does"
    )]
    World {
        /// What is missing or different.
        reason: String,
    },
    /// Compilation failed.
    #[error("the component could not be compiled: {reason}")]
    Compile {
        /// What the compiler says.
        reason: String,
    },
    /// Compilation took more than it may.
    #[error(
        "compiling the component takes more {what} than the limit of {limit}; build it in release mode, optimised for size, or split it"
    )]
    TooCostly {
        /// What it takes too much of.
        what: &'static str,
        /// How much it may take, with its unit.
        limit: String,
    },
    /// Too many wait for the compiler.
    #[error("{waiting} components wait for the compiler already; try again in a few seconds")]
    Busy {
        /// How many wait.
        waiting: usize,
    },
    /// What another call's attempt to load the same component came to.
    #[error(transparent)]
    Shared(std::sync::Arc<SandboxError>),
    /// `describe` failed or said something that cannot be used.
    #[error("the action's description cannot be used: {reason}")]
    Describe {
        /// Why, and what to do.
        reason: String,
    },
    /// The bytes of an admitted component are not to be had.
    #[error("the component {hash} could not be read: {source}")]
    Source {
        /// Its hash.
        hash: String,
        /// What the store says.
        source: SourceError,
    },
    /// The bytes are not those of that hash.
    #[error("the stored bytes of component {hash} have another hash, {found}; upload the action again")]
    Hash {
        /// The hash asked for.
        hash: String,
        /// The hash of the bytes.
        found: String,
    },
}

impl Coded for SandboxError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Engine { .. } => "WEIR-SANDBOX-ENGINE",
            Self::Cache { .. } => "WEIR-SANDBOX-CACHE",
            Self::TooLarge { .. } => "WEIR-SANDBOX-TOO-LARGE",
            Self::NotBinary => "WEIR-SANDBOX-NOT-BINARY",
            Self::CoreModule => "WEIR-SANDBOX-CORE-MODULE",
            Self::Precompiled => "WEIR-SANDBOX-PRECOMPILED",
            Self::Malformed { .. } => "WEIR-SANDBOX-MALFORMED",
            Self::TooComplex { .. } => "WEIR-SANDBOX-TOO-COMPLEX",
            Self::Import { .. } => "WEIR-SANDBOX-IMPORT",
            Self::World { .. } => "WEIR-SANDBOX-WORLD",
            Self::Compile { .. } => "WEIR-SANDBOX-COMPILE",
            Self::TooCostly { .. } => "WEIR-SANDBOX-TOO-COSTLY",
            Self::Busy { .. } => "WEIR-SANDBOX-BUSY",
            Self::Shared(error) => return error.code(),
            Self::Describe { .. } => "WEIR-SANDBOX-DESCRIBE",
            Self::Source { .. } => "WEIR-SANDBOX-SOURCE",
            Self::Hash { .. } => "WEIR-SANDBOX-HASH",
        })
    }
}
