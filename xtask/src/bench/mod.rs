//! `cargo xtask bench NAME`: measures, and prints one JSON object a line:
//! `{"bench","figure","value","unit","against"}`, where `against` is the figure that the project has set itself.
//!
//! Most benches are examples of the crate that they measure, built in release, that print such lines on stdout and
//! whatever else they have to say on stderr; here each gets its row. Benches print and do not assert: machines differ.

mod browser;
mod line;
mod start;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};

use self::line::Line;
use crate::{binary, command, engines, say, site, tools};

struct Bench {
    name: &'static str,
    what: &'static str,
    how: How,
}

enum How {
    /// `cargo run --release --package P --example E`.
    Example { package: &'static str, example: &'static str },
    /// `bench_server NAME`, told in `WATTMAP_BINARY` where the release binary is, with the site inside.
    Server,
    /// The same, part by part, each with one Kafka and one Cassandra of its own: what one part leaves to be compacted is
    /// no cost of the next.
    ServerOnEngines { parts: &'static [&'static str] },
    /// A file of `end2end/benches`: a real browser at the release binary.
    Browser { file: &'static str },
    /// Files of the built site.
    Site,
    /// A second start, until its first page is there.
    Start,
    /// A clone, until its page is there.
    Cold,
}

const BENCHES: [Bench; 13] = [
    Bench {
        name: "pipeline",
        what: "readings a second through the pipeline alone, on one core",
        how: How::Example { package: "pipeline", example: "bench_pipeline" },
    },
    Bench {
        name: "log",
        what: "records a second through the embedded log's group commit",
        how: How::Example { package: "engine-embedded", example: "bench_append" },
    },
    Bench {
        name: "disk",
        what: "bytes of disk a stored half-hourly reading, after compaction",
        how: How::Example { package: "engine-embedded", example: "bench_disk" },
    },
    Bench {
        name: "disclosure",
        what: "milliseconds until it is decided what may be said of now, of 4,835 areas",
        how: How::Example { package: "metering", example: "bench_disclosure" },
    },
    Bench {
        name: "simulator",
        what: "readings a second that the simulator makes, on one core",
        how: How::Example { package: "simulator", example: "bench_simulator" },
    },
    Bench {
        name: "ingest",
        what: "HTTP to durable to aggregated, sustained over a minute",
        how: How::Server,
    },
    Bench {
        name: "distributed",
        what: "the same through Kafka and Cassandra, against raw clients, and what it costs by meters",
        how: How::ServerOnEngines { parts: &["steady", "backlog", "meters"] },
    },
    Bench { name: "site", what: "bytes of each file of the site", how: How::Site },
    Bench {
        name: "first-load",
        what: "bytes of the public first load, everything that a browser fetches",
        how: How::Browser { file: "first-load.bench.ts" },
    },
    Bench {
        name: "map",
        what: "long tasks while 4,835 areas are panned and zoomed",
        how: How::Browser { file: "map.bench.ts" },
    },
    Bench {
        name: "web",
        what: "how long an area's page takes at 200 requests a second, and what Lighthouse makes of the pages",
        how: How::Browser { file: "web.bench.ts" },
    },
    Bench { name: "start", what: "seconds from a second start to the first page", how: How::Start },
    Bench { name: "cold", what: "minutes from a clone to the page, everything built anew", how: How::Cold },
];

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
        How::Example { package, example } => run_example(package, example, arguments, &[]),
        How::Server => run_server(name, arguments, &[]),
        How::ServerOnEngines { parts } => {
            let is_part = |argument: &&String| parts.contains(&argument.as_str());
            let named: Vec<&str> = arguments.iter().filter(is_part).map(String::as_str).collect();
            let others: Vec<String> =
                arguments.iter().filter(|argument| !is_part(argument)).cloned().collect();
            for part in if named.is_empty() { parts } else { &named[..] } {
                let arguments = [&[(*part).to_owned()], &others[..]].concat();
                engines::with_nodes(1, |variables| run_server(name, &arguments, variables))?;
            }
            Ok(())
        }
        How::Browser { file } => print_all(&browser::lines(file)?),
        How::Site => print_all(&site_lines()?),
        How::Start => print_all(&start::second_start()?),
        How::Cold => print_all(&start::cold()?),
    }
}

fn print_all(lines: &[Line]) -> Result<()> {
    ensure!(!lines.is_empty(), "the bench printed no figure");
    lines.iter().try_for_each(line::print)
}

fn run_server(name: &str, arguments: &[String], variables: &[(&str, &str)]) -> Result<()> {
    let wattmap = binary::release()?;
    let wattmap = wattmap.to_str().context("the path of the release binary is not UTF-8")?;
    let arguments = [&[name.to_owned()], arguments].concat();
    let variables = [&[("WATTMAP_BINARY", wattmap)], variables].concat();
    run_example("server", "bench_server", &arguments, &variables)
}

/// Prints figures as they come: a bench that fails after an hour has measured something until then.
fn run_example(package: &str, example: &str, arguments: &[String], variables: &[(&str, &str)]) -> Result<()> {
    let mut cargo = command::cargo();
    // As the release binary is built, or whatever links it would be built once more.
    cargo
        .envs(tools::openssl_inside())
        .args(["run", "--quiet", "--release", "--package", package, "--example", example, "--"])
        .args(arguments)
        .envs(variables.iter().copied());
    let shown = command::line(&cargo);
    say::step(&shown, || {
        let mut bench = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let printed = bench.stdout.take().context("it has no stdout")?;
        let (mut figures, mut others) = (0, Vec::new());
        // To its end, whatever comes: a bench that is not read waits for ever.
        for text in BufReader::new(printed).lines().map_while(Result::ok).filter(|text| !text.is_empty()) {
            match line::parse(&text).and_then(|line| line::print(&line)) {
                Ok(()) => figures += 1,
                Err(error) => others.push(error),
            }
        }
        let status = bench.wait()?;
        ensure!(status.success(), "`{shown}` failed ({status}); see what it says above");
        ensure!(figures > 0, "the bench printed no figure");
        others.into_iter().next().map_or(Ok(()), Err)
    })
}

fn site_lines() -> Result<Vec<Line>> {
    site::build()?;
    let sizes = site::first_load()?;
    let total: u64 = sizes.iter().map(|(_, bytes)| bytes).sum();
    let line = |figure: &str, bytes: u64| Line::new("site", figure, bytes as f64, "B brotli", None);
    let mut lines: Vec<_> = sizes.iter().map(|(file, bytes)| line(file, *bytes)).collect();
    lines.push(line("all of these", total));
    Ok(lines)
}
