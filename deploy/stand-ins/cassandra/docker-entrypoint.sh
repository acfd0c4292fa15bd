#!/usr/bin/env bash
# Makes a configuration of the environment and becomes the node.
set -euo pipefail

read -r address _ < <(hostname --all-ip-addresses)
configuration=/tmp/cassandra.yaml
cp /etc/cassandra/cassandra.yaml "$configuration"
cat >>"$configuration" <<YAML
cluster_name: ${CASSANDRA_CLUSTER_NAME:-Test Cluster}
num_tokens: ${CASSANDRA_NUM_TOKENS:-16}
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{seeds: "${CASSANDRA_SEEDS:-$address}"}]
listen_address: $address
broadcast_rpc_address: $address
endpoint_snitch: ${CASSANDRA_ENDPOINT_SNITCH:-SimpleSnitch}
YAML

agent=(/opt/cassandra/lib/jamm-*.jar)
exec java "-Xms${MAX_HEAP_SIZE:-1G}" "-Xmx${MAX_HEAP_SIZE:-1G}" -XX:+UseG1GC @/etc/cassandra/java.options \
    "-javaagent:${agent[0]}" \
    "-Dcassandra.config=file://$configuration" \
    -Dlogback.configurationFile=/etc/cassandra/logback.xml \
    -Dcassandra.storagedir=/var/lib/cassandra \
    -Dcassandra.jmx.local.port=7199 \
    -Dcassandra-foreground=yes \
    -cp '/opt/cassandra/lib/*' org.apache.cassandra.service.CassandraDaemon
