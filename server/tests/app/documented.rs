//! The paper on refusals knows them all.

use import::Rule;
use metering::DeadReason;
use metering::door::Code;

/// A section of the paper.
fn section(title: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/CODES.md");
    let text = std::fs::read_to_string(path).unwrap();
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
        let mut found = codes(&section(title));
        let mut expected: Vec<String> = expected.iter().map(|code| (*code).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{title}");
    };
    check("At the door", &Code::ALL.map(Code::as_str));
    check("Dead letters", &DeadReason::ALL.map(DeadReason::as_str));
    check("In files", &Rule::ALL.map(Rule::as_str));
}
