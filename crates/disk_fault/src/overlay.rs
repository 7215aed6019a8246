//! What was written to one file and not synced, by sectors, above what the disk holds.

use std::collections::{BTreeMap, BTreeSet};

use crate::dice::Dice;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: u64 = 512;
const SECTOR_BYTES: usize = 512;
/// Newer disks write so many sectors whole or not at all.
const BLOCK_SECTORS: u64 = 8;

/// The file as the disk holds it.
pub(crate) trait Disk {
    /// Why it did not do what it was asked.
    type Error;

    /// How many bytes it holds.
    fn size(&mut self) -> Result<u64, Self::Error>;
    /// Fills `bytes` from `offset` on; past the end with zeros.
    fn read(&mut self, offset: u64, bytes: &mut [u8]) -> Result<(), Self::Error>;
    /// Writes, growing the file where needed.
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Self::Error>;
    /// Cuts the file off; it is never asked to grow.
    fn truncate(&mut self, size: u64) -> Result<(), Self::Error>;
}

/// The unsynced part of one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overlay {
    sectors: BTreeMap<u64, Box<[u8; SECTOR_BYTES]>>,
    /// Those of them that no later sync brings to the disk, since one has failed: the system
    /// believes them written. Writing them again makes them as good as others.
    forsaken: BTreeSet<u64>,
    /// How long the file seems to be, once that differs from the disk.
    size: Option<u64>,
    /// What the disk holds from here on was cut off, though the disk does not know it yet.
    cut: Option<u64>,
}

impl Overlay {
    /// How long the file seems to be.
    pub(crate) fn size<D: Disk>(&self, disk: &mut D) -> Result<u64, D::Error> {
        self.size.map_or_else(|| disk.size(), Ok)
    }

    /// Fills `bytes`; whether all of them are below the end of the file.
    pub(crate) fn read<D: Disk>(
        &self,
        disk: &mut D,
        offset: u64,
        bytes: &mut [u8],
    ) -> Result<bool, D::Error> {
        let size = self.size(disk)?;
        self.read_disk(disk, offset, bytes)?;
        let end = offset + bytes.len() as u64;
        for (&number, sector) in self.sectors.range(offset / SECTOR..end.div_ceil(SECTOR)) {
            copy_overlap(number * SECTOR, &sector[..], offset, bytes);
        }
        if end > size {
            let whole = usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX);
            bytes[whole..].fill(0);
        }
        Ok(end <= size)
    }

    pub(crate) fn write<D: Disk>(
        &mut self,
        disk: &mut D,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), D::Error> {
        let (end, size) = (offset + bytes.len() as u64, self.size(disk)?);
        for number in offset / SECTOR..end.div_ceil(SECTOR) {
            if !self.sectors.contains_key(&number) {
                let mut sector = Box::new([0; SECTOR_BYTES]);
                self.read_disk(disk, number * SECTOR, &mut sector[..])?;
                self.sectors.insert(number, sector);
            }
            self.forsaken.remove(&number);
            if let Some(sector) = self.sectors.get_mut(&number) {
                copy_overlap(offset, bytes, number * SECTOR, &mut sector[..]);
            }
        }
        self.size = Some(size.max(end));
        Ok(())
    }

    pub(crate) fn truncate<D: Disk>(&mut self, disk: &mut D, to: u64) -> Result<(), D::Error> {
        let size = self.size(disk)?;
        self.sectors.split_off(&to.div_ceil(SECTOR));
        self.forsaken.split_off(&to.div_ceil(SECTOR));
        if !to.is_multiple_of(SECTOR)
            && let Some(last) = self.sectors.get_mut(&(to / SECTOR))
        {
            let kept = usize::try_from(to % SECTOR).unwrap_or(SECTOR_BYTES);
            last[kept..].fill(0);
        }
        if to < size {
            self.cut = Some(self.cut.map_or(to, |cut| cut.min(to)));
        }
        self.size = Some(to);
        Ok(())
    }

    /// Brings everything to the disk but what an earlier, failed sync has forsaken.
    pub(crate) fn sync<D: Disk>(&mut self, disk: &mut D) -> Result<(), D::Error> {
        let (size, forsaken) = (self.size, std::mem::take(&mut self.forsaken));
        let mut lost = self.sectors.clone();
        lost.retain(|number, _| forsaken.contains(number));
        self.keep(disk, |sector| sector.is_none_or(|number| !forsaken.contains(&number)))?;
        if !lost.is_empty() {
            (self.size, self.sectors, self.forsaken) = (size, lost, forsaken);
        }
        Ok(())
    }

    /// A sync fails: nothing reaches the disk now, nor at a later sync, as on Linux, which marks
    /// pages clean whose writing failed.
    pub(crate) fn fail_sync(&mut self) {
        self.forsaken.extend(self.sectors.keys());
    }

    /// Brings to the disk what a power cut happened to leave: each sector, or each block of them,
    /// by a throw, and the cut by another. How much is left as a rule is thrown as well.
    pub(crate) fn tear<D: Disk>(&mut self, disk: &mut D, dice: &mut Dice) -> Result<(), D::Error> {
        let grain = if dice.one_in(2) { 1 } else { BLOCK_SECTORS };
        let (is_rare, sides) = (dice.one_in(2), [2, 16, 64][dice.below(3)]);
        let mut last = None;
        self.keep(disk, |sector| {
            let block = sector.map(|number| number / grain);
            let kept = match last {
                Some((earlier, kept)) if block.is_some() && earlier == block => kept,
                _ => dice.one_in(sides) == is_rare,
            };
            last = Some((block, kept));
            kept
        })
    }

    /// How much there is to lose, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.sectors.len() as u64 * SECTOR
    }

    /// Writes the sectors that `is_kept` keeps (the cut is asked for as `None`), forgets the rest.
    fn keep<D: Disk>(
        &mut self,
        disk: &mut D,
        mut is_kept: impl FnMut(Option<u64>) -> bool,
    ) -> Result<(), D::Error> {
        let (sectors, size, cut) = (std::mem::take(&mut self.sectors), self.size, self.cut);
        (self.size, self.cut) = (None, None);
        if let Some(cut) = cut
            && disk.size()? > cut
            && is_kept(None)
        {
            disk.truncate(cut)?;
        }
        let Some(size) = size else { return Ok(()) };
        for (number, sector) in sectors {
            if !is_kept(Some(number)) {
                continue;
            }
            let start = number * SECTOR;
            // Whole, also past an end that the disk does not know of.
            let below_end = size.max(disk.size()?).saturating_sub(start).min(SECTOR);
            let below_end = usize::try_from(below_end).unwrap_or(SECTOR_BYTES);
            disk.write(start, &sector[..below_end])?;
        }
        // A file cut off in a gap ends in it.
        if disk.size()? < size && is_kept(None) {
            disk.write(size - 1, &[0])?;
        }
        Ok(())
    }

    /// What the disk holds, as far as it was not cut off.
    fn read_disk<D: Disk>(
        &self,
        disk: &mut D,
        offset: u64,
        bytes: &mut [u8],
    ) -> Result<(), D::Error> {
        disk.read(offset, bytes)?;
        if let Some(cut) = self.cut {
            let kept = usize::try_from(cut.saturating_sub(offset)).unwrap_or(usize::MAX);
            let kept = kept.min(bytes.len());
            bytes[kept..].fill(0);
        }
        Ok(())
    }
}

/// Copies the part of `from`, which stands at `from_at`, that lies within `to`, at `to_at`.
fn copy_overlap(from_at: u64, from: &[u8], to_at: u64, to: &mut [u8]) {
    let start = from_at.max(to_at);
    let end = (from_at + from.len() as u64).min(to_at + to.len() as u64);
    let place = |at: u64, of: u64| usize::try_from(at - of).unwrap_or(usize::MAX);
    if start < end {
        let source = &from[place(start, from_at)..place(end, from_at)];
        to[place(start, to_at)..place(end, to_at)].copy_from_slice(source);
    }
}

#[cfg(test)]
mod tests;
