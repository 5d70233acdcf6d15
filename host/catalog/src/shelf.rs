//! Typed reading and writing of the catalog's documents. It knows JSON and pages, not what the documents mean.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use weir_cluster::{Change, Definitions, Doc, DocKey, DocKind, Expect};
use weir_model::TenantId;

use crate::CatalogError;

/// How many documents one scan asks for.
const STRIDE: usize = 200;

/// The definitions of the cluster, typed.
#[derive(Clone)]
pub(crate) struct Shelf(Arc<dyn Definitions>);

impl Shelf {
    pub(crate) fn new(definitions: Arc<dyn Definitions>) -> Self {
        Self(definitions)
    }

    /// One document; none where it does not exist.
    pub(crate) fn read<T: DeserializeOwned>(&self, key: &DocKey) -> Result<Option<T>, CatalogError> {
        self.0.get(key)?.map(|doc| parse(&doc)).transpose()
    }

    /// Hands every document of a kind and tenant whose name starts with `prefix` to `each`, in the order of names.
    pub(crate) fn each<T: DeserializeOwned>(
        &self,
        kind: DocKind,
        tenant: Option<&TenantId>,
        prefix: &str,
        mut each: impl FnMut(&Doc, T),
    ) -> Result<(), CatalogError> {
        let mut after: Option<String> = None;
        loop {
            let docs = self.0.scan(kind, tenant, prefix, after.as_deref(), STRIDE)?;
            let Some(last) = docs.last() else { return Ok(()) };
            after = Some(last.key.name.clone());
            for doc in &docs {
                each(doc, parse(doc)?);
            }
        }
    }

    /// A page of documents after a name.
    pub(crate) fn page<T: DeserializeOwned>(
        &self,
        kind: DocKind,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<T>, CatalogError> {
        self.0.scan(kind, Some(tenant), prefix, after, limit)?.iter().map(parse).collect()
    }

    /// Keys of the first documents of a kind and tenant whose name starts with `prefix`.
    pub(crate) fn keys(
        &self,
        kind: DocKind,
        tenant: &TenantId,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<DocKey>, CatalogError> {
        Ok(self.0.scan(kind, Some(tenant), prefix, None, limit)?.into_iter().map(|doc| doc.key).collect())
    }

    /// Makes all changes or none: the new revision of each.
    pub(crate) async fn apply(&self, changes: Vec<Change>) -> Result<Vec<u64>, CatalogError> {
        Ok(self.0.apply(changes).await?)
    }
}

fn parse<T: DeserializeOwned>(doc: &Doc) -> Result<T, CatalogError> {
    serde_json::from_slice(&doc.body).map_err(|error| CatalogError::Damaged {
        key: format!("{} {}", doc.key.kind.as_str(), doc.key.name),
        reason: error.to_string(),
    })
}

/// A change that writes `body`.
pub(crate) fn put(key: DocKey, expect: Expect, body: &impl Serialize) -> Result<Change, CatalogError> {
    match serde_json::to_vec(body) {
        Ok(bytes) => Ok(Change::put(key, expect, bytes)),
        Err(error) => Err(CatalogError::Damaged { key: key.name, reason: error.to_string() }),
    }
}
