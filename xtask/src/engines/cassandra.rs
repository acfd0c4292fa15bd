//! A node of Cassandra.

use std::path::Path;

use anyhow::{Context, Result};

use super::cluster::Cluster;
use super::node::Node;
use super::tls;
use crate::command;

/// Of one node. Every table costs a megabyte or two of it, used or not, and every test has tables of its own.
const HEAP: &str = "1536m";
/// Of each of several, which tests do less with.
const HEAP_OF_SEVERAL: &str = "768m";

/// Who may do everything, from the first start on, where one has to log in.
pub(super) const USER: &str = "cassandra";
pub(super) const PASSWORD: &str = "cassandra";

/// What has been written and is not in files yet, outside of the heap: the more, the fewer files there are to compact.
const MEMTABLES: &str = "1024MiB";
const MEMTABLES_OF_SEVERAL: &str = "128MiB";

const LOGBACK: &str = r#"<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d %-5level %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out" /></root>
</configuration>
"#;

/// What Cassandra reaches into on Java 17, and has to be allowed to.
const EXPORTS: [&str; 7] = [
    "java.base/jdk.internal.misc",
    "java.base/jdk.internal.ref",
    "java.base/sun.nio.ch",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
];
const OPENS: [&str; 16] = [
    "java.base/java.lang.ref",
    "java.base/java.lang.module",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.util.jar",
    "java.base/sun.nio.ch",
    "java.base/java.io",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/java.lang",
    "jdk.management/com.sun.management.internal",
];

pub(super) fn node(cluster: &Cluster, number: u32) -> Node {
    cluster.node("cassandra", number, 9042)
}

/// Starts it; the first one is what the others look for.
pub(super) fn start(cluster: &Cluster, number: u32, nodes: u32, jars: &Path) -> Result<Node> {
    let node = node(cluster, number);
    let configuration = node.write("cassandra.yaml", &configuration(cluster, &node, nodes))?;
    let logback = node.write("logback.xml", LOGBACK)?;
    let mut java = command::behind_pages("java");
    let heap = if nodes > 1 { HEAP_OF_SEVERAL } else { HEAP };
    // Where processors are few, the collector that takes least of them; and memory that was had once is kept: to give it back
    // and take it again after each memtable keeps the kernel busy.
    java.arg(format!("-Xms{heap}"))
        .arg(format!("-Xmx{heap}"))
        .args(["-XX:+UseParallelGC", "-XX:+AlwaysPreTouch"]);
    java.env("MALLOC_ARENA_MAX", "2");
    java.env("MALLOC_MMAP_THRESHOLD_", (1_u32 << 30).to_string());
    java.env("MALLOC_TRIM_THRESHOLD_", (1_u64 << 32).to_string());
    java.args(java_options());
    java.arg(format!("-javaagent:{}", agent(jars)?.display()));
    let settings = [
        format!("cassandra.config=file://{}", configuration.display()),
        format!("logback.configurationFile={}", logback.display()),
        format!("cassandra.storagedir={}", node.directory().display()),
        format!("cassandra.jmx.local.port={}", cluster.management_port(number)),
        // Alone on one machine nothing has to be waited for.
        "cassandra.skip_wait_for_gossip_to_settle=0".to_owned(),
        "cassandra.ring_delay_ms=5000".to_owned(),
        "cassandra.superuser_setup_delay_ms=0".to_owned(),
        // Passwords that everybody knows need not be hard to try.
        "cassandra.auth_bcrypt_gensalt_log2_rounds=4".to_owned(),
        "cassandra-foreground=yes".to_owned(),
    ];
    java.args(settings.map(|setting| format!("-D{setting}")));
    java.arg("-cp").arg(jars.join("*")).arg("org.apache.cassandra.service.CassandraDaemon");
    node.start(&mut java)?;
    Ok(node)
}

/// What its jars need of Java.
pub(super) fn java_options() -> Vec<String> {
    let exports = EXPORTS.map(|export| format!("--add-exports={export}=ALL-UNNAMED"));
    let opens = OPENS.map(|open| format!("--add-opens={open}=ALL-UNNAMED"));
    [&["-Djdk.attach.allowAttachSelf=true".to_owned()][..], &exports, &opens].concat()
}

/// The agent with which it measures its objects, by whatever version its jar has.
fn agent(jars: &Path) -> Result<std::path::PathBuf> {
    let mut files = std::fs::read_dir(jars)?.filter_map(|entry| Some(entry.ok()?.path()));
    let is_agent = |path: &std::path::PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("jamm-"))
    };
    files.find(is_agent).with_context(|| format!("{} has no jamm jar", jars.display()))
}

/// Whether one has to log in, and those who come through TLS have to show a certificate: so it is with one node. Of three any
/// may die, and then nobody could log in whom it alone knew.
pub(super) fn is_guarded(nodes: u32) -> bool {
    nodes == 1
}

/// Writes are acknowledged when they are on the disk: with the default a node that is killed may have forgotten some. Besides,
/// what docs/OPERATIONS.md advises where processors are few: memtables that are cheap to write to and large, one that
/// compacts, so that what is written is not kept waiting by what was, and many writes that wait for the same sync.
fn configuration(cluster: &Cluster, node: &Node, nodes: u32) -> String {
    let memtables = if nodes > 1 { MEMTABLES_OF_SEVERAL } else { MEMTABLES };
    let (ip, seed, at) = (node.address().ip(), cluster.ip(1), node.directory());
    let (at, key_store, password) = (at.display(), tls::key_store(), tls::PASSWORD);
    let (key_store, guarded) = (key_store.display(), is_guarded(nodes));
    let (authenticator, authorizer) = if guarded {
        ("PasswordAuthenticator", "CassandraAuthorizer")
    } else {
        ("AllowAllAuthenticator", "AllowAllAuthorizer")
    };
    format!(
        "cluster_name: wattmap
num_tokens: 16
allocate_tokens_for_local_replication_factor: 3
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
commitlog_sync: group
commitlog_sync_group_window: 20ms
commitlog_disk_access_mode: auto
data_file_directories: [{at}/data]
commitlog_directory: {at}/commitlog
saved_caches_directory: {at}/saved
hints_directory: {at}/hints
cdc_raw_directory: {at}/cdc
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{{seeds: \"{seed}:7000\"}}]
listen_address: {ip}
rpc_address: {ip}
broadcast_rpc_address: {ip}
storage_port: 7000
native_transport_port: 9042
start_native_transport: true
client_encryption_options:
  {{enabled: true, optional: true, require_client_auth: {guarded}, store_type: PKCS12, keystore: {key_store}, keystore_password: {password}, truststore: {key_store}, truststore_password: {password}}}
authenticator: {{class_name: {authenticator}}}
authorizer: {{class_name: {authorizer}}}
endpoint_snitch: SimpleSnitch
auto_snapshot: false
concurrent_reads: 8
concurrent_writes: 128
concurrent_compactors: 1
memtable_allocation_type: offheap_objects
memtable_heap_space: 128MiB
memtable_offheap_space: {memtables}
memtable:
  configurations:
    trie: {{class_name: TrieMemtable}}
    default: {{inherits: trie}}
storage_compatibility_mode: NONE
"
    )
}
