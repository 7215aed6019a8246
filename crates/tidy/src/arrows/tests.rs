//! Arrows that the table forbids, seen found.

use super::*;

fn package(name: &str, ours: &[&str]) -> Package {
    Package {
        name: name.to_owned(),
        manifest: format!("crates/{name}/Cargo.toml"),
        ours: ours.iter().map(|&import| import.to_owned()).collect(),
        ours_in_code: ours.iter().map(|&import| import.to_owned()).collect(),
        others: Vec::new(),
    }
}

fn messages(name: &str, ours: &[&str]) -> Vec<String> {
    arrows_point_down(&[package(name, ours)]).into_iter().map(|found| found.message).collect()
}

#[test]
fn roles_never_import_each_other() {
    for (role, other) in [("game", "wallet"), ("wallet", "identity"), ("gateway", "game")] {
        let expected = format!("`{role}` must not import `{other}`");
        assert_eq!(messages(role, &["kernel", other]), [expected]);
    }
}

#[test]
fn arrows_never_point_up() {
    assert_eq!(messages("engine", &["platform"]), ["`engine` must not import `platform`"]);
    assert_eq!(messages("kernel", &["kernel"]), ["`kernel` must not import `kernel`"]);
    assert_eq!(messages("waxwing", &["bench"]), ["`waxwing` must not import `bench`"]);
    assert_eq!(messages("checker", &["ledger"]), ["`checker` must not import `ledger`"]);
}

#[test]
fn what_the_table_allows_is_not_found() {
    assert!(messages("game", &["kernel", "engine", "fairness", "contracts"]).is_empty());
    assert!(messages("waxwing", &["kernel", "game", "wallet", "gateway"]).is_empty());
    assert!(messages("bench", &["waxwing", "engine"]).is_empty());
}

#[test]
fn an_unknown_or_misplaced_crate_is_found() {
    assert_eq!(messages("stakes", &[]).len(), 1);
    let mut moved = package("kernel", &[]);
    moved.manifest = "libs/kernel/Cargo.toml".to_owned();
    assert_eq!(arrows_point_down(&[moved]).len(), 1);
}

#[test]
fn what_starts_servers_and_breaks_disks_is_for_tests_alone() {
    for import in ["test_servers", "disk_fault"] {
        for name in ["platform", "waxwing"] {
            let expected = format!("`{name}` must not import `{import}`");
            assert_eq!(messages(name, &[import]), [expected]);
            let tests = Package { ours_in_code: Vec::new(), ..package(name, &[import]) };
            assert!(arrows_point_down(&[tests]).is_empty());
        }
        assert_eq!(messages(import, &["kernel"]).len(), 1);
    }
    assert!(messages("bench", &["test_servers"]).is_empty());
    assert_eq!(messages("bench", &["disk_fault"]).len(), 1);
}
