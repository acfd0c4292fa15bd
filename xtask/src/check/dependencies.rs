//! Who may import whom, as a table and a check of it.
//!
//! Only what ends up in a product counts: dev-dependencies are free, because a test may use any crate as its tool.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use cargo_metadata::{DependencyKind, Metadata, PackageId};

use crate::say;

/// What a crate of ours may import of ours.
struct Rule {
    name: &'static str,
    always: &'static [&'static str],
    /// Only as an optional dependency, that is, behind a feature.
    optional: &'static [&'static str],
}

const fn rule(name: &'static str, always: &'static [&'static str]) -> Rule {
    Rule { name, always, optional: &[] }
}

/// Every crate of the workspace has its row. `server` composes everything, `xtask` nothing; nobody imports either.
const RULES: [Rule; 16] = [
    rule("metering", &[]),
    rule("geography", &["metering"]),
    rule("pipeline", &["metering"]),
    rule("import", &["metering", "geography"]),
    rule("simulator", &["metering", "geography"]),
    rule("charts", &["metering"]),
    rule("own-data", &["charts", "geography", "import", "metering"]),
    rule("engine", &["metering"]),
    rule("engine-embedded", &["engine", "metering"]),
    rule("engine-kafka", &["engine", "metering"]),
    rule("engine-cassandra", &["engine", "metering"]),
    Rule { name: "app", always: &["charts", "metering", "geography"], optional: &["engine", "own-data"] },
    rule("frontend", &["app"]),
    rule("frontend-own-data", &["own-data"]),
    rule("xtask", &[]),
    rule("derive-data", &["geography", "metering"]),
];
const COMPOSITION_ROOT: &str = "server";
/// What even the composition root does not import.
const NOT_FOR_THE_SERVER: [&str; 4] = ["frontend", "frontend-own-data", "xtask", "derive-data"];

/// Crates that must stay pure, and what they must not reach, not even through others.
const PURE: [&str; 4] = ["metering", "geography", "pipeline", "import"];
const NOT_PURE: [&str; 5] = ["tokio", "leptos", "axum", "scylla", "rdkafka"];

/// Drivers that only their adapter names.
const ONLY_IN: [(&str, &str); 4] = [
    ("rdkafka", "engine-kafka"),
    ("scylla", "engine-cassandra"),
    ("fjall", "engine-embedded"),
    ("lsm-tree", "engine-embedded"),
];

/// One `[dependencies]` or `[build-dependencies]` line of a workspace crate.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edge {
    from: String,
    to: String,
    optional: bool,
}

/// Checks the workspace.
pub(super) fn check(metadata: &Metadata) -> Result<()> {
    let ours: BTreeSet<String> =
        metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let edges = declared_edges(metadata);
    let mut violations = violations_of_rules(&ours, &edges);
    violations.extend(impure(metadata));
    if violations.is_empty() {
        say::detail(format!("{} crates, {} imports among them and from outside", ours.len(), edges.len()));
        return Ok(());
    }
    violations.iter().for_each(say::detail);
    bail!("{} forbidden imports; the table is in xtask/src/check/dependencies.rs", violations.len())
}

fn declared_edges(metadata: &Metadata) -> Vec<Edge> {
    metadata
        .workspace_packages()
        .iter()
        .flat_map(|package| {
            package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind != DependencyKind::Development)
                .map(|dependency| Edge {
                    from: package.name.to_string(),
                    to: dependency.name.clone(),
                    optional: dependency.optional,
                })
        })
        .collect()
}

/// Every edge that the tables forbid, in words.
fn violations_of_rules(ours: &BTreeSet<String>, edges: &[Edge]) -> Vec<String> {
    let mut violations = Vec::new();
    for name in ours {
        if name != COMPOSITION_ROOT && !RULES.iter().any(|rule| rule.name == name) {
            violations.push(format!("{name} has no row in the table: say what it may import"));
        }
    }
    for edge in edges {
        let internal = ours.contains(&edge.to);
        if internal && !may_import(edge) {
            violations.push(format!("{} must not import {}", edge.from, edge.to));
        }
        for (driver, adapter) in ONLY_IN {
            if edge.to == driver && edge.from != adapter {
                violations.push(format!("{} must not import {driver}: only {adapter} may", edge.from));
            }
        }
    }
    violations
}

fn may_import(edge: &Edge) -> bool {
    if edge.from == COMPOSITION_ROOT {
        return !NOT_FOR_THE_SERVER.contains(&edge.to.as_str());
    }
    RULES.iter().filter(|rule| rule.name == edge.from).any(|rule| {
        rule.always.contains(&edge.to.as_str())
            || (edge.optional && rule.optional.contains(&edge.to.as_str()))
    })
}

/// The resolved graph, without dev-dependencies.
type Graph<'a> = BTreeMap<&'a PackageId, Vec<&'a PackageId>>;

fn impure(metadata: &Metadata) -> Vec<String> {
    let names: BTreeMap<&PackageId, &str> =
        metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let mut graph = Graph::new();
    for node in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
        let used = node
            .deps
            .iter()
            .filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
        graph.insert(&node.id, used.map(|dependency| &dependency.pkg).collect());
    }
    let pure =
        metadata.workspace_packages().into_iter().filter(|package| PURE.contains(&package.name.as_str()));
    pure.flat_map(|package| {
        let reached = reachable(&graph, &package.id);
        let reached: BTreeSet<&str> = reached.iter().filter_map(|id| names.get(id).copied()).collect();
        NOT_PURE
            .iter()
            .filter(|name| reached.contains(**name))
            .map(|name| format!("{} must stay pure, and reaches {name}", package.name))
            .collect::<Vec<_>>()
    })
    .collect()
}

fn reachable<'a, Id: Ord + ?Sized>(graph: &BTreeMap<&'a Id, Vec<&'a Id>>, from: &'a Id) -> BTreeSet<&'a Id> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(id) = next.pop() {
        if reached.insert(id) {
            next.extend(graph.get(id).into_iter().flatten());
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: &str, to: &str, optional: bool) -> Edge {
        Edge { from: from.into(), to: to.into(), optional }
    }

    fn found(edges: &[Edge]) -> Vec<String> {
        let ours =
            RULES.iter().map(|rule| rule.name.to_owned()).chain([COMPOSITION_ROOT.to_owned()]).collect();
        violations_of_rules(&ours, edges)
    }

    #[test]
    fn what_the_design_allows_passes() {
        for (from, to, optional) in [
            ("pipeline", "metering", false),
            ("app", "metering", false),
            ("app", "engine", true),
            ("server", "engine-embedded", false),
            ("engine-kafka", "rdkafka", false),
            ("metering", "serde", false),
        ] {
            assert_eq!(found(&[edge(from, to, optional)]), Vec::<String>::new(), "{from} > {to}");
        }
    }

    #[test]
    fn a_forbidden_import_is_found() {
        for (from, to, optional) in [
            ("metering", "engine", false),
            ("pipeline", "engine", false),
            ("engine", "engine-embedded", false),
            ("engine-embedded", "pipeline", false),
            // Without the feature the page would carry the engine into the browser.
            ("app", "engine", false),
            ("xtask", "geography", false),
            ("app", "server", true),
            ("frontend", "metering", false),
            // Nor what reads meter data: the page's own program would carry it.
            ("app", "own-data", false),
            ("server", "frontend", false),
            ("server", "rdkafka", false),
            ("server", "fjall", false),
            ("engine-kafka", "scylla", false),
        ] {
            assert_eq!(found(&[edge(from, to, optional)]).len(), 1, "{from} > {to}");
        }
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        let ours = BTreeSet::from(["metering".to_owned(), "newcomer".to_owned()]);
        assert_eq!(violations_of_rules(&ours, &[]).len(), 1);
    }

    #[test]
    fn what_others_bring_along_is_reached() {
        let graph = BTreeMap::from([
            ("pipeline", vec!["metering"]),
            ("metering", vec!["clock"]),
            ("clock", vec!["tokio"]),
        ]);
        assert!(reachable(&graph, "pipeline").contains("tokio"));
        assert!(!reachable(&graph, "tokio").contains("pipeline"));
    }
}
