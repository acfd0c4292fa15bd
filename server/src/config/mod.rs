//! What can be configured: one struct a concern, loaded once. [`settings`] is the table of everything
//! that can be set, [`sources`] says where values come from.

mod distributed;
pub mod settings;
pub mod sources;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use distributed::{Cassandra, Distributed, Kafka};
pub use settings::{SETTINGS, Setting};
pub use sources::{ConfigError, Origin, Sources};

/// Partitions of a log at most.
pub const PARTITIONS_MAX: u32 = 64;

/// Everything.
#[derive(Debug, Clone)]
pub struct Config {
    /// The site.
    pub web: Web,
    /// The engine.
    pub engine: Engine,
    /// What the door lets in.
    pub door: DoorLimits,
    /// The simulated homes.
    pub simulation: SimulationConfig,
    /// What may be shown.
    pub disclosure: DisclosureConfig,
    /// Logging.
    pub telemetry: Telemetry,
}

/// The site.
#[derive(Debug, Clone)]
pub struct Web {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where a process that serves no site says how it is.
    pub status_listen: Option<SocketAddr>,
    /// The areas' file; London if none.
    pub geography: Option<PathBuf>,
    /// Where the public finds the site, without a slash at its end.
    pub public_url: Option<String>,
    /// Origins whose pages may show an area in a frame, separated by blanks, or `*`; nothing for none.
    pub embed_origins: String,
    /// Days that count as Sundays, by name or in a file; those of the place if none is said.
    pub holidays: Option<String>,
    /// The file of what electricity costs; what is built in, where that holds, if none.
    pub tariffs: Option<PathBuf>,
    /// Tiles under the areas.
    pub tile_url: Option<String>,
    /// Whom they are from.
    pub tile_attribution: Option<String>,
}

/// The engine.
#[derive(Debug, Clone)]
pub struct Engine {
    /// The embedded engine's directory.
    pub data: PathBuf,
    /// Partitions of a new log.
    pub partitions: u32,
    /// How old a reading may be, and how long it is kept.
    pub retention_days: u32,
    /// Free space that is left alone.
    pub disk_reserve_bytes: u64,
    /// How much is gathered before it is written.
    pub pace: Pace,
    /// Kafka and Cassandra, where the roles run apart.
    pub distributed: Option<Distributed>,
}

/// How much the embedded engine gathers, in memory and in files, before it goes on to the next step.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Bytes of a segment of the log.
    pub segment_bytes: u64,
    /// Bytes of the log that are kept though the store has them.
    pub log_bytes_max: u64,
    /// How long what is decided may wait for the store.
    pub flush_every: Duration,
    /// Bytes of the store in memory.
    pub memtable_bytes: u64,
    /// How long they wait there.
    pub checkpoint_every: Duration,
    /// How long a day has to be quiet before it is packed.
    pub pack_after_quiet: Duration,
    /// How long an owner of a partition may give no sign of life.
    pub owner_silence: Duration,
}

impl Pace {
    fn load(from: &Sources) -> Result<Self, ConfigError> {
        Ok(Pace {
            segment_bytes: from.whole("segment-kb", 1..=1 << 20)? << 10,
            log_bytes_max: from.whole("log-limit-kb", 1..=1 << 30)? << 10,
            flush_every: Duration::from_millis(from.whole("flush-ms", 10..=60_000)?),
            memtable_bytes: from.whole("memtable-kb", 1..=1 << 20)? << 10,
            checkpoint_every: Duration::from_millis(from.whole("checkpoint-ms", 10..=600_000)?),
            pack_after_quiet: Duration::from_secs(from.whole("pack-after-s", 0..=86_400)?),
            owner_silence: Duration::from_secs(from.whole("owner-silence-s", 30..=3600)?),
        })
    }
}

/// What the door lets in.
#[derive(Debug, Clone, Copy)]
pub struct DoorLimits {
    /// Bytes of a body as sent.
    pub body_bytes: usize,
    /// Bytes of a body, decompressed.
    pub decompressed_bytes: usize,
    /// Readings or registrations of a request.
    pub batch: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Readings a second of one key, on average.
    pub key_rate: Option<u32>,
    /// How far in the future a reading may end, seconds.
    pub future_tolerance_s: i64,
    /// How old a reading may be, seconds.
    pub retention_s: i64,
}

impl DoorLimits {
    /// How long after the log took it a reading may end, seconds. The log's clock is another one than the door's.
    pub fn ahead_s(&self) -> i64 {
        self.future_tolerance_s + 3600
    }
}

/// The simulated homes.
#[derive(Debug, Clone, Copy)]
pub struct SimulationConfig {
    /// How many.
    pub homes: u32,
    /// Days of their past.
    pub history_days: u32,
    /// What they are drawn from.
    pub seed: u64,
}

/// How many homes public figures need, where more than the least is asked for.
#[derive(Debug, Clone, Copy)]
pub struct DisclosureConfig {
    /// Of a live figure, or one of less than a week.
    pub live_homes: u32,
    /// Of a figure of a week or longer.
    pub period_homes: u32,
}

/// Logging.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// Directives of `tracing-subscriber`.
    pub filter: String,
    /// One JSON object a line instead of text.
    pub json: bool,
}

impl Config {
    /// Understands all settings; the error names the first that is wrong.
    pub fn load(from: &Sources) -> Result<Self, ConfigError> {
        let engine = Engine::load(from)?;
        Ok(Config {
            web: Web::load(from)?,
            door: DoorLimits::load(from, engine.retention_days)?,
            engine,
            simulation: SimulationConfig {
                homes: from.whole("simulate", 0..=u64::from(simulator::HOMES_MAX))? as u32,
                history_days: from.whole("history-days", 0..=400)? as u32,
                seed: from.whole("seed", 0..=1 << 63)?,
            },
            disclosure: DisclosureConfig {
                live_homes: from.whole("live-homes", 30..=u64::from(u32::MAX))? as u32,
                period_homes: from.whole("period-homes", 10..=u64::from(u32::MAX))? as u32,
            },
            telemetry: Telemetry::load(from)?,
        })
    }

    /// The defaults, with some settings said otherwise: for tests.
    pub fn with(settings: &[(&'static str, &str)]) -> Result<Self, ConfigError> {
        let flags = settings.iter().map(|&(name, text)| (name, text.to_owned())).collect();
        // No environment, and no file: /dev/null is an empty one.
        Config::load(&Sources::gather(&flags, [], Some(std::path::Path::new("/dev/null")))?)
    }
}

impl Web {
    fn load(from: &Sources) -> Result<Self, ConfigError> {
        let tile_url = from.get("tile-url", |text| {
            let whole = text.is_empty()
                || ((text.starts_with("https://") || text.starts_with("http://"))
                    && ["{z}", "{x}", "{y}"].iter().all(|part| text.contains(part)));
            whole.then(|| (!text.is_empty()).then(|| text.to_owned()))
        })?;
        Ok(Web {
            listen: from.get("listen", |text| text.parse().ok())?,
            status_listen: from.get("status-listen", |text| {
                if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
            })?,
            geography: from.text("geography").map(PathBuf::from),
            public_url: from.get("public-url", |text| {
                let url = text.strip_suffix('/').unwrap_or(text);
                let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
                let is_name = |c: char| c.is_ascii_alphanumeric() || ".:-[]".contains(c);
                let is_good = host.is_some_and(|host| !host.is_empty() && host.chars().all(is_name));
                (url.is_empty() || is_good).then(|| is_good.then(|| url.to_owned()))
            })?,
            embed_origins: from.get("embed-origins", |text| {
                let is_plain = |c: char| c.is_ascii_alphanumeric() || ".:-[]*/".contains(c);
                let is_origin = |text: &str| {
                    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
                    text == "*"
                        || host.is_some_and(|host| {
                            !host.is_empty() && !host.contains('/') && host.chars().all(is_plain)
                        })
                };
                text.split_whitespace()
                    .all(is_origin)
                    .then(|| text.split_whitespace().collect::<Vec<_>>().join(" "))
            })?,
            holidays: from.text("holidays"),
            tariffs: from.text("tariffs").map(PathBuf::from),
            tile_url,
            tile_attribution: from.text("tile-attribution"),
        })
    }
}

impl Engine {
    fn load(from: &Sources) -> Result<Self, ConfigError> {
        let partitions = from.whole("partitions", 1..=u64::from(PARTITIONS_MAX))? as u32;
        Ok(Engine {
            data: from.get("data", |text| (!text.is_empty()).then(|| PathBuf::from(text)))?,
            partitions,
            retention_days: from.whole("retention-days", 1..=36_525)? as u32,
            disk_reserve_bytes: from.whole("disk-reserve-mb", 1..=1 << 20)? << 20,
            pace: Pace::load(from)?,
            distributed: Distributed::load(from, partitions)?,
        })
    }
}

impl DoorLimits {
    fn load(from: &Sources, retention_days: u32) -> Result<Self, ConfigError> {
        let key_rate = from.whole("key-rate", 0..=10_000_000)? as u32;
        Ok(DoorLimits {
            body_bytes: (from.whole("body-limit-kb", 1..=65_536)? << 10) as usize,
            decompressed_bytes: (from.whole("decompressed-limit-kb", 1..=262_144)? << 10) as usize,
            batch: from.whole("batch-limit", 1..=100_000)? as usize,
            body_timeout: Duration::from_secs(from.whole("body-timeout-s", 1..=600)?),
            key_rate: (key_rate > 0).then_some(key_rate),
            future_tolerance_s: from.whole("future-tolerance-s", 0..=86_400)? as i64,
            retention_s: i64::from(retention_days) * 86_400,
        })
    }
}

impl Telemetry {
    fn load(from: &Sources) -> Result<Self, ConfigError> {
        Ok(Telemetry {
            filter: from.get("log", |text| {
                tracing_subscriber::EnvFilter::try_new(text).ok().map(|_| text.to_owned())
            })?,
            json: from.get("log-format", |text| match text {
                "text" => Some(false),
                "json" => Some(true),
                _ => None,
            })?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::path::Path;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("w.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\nsimulate = 7\nhistory_days = 3\n").unwrap();
        let env = environment(&[("WATTMAP_LISTEN", "127.0.0.1:2"), ("WATTMAP_SIMULATE", "8"), ("HOME", "x")]);
        let flags = BTreeMap::from([("listen", "127.0.0.1:3".to_owned())]);
        let sources = Sources::gather(&flags, env, Some(&file)).unwrap();
        let config = Config::load(&sources).unwrap();
        assert_eq!(config.web.listen.port(), 3);
        assert_eq!(config.simulation.homes, 8);
        assert_eq!(config.simulation.history_days, 3);
        assert_eq!(config.simulation.seed, 1);
        let printed = sources.to_string();
        for line in ["from --listen", "from WATTMAP_SIMULATE", "from history_days in ", "by default"] {
            assert!(printed.contains(line), "{line} is not in\n{printed}");
        }
    }

    #[test]
    fn as_many_homes_as_the_simulator_takes_can_be_set() {
        let with = |homes: u32| Config::with(&[("simulate", &homes.to_string())]);
        assert_eq!(with(simulator::HOMES_MAX).unwrap().simulation.homes, simulator::HOMES_MAX);
        let error = with(simulator::HOMES_MAX + 1).unwrap_err().to_string();
        assert!(error.ends_with(&format!("from 0 to {}", simulator::HOMES_MAX)), "{error}");
    }

    #[test]
    fn a_wrong_value_is_one_sentence_that_names_setting_value_and_rule() {
        let check = |name, value: &str, expect: &str| {
            let error = Config::with(&[(name, value)]).unwrap_err().to_string();
            assert_eq!(error, expect);
        };
        check(
            "simulate",
            "many",
            "the setting simulate is \"many\" (from --simulate); allowed is a whole number from 0 to 2000000",
        );
        check(
            "log-format",
            "xml",
            "the setting log-format is \"xml\" (from --log-format); allowed is text or json",
        );
        for (name, value) in [
            ("listen", "3000"),
            ("listen", "localhost:99999"),
            ("history-days", "-1"),
            ("partitions", "0"),
            ("tile-url", "ftp://x/{z}/{x}/{y}"),
            ("embed-origins", "https://a.example; script-src *"),
            ("log", "=,="),
            ("live-homes", "29"),
            ("kafka-brokers", "nonsense"),
        ] {
            let error = Config::with(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("the setting {name} is ")), "{error}");
        }
        let error = Config::with(&[("kafka-brokers", "a:1")]).unwrap_err().to_string();
        assert!(error.contains("cassandra-nodes is not"), "{error}");
    }

    #[test]
    fn files_are_checked() {
        let dir = tempfile::tempdir().unwrap();
        let check = |text: &str, expect: &str| {
            let file = dir.path().join("w.toml");
            std::fs::write(&file, text).unwrap();
            let error =
                Sources::gather(&BTreeMap::new(), [], Some(&file)).err().map(|error| error.to_string());
            assert!(error.as_ref().is_some_and(|error| error.contains(expect)), "{text:?}: {error:?}");
        };
        check("lissten = 1", "names \"lissten\", which is no setting; is listen meant?");
        check("data = \"x\"\nlisten = = 1", "is not TOML: line 2");
        let file = dir.path().join("w.toml");
        for spelled in ["live-homes", "live_homes"] {
            std::fs::write(&file, format!("{spelled} = 31")).unwrap();
            let sources = Sources::gather(&BTreeMap::new(), [], Some(&file)).unwrap();
            assert_eq!(sources.raw("live-homes").1.text, "31");
        }
        check(
            "live-homes = 100\nlive_homes = 30",
            "names live-homes and live_homes, which are the same setting",
        );
        let missing = Sources::gather(&BTreeMap::new(), [], Some(Path::new("/nowhere/w.toml")));
        assert!(missing.unwrap_err().to_string().contains("/nowhere/w.toml can't be read"));
    }

    #[test]
    fn unknown_variables_are_named_and_secrets_hidden() {
        let env = environment(&[
            ("WATTMAP_LISSTEN", "x"),
            ("WATTMAP_TILE_URL", "https://t/{z}/{x}/{y}?key=abc"),
            ("WATTMAP_DATA", ""),
        ]);
        let sources = Sources::gather(&BTreeMap::new(), env, Some(Path::new("/dev/null"))).unwrap();
        assert_eq!(sources.unknown_variables, ["WATTMAP_LISSTEN"]);
        assert!(!sources.to_string().contains("abc"), "{sources}");
        assert_eq!(sources.raw("data").1.origin, Origin::Default);
    }
}
