//! The containers of `deploy/compose.yaml`, spoken to through their proxy, while some of them are killed.
//! `cargo xtask test deploy` brings them up and says where they are.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use futures::StreamExt;
use geography::Geography;
use jiff::tz::TimeZone;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use simulator::{METER_PREFIX, Population, PopulationConfig, Reference};
use tokio_tungstenite::connect_async;

use super::engines::{TAKES_OVER_WITHIN, everybody_works, everybody_works_within, from_environment, seed};
use super::load::{LastWords, Load, Sending, settled};
use crate::support::oracle::{Readings, assert_same_readings, read_export};
use crate::support::program::run_command;
use crate::support::{Http, Keys};

/// How long senders may meet no node after one has died: until the proxy has noticed.
const GOES_ON_WITHIN: Duration = Duration::from_secs(15);

/// How long a container may take to be healthy again.
const HEALTHY_WITHIN: Duration = Duration::from_secs(120);

/// What runs, and how it is told.
struct Deployed {
    compose: Vec<String>,
    http: Http,
}

/// A container, by its number.
struct Container(String);

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: `cargo xtask test deploy` sets it"))
}

impl Deployed {
    /// With a key of each scope, made as a person makes them.
    fn find() -> Deployed {
        let compose = variable("WATTMAP_TEST_COMPOSE").split(' ').map(str::to_owned).collect();
        let nobody = Keys { ingest: String::new(), operator: String::new() };
        let http = Http::new(variable("WATTMAP_TEST_DEPLOYED"), nobody);
        let deployed = Deployed { compose, http };
        let key = |scope| {
            deployed.wattmap(&["keys", "create", "--name", "test", "--scope", scope]).trim().to_owned()
        };
        let keys = Keys { ingest: key("ingest"), operator: key("operator") };
        let http = Http::new(deployed.http.address.clone(), keys);
        Deployed { http, ..deployed }
    }

    fn compose(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.compose[0]);
        command.args(&self.compose[1..]).args(arguments);
        run_command(command)
    }

    /// A command beside a running role, which has its settings.
    fn wattmap(&self, arguments: &[&str]) -> String {
        self.compose(&[&["exec", "-T", "serve", "wattmap"], arguments].concat())
    }

    fn containers(&self, service: &str) -> Vec<Container> {
        self.compose(&["ps", "--quiet", service]).lines().map(|id| Container(id.to_owned())).collect()
    }

    /// What is stored of readings that are not simulated.
    fn exported_readings(&self) -> Readings {
        self.wattmap(&["export", "readings", "--out", "/tmp/exported"]);
        let mut readings = Readings::new();
        let files = self.compose(&["exec", "-T", "serve", "sh", "-c", "ls /tmp/exported/*"]);
        for file in files.split_whitespace() {
            read_export(&self.compose(&["exec", "-T", "serve", "cat", file]), &mut readings);
        }
        readings.retain(|(meter, _), _| !meter.starts_with(METER_PREFIX));
        readings
    }
}

impl LastWords for Deployed {
    fn last_words(&self) -> String {
        self.compose(&["logs", "--tail", "15", "aggregate", "serve"])
    }
}

impl Container {
    fn docker(&self, verb: &[&str]) -> String {
        let mut docker = Command::new("docker");
        docker.args(verb).arg(&self.0);
        run_command(docker)
    }

    fn said(&self, what: &str) -> String {
        self.docker(&["inspect", "--format", what]).trim().to_owned()
    }

    /// As somebody does who wants it to stay away.
    fn kill(&self) {
        self.docker(&["kill"]);
    }

    fn start(&self) {
        self.docker(&["start"]);
    }

    /// As the kernel does when there is no memory left: Docker has not been asked.
    fn crash(&self) {
        let pid: i32 = self.said("{{.State.Pid}}").parse().unwrap();
        // That of one that does not run is 0, which would be all of us.
        assert!(pid > 1, "{} does not run", self.0);
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    }

    fn address(&self) -> String {
        self.said("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")
    }

    /// Another one, that does nothing, on the same network.
    fn idle_beside(&self) -> Container {
        let network = self.said("{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}");
        let image = self.said("{{.Config.Image}}");
        let mut docker = Command::new("docker");
        docker.args([
            "run",
            "--detach",
            "--rm",
            "--network",
            &network,
            "--entrypoint",
            "sleep",
            &image,
            "600",
        ]);
        Container(run_command(docker).trim().to_owned())
    }

    async fn is_healthy(&self) -> Duration {
        let began = Instant::now();
        while self.said("{{.State.Health.Status}}") != "healthy" {
            assert!(began.elapsed() < HEALTHY_WITHIN, "{}", self.docker(&["logs", "--tail", "20"]));
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        began.elapsed()
    }
}

/// Areas of London without simulated homes.
fn areas_of_nobody() -> Vec<String> {
    let geography = Geography::london();
    let homes = from_environment("WATTMAP_TEST_SIMULATED", 0) as usize;
    let time_zone = TimeZone::get(geography.time_zone()).unwrap();
    // They are drawn from the default of `seed`.
    let config = PopulationConfig { homes, seed: 1, time_zone };
    let population = Population::new(&geography, &Reference::published(), config);
    let taken: BTreeSet<String> =
        (0..homes as u32).map(|home| population.registration(home).area.to_string()).collect();
    let leaves = geography.areas_of(geography.finest());
    leaves.iter().map(|area| area.code.to_string()).filter(|code| !taken.contains(code)).collect()
}

/// The page, what it loads, and the live feed come through the proxy.
async fn everything_is_seen(http: &Http) {
    let page = http.get("/").await;
    assert_eq!(page.status, 200);
    let text = page.text();
    let style =
        text.split("href=\"").find_map(|rest| rest.split('"').next().filter(|url| url.ends_with(".css")));
    let style = style.unwrap_or_else(|| panic!("the page has no style sheet: {text}"));
    assert_eq!(http.get(style).await.status, 200, "{style}");
    let (mut feed, _) = connect_async(format!("ws://{}/live", http.address)).await.unwrap();
    let first = tokio::time::timeout(Duration::from_secs(10), feed.next()).await.unwrap().unwrap().unwrap();
    let first: Value = serde_json::from_str(first.to_text().unwrap()).unwrap();
    assert_eq!(first["type"], "snapshot");
}

/// An aggregate and a serve are killed and stay away, another aggregate dies by itself.
async fn containers_die(deployed: &Deployed, sending: &Sending) {
    let http = &deployed.http;
    let (owners, servers) = (deployed.containers("aggregate"), deployed.containers("serve"));
    assert_eq!((owners.len(), servers.len()), (2, 2));
    owners[0].kill();
    println!(
        "aggregate 1 is dead; its partitions go on after {:.1?}",
        everybody_works(http, deployed, sending).await
    );
    servers[0].kill();
    println!("serve 1 is dead; readings are accepted after {:.1?}", sending.goes_on(GOES_ON_WITHIN).await);
    everything_is_seen(http).await;
    owners[0].start();
    servers[0].start();
    println!("both are healthy {:.1?} after they were started", servers[0].is_healthy().await);
    owners[0].is_healthy().await;
    owners[1].crash();
    println!(
        "aggregate 2 has crashed; its partitions go on after {:.1?}",
        everybody_works(http, deployed, sending).await
    );
    owners[1].is_healthy().await;
    let restarts = owners[1].said("{{.RestartCount}}");
    assert_eq!(restarts, "1", "Docker has not started it again");
    everybody_works(http, deployed, sending).await;
}

/// The proxy has no node that takes readings then; it goes on with those that live.
async fn kafka_is_away(deployed: &Deployed, sending: &Sending) {
    let (kafka, http) = (&deployed.containers("kafka")[0], &deployed.http);
    kafka.kill();
    let not_taken = || sending.refused() + sending.unheard();
    let (began, before) = (Instant::now(), not_taken());
    while began.elapsed() < Duration::from_secs(15) {
        assert_eq!(http.get("/").await.status, 200, "{:.1?} after Kafka died", began.elapsed());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    kafka.start();
    let took = sending.goes_on(HEALTHY_WITHIN).await;
    println!(
        "Kafka was away for 15 s: the page was there, {} requests were not taken; readings are accepted {took:.1?} after \
         its start",
        not_taken() - before
    );
}

/// A container that is there for its address alone.
struct Squatter(Container);

impl Drop for Squatter {
    fn drop(&mut self) {
        let killed = Command::new("docker").args(["kill", &self.0.0]).output();
        // Whatever the test says is more important.
        drop(killed);
    }
}

/// Names stay, and nobody is told: whoever connects again looks them up again.
async fn addresses_change(deployed: &Deployed, sending: &Sending) {
    // All stay until the end, or the second would be given the first one's address.
    let mut squatters = Vec::new();
    for service in ["kafka", "cassandra"] {
        let engine = &deployed.containers(service)[0];
        let (before, away) = (engine.address(), Instant::now());
        engine.kill();
        let squatter = Squatter(engine.idle_beside());
        assert_eq!(squatter.0.address(), before, "the address that is free is given to somebody else");
        squatters.push(squatter);
        engine.start();
        engine.is_healthy().await;
        assert_ne!(engine.address(), before);
        // Nobody takes longer to catch up than it was away, on top of what taking over takes.
        let within = TAKES_OVER_WITHIN + away.elapsed();
        let took = everybody_works_within(within, &deployed.http, deployed, sending).await;
        println!(
            "{service} has moved from {before} to {}; everybody works after {took:.1?}",
            engine.address()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Docker with all that deploy/ says: cargo xtask test deploy"]
async fn containers_are_killed_and_everything_is_exact() {
    let (deployed, mut load) = (Deployed::find(), Load::among(seed(), &areas_of_nobody()));
    let http = deployed.http.clone();
    everything_is_seen(&http).await;
    load.goes_to(vec![http.clone()]);
    let sending = load.begin();
    everybody_works(&http, &deployed, &sending).await;
    containers_die(&deployed, &sending).await;
    kafka_is_away(&deployed, &sending).await;
    everybody_works(&http, &deployed, &sending).await;
    addresses_change(&deployed, &sending).await;
    load.end(sending).await;
    // What it sends changes while it is looked at.
    deployed.compose(&["stop", "simulate"]);
    load.check(&deployed).await;
    settled(&http, &deployed).await;
    let said = deployed.wattmap(&["replay"]);
    assert!(said.contains(" 0 differ"), "{said}");
    let expected = load.readings();
    assert_same_readings(&deployed.exported_readings(), &expected);
    println!(
        "{} records acknowledged, {} aggregates compared, {} readings found again; replay: {}",
        load.acknowledged(),
        load.compared,
        expected.len(),
        said.trim_end().lines().last().unwrap_or_default()
    );
    assert!(load.compared > 500 && expected.len() > 1000, "that was no test");
}
