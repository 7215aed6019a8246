//! A long answer while its client takes it.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use platform::clock::Stopwatch;
use tokio::time::sleep;

use super::{Long, places};

const PATIENCE: Duration = Duration::from_millis(400);

/// A body that sends its parts as long after each other as said, and then no more, and no end.
fn parts(
    pauses: Vec<Duration>,
) -> impl hyper::body::Body<Data = Bytes, Error = Infallible> + Unpin {
    let sent = stream::iter(pauses).then(async |pause| {
        sleep(pause).await;
        Ok(Frame::data(Bytes::from_static(b"more")))
    });
    StreamBody::new(Box::pin(sent.chain(stream::pending())))
}

#[tokio::test]
async fn a_role_that_falls_silent_ends_its_answer_and_one_that_is_slow_does_not() {
    let Ok(place) = places().take(None) else { panic!("the first long answer has a place") };
    let rest = parts(vec![PATIENCE / 2; 3]);
    let mut long =
        Long { begun: Some("begun".into()), rest, patience: PATIENCE, waits: None, _place: place };
    for expected in ["begun", "more", "more", "more"] {
        let frame = long.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), expected);
    }
    // Who takes nothing for long does not count as waiting.
    sleep(PATIENCE * 2).await;
    let waited = Stopwatch::start();
    let error = long.frame().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("fell silent"), "{error}");
    assert!(waited.seconds() >= PATIENCE.as_secs_f64() * 0.95, "{} s", waited.seconds());
}
