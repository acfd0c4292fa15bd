//! The rules that the attacker of the tests may switch off, to show that each is needed. Outside of
//! tests every one is in force and costs nothing.

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident,)*; $($(#[$doc_of_others:meta])* $of_others:ident,)*) => {
        /// What is in force.
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct Rules {
            $(#[cfg(test)] $(#[$doc])* pub(crate) $name: bool,)*
            $(#[cfg(test)] $(#[$doc_of_others])* pub(crate) $of_others: bool,)*
        }

        impl Rules {
            /// The protocol, whole.
            pub(crate) const PROTOCOL: Rules = Rules { $(#[cfg(test)] $name: true,)* $(#[cfg(test)] $of_others: true,)* };

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
    ;
    // Not of `Partition`, but of those around it who make aggregates anew, switch to them and read them.
    /// 16: of each reading the last version up to the row's stamp counts, whatever else is stored.
    recomputed_as_of_the_stamp,
    /// 16: the stamp reaches the position from which the edition's owners go on.
    stamps_reach_progress,
    /// 16: what rows in use have seen is stored before it is looked for.
    waits_for_what_rows_have_seen,
    /// 16: an owner takes nothing with it from one edition to another.
    a_switch_is_a_restart,
    /// 16: no number is given twice.
    no_number_twice,
    /// 16: who notes which edition is in use has read the note that this one replaces.
    the_note_is_compared,
    /// 16: who shows figures reads what it has passed over.
    readers_look_again,
    /// 16: and passes over rows of other editions.
    readers_pass_over_other_editions,
    /// 16: an edition is begun when every partition is in the last generation,
    made_within_a_generation,
    /// 16: and is not put in use when another one has begun meanwhile.
    a_generation_ends_what_is_made,
}
