//! The paper on refusals knows them all, and the one on operating it every warning.

use std::path::{Path, PathBuf};
use std::str::Chars;

use import::Rule;
use metering::DeadReason;
use metering::door::Code;

/// Whose warnings an operator of Kafka and Cassandra sees.
const OF_THE_ROLES: [&str; 4] =
    ["server/src", "crates/engine-kafka/src", "crates/engine-cassandra/src", "crates/simulator/src"];

/// A piece of a message that is so long is not found by chance.
const RECOGNISED_BY: usize = 20;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A section of a paper.
fn section(paper: &str, title: &str) -> String {
    let text = std::fs::read_to_string(root().join("docs").join(paper)).unwrap();
    let (_, from) = text.split_once(&format!("\n## {title}\n")).unwrap();
    from.split("\n## ").next().unwrap().to_owned()
}

/// The codes in the first column of its tables.
fn codes(section: &str) -> Vec<String> {
    let first = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    first
        .flat_map(|cell| cell.split('`').step_by(2))
        .filter(|code| !code.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_code_is_in_its_table() {
    let check = |title: &str, expected: &[&str]| {
        let mut found = codes(&section("CODES.md", title));
        let mut expected: Vec<String> = expected.iter().map(|code| (*code).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{title}");
    };
    check("At the door", &Code::ALL.map(Code::as_str));
    check("Dead letters", &DeadReason::ALL.map(DeadReason::as_str));
    check("In files", &Rule::ALL.map(Rule::as_str));
}

/// The message of every warning and every error that code below a directory logs, with its file. Tests' own are left out:
/// they are a file of that name, or the end of one.
fn logged(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            logged(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
            for call in ["warn!(", "error!("] {
                for arguments in code.split(call).skip(1) {
                    let said = message(arguments);
                    let said = said.unwrap_or_else(|| panic!("{}: {call} has no message", path.display()));
                    found.push((path.clone(), said));
                }
            }
        }
    }
}

/// The literal that is an argument of its own: neither a field's value nor within another call.
fn message(arguments: &str) -> Option<String> {
    let (mut rest, mut before, mut depth) = (arguments.chars(), ',', 0);
    while let Some(next) = rest.next() {
        match next {
            '"' => {
                let literal = literal(&mut rest);
                if depth == 0 && before == ',' {
                    return Some(literal);
                }
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return None,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if !next.is_whitespace() {
            before = next;
        }
    }
    None
}

/// The rest of a literal whose first quotation mark was read. A backslash at the end of a line joins it to the next one.
fn literal(rest: &mut Chars<'_>) -> String {
    let mut text = String::new();
    while let Some(next) = rest.next() {
        match next {
            '"' => break,
            '\\' => match rest.next() {
                Some('\n') => *rest = rest.as_str().trim_start().chars(),
                Some(escaped) => text.push(escaped),
                None => {}
            },
            other => text.push(other),
        }
    }
    text
}

/// What a row has of a message: of the pieces between values and punctuation the first that is long enough, or else the
/// longest. One that is whole is marked as such, so that a few words are not found in the middle of others.
fn recognised_by(message: &str) -> String {
    let mut is_value = false;
    let pieces = message.split(|c: char| {
        let ends = is_value || "{:;,?=\"".contains(c);
        is_value = (is_value || c == '{') && c != '}';
        ends
    });
    let pieces: Vec<&str> = pieces.map(str::trim).collect();
    let long = pieces.iter().find(|piece| piece.len() >= RECOGNISED_BY);
    let piece = long.or_else(|| pieces.iter().max_by_key(|piece| piece.len())).unwrap();
    if pieces.len() == 1 { format!("`{piece}`") } else { (*piece).to_owned() }
}

#[test]
fn messages_are_read_as_they_are_written() {
    let check = |arguments: &str, expected: &str, by: &str| {
        let found = message(arguments).unwrap();
        assert_eq!((found.as_str(), recognised_by(&found).as_str()), (expected, by), "{arguments}");
    };
    check("what, %why, \"trying again\");", "trying again", "`trying again`");
    check(
        "\n    error = format!(\"{error:?}\"),\n    kind = \"x\",\n    \"it could not be read; later\"\n);",
        "it could not be read; later",
        "it could not be read",
    );
    check(
        "\"topic {name} has {}: see \\\"More copies\\\" \\\n    of the paper\", copies);",
        "topic {name} has {}: see \"More copies\" of the paper",
        "of the paper",
    );
    assert_eq!(message("%error); other(\"no argument of it\");"), None);
}

#[test]
fn every_warning_has_a_row() {
    let section = section("OPERATIONS.md", "What each alarm means");
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with('|')).collect();
    let mut found = Vec::new();
    OF_THE_ROLES.iter().for_each(|dir| logged(&root().join(dir), &mut found));
    assert!(found.len() > 40, "only {} are found", found.len());
    found.retain(|(_, message)| {
        let by = recognised_by(message);
        // What is little but values is in every row.
        by.len() < RECOGNISED_BY / 2 || !rows.iter().any(|row| row.contains(&by))
    });
    assert!(found.is_empty(), "docs/OPERATIONS.md has no row of these: {found:#?}");
}

/// Names of metrics in a source: whole words that begin with the engine's.
fn metrics_in(source: &str, engine: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(source)).unwrap();
    let quoted = text.split('"').skip(1).step_by(2);
    let is_name = |word: &&str| {
        word.starts_with(engine)
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    quoted.filter(is_name).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_is_told_of() {
    let app = crate::support::App::start().await;
    let told = app.get("/metrics").await.text();
    app.stop().await;
    let types = told.lines().filter_map(|line| line.strip_prefix("# TYPE wattmap_")?.split(' ').next());
    let mut names: Vec<String> = types.map(str::to_owned).collect();
    assert!(names.len() > 4, "{told}");
    names.extend(metrics_in("crates/engine-kafka/src/metrics.rs", "kafka_"));
    names.extend(metrics_in("crates/engine-cassandra/src/metrics.rs", "cassandra_"));
    let paper = std::fs::read_to_string(root().join("docs/OPERATIONS.md")).unwrap();
    names.retain(|name| !paper.contains(&format!("`{name}`")) && !paper.contains(&format!("`{name}_total`")));
    assert!(names.is_empty(), "docs/OPERATIONS.md does not tell of {names:?}");
}
