//! TLS for a listener, from a certificate and its key in files. Which protocols and ciphers there are is rustls' to say.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::{Error as PemError, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{Error as RustlsError, ServerConfig};
use tokio_rustls::{Accept, TlsAcceptor};
use weir_model::{Code, Coded};

/// The protocols within TLS, the preferred one first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why a certificate or its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("the TLS file {} cannot be read: {cause}; check its path and who may read it", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file of certificates has none.
    #[error("{} holds no certificate in PEM form; give the server's certificate, followed by those that signed it", .0.display())]
    NoCertificate(PathBuf),
    /// The key's file has none.
    #[error("{} holds no private key in PEM form that is not encrypted; give the key that belongs to the certificate", .0.display())]
    NoKey(PathBuf),
    /// The key is another certificate's.
    #[error("the key in {} does not belong to the certificate in {}; give the two that were made together", .key.display(), .certificate.display())]
    Mismatch {
        /// The file of certificates.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// They cannot be used otherwise.
    #[error("the certificate in {} cannot be used with the key in {}: {cause}", .certificate.display(), .key.display())]
    Unusable {
        /// The file of certificates.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls said.
        cause: RustlsError,
    },
}

impl Coded for TlsError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::File { .. } => "WEIR-TLS-FILE",
            Self::NoCertificate(_) => "WEIR-TLS-CERTIFICATE",
            Self::NoKey(_) => "WEIR-TLS-KEY",
            Self::Mismatch { .. } => "WEIR-TLS-MISMATCH",
            Self::Unusable { .. } => "WEIR-TLS-UNUSABLE",
        })
    }
}

/// What a listener needs to speak TLS; a cheap clone.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    certificate: CertificateDer<'static>,
}

impl Tls {
    /// Reads a certificate, with those that signed it, and its key.
    ///
    /// # Errors
    /// Where a file cannot be read or holds something else, or the two do not belong together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let text = read(certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| TlsError::NoCertificate(certificate.to_owned()))?;
        let text = read(key)?;
        let secret = PrivateKeyDer::from_pem_slice(&text).map_err(|_: PemError| TlsError::NoKey(key.to_owned()))?;
        let first = chain.first().cloned().ok_or_else(|| TlsError::NoCertificate(certificate.to_owned()))?;
        let unusable = |cause| match cause {
            RustlsError::InconsistentKeys(_) => {
                TlsError::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() }
            }
            cause => TlsError::Unusable { certificate: certificate.to_owned(), key: key.to_owned(), cause },
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .map_err(unusable)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate: first })
    }

    /// The server's own certificate, in binary form, for clients that trust this one alone.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Speaks TLS on a connection. It has no clock.
    pub(crate) fn accept(&self, stream: TcpStream) -> Accept<TcpStream> {
        self.acceptor.accept(stream)
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|cause| TlsError::File { file: file.to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey, generate_simple_self_signed};

    use super::*;

    #[test]
    fn what_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let made = || generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let CertifiedKey { cert, signing_key } = made();
        let certificate = file("cert.pem", &cert.pem());
        let key = file("key.pem", &signing_key.serialize_pem());
        let other = file("other.pem", &made().signing_key.serialize_pem());
        let empty = file("empty.pem", "");
        let torn = file("torn.pem", &cert.pem().replace("END", "ENT"));
        let absent = folder.path().join("absent.pem");
        assert!(Tls::read(&certificate, &key).is_ok());
        for (certificate, key, code) in [
            (&absent, &key, "WEIR-TLS-FILE"),
            (&certificate, &absent, "WEIR-TLS-FILE"),
            (&empty, &key, "WEIR-TLS-CERTIFICATE"),
            (&key, &key, "WEIR-TLS-CERTIFICATE"),
            (&torn, &key, "WEIR-TLS-CERTIFICATE"),
            (&certificate, &certificate, "WEIR-TLS-KEY"),
            (&certificate, &empty, "WEIR-TLS-KEY"),
            (&certificate, &other, "WEIR-TLS-MISMATCH"),
        ] {
            let error = Tls::read(certificate, key).unwrap_err();
            assert_eq!(error.code().to_string(), code, "{error}");
        }
    }
}
