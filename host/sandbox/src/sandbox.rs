//! The sandbox: admits components, compiles them, keeps them ready. It does not know which flow uses which.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::spawn_blocking;
use wasmtime::component::{Component, Linker};
use weir_model::{ActionInfo, ArtifactHash, Clock, Entropy, Limits, TenantId};

use crate::action::{Action, Shared};
use crate::bindings::ActionPre;
use crate::cache::{Cache, hex};
use crate::compile::{Compiler, Queue, Stage, Turn};
use crate::state::{State, World};
use crate::{SandboxError, SourceError, admission, engine, info, linker};

/// The largest component that is admitted.
pub const MAX_COMPONENT_BYTES: usize = 32 << 20;

/// Actions kept ready although nobody else holds them.
const KEPT: usize = 1_024;

/// What a sandbox is made of.
pub struct Options {
    /// Where compiled components are kept; nobody else may write there.
    pub cache_dir: PathBuf,
    /// How many bytes of them are kept; those used longest ago go first. 2 GiB is plenty for a server.
    pub cache_bytes: u64,
    /// How components are compiled.
    pub compiler: Compiler,
    /// How many are compiled at a time; each may take a core and two gigabytes.
    pub compilers: usize,
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
    compiler: Compiler,
    queue: Arc<Queue>,
    ready: RwLock<HashMap<ArtifactHash, Ready>>,
    uses: AtomicU64,
    /// Components that are being loaded, so that many calls of one load it once.
    loading: Mutex<HashMap<ArtifactHash, Arc<Loading>>>,
}

/// What loading a component came to.
type Loading = OnceCell<Result<Arc<Action>, Arc<SandboxError>>>;

struct Ready {
    action: Arc<Action>,
    used: AtomicU64,
    /// Its use that the cache folder was last told of.
    told: AtomicU64,
}

impl Sandbox {
    /// A sandbox with an empty memory and the components that its cache folder holds.
    ///
    /// # Errors
    /// Where the engine does not start or the cache folder cannot be used.
    pub fn new(options: Options) -> Result<Arc<Self>, SandboxError> {
        let Options { cache_dir, cache_bytes, compiler, compilers, instances, clock, entropy } = options;
        let instances = instances.clamp(1, 4_096);
        let engine = engine::engine(instances)?;
        let linker = linker::linker(&engine)?;
        let cache = Cache::open(&cache_dir, cache_bytes, &engine, Arc::clone(&clock), &*entropy)?;
        let world = Arc::new(World { clock, entropy });
        let places = Semaphore::new(usize::try_from(instances).unwrap_or(1));
        Ok(Arc::new(Self {
            shared: Arc::new(Shared { engine, world, places }),
            linker,
            cache,
            compiler,
            queue: Queue::new(compilers),
            ready: RwLock::default(),
            uses: AtomicU64::new(1),
            loading: Mutex::default(),
        }))
    }

    /// Checks and compiles a component that a tenant uploads and asks it what it is. Its bytes are for the caller to
    /// keep. Where this is dropped, the compiler is ended.
    ///
    /// # Errors
    /// Why it is not admitted, or that too many wait already.
    pub async fn admit(
        self: &Arc<Self>,
        tenant: &TenantId,
        bytes: Bytes,
        progress: impl Fn(Stage) + Send + Sync + 'static,
    ) -> Result<Admitted, SandboxError> {
        let size = bytes.len() as u64;
        let turn = self.queue.turn(tenant, &progress).await?;
        progress(Stage::Checking);
        let (turn, hash) = checked(turn, bytes.clone(), None).await?;
        let component = match self.cached_off_thread(&hash).await {
            Some(component) => {
                drop(turn);
                component
            }
            None => {
                progress(Stage::Compiling);
                self.compile(turn, &hash, bytes).await?
            }
        };
        progress(Stage::Describing);
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

    /// An admitted action: from memory, else from the cache folder, else compiled anew from the bytes of `source`, for a
    /// tenant that uses it. Goes on where this is dropped: the next call needs it too.
    ///
    /// # Errors
    /// Where the bytes cannot be read, are not those of that hash, or no longer compile.
    pub async fn load(
        self: &Arc<Self>,
        tenant: &TenantId,
        hash: &ArtifactHash,
        source: impl FnOnce() -> Result<Bytes, SourceError> + Send + 'static,
    ) -> Result<Arc<Action>, SandboxError> {
        if let Some(action) = self.get(hash) {
            return Ok(action);
        }
        let loading = Arc::clone(self.loading.lock().entry(hash.clone()).or_default());
        let (sandbox, tenant, hash) = (Arc::clone(self), tenant.clone(), hash.clone());
        let task = tokio::spawn(async move {
            let (loader, tenant, wanted) = (&sandbox, &tenant, &hash);
            let load = || async move { loader.load_once(tenant, wanted, source).await.map_err(Arc::new) };
            let loaded = loading.get_or_init(load).await.clone();
            // Somebody may be loading it again by now, after it was forgotten.
            let mut all = sandbox.loading.lock();
            if all.get(&hash).is_some_and(|there| Arc::ptr_eq(there, &loading)) {
                all.remove(&hash);
            }
            loaded
        });
        match task.await {
            Ok(loaded) => loaded.map_err(SandboxError::Shared),
            Err(error) => Err(SandboxError::Compile { reason: format!("loading it stopped: {error}") }),
        }
    }

    async fn load_once(
        self: &Arc<Self>,
        tenant: &TenantId,
        hash: &ArtifactHash,
        source: impl FnOnce() -> Result<Bytes, SourceError> + Send + 'static,
    ) -> Result<Arc<Action>, SandboxError> {
        if let Some(action) = self.get(hash) {
            return Ok(action);
        }
        let component = match self.cached_off_thread(hash).await {
            Some(component) => component,
            None => {
                let turn = self.queue.turn(tenant, &|_| {}).await?;
                let bytes = off_thread(source).await?;
                let bytes = bytes.map_err(|source| SandboxError::Source { hash: hash.to_string(), source })?;
                let (turn, _) = checked(turn, bytes.clone(), Some(hash.clone())).await?;
                self.compile(turn, hash, bytes).await?
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
        let entry = Ready { action: Arc::clone(&action), used: AtomicU64::new(used), told: AtomicU64::new(used) };
        ready.insert(action.hash().clone(), entry);
        action
    }

    async fn prepare(&self, hash: ArtifactHash, component: &Component) -> Result<(Action, ActionInfo), SandboxError> {
        let pre = self.linker.instantiate_pre(component).map_err(|error| SandboxError::Import {
            import: "a function in another form than the contract's".into(),
            hint: format!(": {error:#}; {}", linker::OTHER_CONTRACT).into(),
        })?;
        let pre = ActionPre::new(pre).map_err(|error| SandboxError::World { reason: format!("{error:#}") })?;
        let action = Action::new(hash, pre, Arc::clone(&self.shared));
        let limits = Limits { fuel: 300_000_000, step_millis: 2_000, ..Limits::default() };
        let described = action.describe(&limits).await;
        let info = described.map_err(|failure| SandboxError::Describe { reason: failure.message })?;
        let correct = |reason| format!("{reason}; correct what `describe` returns");
        let info = info::check(info).map_err(|reason| SandboxError::Describe { reason: correct(reason) })?;
        Ok((action.declared(&info), info))
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
        spawn_blocking(move || sandbox.cached(&hash)).await.ok().flatten()
    }

    /// Has the bytes compiled, keeps what comes of it, and gives the turn back.
    async fn compile(
        self: &Arc<Self>,
        turn: Turn,
        hash: &ArtifactHash,
        bytes: Bytes,
    ) -> Result<Component, SandboxError> {
        let fresh = self.cache.fresh(hash);
        let fresh = self.compiler.compile(&self.shared.engine, bytes, fresh, turn).await?;
        let sandbox = Arc::clone(self);
        let keep = move || {
            sandbox.tell_uses();
            let path = sandbox.cache.adopt(&fresh)?;
            // Mapped from the file rather than kept from the compiler: pages that are not used take no memory.
            let component = engine::map(&sandbox.shared.engine, &path);
            component.map_err(|error| SandboxError::Compile { reason: format!("{error:#}") })
        };
        off_thread(keep).await?
    }

    /// Tells the cache folder what was used since it was last told, before it decides what goes: calls find their
    /// actions in memory and touch no file.
    fn tell_uses(&self) {
        let mut used = Vec::new();
        for (hash, ready) in &*self.ready.read() {
            let last = ready.used.load(Ordering::Relaxed);
            if ready.told.swap(last, Ordering::Relaxed) != last {
                used.push(hash.clone());
            }
        }
        used.iter().for_each(|hash| self.cache.touch(hash));
    }

    /// Machine code as an attacker would upload it.
    #[cfg(test)]
    pub(crate) fn precompiled(&self, bytes: &[u8]) -> Vec<u8> {
        self.shared.engine.precompile_component(bytes).unwrap()
    }
}

/// Looks at a component's bytes on a thread that may be busy for a while. The turn comes back with their hash, which must
/// be the one that is expected, where one is.
async fn checked(
    turn: Turn,
    bytes: Bytes,
    expected: Option<ArtifactHash>,
) -> Result<(Turn, ArtifactHash), SandboxError> {
    let check = move || {
        let hash = hash_of(&bytes)?;
        if let Some(expected) = expected.filter(|expected| *expected != hash) {
            return Err(SandboxError::Hash { hash: expected.to_string(), found: hash.to_string() });
        }
        admission::inspect(&bytes)?;
        Ok((turn, hash))
    };
    off_thread(check).await?
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, SandboxError> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| SandboxError::Compile { reason: format!("the work on it stopped: {error}") })
}

pub(crate) fn hash_of(bytes: &[u8]) -> Result<ArtifactHash, SandboxError> {
    let text = hex(&Sha256::digest(bytes));
    ArtifactHash::new(&text).map_err(|error| SandboxError::Malformed { reason: error.to_string() })
}
