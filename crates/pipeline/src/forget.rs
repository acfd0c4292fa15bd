//! What is forgotten, and when (rule 9).

use crate::partition::Partition;

impl Partition {
    /// Ends a batch: what is acknowledged and was needed for what had been read before is forgotten now,
    /// and caches beyond their limits. What was read in this batch is of no use in the next (rule 9).
    pub fn end_batch(&mut self) {
        self.epoch += 1;
        self.own.forget_before(self.acknowledged);
        self.drop_spans();
        let under_way = self.flush.under_way();
        self.rows.sweep(self.config.limits.rows, under_way, self.rules);
        self.sweep_meters(under_way);
    }

    /// Forgets meters that the store has, those not used since the last sweep first. One that is on its
    /// way to the store stays: it must not be read there before it arrives.
    fn sweep_meters(&mut self, under_way: Option<u32>) {
        for all in [false, true] {
            if self.meters.len() <= self.config.limits.meters {
                return;
            }
            let Partition { meters, own, registrations, .. } = self;
            let unwritten: hashbrown::HashSet<&str> =
                registrations.iter().map(|registration| registration.meter.as_str()).collect();
            meters.retain(|meter| {
                let needed = meter.hint_changed
                    || meter.spans.is_some()
                    || Some(meter.flush) == under_way
                    || own.has(meter.newest_own)
                    || unwritten.contains(meter.id.as_str());
                let stays = needed || (meter.touched && !all);
                meter.touched = false;
                stays
            });
        }
    }

    /// What was looked up stays while it is used, within limits.
    fn drop_spans(&mut self) {
        let limit = self.config.limits.versions;
        let Partition { meters, looked_up, .. } = self;
        let mut kept = 0;
        looked_up.retain(|&ix| {
            let meter = &mut meters[ix];
            if let Some(spans) = &mut meter.spans
                && std::mem::take(&mut spans.touched)
                && kept + spans.len() <= limit
            {
                kept += spans.len();
                return true;
            }
            meter.spans = None;
            false
        });
    }
}
