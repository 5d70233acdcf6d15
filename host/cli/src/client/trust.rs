//! Which server a client trusts: the one certificate that `server.json` names, else those that the system trusts. It opens no
//! connection.

use std::sync::Arc;

use reqwest::ClientBuilder;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::connect::Target;
use crate::failure::Failure;

/// The builder of a client that trusts what this server may show.
pub(super) fn applied(http: ClientBuilder, target: &Target) -> Result<ClientBuilder, Failure> {
    let provider = Arc::new(ring::default_provider());
    if target.base.scheme() == "https" && target.certificate.is_none() {
        // reqwest takes the provider that the process has. A second call keeps the first.
        let _ = CryptoProvider::install_default(ring::default_provider());
        return Ok(http);
    }
    // Without TLS nothing is trusted: reading what the system trusts would take longer than most calls.
    let known = target.certificate.clone().map(CertificateDer::from);
    let only = Arc::new(Only { known, provider: Arc::clone(&provider) });
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| Failure::Other(error.into()))?;
    let mut config = config.dangerous().with_custom_certificate_verifier(only).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(http.tls_backend_preconfigured(config))
}

/// Takes one certificate, byte for byte, whatever names it has: the folder's owner wrote it there.
#[derive(Debug)]
struct Only {
    known: Option<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.known.as_ref().is_some_and(|known| known.as_ref() == shown.as_ref()) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
    }

    // That the server has the certificate's key is checked as ever.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, shown, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, shown, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
