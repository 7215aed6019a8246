//! Ready means every check holds.

use super::Health;

#[test]
fn a_process_is_ready_when_every_check_holds() {
    let health = Health::new();
    assert!(health.is_ready());
    let (store, lobbies) = (health.check("store"), health.check("lobbies"));
    assert_eq!(health.checks()["store"].as_deref(), Some("starting"));
    store.pass();
    assert!(!health.is_ready());
    lobbies.pass();
    assert!(health.is_ready());
    store.clone().fail("disk full");
    assert!(!health.is_ready());
    assert_eq!(health.checks()["store"].as_deref(), Some("disk full"));
}
