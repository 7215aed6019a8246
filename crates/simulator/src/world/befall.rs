//! Faults as they befall the world, and how it is healed of them.

use super::World;
use crate::database::Death;
use crate::network::{Peer, Storm, Weather};
use crate::plan::FaultKind;
use crate::schedule::Fault;

/// The most that a wall clock jumps, in milliseconds: an hour.
const HOUR_MS: i64 = 3_600_000;
/// The longest that a message is late, in milliseconds.
const LATE_MS: u64 = 30_000;

impl World {
    /// Plans what befalls the world.
    pub(super) fn plan_faults(&self, schedule: &[Fault]) {
        for fault in schedule {
            let (world, fault) = (self.clone(), *fault);
            self.0.executor.call_in(fault.at_ms, move || world.befall(fault));
        }
    }

    fn befall(&self, fault: Fault) {
        tracing::info!(%fault, "befalls");
        *self.0.befell.lock().entry(fault.kind).or_default() += 1;
        let plan = &self.0.plan;
        let game = Peer::Game(below(fault.chance, plan.games));
        let wallet = Peer::Wallet(below(fault.chance, plan.wallets));
        let gateway = Peer::Gateway(below(fault.chance, plan.gateways));
        match fault.kind {
            FaultKind::KillGame => self.down_for(game, fault.for_ms),
            FaultKind::KillWallet => self.down_for(wallet, fault.for_ms),
            FaultKind::KillGateway => self.down_for(gateway, fault.for_ms),
            FaultKind::KillDatabase => self.database_dies(fault, Death::Killed),
            FaultKind::LoseUnsynced => self.database_dies(fault, Death::Unsynced),
            FaultKind::TornWrite => self.database_dies(fault, Death::Torn),
            FaultKind::PauseGame => self.pause_for(game, fault.for_ms),
            FaultKind::PauseWallet => self.pause_for(wallet, fault.for_ms),
            FaultKind::Stall => self.stall(fault),
            FaultKind::RollingUpgrade => {
                if let Some(shutdown) = self.shutdown(game) {
                    shutdown.drain();
                }
            }
            // The database's clock goes ahead: leases run out that their nodes believe in.
            FaultKind::TwoOwners => self.0.records.skip_ms(2_000 + fault.for_ms),
            FaultKind::LoseTail => self.lose_tail(fault),
            FaultKind::DiskFull | FaultKind::SyncError => self.store_fails(fault),
            FaultKind::WallClock => {
                let by_ms = (fault.chance >> 8).cast_signed() % HOUR_MS;
                self.wall(any_process(fault.chance)).jump(by_ms);
            }
            FaultKind::Exhaustion => self.exhaust(fault),
            _ => self.blow(fault),
        }
    }

    /// A storm on the wires.
    fn blow(&self, fault: Fault) {
        let until_ms = self.0.executor.now_ms() + fault.for_ms;
        let permille = 50 + (fault.chance >> 16) % 450;
        let peers = self.peers();
        let peer = peers[place(fault.chance >> 32, peers.len())];
        // Half of all storms are everywhere.
        let anywhere = fault.chance & 1 == 0;
        let place = if anywhere { None } else { Some(peer) };
        let blow = |storm, from, to| {
            self.0.network.change(|weather| weather.begin(storm, (from, to), until_ms));
        };
        match fault.kind {
            FaultKind::DropRequest => blow(Storm::Drop { permille }, None, Some(peer)),
            FaultKind::DropResponse => blow(Storm::Drop { permille }, Some(peer), None),
            FaultKind::Duplicate => blow(Storm::Duplicate { permille }, None, place),
            FaultKind::Reorder => blow(Storm::Reorder { up_to_ms: 400 }, None, place),
            FaultKind::Delay => blow(Storm::Delay { permille, up_to_ms: LATE_MS }, None, place),
            FaultKind::PartitionOneWay if anywhere => {
                blow(Storm::Drop { permille: 1_000 }, Some(peer), None);
            }
            FaultKind::PartitionOneWay => blow(Storm::Drop { permille: 1_000 }, None, Some(peer)),
            FaultKind::PartitionFull => {
                blow(Storm::Drop { permille: 1_000 }, Some(peer), None);
                blow(Storm::Drop { permille: 1_000 }, None, Some(peer));
            }
            FaultKind::SlowReader => {
                let storm = Storm::Delay { permille: 900, up_to_ms: 5_000 };
                blow(storm, None, Some(Peer::Crowd));
            }
            FaultKind::ResetMidFrame => blow(Storm::Reset { permille }, None, place),
            _ => {}
        }
    }

    fn down_for(&self, peer: Peer, for_ms: u64) {
        self.kill(peer);
        let world = self.clone();
        self.0.executor.call_in(for_ms, move || {
            if !world.is_closing() {
                world.start(peer);
            }
        });
    }

    fn pause_for(&self, peer: Peer, for_ms: u64) {
        let Some(process) = self.process(peer) else { return };
        self.0.executor.pause(process);
        let executor = self.0.executor.clone();
        self.0.executor.call_in(for_ms, move || executor.resume(process));
    }

    fn database_dies(&self, fault: Fault, death: Death) {
        let peer = if fault.chance & 1 == 0 { Peer::GameStore } else { Peer::WalletStore };
        self.kill(peer);
        match peer {
            Peer::GameStore => self.0.records.die(death),
            _ => self.0.book.die(death),
        }
        self.down_for(peer, fault.for_ms);
    }

    fn lose_tail(&self, fault: Fault) {
        let peer = if fault.chance & 1 == 0 { Peer::GameStore } else { Peer::WalletStore };
        let most = 1 + place(fault.chance >> 8, 20);
        self.kill(peer);
        match peer {
            Peer::GameStore => self.0.records.fail_over(most),
            _ => self.0.book.fail_over(most),
        }
        self.down_for(peer, fault.for_ms);
    }

    fn stall(&self, fault: Fault) {
        let until_ms = self.0.executor.now_ms() + fault.for_ms;
        match fault.chance % 4 {
            0 => self.0.records.stall(until_ms),
            1 => self.0.book.stall(until_ms),
            _ => self.pause_for(any_process(fault.chance >> 4), fault.for_ms),
        }
    }

    fn store_fails(&self, fault: Fault) {
        let until_ms = self.0.executor.now_ms() + fault.for_ms;
        let of_game = fault.chance & 1 == 0;
        match (fault.kind, of_game) {
            (FaultKind::DiskFull, true) => self.0.records.fill(until_ms),
            (FaultKind::DiskFull, false) => self.0.book.fill(until_ms),
            (_, true) => self.0.records.fail_syncs(until_ms),
            (_, false) => self.0.book.fail_syncs(until_ms),
        }
    }

    fn exhaust(&self, fault: Fault) {
        let peers = self.peers();
        let peer = peers[place(fault.chance, peers.len())];
        self.set_exhausted(peer, true);
        let world = self.clone();
        self.0.executor.call_in(fault.for_ms, move || world.set_exhausted(peer, false));
    }

    fn set_exhausted(&self, peer: Peer, exhausted: bool) {
        match peer {
            Peer::GameStore => self.0.records_machine.exhaust(exhausted),
            Peer::WalletStore => self.0.book_machine.exhaust(exhausted),
            Peer::Wallet(number) => self.0.wallets[usize::from(number)].exhaust(exhausted),
            Peer::Game(number) => self.0.games[usize::from(number)].exhaust(exhausted),
            Peer::Gateway(number) => self.0.gateways[usize::from(number)].exhaust(exhausted),
            Peer::Crowd => {}
        }
    }

    /// Everything runs again and nothing is lost any more; what is late still comes.
    pub(super) fn heal(&self) {
        self.0.network.change(Weather::clear);
        self.0.records.heal();
        self.0.book.heal();
        for peer in self.peers() {
            self.set_exhausted(peer, false);
            if let Some(process) = self.process(peer) {
                self.0.executor.resume(process);
            }
            self.start(peer);
        }
    }
}

/// A process that has a clock of its own and can be stalled.
fn any_process(chance: u64) -> Peer {
    const PROCESSES: [Peer; 6] = [
        Peer::Game(0),
        Peer::Game(1),
        Peer::Wallet(0),
        Peer::Wallet(1),
        Peer::Gateway(0),
        Peer::Gateway(1),
    ];
    PROCESSES[place(chance, PROCESSES.len())]
}

fn place(chance: u64, length: usize) -> usize {
    usize::try_from(chance % length.max(1) as u64).unwrap_or_default()
}

fn below(chance: u64, count: u8) -> u8 {
    u8::try_from((chance >> 4) % u64::from(count.max(1))).unwrap_or(0)
}
