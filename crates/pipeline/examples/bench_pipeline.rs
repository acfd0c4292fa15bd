//! How fast one core decides readings, and how much an owner remembers of a meter.
//!
//! `cargo run --release -p pipeline --example bench_pipeline` prints one JSON object a line. What is
//! timed is all that an owner does: decoding, looking ahead, deciding, summing up, making flush plans
//! and live rows. Making the records, and the store, are not.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use metering::stored::{FlushPlan, Hint, MeterState, RawVersion, RegistrationVersion};
use metering::wire::Record;
use metering::{
    AggregateRow, AreaCode, Dwelling, Energy, Generation, Interval, MeterId, Place, Reading, Registration,
    UtcSecond,
};
use peak_alloc::PeakAlloc;
use pipeline::{
    Answers, Decoded, HINT_STEP_S, Halt, Limits, LogRecordRef, Partition, PartitionConfig, Wants,
};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const METERS: usize = 100_000;
/// As many as London has MSOAs.
const AREAS: usize = 983;
const T0: i64 = 1_795_305_600;
/// As many records as the server reads of a log at once.
const BATCH: usize = 2000;
/// As many as it decides at most before it flushes.
const FLUSH: usize = 50_000;

struct Bench {
    partition: Partition,
    meters: Vec<MeterId>,
    areas: Vec<AreaCode>,
    next_offset: i64,
    spent: Spent,
    stored: Stored,
}

/// Measures what this thread has computed, where the system says so: others may use the machine, too.
struct Timer {
    since: Instant,
    computed: Option<Duration>,
}

impl Timer {
    fn start() -> Self {
        Timer { since: Instant::now(), computed: Self::computed() }
    }

    fn elapsed(&self) -> Duration {
        let computed = self.computed.zip(Self::computed()).map(|(from, to)| to - from);
        computed.unwrap_or_else(|| self.since.elapsed())
    }

    /// Linux counts the nanoseconds that a thread was on a processor.
    fn computed() -> Option<Duration> {
        let counts = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        counts.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    }
}

/// What an owner's time goes into.
#[derive(Default)]
struct Spent {
    decoding: Duration,
    looking_ahead: Duration,
    deciding: Duration,
    flushing: Duration,
}

impl Spent {
    fn total(&self) -> Duration {
        self.decoding + self.looking_ahead + self.deciding + self.flushing
    }
}

/// A store that is as quick as it can be: it is not what is measured.
#[derive(Default)]
struct Stored {
    /// By meter and UTC day, as an engine might keep them.
    raw: HashMap<(MeterId, i64), Vec<RawVersion>>,
    rows: HashMap<Place, AggregateRow>,
    hints: HashMap<MeterId, Hint>,
    registrations: HashMap<MeterId, Vec<RegistrationVersion>>,
}

impl Stored {
    fn read(&self, wants: &Wants) -> Answers {
        let raw = wants.raw.iter().map(|range| {
            let days = range.from.0.div_euclid(86_400)..=(range.to.0 - 1).div_euclid(86_400);
            let versions = days.filter_map(|day| self.raw.get(&(range.meter.clone(), day))).flatten();
            let starts = range.from..range.to;
            versions.filter(|version| starts.contains(&version.interval.start())).cloned().collect()
        });
        let meters = wants.meters.iter().map(|id| MeterState {
            hint: self.hints.get(id).copied(),
            registrations: self.registrations.get(id).cloned().unwrap_or_default(),
        });
        Answers {
            meters: meters.collect(),
            raw: raw.collect(),
            rows: wants.places.iter().map(|place| self.rows.get(place).copied()).collect(),
        }
    }

    fn write(&mut self, plan: FlushPlan) {
        for version in plan.raw {
            let day = version.interval.start().0.div_euclid(86_400);
            self.raw.entry((version.meter.clone(), day)).or_default().push(version);
        }
        self.rows.extend(plan.rows.into_iter().map(|row| (row.place, row.row)));
        self.hints.extend(plan.hints);
        for version in plan.registrations {
            self.registrations.entry(version.meter.clone()).or_default().push(version);
        }
    }
}

impl Bench {
    fn new() -> Self {
        let areas: Vec<AreaCode> = (0..AREAS)
            .map(|n| AreaCode::parse(&format!("E0{:07}", 2_000_001 + n)).expect("a code"))
            .collect();
        let config = PartitionConfig {
            partition: 0,
            generations: vec![Generation { generation: 1, partitions: 1, token: 0 }],
            retention_s: 20 * 366 * 86_400,
            ahead_s: 20 * 366 * 86_400,
            areas: areas.clone(),
            hint_step_s: HINT_STEP_S,
            limits: Limits::default(),
        };
        let mut bench = Bench {
            partition: Partition::restore(config, None).expect("a sound configuration"),
            meters: (0..METERS).map(|n| MeterId::parse(&format!("MAC{n:06}")).expect("a name")).collect(),
            areas,
            next_offset: 0,
            spent: Spent::default(),
            stored: Stored::default(),
        };
        bench.run(vec![(
            Bytes::new(),
            Record::GenerationBegins(Generation { generation: 1, partitions: 1, token: 0 }).encode().into(),
        )]);
        let registration = |n: usize| {
            let (meter, area) = (bench.meters[n].clone(), bench.areas[n % AREAS].clone());
            Record::Registration(Registration { meter, area, dwelling: Dwelling::default() }, None)
        };
        let records = (0..METERS).map(|n| (bench.key(n), registration(n).encode().into())).collect();
        bench.run(records);
        bench.flush();
        bench
    }

    fn key(&self, meter: usize) -> Bytes {
        Bytes::copy_from_slice(self.meters[meter].as_str().as_bytes())
    }

    fn reading(&self, meter: usize, start: i64, duration_s: i64) -> (Bytes, Bytes) {
        let interval = Interval::new(UtcSecond(start), duration_s).expect("aligned");
        let energy = Energy::from_mwh(10_000 + (meter as i64 * 7 + start) % 90_000);
        let reading = Reading { meter: self.meters[meter].clone(), interval, energy };
        (self.key(meter), Record::Reading(reading, None).encode().into())
    }

    /// Decides records in batches, as a driver would.
    fn run(&mut self, records: Vec<(Bytes, Bytes)>) {
        for records in records.chunks(BATCH) {
            let started = Timer::start();
            let refs = records.iter().zip(self.next_offset..);
            let batch: Vec<Decoded<'_>> = refs
                .map(|((key, value), offset)| {
                    Decoded::new(LogRecordRef { offset, appended_ms: T0 * 1000, key, value })
                })
                .collect();
            self.spent.decoding += started.elapsed();

            let (started, mut elsewhere) = (Timer::start(), Duration::ZERO);
            for _ in 0..2 {
                let wants = self.partition.wants(&batch);
                if wants.is_empty() {
                    break;
                }
                elsewhere += self.supply(&wants);
            }
            self.spent.looking_ahead += started.elapsed() - elsewhere;

            let (started, mut elsewhere) = (Timer::start(), Duration::ZERO);
            for record in &batch {
                while let Err(halt) = self.partition.apply(record) {
                    let Halt::Missing(wants) = halt else { panic!("{halt}") };
                    elsewhere += self.supply(&wants);
                }
            }
            self.partition.end_batch();
            self.spent.deciding += started.elapsed() - elsewhere;
            self.next_offset += records.len() as i64;
        }
    }

    /// Says how long the store took.
    fn supply(&mut self, wants: &Wants) -> Duration {
        let started = Timer::start();
        let answers = self.stored.read(wants);
        let elsewhere = started.elapsed();
        self.partition.supply(wants, answers).expect("as many answers as questions");
        elsewhere
    }

    fn flush(&mut self) {
        let started = Timer::start();
        let flush = self.partition.take_flush();
        self.spent.flushing += started.elapsed();
        if let Some(flush) = flush {
            self.stored.write(flush.plan);
            self.partition.flushed(flush.id);
        }
        self.partition.end_batch();
    }
}

fn print(figure: &str, value: f64, unit: &str, against: &str) {
    println!(
        r#"{{"bench":"pipeline","figure":"{figure}","value":{value:.0},"unit":"{unit}","against":{against}}}"#
    );
}

/// The rate, and where the time goes.
fn report(figure: &str, spent: &Spent, readings: f64, against: &str) {
    print(figure, readings / spent.total().as_secs_f64(), "1/s", against);
    let parts = [
        ("decoding", spent.decoding),
        ("looking_ahead", spent.looking_ahead),
        ("deciding", spent.deciding),
        ("flushing", spent.flushing),
    ];
    for (part, time) in parts {
        print(&format!("{figure}.{part}"), time.as_nanos() as f64 / readings, "ns", "null");
    }
}

/// Readings of five minutes as they arrive, each meter in turn: nothing but the hint is needed.
fn live(bench: &mut Bench, rounds: i64) {
    bench.spent = Spent::default();
    for round in 0..rounds {
        for some in (0..METERS).collect::<Vec<_>>().chunks(FLUSH) {
            let records = some.iter().map(|&meter| bench.reading(meter, T0 + round * 300, 300)).collect();
            bench.run(records);
            bench.flush();
        }
    }
    report("readings_per_s", &bench.spent, rounds as f64 * METERS as f64, "1000000");
}

/// A history, newest day first, a day of a meter at a time: everything is looked up.
fn history(bench: &mut Bench, days: i64, meters: usize) {
    bench.spent = Spent::default();
    for day in 1..=days {
        for some in (0..meters).collect::<Vec<_>>().chunks(1000) {
            let midnight = T0 - day * 86_400;
            let records = some
                .iter()
                .flat_map(|&meter| (0..48).map(move |n| (meter, n)))
                .map(|(meter, n)| bench.reading(meter, midnight + n * 1800, 1800))
                .collect();
            bench.run(records);
            bench.flush();
        }
    }
    let readings = days as f64 * meters as f64 * 48.0;
    report("readings_per_s_looked_up", &bench.spent, readings, "null");
}

fn main() {
    let mut bench = Bench::new();
    live(&mut bench, 30);
    let Bench { partition, .. } = bench;
    let with = ALLOCATED.current_usage();
    drop(partition);
    print("state_bytes_per_meter", (with - ALLOCATED.current_usage()) as f64 / METERS as f64, "B", "200");
    let mut bench = Bench::new();
    live_one(&mut bench);
    history(&mut bench, 7, 5_000);
}

/// Every meter is heard once, so that a history lies before what is known.
fn live_one(bench: &mut Bench) {
    let records = (0..METERS).map(|meter| bench.reading(meter, T0, 300)).collect();
    bench.run(records);
    bench.flush();
}
