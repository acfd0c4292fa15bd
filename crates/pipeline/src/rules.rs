//! The rules that the attacker of the tests may switch off, to show that each is needed. Outside of
//! tests every one is in force and costs nothing.

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What is in force.
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct Rules {
            $(#[cfg(test)] $(#[$doc])* pub(crate) $name: bool,)*
        }

        impl Rules {
            /// The protocol, whole.
            pub(crate) const PROTOCOL: Rules = Rules { $(#[cfg(test)] $name: true,)* };

            $($(#[$doc])* #[inline]
            pub(crate) const fn $name(self) -> bool {
                #[cfg(test)]
                return self.$name;
                #[cfg(not(test))]
                true
            })*
        }
    };
}

rules! {
    /// 1: a row is changed only by what comes after its `through`.
    skip_by_through,
    /// 5: the last versions *before* the record count, whatever else is known.
    raw_versions,
    /// 6: likewise for registrations.
    area_history,
    /// 7: what is not provably new is looked up.
    slow_path,
    /// 8: a hint's end never shrinks.
    end_never_shrinks,
    /// 8: a hint reaches to the end of a step, and only within that do readings not change it.
    hints_reach_ahead,
    /// 8: where a meter's readings end within a step is told from what is before the record.
    narrows_by_the_past,
    /// 8: and is not known any more when the meter's hint is read again.
    narrows_anew,
    /// 9: decided versions stay until they are acknowledged...
    keep_until_acknowledged,
    /// 9: ...and the batch has ended.
    forget_between_batches,
    /// 9: what was read before the last batch's end is not taken.
    refuse_stale_answers,
    /// 10: positions carry their generation.
    generations,
    /// 10: which is in the log.
    generation_in_the_log,
    /// 10: an owner waits for the former partitions.
    barrier,
    /// 10: and asks again after a restore.
    ask_again_after_restore,
    /// 10: and then knows nothing of its meters any more, for others may have decided about them.
    forget_between_generations,
    /// 11: a record in a partition that is not its meter's is a dead letter.
    check_partition,
    /// 12: a redriven record replaces only what was before it.
    redrive_yields,
    /// 13: what a replay skips counts as changed. Of hints alone it takes the attacker a million schedules.
    skipped_counts_as_changed,
    /// 15: a row that was forgotten is looked for again.
    note_what_is_forgotten,
}
