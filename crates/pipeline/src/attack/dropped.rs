//! What the attacker may have switched off.

use crate::rules::Rules;

/// What is switched off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dropped {
    pub(super) rules: Rules,
    pub(super) stamp_by_position: bool,
    pub(super) progress_last: bool,
    pub(super) progress_read_first: bool,
    pub(super) raw_versions: bool,
    pub(super) area_history: bool,
    pub(super) drained: bool,
    pub(super) retention_by_log_time: bool,
    pub(super) raw_rows_outlive: bool,
    pub(super) windows_read_after_progress: bool,
}

impl Dropped {
    pub(super) const NOTHING: Dropped = Dropped {
        rules: Rules::PROTOCOL,
        stamp_by_position: false,
        progress_last: false,
        progress_read_first: false,
        raw_versions: false,
        area_history: false,
        drained: false,
        retention_by_log_time: false,
        raw_rows_outlive: false,
        windows_read_after_progress: false,
    };
}
