//! Dead letters, sent once more: after their meter was registered, for example.
//!
//! A redriven record carries the position of its first dead letter (where it was misrouted, the beginning of its
//! generation) and yields to everything that came after it, so redriving an old letter, or one letter twice, undoes
//! nothing. What is counted by now, and what would only die again, is left where it is: else every redrive would add letters to the list.

mod outlook;

use std::collections::HashSet;
use std::time::Duration;

use engine::DeadLetterFilter;
use metering::wire::Record;
use metering::{DeadReason, MeterId, Position};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::problem::Problem;
use crate::state::{AppState, Ports};
use outlook::{Outlook, Revived, outlooks};

pub use outlook::{LetterState, letter_states};
pub(crate) use outlook::{Newest, revived};

/// Letters that are read and sent together.
const AT_ONCE: usize = 1000;

/// How long the store is waited for to know what is in the log already.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(10);

/// How often it is asked meanwhile.
const CATCH_UP_STEP: Duration = Duration::from_millis(20);

/// What a redrive did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Redriven {
    /// Whether nothing was sent.
    pub dry_run: bool,
    /// Letters that were looked at.
    pub matching: u64,
    /// Records that were sent.
    pub redriven: u64,
    /// Letters about which nothing is left to do: what they say is counted, or something newer is.
    pub settled: u64,
    /// Letters that can't be: they are no record, or what they died of has not changed, or they stand for
    /// one that was redriven before and is among the others.
    pub left: u64,
}

/// Sends the records of dead letters once more.
pub async fn redrive(
    state: &AppState,
    reason: Option<DeadReason>,
    meter: Option<MeterId>,
    dry_run: bool,
) -> Result<Redriven, Problem> {
    let ports = &state.ports;
    // What dies again while this runs comes after the end that is fixed here, partition by partition.
    let mut ends = Vec::new();
    for partition in 0..ports.log.partitions() {
        ends.push(Position::new(ports.log.generation(), ports.log.head(partition).await?));
    }
    let foreseen = caught_up(ports, &ends).await?;
    let letters = || Letters {
        state,
        ends: &ends,
        filter: Some(DeadLetterFilter { reason, meter: meter.clone(), after: None, limit: AT_ONCE }),
        choice: Choice { foreseen, ..Choice::default() },
    };
    // Only the newest of several about one thing is sent. Which one that is is known when all have been looked at.
    let mut newest = Newest::default();
    let mut looked_at = letters();
    while let Some(page) = looked_at.next().await? {
        page.into_iter().filter_map(Fate::revived).for_each(|revived| newest.note(&revived));
    }
    let mut done = Redriven { dry_run, ..Redriven::default() };
    let mut sent = letters();
    while let Some(page) = sent.next().await? {
        done.matching += page.len() as u64;
        let mut envelopes = Vec::new();
        for fate in page {
            match fate {
                Fate::Settled => done.settled += 1,
                Fate::Left => done.left += 1,
                Fate::Sent(revived) => match newest.sends_for(&revived) {
                    Some(envelope) => envelopes.push(envelope),
                    // A letter that died twice is there twice.
                    None if newest.says(&revived) => done.left += 1,
                    None => done.settled += 1,
                },
            }
        }
        done.redriven += envelopes.len() as u64;
        if !dry_run && !envelopes.is_empty() {
            ports.log.append(envelopes).await?;
        }
    }
    Ok(done)
}

/// What is done with a letter.
enum Fate {
    Settled,
    Left,
    Sent(Revived),
}

impl Fate {
    fn revived(self) -> Option<Revived> {
        match self {
            Self::Sent(revived) => Some(revived),
            Self::Settled | Self::Left => None,
        }
    }
}

/// Goes through letters, page by page.
struct Letters<'a> {
    state: &'a AppState,
    /// Where each partition's letters end.
    ends: &'a [Position],
    /// None after the last page.
    filter: Option<DeadLetterFilter>,
    choice: Choice,
}

impl Letters<'_> {
    /// What is done with each of the next letters; None after the last.
    async fn next(&mut self) -> Result<Option<Vec<Fate>>, Problem> {
        let Some(filter) = &mut self.filter else { return Ok(None) };
        let mut letters = self.state.ports.figures.dead_letters(filter).await?;
        let full = letters.len() == filter.limit;
        filter.after = letters.last().map(|letter| (letter.partition, letter.at));
        if !full {
            self.filter = None;
        }
        letters.retain(|letter| self.ends.get(letter.partition as usize).is_none_or(|&end| letter.at < end));
        let outlooks = outlooks(self.state, &letters).await?;
        let fate = |outlook| match outlook {
            Outlook::Settled => Fate::Settled,
            other => self.choice.sends(other).map_or(Fate::Left, Fate::Sent),
        };
        Ok(Some(outlooks.into_iter().map(fate).collect()))
    }
}

/// Which letters are sent.
#[derive(Default)]
struct Choice {
    /// Whether the store knows enough to foresee that one would die again. If not, it is sent: it is
    /// better that one dies twice than that one is left which could be counted.
    foreseen: bool,
    /// Meters whose registrations are sent: their readings may follow.
    registered: HashSet<MeterId>,
}

impl Choice {
    fn sends(&mut self, outlook: Outlook) -> Option<Revived> {
        let revived = match outlook {
            Outlook::Countable(revived) => revived,
            Outlook::Unregistered(revived)
                if !self.foreseen || revived.meter().is_some_and(|meter| self.registered.contains(meter)) =>
            {
                revived
            }
            Outlook::Hopeless(revived) if !self.foreseen => revived,
            Outlook::Unregistered(_) | Outlook::Hopeless(_) | Outlook::Settled | Outlook::Unusable => {
                return None;
            }
        };
        if let Record::Registration(registration, _) = &revived.record {
            self.registered.insert(registration.meter.clone());
        }
        Some(revived)
    }
}

/// Waits until the store has everything that stands before `ends`; says whether it has.
async fn caught_up(ports: &Ports, ends: &[Position]) -> Result<bool, Problem> {
    let until = Instant::now() + CATCH_UP_TIMEOUT;
    loop {
        let progress = ports.pipeline.progress(ends.len() as u32).await?;
        let behind = ends.iter().enumerate().any(|(partition, end)| {
            let done = progress.get(partition).copied().flatten();
            end.offset > 0 && done.is_none_or(|done| done < Position::new(end.generation, end.offset - 1))
        });
        if !behind {
            return Ok(true);
        }
        if Instant::now() >= until {
            return Ok(false);
        }
        sleep(CATCH_UP_STEP).await;
    }
}
