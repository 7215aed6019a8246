//! Migrations, settings, and what an error says, against a real server.

use std::sync::atomic::{AtomicU32, Ordering};

use kernel::Sealed;
use test_servers::Postgres;
use tokio::sync::Barrier;

use super::{Pool, Schema, StoreError};

const FIRST: &str = "CREATE TABLE note (id BIGINT PRIMARY KEY CHECK (id > 0))";
const NOTES: Schema = Schema { name: "notes", steps: &[FIRST] };
const MORE: Schema =
    Schema { name: "notes", steps: &[FIRST, "ALTER TABLE note ADD COLUMN text TEXT"] };

fn url(server: &Postgres) -> Sealed<String> {
    Sealed::new(server.url())
}

async fn insert(pool: &Pool, id: i64) -> Result<(), StoreError> {
    let session = pool.session().await?;
    session.execute("INSERT INTO note (id) VALUES ($1)", &[&id]).await?;
    Ok(())
}

async fn count(pool: &Pool) -> i64 {
    let row = pool.session().await.unwrap().query_one("SELECT count(*) FROM note", &[]).await;
    row.unwrap().get(0)
}

#[tokio::test]
async fn many_processes_migrate_once_and_none_goes_back() {
    let server = Postgres::start().unwrap();
    let url = url(&server);
    let opened = futures_util::future::join_all((0..6).map(|_| Pool::open(&url, &[NOTES], 2)));
    for pool in opened.await {
        pool.unwrap();
    }
    let pool = Pool::open(&url, &[MORE], 2).await.unwrap();
    insert(&pool, 1).await.unwrap();
    let older = Pool::open(&url, &[NOTES], 2).await.unwrap_err();
    assert!(older.to_string().contains("version 2, this program knows 1"), "{older}");
    let broken = Schema { name: "broken", steps: &["CREATE TABLE half ()", "no SQL"] };
    assert!(matches!(Pool::open(&url, &[broken], 2).await, Err(StoreError::Failed(_))));
    let half = pool.session().await.unwrap().batch_execute("SELECT FROM half").await;
    assert!(half.is_err(), "a step was kept though a later one failed");
}

#[tokio::test]
async fn a_server_that_may_take_commits_back_is_refused() {
    let server = Postgres::start().unwrap();
    let pool = Pool::open(&url(&server), &[NOTES], 2).await.unwrap();
    let session = pool.session().await.unwrap();
    // The session's own settings win over what a role or database was given.
    session.batch_execute("ALTER ROLE waxwing SET synchronous_commit = off").await.unwrap();
    Pool::open(&url(&server), &[NOTES], 2).await.unwrap();
    session.batch_execute("ALTER SYSTEM SET full_page_writes = off").await.unwrap();
    session.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    let mut refused = Pool::open(&url(&server), &[NOTES], 2).await;
    for _ in 0..100 {
        if refused.is_err() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        refused = Pool::open(&url(&server), &[NOTES], 2).await;
    }
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("full_page_writes"), "{refused}");
}

#[tokio::test]
async fn an_address_is_never_shown() {
    let secret = Sealed::new("postgresql://waxwing:hush@[::1".to_owned());
    let refused = Pool::open(&secret, &[], 1).await.unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("hush"));
}

#[tokio::test]
async fn what_was_refused_is_told_from_what_is_unknown() {
    let server = Postgres::start().unwrap();
    let pool = Pool::open(&url(&server), &[NOTES], 2).await.unwrap();
    insert(&pool, 1).await.unwrap();
    assert!(matches!(insert(&pool, 1).await, Err(StoreError::Duplicate(_))));
    assert!(matches!(insert(&pool, -1).await, Err(StoreError::Failed(_))));
    let session = pool.session().await.unwrap();
    let slow = session.batch_execute("SET statement_timeout = 20; SELECT pg_sleep(10)").await;
    assert_eq!(StoreError::from(slow.unwrap_err()), StoreError::Unavailable);
    let killed = session.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())").await;
    assert_eq!(StoreError::from(killed.unwrap_err()), StoreError::Unavailable);
    // What the pool takes back it gives out again, unless it is known to be closed.
    while !session.is_closed() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    drop(session);
    assert_eq!(count(&pool).await, 1);
}

/// Changes two notes in one transaction; between them it waits at `meet`.
async fn append_to_both(
    pool: &Pool,
    first: i64,
    second: i64,
    meet: Option<&Barrier>,
) -> Result<(), StoreError> {
    let mut session = pool.session().await?;
    let tx = session.transaction().await?;
    let update = "UPDATE note SET text = coalesce(text, '') || 'x' WHERE id = $1";
    tx.execute(update, &[&first]).await?;
    if let Some(meet) = meet {
        meet.wait().await;
    }
    tx.execute(update, &[&second]).await?;
    Ok(tx.commit().await?)
}

#[tokio::test]
async fn a_deadlock_is_tried_again_and_both_are_done() {
    let server = Postgres::start().unwrap();
    let pool = Pool::open(&url(&server), &[MORE], 4).await.unwrap();
    insert(&pool, 1).await.unwrap();
    insert(&pool, 2).await.unwrap();
    let locked = Barrier::new(2);
    let tried = AtomicU32::new(0);
    let cross = async |first: i64, second: i64| {
        let mut is_second_try = false;
        let once = || {
            tried.fetch_add(1, Ordering::Relaxed);
            let meet = (!std::mem::replace(&mut is_second_try, true)).then_some(&locked);
            append_to_both(&pool, first, second, meet)
        };
        pool.run(once).await
    };
    let (one, other) = tokio::join!(cross(1, 2), cross(2, 1));
    one.unwrap();
    other.unwrap();
    assert!(tried.load(Ordering::Relaxed) > 2, "nothing stood in the way");
    let session = pool.session().await.unwrap();
    let rows = session.query("SELECT text FROM note", &[]).await.unwrap();
    assert!(rows.iter().all(|row| row.get::<_, String>(0) == "xx"));
}

#[tokio::test]
async fn a_crash_costs_open_work_alone() {
    let mut server = Postgres::start().unwrap();
    let pool = Pool::open(&url(&server), &[NOTES], 4).await.unwrap();
    insert(&pool, 1).await.unwrap();
    let mut session = pool.session().await.unwrap();
    let tx = session.transaction().await.unwrap();
    tx.execute("INSERT INTO note (id) VALUES (2)", &[]).await.unwrap();
    server.crash_and_restart().unwrap();
    assert_eq!(tx.commit().await.map_err(StoreError::from), Err(StoreError::Unavailable));
    drop(session);
    let mut answered = pool.ping().await;
    for _ in 0..500 {
        if answered.is_ok() {
            break;
        }
        assert_eq!(answered, Err(StoreError::Unavailable), "while it starts");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        answered = pool.ping().await;
    }
    answered.unwrap();
    assert_eq!(count(&pool).await, 1);
}
