//! Small scenes in which aggregates are made anew while partitions are added to the log, or it is made
//! anew itself.

use metering::wire::partition_of;

use super::dropped::Dropped;
use super::oracle::Difference;
use super::scenes::{reading, registration};
use super::topic::{Entry, Topic};
use super::world::{T0, World};
use crate::rules::Rules;

impl World {
    fn appended(&mut self, partition: usize, key: &str, record: metering::wire::Record) {
        let entry = Entry::new(key, record, T0 * 1000);
        self.last_topic().partitions[partition].push(entry);
    }

    /// An owner decides everything up to and with an offset, and stores it.
    fn stored_up_to(&mut self, n: usize, offset: i64) {
        while self.owners[n].next_offset() <= offset {
            assert!(self.owners[n].work(&mut self.shared));
            while !self.owners[n].flush(&mut self.shared) {
                self.arrive();
            }
        }
    }
}

/// A meter that is in partition 0 of two, and in this one of three.
fn meter_in(of_three: u32) -> String {
    let in_it = |name: &String| [2, 3].map(|count| partition_of(name.as_bytes(), count)) == [0, of_three];
    (0..).map(|n| format!("m{n}")).find(in_it).expect("a sixth of them")
}

/// A replay has begun in the last moment of a generation. It reads the rows of a place, of one partition after the other:
/// that of the first one from before a meter's reading; then the generation ends, the meter is in the second partition, and
/// its reading is corrected there; and the second one's row has seen that. So the correction counts whole, and the owner of
/// the first partition counts the reading besides.
fn partitions_are_added(rules: Rules) -> Vec<Difference> {
    let (stays, moves) = (meter_in(0), meter_in(1));
    let mut world = World::quiet(Dropped { rules, ..Dropped::NOTHING }, Vec::new());
    world.shared.topics = vec![Topic::new(1, 2)];
    world.appended(0, &stays, registration(&stays, "X"));
    world.appended(0, &moves, registration(&moves, "X"));
    world.appended(0, &stays, reading(&stays, 0, 2, 1));
    let owners = [world.start(0), world.start(1)];
    world.stored_up_to(owners[0], 3);
    world.stored_up_to(owners[1], 0);
    world.begin_replay();
    world.replayers[0].nearly = 5;
    world.replay_until("Note");
    world.appended(0, &moves, reading(&moves, 0, 2, 100));
    world.last_topic().grow(1);
    world.a_generation_is_announced();
    world.replay_until("Rows(0, (Window(944400), Some(0)))");
    world.stored_up_to(owners[0], 5);
    world.stored_up_to(owners[1], 1);
    world.appended(1, &moves, reading(&moves, 0, 2, 150));
    world.stored_up_to(owners[1], 2);
    world.replay_until("never");
    world.owners.clear();
    for (partition, last) in [(0, 5), (1, 2), (2, 0)] {
        let n = world.start(partition);
        world.stored_up_to(n, last);
    }
    world.settle();
    world.compare().into_iter().filter(|difference| *difference == Difference::Sums).collect()
}

/// An edition is made; what comes in after that is stored in the one in use, and in that alone; the log is made anew, as it
/// may be when all of it is stored; and the edition is put in use.
fn the_log_is_made_anew(rules: Rules) -> Vec<Difference> {
    let records = vec![registration("m0", "X"), reading("m0", 0, 2, 100)];
    let mut world = World::quiet(Dropped { rules, ..Dropped::NOTHING }, records);
    let owner = world.start(0);
    world.stored_up_to(owner, 2);
    world.begin_replay();
    world.replayers[0].nearly = 5;
    world.replay_until("Progress");
    world.appended(0, "m0", reading("m0", 2, 2, 1));
    world.stored_up_to(owner, 3);
    world.shared.topics.push(Topic::new(2, 1));
    world.a_generation_is_announced();
    world.owners.clear();
    world.replay_until("never");
    let owner = world.start(0);
    world.stored_up_to(owner, 0);
    world.settle();
    world.compare().into_iter().filter(|difference| *difference == Difference::Sums).collect()
}

#[test]
fn an_edition_is_made_within_one_generation() {
    assert_eq!(partitions_are_added(Rules::PROTOCOL), []);
    let without = Rules { made_within_a_generation: false, ..Rules::PROTOCOL };
    assert_eq!(partitions_are_added(without), [Difference::Sums]);
}

#[test]
fn what_is_made_ends_with_the_log() {
    assert_eq!(the_log_is_made_anew(Rules::PROTOCOL), []);
    let without = Rules { a_generation_ends_what_is_made: false, ..Rules::PROTOCOL };
    assert_eq!(the_log_is_made_anew(without), [Difference::Sums]);
}
