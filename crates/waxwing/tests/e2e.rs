//! End-to-end tests: the real binary, its real ports, real clients, real deaths.
//!
//! Every module is `#[cfg(test)]`, so that the lints know all of it, helpers too, for test code.

#[cfg(test)]
mod apart;
#[cfg(test)]
mod chains;
#[cfg(test)]
mod check;
#[cfg(test)]
mod dashboards;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod e2e_clients;
#[cfg(test)]
mod failpoints;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod http;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod load;
#[cfg(test)]
mod nasty;
#[cfg(test)]
mod page;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod power_loss;
#[cfg(test)]
mod restores;
#[cfg(test)]
mod rivals;
#[cfg(test)]
mod rounds;
#[cfg(test)]
mod secure;
#[cfg(test)]
mod soak;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod stall;
#[cfg(test)]
mod ten_thousand;
#[cfg(test)]
mod torture;
#[cfg(test)]
#[cfg(feature = "otlp")]
mod traces;
#[cfg(test)]
mod whole_balance;
