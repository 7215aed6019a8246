//! `waxwing up` as a child process: started until ready, killed by its own id, started again. Where
//! the suite asks for it, each role is processes of its own instead, and a gateway stands for all.

use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::fleet::{Process, Processes};
use super::http::Caller;
use super::process::{ended, read};
use super::time::PATIENCE;

/// A running server.
pub(crate) struct Server {
    body: Body,
    /// `http://ADDRESS` of the public listener.
    pub(crate) base: String,
    /// `http://ADDRESS` of the ops listener.
    pub(crate) ops: String,
    /// From the start of the process to its `ready` line.
    pub(crate) ready_after: Duration,
    log: PathBuf,
    /// Its data, if its disk forgets.
    forgetful: Option<PathBuf>,
}

/// What a test may not ask of many processes.
const ALONE: &str = "this is about one process";

/// What a server is made of.
enum Body {
    Alone(Child),
    Apart(Processes),
}

/// Whatever was logged beside `log`.
pub(super) fn logs(log: &Path) -> String {
    let beside = std::fs::read_dir(log.parent().unwrap()).into_iter().flatten();
    let mut files: Vec<PathBuf> = beside.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "log"));
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

/// Ends the child and the test, showing what the child logged.
async fn fail(child: &mut Child, log: &Path, why: &str) -> ! {
    let status = ended(child, Duration::from_millis(500)).await;
    panic!("{why} ({status:?})\n{}", tail(&read(log)));
}

/// The child's lines as they come. A thread reads them, so that the pipe never fills.
pub(super) fn lines(stdout: ChildStdout) -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // A server whose reader has gone may still print.
            sender.send(line).ok();
        }
    });
    receiver
}

/// The last lines of a log, enough to see why a server failed.
fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

impl Server {
    /// Waits until `child`, started at this instant, is ready.
    pub(super) async fn ready(
        mut child: Child,
        log: PathBuf,
        forgetful: Option<PathBuf>,
        started_at: Instant,
    ) -> Self {
        let mut lines = lines(child.stdout.take().unwrap());
        let mut ops = None;
        loop {
            let line = match tokio::time::timeout(PATIENCE, lines.recv()).await {
                Ok(Some(line)) => line,
                Ok(None) => fail(&mut child, &log, "the server ended before it was ready").await,
                Err(_) => fail(&mut child, &log, "the server did not become ready").await,
            };
            if let Some(address) = line.strip_prefix("ops ") {
                ops = Some(address.to_owned());
            } else if let Some(base) = line.strip_prefix("ready ") {
                let ready_after = started_at.elapsed();
                let ops = ops.expect("the line `ops http://ADDRESS` comes before `ready`");
                let (body, base) = (Body::Alone(child), base.to_owned());
                return Self { body, base, ops, ready_after, log, forgetful };
            }
        }
    }

    /// These processes as one server; players come through the first gateway.
    pub(super) fn apart(processes: Processes, log: PathBuf, started_at: Instant) -> Self {
        let ready_after = started_at.elapsed();
        let door = &processes.gateways[0];
        let (base, ops) = (door.base.clone(), door.ops.clone());
        Self { body: Body::Apart(processes), base, ops, ready_after, log, forgetful: None }
    }

    /// A caller of the public listener.
    pub(crate) fn caller(&self) -> Caller {
        Caller::new(&self.base)
    }

    /// A caller of the ops listener.
    pub(crate) fn ops_caller(&self) -> Caller {
        Caller::new(&self.ops)
    }

    /// The numbers of all its processes.
    pub(crate) async fn metrics(&self) -> String {
        let doors = match &self.body {
            Body::Alone(_) => vec![self.ops.clone()],
            Body::Apart(processes) => processes.doors().cloned().collect(),
        };
        let mut said = String::new();
        for ops in doors {
            said += &Caller::new(&ops).get("/metrics").await.text;
        }
        said
    }

    /// The id of the process that players talk to.
    pub(crate) fn id(&self) -> u32 {
        match &self.body {
            Body::Alone(child) => child.id(),
            Body::Apart(processes) => processes.gateways[0].id(),
        }
    }

    /// How the server ended, if it has ended by itself; of many processes, how any did.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        match &mut self.body {
            Body::Alone(child) => child.try_wait().unwrap(),
            Body::Apart(processes) => processes.all().find_map(Process::has_ended),
        }
    }

    /// `kill -9`, by the id of the children this test started.
    pub(crate) fn kill(mut self) {
        match &mut self.body {
            Body::Alone(child) => {
                child.kill().unwrap();
                child.wait().unwrap();
            }
            Body::Apart(processes) => processes.kill(),
        }
        self.undelete();
    }

    /// The one process that there is.
    fn child(&mut self) -> &mut Child {
        match &mut self.body {
            Body::Alone(child) => child,
            Body::Apart(_) => panic!("{ALONE}"),
        }
    }

    /// Cuts the power of a server on a forgetful disk: of what was not synced, some survives by
    /// throws of `seed`.
    pub(crate) fn tear(mut self, seed: u64) {
        self.order(&format!("tear {seed}"));
        let status = self.child().wait().unwrap();
        assert_eq!(status.signal(), Some(6), "it ended by itself: {status:?}");
        self.undelete();
    }

    /// Waits until it has died of what was ordered.
    pub(crate) async fn dead(mut self) {
        let status = ended(self.child(), PATIENCE).await.expect("it dies of this");
        assert_eq!(status.signal(), Some(6), "{status:?}");
        self.undelete();
    }

    /// Tells the forgetful disk of the server what to break.
    pub(crate) fn order(&mut self, order: &str) {
        let stdin = self.child().stdin.as_mut().expect("it was started on a forgetful disk");
        writeln!(stdin, "{order}").unwrap();
    }

    /// What a power cut does to names.
    fn undelete(&self) {
        if let Some(data) = &self.forgetful {
            disk_fault::undelete(data).unwrap();
        }
    }

    /// SIGTERM, by the id of the child this test started.
    pub(crate) fn signal(&self) {
        let Body::Alone(child) = &self.body else { panic!("{ALONE}") };
        let id = child.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status().unwrap();
        assert!(sent.success());
    }

    /// SIGTERM, and how the server ended; `None` if it still ran after `limit`. Of many processes
    /// each ends in time, or the test.
    pub(crate) async fn terminate(mut self, limit: Duration) -> Option<ExitStatus> {
        if let Body::Apart(processes) = &mut self.body {
            processes.end(limit).await;
            return Some(ExitStatus::default());
        }
        self.signal();
        self.wait(limit).await
    }

    /// How the server ended; `None` if it still ran after `limit`.
    pub(crate) async fn wait(mut self, limit: Duration) -> Option<ExitStatus> {
        ended(self.child(), limit).await
    }

    /// Where its log is; it outlives the server.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.log.clone()
    }

    /// What the server has logged so far, over all its lives.
    pub(crate) fn log(&self) -> String {
        logs(&self.log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Many processes end themselves and say what they logged.
        let Body::Alone(child) = &mut self.body else { return };
        // Both fail harmlessly when the child has already ended.
        child.kill().ok();
        child.wait().ok();
        if std::thread::panicking() {
            eprintln!("the server's log ends with\n{}", tail(&self.log()));
        }
    }
}
