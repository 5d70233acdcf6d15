//! The sandbox: admits components, compiles them, keeps them ready. It does not know which flow uses which.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::RwLock;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use wasmtime::component::{Component, Linker};
use weir_model::{ActionInfo, ArtifactHash, Clock, Entropy, Limits};

use crate::action::{Action, Shared, check_info};
use crate::bindings::ActionPre;
use crate::cache::{Cache, hex};
use crate::state::{State, World};
use crate::{SandboxError, SourceError, admission, engine, linker};

/// The largest component that is admitted.
pub const MAX_COMPONENT_BYTES: usize = 32 << 20;

/// Actions kept ready although nobody else holds them.
const KEPT: usize = 1_024;

/// Compilers recurse along the code they compile.
const COMPILER_STACK: usize = 64 << 20;

/// What a sandbox is made of.
pub struct Options {
    /// Where compiled components are kept; nobody else may write there.
    pub cache_dir: PathBuf,
    /// How many calls run at a time.
    pub instances: u32,
    /// The time that actions see.
    pub clock: Arc<dyn Clock>,
    /// The randomness that actions get.
    pub entropy: Arc<dyn Entropy>,
}

/// An admitted component.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The SHA-256 of its bytes.
    pub hash: ArtifactHash,
    /// What it says of itself.
    pub info: ActionInfo,
    /// Its size in bytes.
    pub size: u64,
}

/// Runs custom actions.
pub struct Sandbox {
    shared: Arc<Shared>,
    linker: Linker<State>,
    cache: Cache,
    ready: RwLock<HashMap<ArtifactHash, Ready>>,
    uses: AtomicU64,
    compiling: Arc<Semaphore>,
}

struct Ready {
    action: Arc<Action>,
    used: AtomicU64,
}

impl Sandbox {
    /// A sandbox with an empty memory and the components that its cache folder holds.
    ///
    /// # Errors
    /// Where the engine does not start or the cache folder cannot be used.
    pub fn new(options: Options) -> Result<Arc<Self>, SandboxError> {
        let Options { cache_dir, instances, clock, entropy } = options;
        let instances = instances.clamp(1, 4_096);
        let engine = engine::engine(instances)?;
        let linker = linker::linker(&engine)?;
        let cache = Cache::open(&cache_dir, &engine, &*entropy)?;
        let world = Arc::new(World { clock, entropy });
        let places = Semaphore::new(usize::try_from(instances).unwrap_or(1));
        Ok(Arc::new(Self {
            shared: Arc::new(Shared { engine, world, places }),
            linker,
            cache,
            ready: RwLock::default(),
            uses: AtomicU64::new(0),
            // One compilation at a time: each may take a core and a gigabyte.
            compiling: Arc::new(Semaphore::new(1)),
        }))
    }

    /// Checks and compiles an uploaded component and asks it what it is. Its bytes are for the caller to keep.
    ///
    /// # Errors
    /// Why it is not admitted.
    pub async fn admit(self: &Arc<Self>, bytes: Bytes) -> Result<Admitted, SandboxError> {
        let size = bytes.len() as u64;
        let compiled = self.off_thread({
            let sandbox = Arc::clone(self);
            move || {
                admission::inspect(&bytes)?;
                let hash = hash_of(&bytes)?;
                let component = match sandbox.cached(&hash) {
                    Some(component) => component,
                    None => sandbox.compile(&hash, &bytes)?,
                };
                Ok((hash, component))
            }
        });
        let (hash, component) = compiled.await?;
        let (action, info) = self.prepare(hash.clone(), &component).await?;
        self.keep(action);
        Ok(Admitted { hash, info, size })
    }

    /// An action that is ready, without waiting.
    pub fn get(&self, hash: &ArtifactHash) -> Option<Arc<Action>> {
        let ready = self.ready.read();
        let found = ready.get(hash)?;
        found.used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Some(Arc::clone(&found.action))
    }

    /// An admitted action: from memory, else from the cache folder, else compiled anew from the bytes of `source`.
    ///
    /// # Errors
    /// Where the bytes cannot be read, are not those of that hash, or no longer compile.
    pub async fn load(
        self: &Arc<Self>,
        hash: &ArtifactHash,
        source: impl FnOnce() -> Result<Bytes, SourceError> + Send + 'static,
    ) -> Result<Arc<Action>, SandboxError> {
        if let Some(action) = self.get(hash) {
            return Ok(action);
        }
        let component = match self.cached_off_thread(hash).await {
            Some(component) => component,
            None => {
                let (sandbox, hash) = (Arc::clone(self), hash.clone());
                let compile = move || {
                    // Another call may have compiled it while this one waited for its turn.
                    if let Some(component) = sandbox.cached(&hash) {
                        return Ok(component);
                    }
                    let bytes = source().map_err(|source| SandboxError::Source { hash: hash.to_string(), source })?;
                    let found = hash_of(&bytes)?;
                    if found != hash {
                        return Err(SandboxError::Hash { hash: hash.to_string(), found: found.to_string() });
                    }
                    admission::inspect(&bytes)?;
                    sandbox.compile(&hash, &bytes)
                };
                self.off_thread(compile).await?
            }
        };
        let (action, _) = self.prepare(hash.clone(), &component).await?;
        Ok(self.keep(action))
    }

    /// Drops what is kept of a component, in memory and on disk. Calls that run go on.
    pub fn forget(&self, hash: &ArtifactHash) {
        self.ready.write().remove(hash);
        self.cache.remove(hash);
    }

    fn keep(&self, action: Action) -> Arc<Action> {
        let used = self.uses.fetch_add(1, Ordering::Relaxed);
        let mut ready = self.ready.write();
        if let Some(there) = ready.get(action.hash()) {
            return Arc::clone(&there.action);
        }
        if ready.len() >= KEPT {
            let oldest = ready.iter().min_by_key(|(_, ready)| ready.used.load(Ordering::Relaxed));
            if let Some(hash) = oldest.map(|(hash, _)| hash.clone()) {
                ready.remove(&hash);
            }
        }
        let action = Arc::new(action);
        ready.insert(action.hash().clone(), Ready { action: Arc::clone(&action), used: AtomicU64::new(used) });
        action
    }

    async fn prepare(&self, hash: ArtifactHash, component: &Component) -> Result<(Action, ActionInfo), SandboxError> {
        let pre = self.linker.instantiate_pre(component).map_err(|error| SandboxError::Import {
            import: "a function in another form than the contract's".into(),
            hint: format!(": {error:#}").into(),
        })?;
        let pre = ActionPre::new(pre).map_err(|error| SandboxError::World { reason: format!("{error:#}") })?;
        let action = Action::new(hash, pre, Arc::clone(&self.shared));
        let limits = Limits { fuel: 1_000_000_000, step_millis: 5_000, ..Limits::default() };
        let described = action.describe(&limits).await;
        let info = described.map_err(|failure| SandboxError::Describe { reason: failure.message })?;
        let info = check_info(info).map_err(|reason| SandboxError::Describe { reason })?;
        Ok((action.with_branches(&info.branches), info))
    }

    fn cached(&self, hash: &ArtifactHash) -> Option<Component> {
        let path = self.cache.find(hash)?;
        match engine::map(&self.shared.engine, &path) {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(component = %hash, %error, "a cached component cannot be used; it is compiled again");
                self.cache.remove(hash);
                None
            }
        }
    }

    async fn cached_off_thread(self: &Arc<Self>, hash: &ArtifactHash) -> Option<Component> {
        let (sandbox, hash) = (Arc::clone(self), hash.clone());
        tokio::task::spawn_blocking(move || sandbox.cached(&hash)).await.ok().flatten()
    }

    fn compile(&self, hash: &ArtifactHash, bytes: &[u8]) -> Result<Component, SandboxError> {
        let failed = |error: wasmtime::Error| SandboxError::Compile { reason: format!("{error:#}") };
        let code = self.shared.engine.precompile_component(bytes).map_err(failed)?;
        let path = self.cache.keep(hash, &code)?;
        // Mapped from the file rather than kept from the compiler: pages that are not used take no memory.
        engine::map(&self.shared.engine, &path).map_err(failed)
    }

    /// Machine code as an attacker would upload it.
    #[cfg(test)]
    pub(crate) fn precompiled(&self, bytes: &[u8]) -> Vec<u8> {
        self.shared.engine.precompile_component(bytes).unwrap()
    }

    /// Does work of the compiler on a thread of its own with a large stack, one at a time.
    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
    ) -> Result<T, SandboxError> {
        let ended = |reason: String| SandboxError::Compile { reason };
        let turn = Arc::clone(&self.compiling).acquire_owned().await.map_err(|error| ended(error.to_string()))?;
        let (answer, answered) = oneshot::channel();
        let thread = std::thread::Builder::new().name("weir-compile".into()).stack_size(COMPILER_STACK);
        let job = move |_turn: OwnedSemaphorePermit| {
            // Whoever asked may be gone by now.
            let _ = answer.send(work());
        };
        thread.spawn(move || job(turn)).map_err(|error| ended(format!("no thread for the compiler: {error}")))?;
        answered.await.map_err(|_| ended("the compiler stopped".into()))?
    }
}

fn hash_of(bytes: &[u8]) -> Result<ArtifactHash, SandboxError> {
    let text = hex(&Sha256::digest(bytes));
    ArtifactHash::new(&text).map_err(|error| SandboxError::Malformed { reason: error.to_string() })
}
