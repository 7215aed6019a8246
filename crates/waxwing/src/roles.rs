//! One wiring file a role.

mod apart;
pub mod game;
pub mod gateway;
pub mod up;
pub mod user;

use crate::config::Config;

/// Runs `serve` until it ends, with everything a process sets up once.
fn run<F>(config: Config, serve: fn(Config) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    platform::telemetry::init(&config.telemetry)?;
    platform::failpoint::announce()?;
    platform::planted::announce()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let ended = serve(config).await;
        platform::traces::finish().await;
        ended
    })
}
