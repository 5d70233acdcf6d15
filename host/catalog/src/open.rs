//! Opening the catalog: the first start's tenant and token, and everything stored into memory. On later starts it writes
//! only what a new secret key asks for.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use weir_cluster::{Change, DocKind, Expect};
use weir_model::{ActionVersion, FlowName, TenantId};
use weir_vault::{Role, Token, TokenId, TokenRecord};

use crate::actions::ActionIndex;
use crate::compile::Compiler;
use crate::documents::{FlowDoc, TenantDoc, tenant_key, token_key};
use crate::hook::{Live, Release};
use crate::index::Index;
use crate::limits::Base;
use crate::retention::Retention;
use crate::secrets::Keys;
use crate::shelf::{Shelf, put};
use crate::state::State;
use crate::tenants::Tenant;
use crate::{Catalog, CatalogError, Hook, Options};

/// The tenant that a first start makes.
const FIRST_TENANT: &str = "default";

impl<S: Send + Sync + 'static> Catalog<S> {
    /// Opens the catalog: compiles every published version. A first start makes the tenant `default` and an operator's token.
    ///
    /// # Errors
    /// Where the documents cannot be read or, on a first start, written; [`CatalogError::Locked`] where there are secrets
    /// that no key opens.
    pub async fn open(options: Options<S>) -> Result<Arc<Self>, CatalogError> {
        let Options { cluster, sandbox, kinds, clock, entropy, limits, retention, keys } = options;
        let catalog = Arc::new(Self {
            shelf: Shelf::new(Arc::clone(&cluster.definitions)),
            cluster,
            sandbox,
            clock,
            entropy,
            base: Base::of(limits),
            retention: Retention::of(retention),
            keys: Keys::of(keys),
            compiler: Compiler::new(kinds),
            state: Arc::default(),
            writers: Arc::default(),
            first_token: Mutex::default(),
        });
        let loading = Arc::clone(&catalog);
        tokio::task::spawn_blocking(move || loading.load()).await.unwrap_or(Err(CatalogError::Stopping))?;
        catalog.first_start().await?;
        catalog.use_first_key().await?;
        Ok(catalog)
    }

    /// Makes what a server cannot be used without, where it is missing.
    async fn first_start(&self) -> Result<(), CatalogError> {
        let writing = self.writing().await;
        let now = self.clock.now();
        let mut changes: Vec<Change> = Vec::new();
        let mut tenant = None;
        if self.state.tenants.load().is_empty() {
            let id = TenantId::new(FIRST_TENANT)?;
            let doc = TenantDoc::new(id, now);
            changes.push(put(tenant_key(&doc.id), Expect::Absent, &doc)?);
            tenant = Some(doc);
        }
        let mut made = None;
        if self.state.tokens.load().is_empty() {
            let token = Token::generate(Role::Operator, &*self.entropy);
            let record = TokenRecord::of(&token, None, "made at the first start", now, None);
            changes.push(put(token_key(&record.id), Expect::Absent, &record)?);
            made = Some((token, record));
        }
        if changes.is_empty() {
            return Ok(());
        }
        let (token, record) = made.unzip();
        let base = self.base.clone();
        let remember = move |state: &State<S>, revisions: &[u64]| {
            // The tenant is the first of the changes, where it is one of them.
            let revision = revisions.first().copied().unwrap_or_default();
            let tenant = tenant.map(|doc| (doc.id.clone(), Arc::new(Tenant::new(&base, doc, revision))));
            State::<S>::change(&state.tenants, |tenants: &mut BTreeMap<_, _>| tenants.extend(tenant));
            let tokens = record.map(|record| (record.id.clone(), record));
            State::<S>::change(&state.tokens, |known: &mut HashMap<_, _>| known.extend(tokens));
        };
        self.commit(writing, changes, remember).await?;
        *self.first_token.lock() = token;
        Ok(())
    }

    /// Reads everything stored into memory.
    fn load(&self) -> Result<(), CatalogError> {
        let mut tenants: BTreeMap<TenantId, Arc<Tenant>> = BTreeMap::new();
        self.shelf.each(DocKind::Tenant, None, "", |stored, doc: TenantDoc| {
            let id = doc.id.clone();
            tenants.insert(id, Arc::new(Tenant::new(&self.base, doc, stored.revision)));
        })?;
        let mut tokens: HashMap<TokenId, TokenRecord> = HashMap::new();
        self.shelf.each(DocKind::Token, None, "", |_, record: TokenRecord| {
            tokens.insert(record.id.clone(), record);
        })?;
        let safes = self.load_safes(tenants.keys())?;
        let (mut actions, mut hooks) = (ActionIndex::default(), Index::default());
        for tenant in tenants.keys() {
            self.shelf.each(DocKind::Action, Some(tenant), "", |_, version: ActionVersion| {
                actions.insert(tenant, Arc::new(version));
            })?;
            self.load_flows(tenant, &actions, &mut hooks)?;
        }
        self.state.tenants.store(Arc::new(tenants));
        self.state.tokens.store(Arc::new(tokens));
        self.state.safes.store(Arc::new(safes));
        self.state.actions.store(Arc::new(actions));
        self.state.hooks.store(Arc::new(hooks));
        Ok(())
    }

    fn load_flows(&self, tenant: &TenantId, actions: &ActionIndex, hooks: &mut Index<S>) -> Result<(), CatalogError> {
        let mut found: Vec<(FlowDoc, u64)> = Vec::new();
        self.shelf.each(DocKind::Flow, Some(tenant), "", |doc, flow: FlowDoc| found.push((flow, doc.revision)))?;
        let actions = actions.of(tenant);
        for (doc, revision) in found {
            let mut hook = Hook::new(tenant.clone(), doc, revision, Arc::new(Live::default()));
            if let Some(published) = &hook.doc.published {
                // One text at a time: only its plan stays.
                let written = self.version_of(&hook, published.version)?;
                let checked = self.compiler.pinned(&written.text, &written.pins, &actions);
                match checked.plan {
                    Some(plan) => {
                        hook.published = Some(Arc::new(Release { version: written.version, revision: 0, plan }))
                    }
                    None => {
                        report(tenant, &hook.name, &checked.findings);
                        hook.broken = Some(Arc::new(checked.findings));
                    }
                }
            }
            hooks.insert(Arc::new(hook));
        }
        Ok(())
    }
}

fn report(tenant: &TenantId, flow: &FlowName, findings: &weir_model::Findings) {
    let first = findings.first().map_or("", |finding| finding.message.as_str());
    tracing::error!(%tenant, %flow, first, "A published version no longer compiles; its hook answers with an error.");
}
