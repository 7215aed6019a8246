//! The list is complete, its names are unique, and serde says the same names.

use std::collections::HashSet;

use super::Code;

#[test]
fn every_code_has_one_name_and_serde_agrees() {
    let names: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    for code in Code::ALL {
        let json = serde_json::to_string(&code).unwrap();
        assert_eq!(json, format!("\"{}\"", code.as_str()));
        assert_eq!(code.as_str().parse(), Ok(code));
        assert!(code.status().is_client_error() || code.status().is_server_error());
    }
    assert_eq!("no such code".parse::<Code>(), Err(()));
}
