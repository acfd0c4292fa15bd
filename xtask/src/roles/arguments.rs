//! What may be said after `cargo xtask run --engines`.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::engines;

pub(crate) const HELP: &str = "\
cargo xtask run --engines: Kafka, Cassandra, and the roles of wattmap as processes of their own

Starts the nodes that do not run (`cargo xtask engines`), builds wattmap, migrates, and runs serve, aggregate twice, and
simulate. Each line of their logs begins with a role's name. Ctrl-C stops simulate, serve and aggregate, in this
order, and then the nodes that were started for this; their data stays. Before the roles run it leaves the nodes up, and
the next start goes on from there.

  --nodes 1|3                 of Kafka and of Cassandra [default: 1]
  --keep-engines              leave the nodes running in the end
  --status-listen ADDR:PORT   of aggregate-1; aggregate-2 and simulate have the next two ports [default: nowhere]
  --binary FILE               run this wattmap instead of building one
  ...                         everything else is passed on to every role, for example --simulate 5000
                              --listen 127.0.0.1:4000; `wattmap --help` has all of it";

/// They are told from those of `wattmap run` by this one.
pub(crate) fn asks_for_engines(arguments: &[String]) -> bool {
    arguments.iter().any(|argument| argument == "--engines")
}

/// Whether only what may be said is asked for.
pub(crate) fn asks_for_help(arguments: &[String]) -> bool {
    asks_for_engines(arguments) && arguments.iter().any(|argument| argument == "--help" || argument == "-h")
}

/// What was said.
#[derive(Debug)]
pub(super) struct Arguments {
    pub(super) nodes: u32,
    pub(super) keep_engines: bool,
    /// On the nodes that tests started: a test says so.
    pub(super) of_tests: bool,
    pub(super) binary: Option<PathBuf>,
    status_listen: Option<SocketAddr>,
    /// A role takes of the settings what concerns it.
    pub(super) passed_on: Vec<String>,
}

impl Arguments {
    pub(super) fn parse(given: &[String]) -> Result<Arguments> {
        let (mut nodes, mut keep_engines, mut of_tests) = (1, false, false);
        let (mut binary, mut status_listen) = (None, None);
        let mut passed_on = Vec::new();
        let mut given = given.iter();
        while let Some(argument) = given.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let mut value =
                || value.clone().or_else(|| given.next().cloned()).context(format!("{name} needs a value"));
            match name {
                "--engines" => {}
                "--keep-engines" => keep_engines = true,
                "--of-tests" => of_tests = true,
                "--nodes" => {
                    nodes =
                        engines::one_or_three(&value()?).map_err(anyhow::Error::msg).context("--nodes")?;
                }
                "--binary" => binary = Some(std::path::absolute(value()?)?),
                "--status-listen" => {
                    let address = value()?.parse();
                    status_listen = Some(address.context("--status-listen takes an IP address with a port")?);
                }
                _ => passed_on.push(argument.clone()),
            }
        }
        Ok(Arguments { nodes, keep_engines, of_tests, binary, status_listen, passed_on })
    }

    /// Where the one of that number, counted from 0, says how it is. Port 0 is a free one for each.
    pub(super) fn status_of(&self, number: u16) -> Option<SocketAddr> {
        let first = self.status_listen?;
        let port = if first.port() == 0 { 0 } else { first.port().saturating_add(number) };
        Some(SocketAddr::new(first.ip(), port))
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, asks_for_help};

    fn parse(line: &str) -> anyhow::Result<Arguments> {
        Arguments::parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_not_ours_is_passed_on_in_order() {
        let arguments =
            parse("--simulate 5000 --engines --nodes=3 --listen 127.0.0.1:4000 --keep-engines --log=debug")
                .unwrap();
        assert_eq!((arguments.nodes, arguments.keep_engines), (3, true));
        assert_eq!(arguments.passed_on, ["--simulate", "5000", "--listen", "127.0.0.1:4000", "--log=debug"]);
    }

    #[test]
    fn help_is_of_engines_only_where_they_are_asked_for() {
        let asks = |line: &str| asks_for_help(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert!(asks("--engines --help") && asks("-h --engines"));
        assert!(!asks("--help") && !asks("--engines"));
    }

    #[test]
    fn each_has_a_port_of_its_own() {
        let ports = |line| {
            let arguments = parse(line).unwrap();
            [0, 1, 2].map(|number| arguments.status_of(number).map(|address| address.port()))
        };
        assert_eq!(ports("--engines --status-listen 127.0.0.1:3001"), [Some(3001), Some(3002), Some(3003)]);
        assert_eq!(ports("--engines --status-listen 127.0.0.1:0"), [Some(0); 3]);
        assert_eq!(ports("--engines"), [None; 3]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, said) in [
            ("--engines --nodes 2", "--nodes: 1 or 3 are allowed"),
            ("--engines --nodes", "--nodes needs a value"),
            ("--engines --status-listen 3001", "--status-listen takes an IP address with a port"),
        ] {
            let error = format!("{:#}", parse(line).unwrap_err());
            assert!(error.starts_with(said), "{error}");
        }
    }
}
