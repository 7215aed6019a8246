//! The rules of the house as tests: which crate may import which, and how a file must look.
//!
//! Every rule is a pure function from a path and its text to findings, with its own tests that
//! show it failing. `tests/repository.rs` runs them all over the files that git knows; what is
//! excused stands in `exceptions.rs` with its reason. Lengths of functions are clippy's work.

mod arrows;
mod code;
mod documents;
mod exceptions;
mod finding;
mod fixtures;
mod manifests;
mod names;
mod purity;
mod source;
mod stepping;

pub use arrows::{Package, arrows_point_down};
pub use documents::{architecture_maps_every_crate, links_resolve};
pub use exceptions::{EXCEPTIONS, Exception, excused};
pub use finding::Finding;
pub use purity::outside_dependencies_are_known;

/// A rule that looks at one file: its path from the root, with `/`, and its text.
pub type Rule = fn(path: &str, text: &str) -> Vec<Finding>;

/// Every rule that looks at one file at a time. Each decides itself which files it is about.
pub const RULES: &[Rule] = &[
    source::opens_with_a_summary,
    source::files_are_short,
    source::lines_are_short,
    source::expects_instead_of_allows,
    source::unsafe_is_in_named_files,
    source::tests_stand_beside,
    source::nothing_is_left_to_do,
    names::modules_are_nouns_that_say_something,
    names::types_say_what_they_are,
    names::one_word_for_one_thing,
    names::metrics_have_one_place,
    purity::pure_crates_touch_nothing,
    stepping::roles_can_be_stepped,
    documents::decisions_are_named_and_short,
    documents::changes_are_kept,
    documents::architecture_is_short,
    documents::no_place_of_one_machine,
    manifests::dependencies_say_why,
    manifests::locks_hold_no_addresses,
    fixtures::vectors_are_as_given,
];
