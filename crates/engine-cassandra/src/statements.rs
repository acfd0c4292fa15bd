//! What is prepared once. All of it may be repeated: reads change nothing, and a write of one stamp has one content.

use scylla::client::session::Session;
use scylla::errors::PrepareError;
use scylla::statement::prepared::PreparedStatement;

/// Rows of a page of an answer.
const PAGE_ROWS: i32 = 5000;

/// And of one of sums, each of a row a partition of the log: a busy server has to make a page in time.
const PAGE_SUMS: i32 = 500;

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident: $text:expr,)*) => {
        /// The statements.
        pub(crate) struct Statements {
            $($(#[$doc])* pub(crate) $name: PreparedStatement,)*
        }

        impl Statements {
            pub(crate) async fn prepare(session: &Session, keyspace: &str) -> Result<Self, PrepareError> {
                Ok(Statements { $($name: prepare(session, keyspace, $text).await?,)* })
            }
        }
    };
}

async fn prepare(session: &Session, keyspace: &str, text: &str) -> Result<PreparedStatement, PrepareError> {
    // Servers warn of tables without their keyspace: which one is meant would be the connection's affair.
    let text = text.replacen("INTO ", &format!("INTO {keyspace}."), 1);
    let text = text.replacen("FROM ", &format!("FROM {keyspace}."), 1);
    let mut statement = session.prepare(text.as_str()).await?;
    statement.set_is_idempotent(true);
    statement.set_page_size(if text.contains("sum(") { PAGE_SUMS } else { PAGE_ROWS });
    Ok(statement)
}

statements! {
    // Writes of the pipeline: the last value is the stamp.
    write_aggregate: "INSERT INTO aggregates (day, shard, area, win, part, energy, meters, seconds, through) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
    /// The same whoever writes it, so the same stamp.
    write_day: "INSERT INTO days (what, day) VALUES (?, ?) USING TIMESTAMP 1",
    write_changed_day: "INSERT INTO changed_days (day, part, stamp) VALUES (?, ?, ?) USING TIMESTAMP ?",
    write_reading: "INSERT INTO readings (day, bucket, meter, start, stamp, duration, energy, area) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
    write_registration: "INSERT INTO registrations (bucket, meter, stamp, area, kind, bedrooms, occupants, heating) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
    write_meter_by_area: "INSERT INTO meters_by_area (area, meter) VALUES (?, ?) USING TIMESTAMP 1",
    write_hint: "INSERT INTO hints (bucket, meter, stamp, ends) VALUES (?, ?, ?, ?) USING TIMESTAMP ?",
    write_progress: "INSERT INTO progress (part, stamp) VALUES (?, ?) USING TIMESTAMP ?",
    /// The stamps are such that the earliest first one and the latest last one win, whoever writes them.
    write_first_window: "INSERT INTO extents (part, first_win) VALUES (?, ?) USING TIMESTAMP ?",
    write_last_window: "INSERT INTO extents (part, last_win) VALUES (?, ?) USING TIMESTAMP ?",
    write_dead_letter: "INSERT INTO dead_letters \
        (part, slot, stamp, reason, detail, appended_ms, record_key, record_value) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
    write_dead_slot: "INSERT INTO dead_slots (one, part, slot) VALUES (0, ?, ?) USING TIMESTAMP 1",

    // What owners read.
    progress: "SELECT part, stamp FROM progress WHERE part IN ?",
    extent: "SELECT first_win, last_win FROM extents WHERE part = ?",
    hints: "SELECT meter, stamp, ends FROM hints WHERE bucket = ? AND meter IN ?",
    registrations: "SELECT meter, stamp, area, kind, bedrooms, occupants, heating FROM registrations \
        WHERE bucket = ? AND meter IN ?",
    readings_at: "SELECT meter, start, stamp, duration, energy, area FROM readings \
        WHERE day = ? AND bucket = ? AND meter IN ? AND start >= ? AND start < ?",
    aggregates_at: "SELECT area, win, energy, meters, seconds, through FROM aggregates \
        WHERE day = ? AND shard = ? AND (area, win, part) IN ?",

    // What figures are made from.
    days: "SELECT day FROM days WHERE what = ?",
    changed_in_day: "SELECT part, stamp FROM changed_days WHERE day = ? AND part >= ? AND part <= ?",
    packed_as_of: "SELECT as_of FROM packed_days WHERE day = ? AND shard >= ? AND shard <= ?",
    packed_day: "SELECT body FROM packed_days WHERE day = ? AND shard >= ? AND shard <= ?",
    write_packed_day: "INSERT INTO packed_days (day, shard, as_of, body) VALUES (?, ?, ?, ?)",
    sums_of_shard: "SELECT area, win, sum(energy), sum(meters), sum(seconds) FROM aggregates \
        WHERE day = ? AND shard = ? GROUP BY area, win",
    sums_of_area: "SELECT area, win, sum(energy), sum(meters), sum(seconds) FROM aggregates \
        WHERE day = ? AND shard = ? AND area = ? GROUP BY area, win",
    recent_of_shard: "SELECT area, win, part, energy, meters, seconds, through FROM aggregates \
        WHERE day = ? AND shard = ? AND win >= ? AND win <= ? ALLOW FILTERING",
    last_registrations: "SELECT meter, stamp, area, kind, bedrooms, occupants, heating FROM registrations \
        WHERE bucket = ? GROUP BY bucket, meter",
    meters_of_area: "SELECT meter FROM meters_by_area WHERE area = ?",
    meters_of_day: "SELECT meter FROM readings WHERE day = ? AND bucket = ? AND meter >= ? \
        GROUP BY day, bucket, meter LIMIT ?",
    dead_slots: "SELECT part, slot FROM dead_slots WHERE one = 0",
    dead_letters: "SELECT stamp, reason, detail, appended_ms, record_key, record_value FROM dead_letters \
        WHERE part = ? AND slot = ? AND stamp > ?",
    dead_reasons: "SELECT reason FROM dead_letters WHERE part = ? AND slot = ?",

    // Documents.
    document: "SELECT version, pieces, body FROM documents WHERE kind = ? AND id = ?",
    documents: "SELECT id, version, pieces, body FROM documents WHERE kind = ?",
    replace_document: "UPDATE documents SET version = 0, pieces = 0, body = ? WHERE kind = ? AND id = ? IF body = ?",
    first_document: "INSERT INTO documents (kind, id, version, pieces, body) VALUES (?, ?, 0, 0, ?) IF NOT EXISTS",
    remove_aggregates: "DELETE FROM aggregates WHERE day = ? AND shard = ?",
    remove_changed_days: "DELETE FROM changed_days WHERE day = ? AND part >= ? AND part <= ?",
    remove_packed_days: "DELETE FROM packed_days WHERE day = ? AND shard >= ? AND shard <= ?",
    document_pieces: "SELECT piece, body FROM document_pieces WHERE kind = ? AND id = ? AND version = ?",
    write_document: "INSERT INTO documents (kind, id, version, pieces, body) VALUES (?, ?, ?, ?, ?)",
    write_document_piece: "INSERT INTO document_pieces (kind, id, version, piece, body) VALUES (?, ?, ?, ?, ?)",
    remove_document: "DELETE FROM documents WHERE kind = ? AND id = ?",
    remove_document_pieces: "DELETE FROM document_pieces WHERE kind = ? AND id = ? AND version = ?",
}
