//! Tasks on tokio.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Lost, Spawner, TokioSpawner};

fn spawner() -> Arc<dyn Spawner> {
    Arc::new(TokioSpawner)
}

#[tokio::test]
async fn a_task_ends_by_itself_by_a_panic_or_by_an_abort() {
    let spawner = spawner();
    assert_eq!(spawner.spawn(Box::pin(async {})).await, Ok(()));
    assert_eq!(spawner.spawn(Box::pin(async { panic!("on purpose") })).await, Err(Lost::Panicked));
    let task = spawner.spawn(Box::pin(std::future::pending()));
    task.abort();
    assert_eq!(task.await, Err(Lost::Aborted));
}

#[tokio::test]
async fn a_task_goes_on_without_its_handle() {
    let spawner = spawner();
    let (begun, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (go, told) = (Arc::clone(&begun), Arc::clone(&done));
    drop(spawner.spawn(Box::pin(async move {
        go.notified().await;
        told.notify_one();
    })));
    begun.notify_one();
    done.notified().await;
}

#[tokio::test]
async fn work_gives_its_answer_or_says_how_it_was_lost() {
    let spawner = spawner();
    assert_eq!(spawner.run(async { 7 }).await, Ok(7));
    assert_eq!(spawner.block(|| 8).await, Ok(8));
    let lost = spawner.block(|| -> u32 { panic!("on purpose") }).await;
    assert_eq!(lost, Err(Lost::Panicked));
    let lost = spawner.run(async { panic!("on purpose") }).await;
    assert_eq!(lost, Err::<u32, _>(Lost::Panicked));
}
