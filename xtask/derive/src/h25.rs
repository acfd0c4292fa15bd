//! The H25 shape: BDEW's table of quarter-hours, with its day-of-year factor, as shares of a mean year.

use anyhow::{Context, Result, ensure};

use super::packages::Packages;

const MONTHS: [(&str, f64, u32); 12] = [
    ("jan", 31.0, 31),
    ("feb", 28.2425, 28),
    ("mar", 31.0, 31),
    ("apr", 30.0, 30),
    ("may", 31.0, 31),
    ("jun", 30.0, 30),
    ("jul", 31.0, 31),
    ("aug", 31.0, 31),
    ("sep", 30.0, 30),
    ("oct", 31.0, 31),
    ("nov", 30.0, 30),
    ("dec", 31.0, 31),
];

/// The columns of a month: the source's name, ours, days of the kind in a week.
const DAYS: [(&str, &str, f64); 3] = [("WT", "weekday", 5.0), ("SA", "saturday", 1.0), ("FT", "sunday", 1.0)];

/// BDEW's factor for the day of the year, by which the profiles that it calls dynamic are multiplied.
fn dynamisation(day: u32) -> f64 {
    let t = f64::from(day);
    -3.92e-10 * t.powi(4) + 3.2e-7 * t.powi(3) - 7.02e-5 * t.powi(2) + 0.0021 * t + 1.24
}

/// The table `half_hour,jan_weekday,...`, in billionths of a year's use.
pub(crate) fn derive(packages: &Packages) -> Result<String> {
    let text = packages.read_text("demandlib", "demandlib/bdew/bdew_data/h25.csv")?;
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    ensure!(rows.len() == 98, "h25.csv has {} rows, not 2 of headers and 96 quarter-hours", rows.len());
    let kinds = &rows[1];
    let mut columns = Vec::new();
    let mut year = 0.0;
    let mut first_day = 1;
    for (month, (name, mean_days, days)) in MONTHS.iter().enumerate() {
        let factor = (first_day..first_day + days).map(dynamisation).sum::<f64>() / f64::from(*days);
        first_day += days;
        for (theirs, ours, a_week) in DAYS {
            let column = (1 + month * 3..4 + month * 3).find(|&column| kinds.get(column) == Some(&theirs));
            let column = column.with_context(|| format!("h25.csv has no {theirs} in month {}", month + 1))?;
            let quarters: Vec<f64> =
                rows[2..].iter().map(|row| row[column].parse()).collect::<Result<_, _>>()?;
            let half_hours: Vec<f64> = quarters.chunks(2).map(|pair| (pair[0] + pair[1]) * factor).collect();
            year += half_hours.iter().sum::<f64>() * mean_days * a_week / 7.0;
            columns.push((format!("{name}_{ours}"), half_hours));
        }
    }
    let mut table = "half_hour".to_owned();
    columns.iter().for_each(|(name, _)| {
        table.push(',');
        table.push_str(name);
    });
    for half_hour in 0..48 {
        table.push_str(&format!("\n{:02}:{:02}", half_hour / 2, half_hour % 2 * 30));
        for (_, shares) in &columns {
            table.push_str(&format!(",{:.0}", shares[half_hour] / year * 1e9));
        }
    }
    table.push('\n');
    Ok(table)
}
