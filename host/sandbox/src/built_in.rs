//! Components that come with the server: the interpreter of `code` steps, and what takes the types out of TypeScript. It
//! holds their bytes; they are compiled when first used, like an uploaded one, and never at start.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use weir_model::{ArtifactHash, TenantId};

use crate::sandbox::hash_of;
use crate::{Action, Sandbox, SandboxError};

/// A component that comes with the server. All tenants share it; each call has an instance of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// Runs JavaScript.
    Code,
    /// Makes JavaScript of TypeScript.
    TypeScript,
}

impl BuiltIn {
    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Code => include_bytes!("../../../actions/prebuilt/code.wasm"),
            Self::TypeScript => include_bytes!("../../../actions/prebuilt/typescript.wasm"),
        }
    }

    /// Its hash, reckoned once.
    fn hash(self) -> Result<&'static ArtifactHash, SandboxError> {
        static CODE: OnceLock<ArtifactHash> = OnceLock::new();
        static TYPESCRIPT: OnceLock<ArtifactHash> = OnceLock::new();
        let known = match self {
            Self::Code => &CODE,
            Self::TypeScript => &TYPESCRIPT,
        };
        if let Some(hash) = known.get() {
            return Ok(hash);
        }
        let hash = hash_of(self.bytes())?;
        Ok(known.get_or_init(|| hash))
    }

    /// Whether a component has these bytes.
    pub(crate) fn is(self, hash: &ArtifactHash) -> bool {
        self.hash().is_ok_and(|own| own == hash)
    }
}

impl Sandbox {
    /// A component that comes with the server, for a tenant that uses it: compiled once, by whoever needs it first.
    ///
    /// # Errors
    /// Where it cannot be compiled now, such as while too many others wait for that.
    pub async fn built_in(self: &Arc<Self>, tenant: &TenantId, which: BuiltIn) -> Result<Arc<Action>, SandboxError> {
        let hash = which.hash()?;
        match self.get(hash) {
            Some(action) => Ok(action),
            None => self.load(tenant, hash, move || Ok(Bytes::from_static(which.bytes()))).await,
        }
    }
}
