//! The table: what was measured, in which unit, and whether it is what it should be.

use std::fmt;

/// What a figure should be.
#[derive(Clone, Copy)]
pub(crate) enum Aim {
    AtLeast(u32),
    AtMost(u32),
}

/// One figure.
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) measured: f64,
    pub(crate) aim: Option<Aim>,
}

/// All figures, in the order in which they were taken.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    remarks: Vec<String>,
}

impl Row {
    /// A figure that need not be anything.
    pub(crate) const fn free(what: &'static str, unit: &'static str, measured: f64) -> Self {
        Self { what, unit, measured, aim: None }
    }

    pub(crate) const fn rate(
        what: &'static str,
        unit: &'static str,
        measured: f64,
        aim: u32,
    ) -> Self {
        Self { what, unit, measured, aim: Some(Aim::AtLeast(aim)) }
    }

    pub(crate) const fn at_most(
        what: &'static str,
        unit: &'static str,
        measured: f64,
        aim: u32,
    ) -> Self {
        Self { what, unit, measured, aim: Some(Aim::AtMost(aim)) }
    }
}

impl Table {
    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// A line below the table.
    pub(crate) fn remark(&mut self, line: String) {
        self.remarks.push(line);
    }
}

impl Aim {
    fn is_met_by(self, measured: f64) -> bool {
        match self {
            Self::AtLeast(least) => measured >= f64::from(least),
            Self::AtMost(most) => measured <= f64::from(most),
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(formatter, ">= {}", grouped(f64::from(*least))),
            Self::AtMost(most) => write!(formatter, "<= {}", grouped(f64::from(*most))),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = ["what", "measured", "unit", "aim", "met"];
        let [what, measured, unit, aim, met] = columns;
        writeln!(formatter, "{what:<34} {measured:>12}  {unit:<15} {aim:<13} {met}")?;
        for Row { what, unit, measured, aim } in &self.rows {
            let met = aim.map_or("", |aim| if aim.is_met_by(*measured) { "yes" } else { "no" });
            let aim = aim.map_or_else(|| "-".to_owned(), |aim| aim.to_string());
            let measured = grouped(*measured);
            writeln!(formatter, "{what:<34} {measured:>12}  {unit:<15} {aim:<13} {met}")?;
        }
        self.remarks.iter().try_for_each(|line| writeln!(formatter, "{line}"))
    }
}

/// Prints the machine and the table: the one purpose of this program.
#[expect(clippy::print_stdout, reason = "the table is what this program is run for")]
pub(crate) fn print(machine: &str, table: &Table) {
    print!("{machine}\n{table}");
}

/// A whole number in groups of three; one decimal below a hundred.
fn grouped(number: f64) -> String {
    if number < 100.0 && number.fract() > 0.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Aim, Row, Table, grouped};

    #[test]
    fn numbers_are_grouped_for_the_eye() {
        let shown = [0.0, 7.25, 99.0, 123.4, 1_000.0, 71_900.4, 1_234_567.0].map(grouped);
        assert_eq!(shown, ["0", "7.2", "99", "123", "1,000", "71,900", "1,234,567"]);
    }

    #[test]
    fn an_aim_is_met_or_not() {
        let mut table = Table::default();
        table.add(Row::rate("bets", "bets/s", 19_999.0, 20_000));
        table.add(Row::at_most("start", "ms", 150.0, 200));
        table.add(Row::free("free", "x/s", 5.0));
        let text = table.to_string();
        let met: Vec<_> = text.lines().map(|line| line.split_whitespace().last()).collect();
        assert_eq!(met, [Some("met"), Some("no"), Some("yes"), Some("-")]);
        assert_eq!(Aim::AtLeast(20_000).to_string(), ">= 20,000");
    }
}
