//! A certificate for the nodes, of which everybody who shall trust them has to be told: it is its own authority.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::directory;
use crate::command;
use crate::tools::{self, Needed};

const OPENSSL: [Needed; 1] = [Needed { program: "openssl", package: "openssl" }];

/// Of the key store, which only protects a key on loopback addresses.
pub(super) const PASSWORD: &str = "wattmap";

/// Of every node of every cluster.
const ADDRESSES: [&str; 6] = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.1.1", "127.0.1.2", "127.0.1.3"];

/// Where the key and the certificate of all nodes are (PKCS12).
pub(super) fn key_store() -> PathBuf {
    directory().join("tls/loopback.p12")
}

/// Where their certificate is, as clients want it (PEM).
pub(super) fn authority() -> PathBuf {
    directory().join("tls/loopback.pem")
}

/// Where their key is, as clients want it (PEM): clients show the same certificate.
pub(super) fn key() -> PathBuf {
    directory().join("tls/loopback.key.pem")
}

/// Makes all of it, if it is not there.
pub(super) fn ensure() -> Result<()> {
    if !authority().is_file() {
        make()?;
    }
    // Of a store that is there already, too: nodes that run have it.
    if key().is_file() { Ok(()) } else { give_key() }
}

fn make() -> Result<()> {
    let (store, authority) = (key_store(), authority());
    let place = store.parent().context("the key store is in a directory")?;
    fs::create_dir_all(place).with_context(|| format!("{} can't be made", place.display()))?;
    if store.exists() {
        fs::remove_file(&store)?;
    }
    let mut make = keytool(&store);
    make.args(["-genkeypair", "-keyalg", "EC", "-dname", "CN=wattmap engines", "-validity", "3650"]);
    let addresses = ADDRESSES.map(|address| format!("ip:{address}")).join(",");
    make.arg("-ext").arg(format!("san={addresses}"));
    command::output(&mut make, "is Java installed whole?")?;
    let mut export = keytool(&store);
    export.args(["-exportcert", "-rfc", "-file"]).arg(authority);
    command::output(&mut export, "is Java installed whole?").map(drop)
}

/// Java's tool gives no key away.
fn give_key() -> Result<()> {
    tools::ensure_programs(&OPENSSL)?;
    let mut give = Command::new("openssl");
    give.args(["pkcs12", "-nocerts", "-nodes", "-passin", &format!("pass:{PASSWORD}"), "-in"])
        .arg(key_store());
    command::output(give.arg("-out").arg(key()), "is OpenSSL installed whole?").map(drop)
}

fn keytool(store: &Path) -> Command {
    let mut keytool = Command::new("keytool");
    keytool.args(["-alias", "nodes", "-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore"]).arg(store);
    keytool
}
