//! Every setting there is, in one table: its name, its default and what is allowed.

/// One setting. Its flag is `--name`, its variable `WATTMAP_NAME`, its key in `wattmap.toml` `name`,
/// the latter two with underscores for dashes.
#[derive(Debug)]
pub struct Setting {
    /// With dashes, as the flag.
    pub name: &'static str,
    /// What its value is called in the help.
    pub value: &'static str,
    /// What holds where nothing is said; empty for none.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
    /// What values it takes, to complete "allowed is ...".
    pub allowed: &'static str,
    /// Whether `wattmap config` hides it.
    pub secret: bool,
}

impl Setting {
    /// Its environment variable.
    pub fn variable(&self) -> String {
        format!("WATTMAP_{}", self.name.replace('-', "_").to_ascii_uppercase())
    }

    /// Its key in `wattmap.toml`.
    pub fn key(&self) -> String {
        self.name.replace('-', "_")
    }
}

const fn setting(
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
    allowed: &'static str,
) -> Setting {
    Setting { name, value, default, help, allowed, secret: false }
}

const fn secret(setting: Setting) -> Setting {
    Setting { secret: true, ..setting }
}

/// All of them.
pub static SETTINGS: &[Setting] = &[
    setting(
        "listen",
        "ADDRESS:PORT",
        "127.0.0.1:3000",
        "Where the site and the API are served",
        "an IP address with a port, such as 127.0.0.1:3000; port 0 takes a free one",
    ),
    setting(
        "status-listen",
        "ADDRESS:PORT",
        "",
        "Where aggregate and simulate answer /healthz, /readyz and /metrics; nowhere if not set",
        "an IP address with a port, such as 127.0.0.1:3001; port 0 takes a free one",
    ),
    setting("data", "DIR", "./wattmap-data", "Where the embedded engine keeps everything", "a directory"),
    setting(
        "geography",
        "FILE",
        "",
        "The areas: a GeoJSON file or one made by `wattmap import geography`; London if left out",
        "a file",
    ),
    setting(
        "public-url",
        "URL",
        "",
        "Where the public finds the site, for search engines: https://wattmap.example; as it was asked for if left out",
        "a URL that begins with http:// or https:// and has no path",
    ),
    setting(
        "embed-origins",
        "ORIGINS",
        "",
        "Sites that may show an area in a frame (/embed/{code}): https://a.example https://*.b.example, or * for all; none if left out",
        "origins that begin with http:// or https://, separated by blanks, or *",
    ),
    setting(
        "holidays",
        "NAME or FILE",
        "",
        "Which days count as Sundays: none, england-and-wales, or a file with a date a line; if left out, those of England and Wales \
         where the geography's clocks are London's",
        "none, england-and-wales or a file",
    ),
    setting(
        "tariffs",
        "FILE",
        "",
        "What electricity costs, as in data/tariffs/great-britain.toml; if left out, those where the geography's clocks are London's",
        "a file",
    ),
    setting(
        "simulate",
        "HOMES",
        "50000",
        "How many homes to simulate; 0 for none",
        "a whole number from 0 to 2000000",
    ),
    setting(
        "history-days",
        "DAYS",
        "7",
        "How many days of their past simulated homes bring along",
        "a whole number from 0 to 400",
    ),
    setting(
        "seed",
        "NUMBER",
        "1",
        "What the simulated homes are drawn from",
        "a whole number from 0 to 2^63",
    ),
    setting(
        "partitions",
        "N",
        "4",
        "Into how many partitions a new log is divided: of a data directory, or of Kafka, where migrations can add some",
        "a whole number from 1 to 64",
    ),
    setting(
        "retention-days",
        "DAYS",
        "7305",
        "How old a reading may be, and how long it is kept; 20 years, so that files from the past can be imported",
        "a whole number from 1 to 36525",
    ),
    setting(
        "disk-reserve-mb",
        "MB",
        "256",
        "Below this much free space readings are refused, so that what is accepted can still be stored",
        "a whole number from 1 to 1048576",
    ),
    setting(
        "segment-kb",
        "KB",
        "65536",
        "How long a file of the log becomes: what is no longer needed is dropped file by file",
        "a whole number from 1 to 1048576",
    ),
    setting(
        "log-limit-kb",
        "KB",
        "524288",
        "How much of the log is kept beyond what the store has not taken yet",
        "a whole number from 1 to 1073741824",
    ),
    setting(
        "flush-ms",
        "MS",
        "2000",
        "How long what is decided may wait before it goes to the store; up to twice as long while that is busy",
        "a whole number from 10 to 60000",
    ),
    setting(
        "memtable-kb",
        "KB",
        "32768",
        "How much of the store waits in memory before it is written to disk; the log has it meanwhile",
        "a whole number from 1 to 1048576",
    ),
    setting(
        "checkpoint-ms",
        "MS",
        "20000",
        "How long it waits there at most: what a start after a crash has to decide again",
        "a whole number from 10 to 600000",
    ),
    setting(
        "pack-after-s",
        "SECONDS",
        "600",
        "How long a day has to be quiet before its readings are packed",
        "a whole number from 0 to 86400",
    ),
    setting(
        "owner-silence-s",
        "SECONDS",
        "90",
        "How long an owner of a partition may give no sign of life until its process ends, so that another takes over",
        "a whole number from 30 to 3600: one request may take ten",
    ),
    setting(
        "body-limit-kb",
        "KB",
        "4096",
        "The longest body of a request, as sent",
        "a whole number from 1 to 65536",
    ),
    setting(
        "decompressed-limit-kb",
        "KB",
        "16384",
        "The longest body of a request, decompressed",
        "a whole number from 1 to 262144",
    ),
    setting(
        "batch-limit",
        "READINGS",
        "10000",
        "The most readings or registrations of one request",
        "a whole number from 1 to 100000",
    ),
    setting(
        "body-timeout-s",
        "SECONDS",
        "30",
        "How long a request's body may take to arrive",
        "a whole number from 1 to 600",
    ),
    setting(
        "key-rate",
        "READINGS",
        "0",
        "How many readings a second one key may send on average; 0 for no limit",
        "a whole number from 0 to 10000000",
    ),
    setting(
        "future-tolerance-s",
        "SECONDS",
        "300",
        "How far in the future a reading may end: senders' clocks differ",
        "a whole number from 0 to 86400",
    ),
    setting(
        "live-homes",
        "HOMES",
        "30",
        "How many homes any other public figure needs: a live one, a day's",
        "a whole number from 30 up",
    ),
    setting(
        "period-homes",
        "HOMES",
        "10",
        "How many homes a public figure of a week or longer needs",
        "a whole number from 10 up",
    ),
    secret(setting(
        "tile-url",
        "URL",
        "",
        "Map tiles to lie under the areas, such as https://tiles.example/{z}/{x}/{y}.png; none if left out",
        "an http or https URL with {z}, {x} and {y}",
    )),
    setting("tile-attribution", "TEXT", "", "Whom the tiles are from, as their terms ask for", "a text"),
    setting(
        "log",
        "FILTER",
        "info,fjall=warn,lsm_tree=warn,scylla=warn",
        "What is logged: a level, or directives such as info,server=debug",
        "a tracing filter, such as info or info,server=debug",
    ),
    setting("log-format", "FORMAT", "text", "How it is logged", "text or json"),
    setting(
        "kafka-brokers",
        "HOST:PORT,...",
        "",
        "The log, for the roles apart; together with cassandra-nodes",
        "a list of host:port",
    ),
    setting(
        "kafka-prefix",
        "NAME",
        "wattmap",
        "What the topics' names begin with: wattmap makes wattmap.readings",
        "up to 200 letters, digits, dots, underscores and dashes",
    ),
    setting("kafka-tls", "ON", "off", "Whether brokers are spoken to through TLS", "on or off"),
    setting(
        "kafka-ca-file",
        "FILE",
        "",
        "The authority that brokers' certificates come from (PEM); those that the machine trusts if left out",
        "a file that can be read",
    ),
    setting(
        "kafka-certificate-file",
        "FILE",
        "",
        "Our certificate (PEM), where brokers ask for one; together with kafka-key-file",
        "a file that can be read",
    ),
    setting("kafka-key-file", "FILE", "", "Its key (PEM, without a password)", "a file that can be read"),
    setting(
        "kafka-sasl",
        "HOW",
        "off",
        "How we log in to brokers; plain says the password, so it wants kafka-tls",
        "off, plain, scram-sha-256 or scram-sha-512",
    ),
    setting("kafka-user", "NAME", "", "As whom we log in to brokers", "a name"),
    secret(setting(
        "kafka-password",
        "PASSWORD",
        "",
        "With which password; a flag is seen by everybody on the machine, the environment or the file is not",
        "a password",
    )),
    setting(
        "kafka-replication",
        "COPIES",
        "1",
        "How many copies of every record new topics keep; two must be there before a reading is accepted, if there are two",
        "a whole number from 1 to 15",
    ),
    setting(
        "kafka-retention-days",
        "DAYS",
        "7",
        "How long new topics keep readings: as long as their owners may be away",
        "a whole number from 1 to 36525",
    ),
    setting(
        "kafka-dead-retention-days",
        "DAYS",
        "365",
        "How long the topic of dead letters keeps them; the store keeps them for good",
        "a whole number from 1 to 36525",
    ),
    setting(
        "kafka-live-retention-minutes",
        "MINUTES",
        "60",
        "How long the topic of changed rows keeps them: a web node that was away for longer reads the store again",
        "a whole number from 10 to 10080",
    ),
    setting(
        "cassandra-nodes",
        "HOST:PORT,...",
        "",
        "The store, for the roles apart; together with kafka-brokers",
        "a list of host:port",
    ),
    setting(
        "cassandra-keyspace",
        "NAME",
        "wattmap",
        "The keyspace",
        "up to 48 lower-case letters, digits and underscores",
    ),
    setting(
        "cassandra-datacenter",
        "NAME",
        "",
        "The datacentre to speak to; whichever there is if left out",
        "a name",
    ),
    setting("cassandra-tls", "ON", "off", "Whether nodes are spoken to through TLS", "on or off"),
    setting(
        "cassandra-ca-file",
        "FILE",
        "",
        "The authority that nodes' certificates come from (PEM); they have to be for nodes' addresses",
        "a file that can be read",
    ),
    setting(
        "cassandra-certificate-file",
        "FILE",
        "",
        "Our certificate (PEM), where nodes ask for one; together with cassandra-key-file",
        "a file that can be read",
    ),
    setting("cassandra-key-file", "FILE", "", "Its key (PEM, without a password)", "a file that can be read"),
    setting("cassandra-user", "NAME", "", "As whom we log in to nodes", "a name"),
    secret(setting(
        "cassandra-password",
        "PASSWORD",
        "",
        "With which password; a flag is seen by everybody on the machine, the environment or the file is not",
        "a password",
    )),
    setting(
        "cassandra-replication",
        "COPIES",
        "1",
        "How many copies of every row a new keyspace keeps",
        "a whole number from 1 to 15",
    ),
    setting(
        "cassandra-buckets",
        "N",
        "240",
        "Groups of meters, fixed by the first migration: 240 are enough for a million meters, 37 million need 3840",
        "a whole number from 1 to 1048576 that is a multiple of partitions",
    ),
    setting(
        "cassandra-shards",
        "N",
        "64",
        "Groups of areas, fixed by the first migration",
        "a whole number from 1 to 65536",
    ),
];

/// The one of that name.
pub fn named(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}
