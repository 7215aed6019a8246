//! Whether the operating system lets this process hold as many connections as it is set up for.

/// Where Linux says what a process may use.
const LIMITS: &str = "/proc/self/limits";

/// Warns if this process may open fewer files than `connections`: it would refuse clients that
/// the configuration lets in. Says nothing where the system does not tell.
pub fn warn_if_files_are_few(connections: usize) {
    let soft = std::fs::read_to_string(LIMITS).ok().and_then(|limits| soft_limit(&limits));
    if let Some(soft) = soft.filter(|soft| *soft < connections as u64) {
        tracing::warn!(
            files = soft,
            connections,
            "the soft limit on open files is below the connections configured; raise it (ulimit -n)"
        );
    }
}

/// The soft limit on open files, unless there is none.
fn soft_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::soft_limit;

    #[test]
    fn the_soft_limit_is_the_first_number() {
        let limits = "Limit             Soft Limit    Hard Limit    Units\n\
                      Max processes     127400        127400        processes\n\
                      Max open files    1024          1048576       files\n";
        assert_eq!(soft_limit(limits), Some(1_024));
        assert_eq!(soft_limit("Max open files   unlimited   unlimited   files\n"), None);
        assert_eq!(soft_limit(""), None);
    }
}
