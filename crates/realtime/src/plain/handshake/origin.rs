//! Which pages may open sockets. A browser always says where its page is from; what is not a
//! browser says nothing, and is let in.

use http::uri::Authority;
use http::{HeaderMap, header};

/// Stands for every origin in the configuration.
const ANY: &str = "*";

/// The pages that may.
#[derive(Clone, Debug)]
pub(crate) enum Origins {
    /// Those that came from the host that is asked.
    Same,
    /// Every page.
    Any,
    /// Those of these origins, in lower case.
    Listed(Vec<String>),
}

impl Origins {
    /// None listed is the same origin, `*` any.
    pub(crate) fn new(listed: &[String]) -> Self {
        if listed.is_empty() {
            return Self::Same;
        }
        if listed.iter().any(|origin| origin == ANY) {
            return Self::Any;
        }
        Self::Listed(listed.iter().map(|origin| origin.to_ascii_lowercase()).collect())
    }

    /// Whether the page that sends these headers may.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        match self {
            Self::Any => true,
            Self::Listed(_) | Self::Same if origins.next().is_some() => false,
            Self::Listed(listed) => listed.contains(&origin.to_ascii_lowercase()),
            Self::Same => {
                let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
                host.is_some_and(|host| is_same(origin, host))
            }
        }
    }
}

/// Whether `text` can be listed: `*`, or a scheme and a host without a path.
pub(crate) fn is_origin(text: &str) -> bool {
    text == ANY || parts(text).is_some_and(|(_, authority)| authority.parse::<Authority>().is_ok())
}

/// The scheme is not compared: in front of us TLS may end. A port that is the scheme's own is the
/// same as none.
fn is_same(origin: &str, host: &str) -> bool {
    let Some((port, authority)) = parts(origin) else { return false };
    let bare = |name: &str| name.strip_suffix(port).unwrap_or(name).to_ascii_lowercase();
    bare(authority) == bare(host)
}

/// The scheme's own port, and what stands behind the scheme.
fn parts(origin: &str) -> Option<(&'static str, &str)> {
    let (scheme, authority) = origin.split_once("://")?;
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let is_bare = !authority.is_empty() && !authority.contains(['/', '?', '#', '@']);
    is_bare.then_some((port, authority))
}

#[cfg(test)]
mod tests;
