//! A broker, which is also a controller (KRaft).

use std::path::Path;

use anyhow::Result;

use super::cluster::Cluster;
use super::node::Node;
use super::tls;
use crate::command;

/// Every cluster's name, as Kafka writes such names: sixteen bytes in URL-safe base64.
const CLUSTER: &str = "d2F0dG1hcC1lbmdpbmVzMQ";

/// Who may log in where one has to, with the password of [`LOGIN_PASSWORD`].
const LOGIN_USER: &str = "meters";
/// Of a broker that only this machine reaches.
const LOGIN_PASSWORD: &str = "let-me-in";

const LOG4J: &str = r#"<Configuration>
  <Appenders><Console name="out"><PatternLayout pattern="%d %-5p %c{1} %m%n" /></Console></Appenders>
  <Loggers><Root level="INFO"><AppenderRef ref="out" /></Root></Loggers>
</Configuration>
"#;

pub(super) fn node(cluster: &Cluster, number: u32) -> Node {
    cluster.node("kafka", number, 9092)
}

/// Starts one of so many.
pub(super) fn start(cluster: &Cluster, number: u32, nodes: u32, jars: &Path) -> Result<Node> {
    let node = node(cluster, number);
    node.write("log4j2.xml", LOG4J)?;
    let properties = node.write("server.properties", &properties(cluster, &node, number, nodes))?;
    let java = |heap: &str| {
        let mut java = command::behind_pages("java");
        java.arg(format!("-Xmx{heap}")).arg("-Dlog4j2.configurationFile=log4j2.xml");
        java.arg("-cp").arg(jars.join("*"));
        java
    };
    if !node.directory().join("data/meta.properties").is_file() {
        let mut format = java("256m");
        format.current_dir(node.directory()).args(["kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c"]);
        format.arg(&properties);
        for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
            let login = format!("{mechanism}=[name={LOGIN_USER},password={LOGIN_PASSWORD}]");
            format.arg("--add-scram").arg(login);
        }
        command::output(&mut format, "see what it says above")?;
    }
    let heap = if nodes == 1 { "512m" } else { "384m" };
    node.start(java(heap).arg("kafka.Kafka").arg(&properties))?;
    Ok(node)
}

fn properties(cluster: &Cluster, node: &Node, number: u32, nodes: u32) -> String {
    let ip = node.address().ip();
    let voters: Vec<String> =
        (1..=nodes).map(|number| format!("{number}@{}:9093", cluster.ip(number))).collect();
    let (voters, in_sync) = (voters.join(","), if nodes > 1 { 2 } else { 1 });
    let data = node.directory().join("data");
    let logins: Vec<String> = ["sasl_plaintext", "sasl_ssl"].map(logins).to_vec();
    let (logins, key_store, password) = (logins.concat(), tls::key_store(), tls::PASSWORD);
    format!(
        "process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
listeners=PLAINTEXT://{ip}:9092,SASL_PLAINTEXT://{ip}:9192,SASL_SSL://{ip}:9292,SSL://{ip}:9392,CONTROLLER://{ip}:9093
advertised.listeners=PLAINTEXT://{ip}:9092,SASL_PLAINTEXT://{ip}:9192,SASL_SSL://{ip}:9292,SSL://{ip}:9392
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
{logins}ssl.keystore.type=PKCS12
ssl.keystore.location={key_store}
ssl.keystore.password={password}
listener.name.ssl.ssl.client.auth=required
listener.name.ssl.ssl.truststore.type=PEM
listener.name.ssl.ssl.truststore.location={authority}
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor={nodes}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={nodes}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={nodes}
transaction.state.log.min.isr={in_sync}
group.initial.rebalance.delay.ms=0
",
        data = data.display(),
        key_store = key_store.display(),
        authority = tls::authority().display()
    )
}

/// How a listener finds out who logs in: by password, or by a proof of it.
fn logins(listener: &str) -> String {
    let modules = "org.apache.kafka.common.security";
    let scram = format!("{modules}.scram.ScramLoginModule required;");
    let plain = format!("{modules}.plain.PlainLoginModule required user_{LOGIN_USER}=\"{LOGIN_PASSWORD}\";");
    [("plain", &plain), ("scram-sha-256", &scram), ("scram-sha-512", &scram)]
        .map(|(mechanism, module)| {
            format!("listener.name.{listener}.{mechanism}.sasl.jaas.config={module}\n")
        })
        .concat()
}
