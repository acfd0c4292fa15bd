//! Files that are imported, by a process of their own: into the engine itself or through a running
//! server. A file is taken batch by batch, so what a killed import leaves is the file up to some batch.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::program::command;
use crate::support::Program;
use crate::support::oracle::{Area, Counted, Readings, Sum, Sums};

/// Lines of a file: several batches, and less than an import notes how far it is after.
const LINES: usize = 40_000;
const METERS: usize = 5;
const DURATION_S: i64 = 60;
/// A half-hour of 2025.
const FIRST: i64 = 1_750_000_000 - 1_750_000_000 % 1800;

/// The largest number of lines that divides every batch: those of requests and of appends.
const BATCH: usize = 1000;

/// One line: whose, when, how much.
#[derive(Debug, Clone, Copy)]
struct Line {
    meter: usize,
    start: i64,
    mwh: i64,
}

/// Sums by window.
type Windows = BTreeMap<i64, Sum>;

/// What a file's lines have made so far.
#[derive(Debug, Clone, Default)]
struct Taken {
    values: BTreeMap<(usize, i64), i64>,
    heard: BTreeSet<(usize, i64)>,
    windows: Windows,
}

pub(crate) struct Importer {
    area: Area,
    dir: PathBuf,
    number: usize,
    lines: Vec<Line>,
    taken: Taken,
    /// What came of the last run is not known.
    unresolved: bool,
    done: Readings,
    done_windows: Windows,
}

/// An import under way.
pub(crate) struct Import(Child);

impl Importer {
    pub(crate) fn new(dir: &Path, area: &Area) -> Importer {
        let mut importer = Importer {
            area: area.clone(),
            dir: dir.to_owned(),
            number: 0,
            lines: Vec::new(),
            taken: Taken::default(),
            unresolved: false,
            done: Readings::new(),
            done_windows: Windows::new(),
        };
        importer.next_file();
        importer
    }

    /// Files that are imported to their end.
    pub(crate) fn files(&self) -> usize {
        self.number - 1
    }

    /// Whether an import was killed and it is not known yet how far it was.
    pub(crate) fn is_unresolved(&self) -> bool {
        self.unresolved
    }

    fn path(&self) -> PathBuf {
        self.dir.join(format!("{}.csv", self.number))
    }

    fn meter(&self, meter: usize) -> String {
        format!("F{}-{meter}", self.number)
    }

    /// Another file, of other meters. Every fiftieth line corrects an earlier one.
    fn next_file(&mut self) {
        self.number += 1;
        self.taken = Taken::default();
        self.lines.clear();
        for number in 0..LINES {
            let mwh = (number as i64 * 7919 + self.number as i64 * 104_729) % 1_999_993;
            let line = if number % 50 == 49 {
                Line { mwh, ..self.lines[number * 31 % number] }
            } else {
                let start = FIRST + (number / METERS) as i64 * DURATION_S;
                Line { meter: number % METERS, start, mwh }
            };
            self.lines.push(line);
        }
        let mut text = "meter_id,start,kwh\n".to_owned();
        for &Line { meter, start, mwh } in &self.lines {
            let (meter, start) = (self.meter(meter), metering::UtcSecond(start));
            writeln!(text, "{meter},{start},{}.{:06}", mwh / 1_000_000, mwh % 1_000_000).unwrap();
        }
        std::fs::write(self.path(), text).unwrap();
    }

    /// Into the engine itself.
    pub(crate) fn directly(&self, dir: &Path) -> Import {
        self.start(dir, &[])
    }

    /// Through a server.
    pub(crate) fn through(&self, server: &Program) -> Import {
        let http = server.http.clone();
        let url = format!("http://{}", http.address);
        self.start(&self.dir, &["--server", &url, "--key", &http.keys.ingest])
    }

    fn start(&self, dir: &Path, more: &[&str]) -> Import {
        let file = self.path();
        let duration = format!("{DURATION_S}s");
        let mut args = vec!["import", "readings", file.to_str().unwrap(), "--area", &self.area.code];
        args.extend_from_slice(&["--duration", &duration]);
        args.extend_from_slice(more);
        let mut command = command(dir, &args);
        Import(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// An import has ended: well, or it was killed.
    pub(crate) fn ended(&mut self, well: bool) {
        if !well {
            self.unresolved = true;
            return;
        }
        self.taken.take(&self.lines);
        self.unresolved = false;
        self.done = self.readings();
        for (&window, sum) in &self.taken.windows {
            add(self.done_windows.entry(window).or_default(), sum, 1);
        }
        self.next_file();
    }

    /// Compares the area's aggregates with what they have to be: finds out how far a killed import was.
    pub(crate) fn judge(&mut self, found: &Sums) {
        let mut found: Windows = found.of_area(&self.area);
        for (&window, sum) in &self.done_windows {
            add(found.entry(window).or_default(), sum, -1);
        }
        found.retain(|_, sum| *sum != Sum::default());
        let unresolved = std::mem::take(&mut self.unresolved);
        // It was killed before it got anywhere, or all that it sent was there before.
        if found == self.taken.windows {
            return;
        }
        let name = format!("file {} in {}", self.number, self.area.code);
        assert!(unresolved, "{name}, known: {:?}\nfound: {found:?}", self.taken.windows);
        // Each run begins again from the first line.
        for batch in self.lines.chunks(BATCH) {
            self.taken.take(batch);
            if found == self.taken.windows {
                return;
            }
        }
        panic!("{name} is not there up to any batch; whole: {:?}\nfound: {found:?}", self.taken.windows);
    }

    /// All readings of files that were imported to their end, and of this one as far as it is.
    pub(crate) fn readings(&self) -> Readings {
        let mut readings = self.done.clone();
        for (&(meter, start), &energy_mwh) in &self.taken.values {
            let counted = Counted { duration_s: DURATION_S, energy_mwh };
            readings.insert((self.meter(meter), start), (counted, self.area.code.clone()));
        }
        readings
    }
}

fn add(sum: &mut Sum, more: &Sum, sign: i64) {
    *sum = (sum.0 + sign * more.0, sum.1 + sign * more.1, sum.2 + sign * more.2);
}

impl Taken {
    fn take(&mut self, lines: &[Line]) {
        for &Line { meter, start, mwh } in lines {
            let window = start - start.rem_euclid(1800);
            let before = self.values.insert((meter, start), mwh);
            let seconds = if before.is_none() { DURATION_S } else { 0 };
            let meters = i64::from(self.heard.insert((meter, window)));
            add(self.windows.entry(window).or_default(), &(mwh - before.unwrap_or(0), meters, seconds), 1);
        }
    }
}

impl Import {
    /// Waits for its end, so long at most: then it is killed. Says whether it came to its end.
    pub(crate) async fn lives_at_most(mut self, life: Duration) -> bool {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() >= life {
                self.0.kill().unwrap();
                break self.0.wait().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        };
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        // No code: the signal ended it.
        assert!(matches!(status.code(), None | Some(0)), "an import failed: {said}");
        status.success()
    }
}

impl Drop for Import {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
