//! The way out as the command line sets it up. Egress itself decides what may be reached.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use weir_egress::{Dns, Egress, EgressOptions};

use super::ServeArgs;

/// The client for all requests of flows. `own` are the addresses that this server listens on.
pub(super) fn open(args: &ServeArgs, own: impl Iterator<Item = SocketAddr>) -> Result<Arc<Egress>> {
    let options = EgressOptions {
        allow: args.egress_allow.clone(),
        own_ports: own.map(|address| address.port()).collect(),
        name_servers: args.egress_dns.clone(),
        authorities: args.egress_ca.as_deref().map(authorities).transpose()?.unwrap_or_default(),
        ..EgressOptions::default()
    };
    let dns = Dns::new(&options.name_servers)?;
    Ok(Arc::new(Egress::new(options, Arc::new(dns))?))
}

fn authorities(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let read = read.with_context(|| format!("the certificates in {} cannot be read", file.display()))?;
    ensure!(!read.is_empty(), "there is no certificate in {}: it must have some in PEM form", file.display());
    Ok(read)
}
