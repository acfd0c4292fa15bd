//! `cargo xtask bench NAME`: measures, and prints one JSON object a line:
//! `{"bench","figure","value","unit","against"}`, where `against` is the figure that the project has set itself.
//!
//! A bench is an example of the crate that it measures, built in release, that prints such lines on stdout and
//! whatever else it has to say on stderr; here it gets its row. Benches print and do not assert: machines differ.

use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::{binary, command, say, site};

struct Bench {
    name: &'static str,
    what: &'static str,
    how: How,
}

enum How {
    /// `cargo run --release --package P --example E`.
    Example { package: &'static str, example: &'static str },
    /// The same, told where the release binary is, with the site inside, in `WATTMAP_BINARY`.
    ExampleWithBinary { package: &'static str, example: &'static str },
    /// Bytes of the built site.
    Site,
}

const BENCHES: [Bench; 5] = [
    Bench {
        name: "pipeline",
        what: "readings a second through the pipeline alone, on one core",
        how: How::Example { package: "pipeline", example: "bench_pipeline" },
    },
    Bench {
        name: "log",
        what: "records a second through the embedded log's group commit",
        how: How::Example { package: "engine-embedded", example: "bench_log" },
    },
    Bench {
        name: "simulator",
        what: "readings a second that the simulator makes, on one core",
        how: How::Example { package: "simulator", example: "bench_simulator" },
    },
    Bench {
        name: "ingest",
        what: "HTTP to durable to aggregated, sustained over a minute",
        how: How::ExampleWithBinary { package: "server", example: "bench_ingest" },
    },
    Bench { name: "site", what: "bytes of the public first load", how: How::Site },
];

/// One line of a bench's output.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    bench: String,
    figure: String,
    value: f64,
    unit: String,
    /// The figure to reach; benches that only watch something have none.
    against: Option<f64>,
}

/// Runs one bench, or lists them.
pub(crate) fn run(name: Option<&str>, arguments: &[String]) -> Result<()> {
    let Some(name) = name else {
        for bench in BENCHES {
            println!("{:<10} {}", bench.name, bench.what);
        }
        return Ok(());
    };
    let Some(bench) = BENCHES.into_iter().find(|bench| bench.name == name) else {
        let names: Vec<_> = BENCHES.iter().map(|bench| bench.name).collect();
        bail!("there is no bench {name:?}; there are {}", names.join(", "));
    };
    match bench.how {
        How::Example { package, example } => run_example(package, example, arguments, None),
        How::ExampleWithBinary { package, example } => {
            let binary = binary::release()?;
            run_example(package, example, arguments, Some(&binary))
        }
        How::Site => bench_site(),
    }
}

fn run_example(
    package: &str,
    example: &str,
    arguments: &[String],
    wattmap: Option<&std::path::Path>,
) -> Result<()> {
    let mut cargo = command::cargo();
    cargo
        .args(["run", "--quiet", "--release", "--package", package, "--example", example, "--"])
        .args(arguments);
    if let Some(path) = wattmap {
        cargo.env("WATTMAP_BINARY", path);
    }
    let shown = command::line(&cargo);
    let output = say::step(&shown, || {
        let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "`{shown}` failed ({}); see what it says above", output.status);
        String::from_utf8(output.stdout).context("the bench printed something that is not UTF-8")
    })?;
    let lines = parse(&output)?;
    lines.iter().try_for_each(print_line)
}

/// Every line has to be one of ours: a figure that a script cannot read is one that nobody compares.
fn parse(output: &str) -> Result<Vec<Line>> {
    let lines = output
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            serde_json::from_str(line).with_context(|| format!("the bench printed {line:?} on stdout"))
        })
        .collect::<Result<Vec<Line>>>()?;
    ensure!(!lines.is_empty(), "the bench printed no figure");
    Ok(lines)
}

fn print_line(line: &Line) -> Result<()> {
    println!("{}", serde_json::to_string(line)?);
    Ok(())
}

fn bench_site() -> Result<()> {
    site::build()?;
    let sizes = site::first_load()?;
    for (file, bytes) in &sizes {
        print_line(&site_line(file, *bytes, None))?;
    }
    let total = sizes.iter().map(|(_, bytes)| bytes).sum();
    print_line(&site_line("files of the first load", total, Some(300_000.0)))
}

fn site_line(figure: &str, bytes: u64, against: Option<f64>) -> Line {
    Line {
        bench: "site".into(),
        figure: figure.into(),
        value: bytes as f64,
        unit: "B brotli".into(),
        against,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_bench_are_read_and_anything_else_is_refused() {
        let line = r#"{"bench":"pipeline","figure":"readings_per_s","value":1200000,"unit":"1/s","against":1000000}"#;
        assert_eq!(parse(line).unwrap()[0].value, 1_200_000.0);
        assert!(parse("1.2 million a second").is_err());
        assert!(parse("").is_err());
    }
}
