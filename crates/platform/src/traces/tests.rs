//! What is refused as a receiver, what of another's trace goes on, and what spans are called.

use ::http::{HeaderMap, HeaderValue};

use super::{Config, TRACE_PARENT, hand_on, operation_of};

fn refused(endpoint: &str, sample_permille: u32) -> Option<String> {
    let config = Config { endpoint: Some(endpoint.to_owned()), sample_permille };
    config.validate().err().map(|invalid| invalid.to_string())
}

#[test]
fn a_receiver_is_an_origin_over_plain_http() {
    let none = Config { sample_permille: 1_000, ..Config::default() };
    assert_eq!(none.validate(), Ok(()));
    for endpoint in [
        "",
        "localhost:4318",
        "https://a:4318",
        "http://a",
        "http://a:4318/",
        "http://a:4318/v1",
        "http://me@a:4318",
        "http://:4318",
    ] {
        let said = refused(endpoint, 10);
        assert_eq!(said.as_deref(), Some("endpoint: must be http://HOST:PORT"), "{endpoint}");
    }
    let said = refused("http://a:4318", 1_001);
    assert_eq!(said.as_deref(), Some("sample_permille: must be 0 to 1000"));
}

#[test]
fn a_program_without_the_feature_says_so() {
    let said = refused("http://[::1]:4318", 10);
    let without = "endpoint: cannot be set: this program was built without the feature `otlp`";
    let expected = cfg!(not(feature = "otlp")).then_some(without);
    assert_eq!(said.as_deref(), expected);
}

#[test]
fn the_trace_of_somebody_outside_goes_on_without_its_flag() {
    let handed = |line: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(TRACE_PARENT, HeaderValue::from_str(line).unwrap());
        hand_on(&mut headers);
        headers.get(TRACE_PARENT).map(|line| line.to_str().unwrap().to_owned())
    };
    let kept = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-";
    assert_eq!(handed(&format!("{kept}01")), Some(format!("{kept}00")));
    assert_eq!(handed(&format!("{kept}00")), Some(format!("{kept}00")));
    for malformed in ["", "00", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", kept] {
        assert_eq!(handed(malformed), None, "{malformed}");
    }
}

struct Shelf;

trait Reads {
    /// As `async-trait` writes it: the lifetimes are a part of the path.
    fn read<'a, 'b>(&'a self, word: &'b str) -> String
    where
        'a: 'b;
}

impl Reads for Shelf {
    fn read<'a, 'b>(&'a self, word: &'b str) -> String
    where
        'a: 'b,
    {
        named(&async || word.len())
    }
}

fn named<F>(_: &F) -> String {
    operation_of::<F>()
}

fn operation() -> String {
    named(&|| ())
}

fn generic<T>(_: T) -> String {
    named(&|| std::any::type_name::<T>())
}

#[test]
fn work_is_named_by_the_function_it_was_written_in() {
    assert_eq!(operation(), "platform.operation");
    assert_eq!(generic(Some(Vec::<u8>::new())), "platform.generic");
    assert_eq!(Shelf.read("wax"), "platform.read");
}
