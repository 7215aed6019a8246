//! What a rule found: where, which rule, and what to do about it.

use std::fmt;

/// One place that breaks one rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, from the root of the repository, with `/`.
    pub path: String,
    /// The line, counted from 1; 0 stands for the whole file.
    pub line: usize,
    /// The rule's name: the function that found it.
    pub rule: &'static str,
    /// What is wrong, so that the reader knows what to do.
    pub message: String,
}

impl Finding {
    /// A finding about `line` of `path`.
    #[must_use]
    pub fn at(rule: &'static str, path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, message: message.into() }
    }

    /// A finding about `path` as a whole.
    #[must_use]
    pub fn whole(rule: &'static str, path: &str, message: impl Into<String>) -> Self {
        Self::at(rule, path, 0, message)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, message } = self;
        write!(formatter, "{path}:{line}: {message} ({rule})")
    }
}
