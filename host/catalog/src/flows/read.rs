//! Lists and texts of flows. It changes nothing.

use weir_cluster::DocKind;
use weir_model::{FlowName, TenantId};

use crate::documents::{DraftDoc, VersionDoc, version_key, version_prefix};
use crate::{Catalog, CatalogError, DraftText, FlowView, Page, VersionText, VersionView};

/// Versions on one page.
const MOST_VERSIONS: usize = 100;
/// Versions read together: each comes with its text.
const TEXTS_AT_ONCE: usize = 16;

impl<S: Send + Sync + 'static> Catalog<S> {
    /// A flow.
    ///
    /// # Errors
    /// Where there is no such flow.
    pub fn flow(&self, tenant: &TenantId, name: &FlowName) -> Result<FlowView, CatalogError> {
        self.existing(tenant, name).map(|hook| self.view(&hook))
    }

    /// A page of flows by name, after the name that the page before gave as `next`; at most 500.
    ///
    /// # Errors
    /// Where the tenant does not exist.
    pub fn flows(&self, tenant: &TenantId, after: Option<&str>, limit: usize) -> Result<Page<FlowView>, CatalogError> {
        self.tenant_known(tenant)?;
        let names = self.state.hooks.load().of_tenant(tenant);
        let after = after.map(FlowName::new).transpose()?;
        let from = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let rows = names.range((from, std::ops::Bound::Unbounded)).map(|(_, hook)| self.view(hook));
        Ok(Page::of(rows, limit, |flow| flow.name.to_string()))
    }

    /// The draft's text and what a check finds in it now.
    ///
    /// # Errors
    /// Where there is no such flow or it cannot be read.
    pub async fn draft_text(&self, tenant: &TenantId, name: &FlowName) -> Result<DraftText, CatalogError> {
        let hook = self.existing(tenant, name)?;
        let DraftDoc { text, revision } = self.draft_of(&hook)?;
        let findings = self.checked(tenant, &text).await?.0.findings;
        Ok(DraftText { text, revision, findings })
    }

    /// A page of a flow's versions, the newest first, after the number that the page before gave as `next`; at most 100.
    ///
    /// # Errors
    /// Where there is no such flow, `after` is no number, or they cannot be read.
    pub fn versions(
        &self,
        tenant: &TenantId,
        name: &FlowName,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<VersionView>, CatalogError> {
        let hook = self.existing(tenant, name)?;
        let number = |text: &str| {
            text.parse::<u32>()
                .map_err(|_| CatalogError::Bad(format!("{text:?} is no version to go on after: use `next`")))
        };
        let mut after = after.map(number).transpose()?.map(|version| version_key(tenant, hook.flow, version).name);
        let published = hook.doc.published.as_ref().map(|published| published.version);
        let limit = limit.clamp(1, MOST_VERSIONS);
        let mut rows: Vec<VersionView> = Vec::new();
        while rows.len() <= limit {
            let docs: Vec<VersionDoc> = self.shelf.page(
                DocKind::Version,
                tenant,
                &version_prefix(hook.flow),
                after.as_deref(),
                TEXTS_AT_ONCE,
            )?;
            let Some(last) = docs.last() else { break };
            after = Some(version_key(tenant, hook.flow, last.version).name);
            rows.extend(docs.into_iter().map(|doc| VersionView {
                version: doc.version,
                note: doc.note,
                created_at: doc.created_at,
                published: published == Some(doc.version),
            }));
        }
        Ok(Page::of(rows.into_iter(), limit, |row| row.version.to_string()))
    }

    /// One version with its text.
    ///
    /// # Errors
    /// Where there is no such version or it cannot be read.
    pub fn version_text(&self, tenant: &TenantId, name: &FlowName, version: u32) -> Result<VersionText, CatalogError> {
        let hook = self.existing(tenant, name)?;
        let doc = self.version_of(&hook, version)?;
        let published = hook.doc.published.as_ref().is_some_and(|published| published.version == version);
        Ok(VersionText { version, text: doc.text, note: doc.note, created_at: doc.created_at, published })
    }
}
