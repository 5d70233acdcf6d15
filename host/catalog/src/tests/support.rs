//! What the tests stand on: a server's lower rooms in a scratch folder, small step kinds, and texts.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde_json::{Value, json};
use weir_cluster::{Change, Cluster, Expect};
use weir_flow::{Compiled, Escape, Exit, Kind, Kinds, Role, StepCheck};
use weir_model::{
    ActionInfo, ActionVersion, ArtifactHash, Entropy, FlowName, LimitOverrides, ManualClock, StepDef, TenantId,
    Timestamp,
};
use weir_sandbox::Sandbox;
use weir_store::Store;
use weir_vault::{KeySource, Keyring, KeysError};

use crate::documents::action_key;
use crate::{Catalog, CatalogError, Options, RetentionDef};

/// What the tests' steps compile to: the action version or kind they use.
pub(super) type Step = String;

/// The lower rooms, which outlive a catalog as the disk outlives a process.
pub(super) struct Rooms {
    pub(super) cluster: Cluster,
    pub(super) clock: Arc<ManualClock>,
    /// What the operator sets.
    pub(super) limits: LimitOverrides,
    pub(super) retention: RetentionDef,
    /// The file of secret keys, as it were.
    pub(super) keys: Arc<KeyFile>,
    sandbox: Arc<Sandbox>,
    _folder: tempfile::TempDir,
}

impl Rooms {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store"), &weir_store::Options::default()).unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_512_345_678)));
        let sandbox = Sandbox::new(weir_sandbox::Options {
            cache_dir: folder.path().join("cache"),
            cache_bytes: 1 << 30,
            compiler: weir_sandbox::Compiler::InProcess,
            compilers: 1,
            instances: 2,
            clock: clock.clone(),
            entropy: Arc::new(Counter::default()),
        });
        let limits = LimitOverrides::default();
        let retention = RetentionDef::DEFAULT;
        let (cluster, keys, sandbox) = (Cluster::local(store), Arc::default(), sandbox.unwrap());
        Self { cluster, clock, limits, retention, keys, sandbox, _folder: folder }
    }

    /// Opens a catalog; again for what a restart would find.
    pub(super) async fn open(&self) -> Arc<Catalog<Step>> {
        self.try_open().await.unwrap()
    }

    /// The same, where it may be refused.
    pub(super) async fn try_open(&self) -> Result<Arc<Catalog<Step>>, CatalogError> {
        // Random bytes of a restarted process are not those of the one before.
        static STARTS: AtomicU64 = AtomicU64::new(1);
        let entropy = Counter(AtomicU64::new(STARTS.fetch_add(1, Ordering::Relaxed) << 32));
        let options = Options {
            cluster: self.cluster.clone(),
            sandbox: self.sandbox.clone(),
            kinds: Arc::new(TestKinds(vec![Box::new(Note), Box::new(Response)])),
            clock: self.clock.clone(),
            entropy: Arc::new(entropy),
            limits: self.limits.clone(),
            retention: self.retention,
            keys: self.keys.clone(),
        };
        Catalog::open(options).await
    }

    /// Stores an action version as an earlier upload would have.
    pub(super) async fn uploaded(&self, name: &str, version: &str, config_schema: Value) {
        let version = action(name, version, config_schema);
        let key = action_key(&tenant(), name, &version.info.version);
        let body = serde_json::to_vec(&version).unwrap();
        self.cluster.definitions.apply(vec![Change::put(key, Expect::Any, body)]).await.unwrap();
    }
}

pub(super) fn action(name: &str, version: &str, config_schema: Value) -> ActionVersion {
    let info = ActionInfo {
        name: name.into(),
        title: name.into(),
        version: version.into(),
        description: String::new(),
        config_schema,
        input_schema: None,
        output_schema: None,
        branches: Vec::new(),
        capabilities: Vec::new(),
    };
    let artifact = ArtifactHash::new(&"0".repeat(64)).unwrap();
    ActionVersion { info, artifact, size: 1, created_at: Timestamp::default() }
}

pub(super) fn tenant() -> TenantId {
    TenantId::new("default").unwrap()
}

pub(super) fn name(text: &str) -> FlowName {
    FlowName::new(text).unwrap()
}

/// A definition with one step and an answer.
pub(super) fn text(name: &str, uses: &str) -> String {
    json!({"weir": 1, "name": name, "steps": [{"id": "first", "uses": uses}, {"id": "answer", "uses": "response"}]})
        .to_string()
}

/// The `echo` guest.
pub(super) fn echo() -> Bytes {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/prebuilt/echo.wasm");
    Bytes::from(std::fs::read(path).unwrap())
}

/// Other bytes that make the same component: a custom section more.
pub(super) fn echo_padded() -> Bytes {
    let mut bytes = echo().to_vec();
    bytes.extend([0, 4, 1, b'x', 1, 2]);
    bytes.into()
}

/// Secret keys that a test can change, as an operator changes the file.
#[derive(Default)]
pub(super) struct KeyFile(pub(super) parking_lot::Mutex<Option<Keyring>>);

impl KeySource for KeyFile {
    fn load(&self) -> Result<Option<Keyring>, KeysError> {
        Ok(self.0.lock().clone())
    }

    fn make(&self, entropy: &dyn Entropy) -> Result<Keyring, KeysError> {
        Ok(self.0.lock().insert(Keyring::generate(entropy)).clone())
    }
}

/// Bytes that never repeat.
#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
    }
}

pub(super) struct TestKinds(pub(super) Vec<Box<dyn Kind<Step>>>);

impl Kinds<Step> for TestKinds {
    fn kinds(&self) -> &[Box<dyn Kind<Step>>] {
        &self.0
    }

    fn action(&self, step: &StepDef, version: &ActionVersion, cx: &mut StepCheck<'_>) -> Option<Compiled<Step>> {
        cx.template(step.with.as_ref().unwrap_or(&Value::Null), "/with", Escape::None)?;
        let code = format!("{}@{}", version.info.name, version.info.version);
        Some(Compiled { code, exits: vec![Exit::next()], role: Role::Plain })
    }
}

/// A step without settings.
pub(super) struct Note;

impl Kind<Step> for Note {
    fn name(&self) -> &'static str {
        "note"
    }

    fn summary(&self) -> &'static str {
        "Does nothing."
    }

    fn schema(&self) -> Value {
        json!({"type": "object"})
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Step>> {
        cx.settings(step, &[])?;
        Some(Compiled { code: "note".into(), exits: vec![Exit::next()], role: Role::Plain })
    }
}

/// An answer.
struct Response;

impl Kind<Step> for Response {
    fn name(&self) -> &'static str {
        "response"
    }

    fn summary(&self) -> &'static str {
        "Answers."
    }

    fn schema(&self) -> Value {
        json!({"type": "object"})
    }

    fn compile(&self, _step: &StepDef, _cx: &mut StepCheck<'_>) -> Option<Compiled<Step>> {
        Some(Compiled { code: "response".into(), exits: vec![Exit::next()], role: Role::Answers })
    }
}
