//! What it all came to: the last start, two judges, the figures.

use std::path::Path;
use std::time::Duration;

use checker::{Case, Report};
use serde_json::Value;

use super::lives::Recovery;
use crate::harness::Place;
use crate::harness::databases::Books;
use crate::harness::process::{finish, read, waxwing};
use crate::harness::server::Server;
use crate::harness::time::eventually;

/// How long a judge may take over the longest run.
const JUDGED_WITHIN: Duration = Duration::from_mins(30);

/// One more death, and a start after which nobody bets: it ends every round that had bets. What
/// all lives of the server have logged.
pub(crate) async fn settle(place: &Place, server: Server) -> String {
    server.kill();
    let server = place.start().await;
    settled(&place.data()).await;
    server.signal();
    let log = server.log_path();
    let status = server.wait(Duration::from_mins(1)).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    read(&log)
}

/// Waits until no hold is reserved.
pub(crate) async fn settled(data: &Path) {
    eventually("every hold to be decided", Duration::from_mins(2), || async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        (Books::reserved(data) == 0).then_some(())
    })
    .await;
}

/// The checker's judgement. `E2E_CHECKER` names a build of the program, for runs whose logs are
/// long; else it is judged in this process.
#[expect(clippy::disallowed_methods, reason = "the long run is judged by a release build")]
pub(crate) async fn judge(case: Case) -> Value {
    let Ok(program) = std::env::var("E2E_CHECKER") else {
        let report = tokio::task::spawn_blocking(move || checker::judge(&case)).await.unwrap();
        return shown(&report.unwrap_or_else(|error| panic!("the checker cannot look: {error}")));
    };
    let mut command = std::process::Command::new(program);
    command.args(["judge", "--json"]);
    if case.settled {
        command.arg("--settled");
    }
    for dump in &case.dumps {
        command.arg("--dump").arg(dump);
    }
    for log in &case.logs {
        command.arg("--log").arg(log);
    }
    let finished = finish(command, JUDGED_WITHIN).await;
    serde_json::from_str(&finished.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", finished.stdout, finished.stderr))
}

fn shown(report: &Report) -> Value {
    serde_json::to_value(report).unwrap()
}

/// `waxwing check`, word for word, and whether it calls the book sound.
pub(crate) async fn own_check(place: &Place) -> (bool, String) {
    let mut command = waxwing();
    command.args(["check", "--data"]).arg(place.data());
    let checked = finish(command, JUDGED_WITHIN).await;
    (checked.status.success(), format!("{}{}", checked.stdout, checked.stderr))
}

/// p50, p99 and the worst of recoveries.
pub(crate) fn percentiles(recoveries: &[Recovery], of: fn(&Recovery) -> Duration) -> [Duration; 3] {
    ranks(recoveries.iter().map(of).collect())
}

/// p50, p99 and the worst of any times.
pub(crate) fn ranks(mut times: Vec<Duration>) -> [Duration; 3] {
    times.sort_unstable();
    // The nearest rank: of a hundred the 99th.
    let rank = |percent: usize| (times.len() * percent).div_ceil(100).saturating_sub(1);
    [50, 99, 100].map(|percent| times.get(rank(percent)).copied().unwrap_or_default())
}
