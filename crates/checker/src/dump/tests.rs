//! Lines in, rows out.

use super::*;

#[test]
fn a_line_is_a_row_under_the_name_of_its_table() {
    let text = "{\"head\":{\"moment\":\"death\"}}\n\
        {\"fence\":{\"lobby\":4,\"epoch\":2,\"closed_round\":7,\"seed_index\":6}}\n\
        {\"hold\":{\"player\":7,\"bet\":\"018f3c5e00007000800000000000002a\",\"lobby\":4,\
        \"round\":8,\"stake_steps\":150,\"state\":\"reserved\",\"payout_units\":null,\
        \"released_by\":null}}\n";
    let dump = Dump::read(text.as_bytes(), &[]).unwrap();
    assert_eq!(dump.moment, Moment::Death);
    assert_eq!(dump.fences[&4].closed_round, 7);
    let bet = BetId::parse("018f3c5e-0000-7000-8000-00000000002a").unwrap();
    assert_eq!(dump.holds[&(7, bet)].stake_steps, 150);
}

#[test]
fn a_line_that_is_no_row_ends_the_reading() {
    for wrong in ["{\"fence\":{\"lobby\":4}}", "{\"purse\":{}}", "", "{"] {
        let read = Dump::read(format!("{wrong}\n").as_bytes(), &[]);
        assert!(matches!(read, Err(CannotRead::Line { line: 1, .. })), "{wrong}");
    }
}

#[test]
fn a_second_record_under_one_name_is_not_lost() {
    let fence = "{\"fence\":{\"lobby\":4,\"epoch\":2,\"closed_round\":7,\"seed_index\":6}}\n";
    let dump = Dump::read(fence.repeat(2).as_bytes(), &[]).unwrap();
    assert_eq!(dump.doubled.len(), 1);
}
