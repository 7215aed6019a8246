//! An overlay is the file as its writer left it, and the disk is the file as it was synced.

use proptest::prelude::*;

use super::{Disk, Overlay};
use crate::dice::Dice;

#[derive(Clone, Debug)]
enum Step {
    Write(u64, Vec<u8>),
    Truncate(u64),
    Sync,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_000_u64, proptest::collection::vec(1..=255_u8, 1..1_500))
            .prop_map(|(offset, bytes)| Step::Write(offset, bytes)),
        1 => (0..3_000_u64).prop_map(Step::Truncate),
        1 => Just(Step::Sync),
    ]
}

/// The overlay and a plain file beside it, both after `steps`, and the file as last synced.
fn played(steps: Vec<Step>) -> (Overlay, Vec<u8>, Vec<u8>, Vec<u8>) {
    let (mut overlay, mut disk) = (Overlay::default(), Vec::new());
    let (mut file, mut synced) = (Vec::<u8>::new(), Vec::new());
    for step in steps {
        match step {
            Step::Write(offset, bytes) => {
                overlay.write(&mut disk, offset, &bytes).unwrap();
                Disk::write(&mut file, offset, &bytes).unwrap();
            }
            Step::Truncate(size) => {
                let size = size.min(file.len() as u64);
                overlay.truncate(&mut disk, size).unwrap();
                Disk::truncate(&mut file, size).unwrap();
            }
            Step::Sync => {
                overlay.sync(&mut disk).unwrap();
                synced.clone_from(&file);
            }
        }
    }
    (overlay, disk, file, synced)
}

fn read_all(overlay: &Overlay, disk: &mut Vec<u8>) -> Vec<u8> {
    let size = usize::try_from(overlay.size(disk).unwrap()).unwrap();
    let mut bytes = vec![0; size];
    assert!(overlay.read(disk, 0, &mut bytes).unwrap());
    bytes
}

proptest! {
    #[test]
    fn the_writer_sees_all_and_the_disk_what_was_synced(
        steps in proptest::collection::vec(step(), 0..40)
    ) {
        let (mut overlay, mut disk, file, synced) = played(steps);
        prop_assert_eq!(&disk, &synced);
        prop_assert_eq!(&read_all(&overlay, &mut disk), &file);
        overlay.sync(&mut disk).unwrap();
        prop_assert_eq!(&disk, &file);
        prop_assert_eq!(overlay.bytes(), 0);
    }

    #[test]
    fn a_cut_leaves_each_sector_old_or_new(
        steps in proptest::collection::vec(step(), 1..40), seed: u64
    ) {
        let (mut overlay, mut disk, file, synced) = played(steps);
        overlay.tear(&mut disk, &mut Dice::new(seed)).unwrap();
        for (number, sector) in disk.chunks(super::SECTOR_BYTES).enumerate() {
            let of = |whole: &[u8]| {
                let start = whole.len().min(number * super::SECTOR_BYTES);
                let mut bytes = whole[start..whole.len().min(start + sector.len())].to_vec();
                bytes.resize(sector.len(), 0);
                bytes
            };
            // Written bytes are never zero: where the zeros at the end begin, the file was cut.
            let kept = sector.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            let is_old = sector[..kept] == of(&synced)[..kept];
            prop_assert!(is_old || sector == of(&file), "sector {} is neither", number);
        }
    }
}

#[test]
fn a_read_past_the_end_is_short_and_zero() {
    let (mut overlay, mut disk) = (Overlay::default(), vec![7; 10]);
    overlay.write(&mut disk, 10, &[8; 5]).unwrap();
    let mut bytes = [9; 20];
    assert!(!overlay.read(&mut disk, 0, &mut bytes).unwrap());
    assert_eq!(bytes[..10], [7; 10]);
    assert_eq!(bytes[10..15], [8; 5]);
    assert_eq!(bytes[15..], [0; 5]);
}

#[test]
fn some_cuts_leave_much_some_little_and_some_tear_blocks() {
    let (mut least, mut most, mut torn) = (usize::MAX, 0, 0);
    for seed in 0..50 {
        let (mut overlay, mut disk) = (Overlay::default(), Vec::new());
        overlay.write(&mut disk, 0, &vec![1; 512 * 80]).unwrap();
        overlay.tear(&mut disk, &mut Dice::new(seed)).unwrap();
        let kept: Vec<bool> = disk.chunks(512).map(|sector| sector[0] == 1).collect();
        let count = kept.iter().filter(|kept| **kept).count();
        (least, most) = (least.min(count), most.max(count));
        torn += usize::from(kept.chunks(8).any(|block| block.contains(&!block[0])));
    }
    assert!(least < 10 && most > 70, "{least} to {most} of 80");
    assert!((10..40).contains(&torn), "{torn} of 50 cuts tore blocks of eight sectors");
}

#[test]
fn what_a_failed_sync_forsook_reaches_the_disk_only_if_it_is_written_again() {
    let (mut overlay, mut disk) = (Overlay::default(), vec![1; 1_024]);
    overlay.write(&mut disk, 0, &[2; 1_536]).unwrap();
    overlay.fail_sync();
    overlay.write(&mut disk, 512, &[3; 512]).unwrap();
    overlay.sync(&mut disk).unwrap();
    let sectors = |file: &[u8]| file.chunks(512).map(|sector| sector[0]).collect::<Vec<_>>();
    assert_eq!(sectors(&read_all(&overlay, &mut disk)), [2, 3, 2], "readers see all of it");
    assert_eq!(sectors(&disk), [1, 3, 0], "the disk has what was written after the failure");
    overlay.write(&mut disk, 0, &[4; 1_536]).unwrap();
    overlay.sync(&mut disk).unwrap();
    assert_eq!((sectors(&disk), overlay.bytes()), (vec![4, 4, 4], 0));
}
