//! What an action may reach of the tenant's: what it declared, or everything for code that a flow's author wrote. It
//! grants nothing that the tenant has not.

use std::sync::Arc;

use weir_model::{ActionInfo, Capability, HostRule};

/// What one action may reach.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    /// The action's name; empty for scripts.
    pub(crate) action: Box<str>,
    /// Whether all of the tenant's things may be reached.
    all: bool,
    buckets: Box<[String]>,
    secrets: Box<[String]>,
    hosts: Box<[HostRule]>,
}

impl Grants {
    /// What an action declared.
    pub(crate) fn declared(info: &ActionInfo) -> Arc<Self> {
        let (mut buckets, mut secrets, mut hosts) = (Vec::new(), Vec::new(), Vec::new());
        for capability in &info.capabilities {
            match capability {
                Capability::Kv(bucket) => buckets.push(bucket.clone()),
                Capability::Secret(name) => secrets.push(name.clone()),
                Capability::Http { host, methods } => {
                    // One that cannot be read grants nothing; an upload is refused for it.
                    hosts.extend(host.parse().ok().map(|host| HostRule { host, methods: methods.clone() }));
                }
                Capability::Variables | Capability::Clock | Capability::Random => {}
            }
        }
        let action = info.name.as_str().into();
        Arc::new(Self { action, all: false, buckets: buckets.into(), secrets: secrets.into(), hosts: hosts.into() })
    }

    /// Everything: a script has no `describe` of its own to declare things in; whoever writes the flow names them.
    pub(crate) fn all() -> Arc<Self> {
        Arc::new(Self { all: true, ..Self::default() })
    }

    /// Whether this bucket may be used.
    pub(crate) fn bucket(&self, bucket: &str) -> bool {
        self.all || self.buckets.iter().any(|declared| declared == bucket)
    }

    /// Whether this secret may be asked for.
    pub(crate) fn secret(&self, name: &str) -> bool {
        self.all || self.secrets.iter().any(|declared| declared == name)
    }

    /// Where requests may be sent; none for anywhere.
    pub(crate) fn hosts(&self) -> Option<&[HostRule]> {
        if self.all { None } else { Some(&self.hosts) }
    }
}
