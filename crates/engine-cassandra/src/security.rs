//! How a node is spoken to: in the clear or through TLS, as somebody or as nobody.

use std::fmt;
use std::path::{Path, PathBuf};

use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslVersion};
use scylla::client::session::TlsContext;

use crate::ConnectError;

/// Files of PEM. A node's certificate has to be for the address that it is spoken to at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The authority that nodes' certificates come from: no public one gives them for addresses of a private network.
    pub authority: PathBuf,
    /// Who we are, where nodes ask for a certificate.
    pub own: Option<Identity>,
}

/// A certificate, with whatever lies between it and the authority, and its key, which has no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate's file.
    pub certificate: PathBuf,
    /// Its key's file.
    pub key: PathBuf,
}

/// A name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// The password is nobody's business.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, password hidden", self.user)
    }
}

impl Tls {
    /// What the driver wants.
    pub(crate) fn context(&self) -> Result<TlsContext, ConnectError> {
        let unusable = |file: &Path, what: &str, why: openssl::error::ErrorStack| {
            ConnectError::Refused(format!("{} can't be used as {what} for Cassandra: {why}", file.display()))
        };
        let mut connector = SslConnector::builder(SslMethod::tls_client())
            .map_err(|why| ConnectError::Refused(format!("TLS can't be used: {why}")))?;
        connector
            .set_min_proto_version(Some(SslVersion::TLS1_2))
            .and_then(|()| connector.set_ca_file(&self.authority))
            .map_err(|why| unusable(&self.authority, "the authority", why))?;
        if let Some(Identity { certificate, key }) = &self.own {
            connector
                .set_certificate_chain_file(certificate)
                .map_err(|why| unusable(certificate, "a certificate", why))?;
            connector
                .set_private_key_file(key, SslFiletype::PEM)
                .and_then(|()| connector.check_private_key())
                .map_err(|why| unusable(key, "that certificate's key", why))?;
        }
        Ok(scylla::client::session::OpenSsl010Config::new(connector).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CassandraConfig;

    #[test]
    fn a_file_that_is_no_authority_is_named() {
        let tls = Tls { authority: PathBuf::from("/nowhere/ca.pem"), own: None };
        let error = tls.context().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.starts_with("/nowhere/ca.pem can't be used as the authority"), "{error}");
    }

    #[test]
    fn a_password_is_not_shown() {
        let login = Login { user: "meters".to_owned(), password: "s3cret".to_owned() };
        let config = CassandraConfig { login: Some(login), ..CassandraConfig::new(Vec::new()) };
        let shown = format!("{config:?}");
        assert!(shown.contains("meters") && !shown.contains("s3cret"), "{shown}");
    }
}
