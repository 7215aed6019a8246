//! Tables of several columns, medians, and what was aimed at.

/// A figure and the most that it should be.
pub(super) struct Goal {
    what: &'static str,
    measured: f64,
    at_most: f64,
}

impl Goal {
    pub(super) const fn new(what: &'static str, measured: f64, at_most: f64) -> Self {
        Self { what, measured, at_most }
    }
}

/// The middle one; of an even number the lower of the two.
pub(super) fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// The median of the ratios within each turn.
pub(super) fn ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    median(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect())
}

/// Columns as wide as they must be, the first one to the left.
pub(super) fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let shown = |(column, (cell, width)): (usize, (&String, usize))| match column {
        0 => format!("{cell:<width$}"),
        _ => format!("  {cell:>width$}"),
    };
    let line = |row: &[String; COLUMNS]| {
        let cells: String = row.iter().zip(widths).enumerate().map(shown).collect();
        cells + "\n"
    };
    rows.iter().map(line).collect()
}

/// A line for each goal.
pub(super) fn goals(goals: &[Goal]) -> String {
    let line = |goal: &Goal| {
        let Goal { what, measured, at_most } = goal;
        let met = if measured <= at_most { "met" } else { "not met" };
        format!("{what}: {measured:.2}, aim <= {at_most:.2}: {met}\n")
    };
    goals.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{Goal, goals, median, ratio, table};

    #[test]
    fn a_ratio_is_of_those_that_took_turns() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]).total_cmp(&2.0), std::cmp::Ordering::Equal);
        // A slow second turn is slow for both.
        let shown = ratio(&[1.0, 20.0, 3.0], &[2.0, 40.0, 6.0]);
        assert_eq!(shown.total_cmp(&0.5), std::cmp::Ordering::Equal);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [["server", "us"], ["a", "10.25"]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), "server     us\na       10.25\n");
    }

    #[test]
    fn a_goal_that_cannot_be_told_is_not_met() {
        let text = goals(&[Goal::new("a", 1.1, 1.1), Goal::new("b", f64::NAN, 1.0)]);
        assert_eq!(text, "a: 1.10, aim <= 1.10: met\nb: NaN, aim <= 1.00: not met\n");
    }
}
