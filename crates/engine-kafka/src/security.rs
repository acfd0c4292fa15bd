//! How a broker is spoken to: in the clear or through TLS, as somebody or as nobody.

use std::fmt;
use std::path::PathBuf;

use rdkafka::ClientConfig;

/// How a broker is spoken to. The default: in the clear, as nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Security {
    /// Through TLS. A broker's certificate has to be for the name that it is spoken to by.
    pub tls: Option<Tls>,
    /// As whom.
    pub login: Option<Login>,
}

/// Files of PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// The authority that brokers' certificates come from; none: those that this machine trusts.
    pub authority: Option<PathBuf>,
    /// Who we are, where brokers ask for a certificate.
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

/// A name and a password (SASL).
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// How the password is proved.
    pub mechanism: Mechanism,
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// How a password is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// By saying it: not without TLS, where others can listen.
    Plain,
    /// By a proof that does not give it away.
    ScramSha256,
    /// Likewise.
    ScramSha512,
}

impl Mechanism {
    fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// The password is nobody's business.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, password hidden", self.user, self.mechanism.name())
    }
}

impl Security {
    /// Tells librdkafka.
    pub(crate) fn apply(&self, client: &mut ClientConfig) {
        let protocol = match (&self.tls, &self.login) {
            (None, None) => "plaintext",
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        };
        client.set("security.protocol", protocol);
        if let Some(tls) = &self.tls {
            // "probe": where systems usually keep the authorities that they trust.
            let authority = tls.authority.as_ref().map_or("probe".into(), |file| file.to_string_lossy());
            client.set("ssl.ca.location", authority).set("ssl.endpoint.identification.algorithm", "https");
            if let Some(own) = &tls.own {
                client
                    .set("ssl.certificate.location", own.certificate.to_string_lossy())
                    .set("ssl.key.location", own.key.to_string_lossy());
            }
        }
        if let Some(login) = &self.login {
            client
                .set("sasl.mechanism", login.mechanism.name())
                .set("sasl.username", &login.user)
                .set("sasl.password", &login.password);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KafkaConfig;
    use rdkafka::consumer::BaseConsumer;

    fn login(mechanism: Mechanism) -> Option<Login> {
        Some(Login { mechanism, user: "meters".to_owned(), password: "s3cret".to_owned() })
    }

    #[test]
    fn librdkafka_is_built_with_every_way_there_is() {
        for tls in [None, Some(Tls::default())] {
            for login in [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512].map(login) {
                let security = Security { tls: tls.clone(), login };
                let config = KafkaConfig { security, ..KafkaConfig::new(vec!["127.0.0.1:1".to_owned()]) };
                let made: Result<BaseConsumer, _> = config.consumer().create();
                assert!(made.is_ok(), "{:?}: {:?}", config.security, made.err());
            }
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let security = Security { tls: None, login: login(Mechanism::Plain) };
        let config = KafkaConfig { security, ..KafkaConfig::new(Vec::new()) };
        let shown = format!("{config:?}");
        assert!(shown.contains("meters") && !shown.contains("s3cret"), "{shown}");
    }
}
