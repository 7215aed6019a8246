//! A program without the feature `otlp` follows nothing: every call here does nothing.

use std::future::Future;

use ::http::HeaderMap;

use super::{Config, Fact};
use crate::metrics::Registry;

/// No span.
#[derive(Clone, Debug)]
pub struct Span;

/// A place in no trace.
#[derive(Clone, Debug, Default)]
pub struct Place;

/// Follows nothing.
pub const fn start(_: &Config, _role: &str, _instance: &str, _: &Registry) {}

/// Has nothing to send.
pub fn finish() -> impl Future<Output = ()> {
    std::future::ready(())
}

impl Span {
    /// Of a call that nobody follows.
    #[must_use]
    pub const fn none() -> Self {
        Self
    }

    /// None.
    #[must_use]
    pub fn drawn(_name: impl FnOnce() -> String) -> Self {
        Self
    }

    /// None.
    #[must_use]
    pub fn under(_headers: &HeaderMap, _name: impl FnOnce() -> String) -> Self {
        Self
    }

    /// None.
    #[must_use]
    pub fn below(_line: Option<&str>, _name: impl FnOnce() -> String) -> Self {
        Self
    }

    /// None.
    #[must_use]
    pub fn child(_name: impl FnOnce() -> String) -> Self {
        Self
    }

    /// None.
    #[must_use]
    pub fn call(_name: impl FnOnce() -> String) -> Self {
        Self
    }

    /// None.
    #[must_use]
    pub fn of_batch<'a>(
        _places: impl Iterator<Item = &'a Place>,
        _name: impl FnOnce() -> String,
    ) -> Self {
        Self
    }

    /// Nothing is noted.
    pub fn note(&self, _key: &'static str, _fact: impl FnOnce() -> Fact) {}

    /// None.
    #[must_use]
    pub const fn line(&self) -> Option<String> {
        None
    }

    /// `work` as it is.
    pub fn within<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        work
    }
}

impl Place {
    /// None.
    #[must_use]
    pub const fn here() -> Self {
        Self
    }

    /// None.
    #[must_use]
    pub const fn line(&self) -> Option<String> {
        None
    }

    /// `work` as it is.
    pub fn within<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        work
    }
}
