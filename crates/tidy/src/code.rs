//! Rust source with its comments, strings and characters blanked, so that rules read code alone.

/// `text` with the inside of comments and literals replaced by spaces; every line keeps its number.
pub(crate) fn code_only(text: &str) -> String {
    let mut scanner = Scanner { rest: text, code: String::with_capacity(text.len()) };
    while let Some(next) = scanner.rest.chars().next() {
        scanner.step(next);
    }
    scanner.code
}

/// The identifiers of `code`, each with the line it stands on, counted from 1.
pub(crate) fn identifiers(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().enumerate().flat_map(|(index, line)| {
        line.split(|c: char| !is_word(c))
            .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
            .map(move |word| (index + 1, word))
    })
}

/// The words an identifier is made of, in lower case: `CashOutMin` and `cash_out_min` are alike.
pub(crate) fn words(identifier: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut previous_lower = false;
    for c in identifier.chars() {
        if c == '_' || (c.is_uppercase() && previous_lower) {
            words.push(std::mem::take(&mut word));
        }
        if c != '_' {
            word.extend(c.to_lowercase());
        }
        previous_lower = c.is_lowercase() || c.is_ascii_digit();
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Whether `c` can be part of an identifier.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What is left to read, and the code read so far.
struct Scanner<'text> {
    rest: &'text str,
    code: String,
}

impl Scanner<'_> {
    /// Takes what begins with `next`: a comment, a literal, an identifier or one character.
    fn step(&mut self, next: char) {
        let rest = self.rest;
        // Most of a file begins nothing special; taking it in runs keeps the scan quick.
        let plain = |c: char| !is_word(c) && !['/', '"', '\''].contains(&c);
        if plain(next) {
            self.copy(rest.find(|c| !plain(c)).unwrap_or(rest.len()));
        } else if rest.starts_with("//") {
            self.blank(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.blank(block_comment_length(rest));
        } else if let Some(length) = string_length(rest) {
            self.blank(length);
        } else if let Some(length) = character_length(rest) {
            self.blank(length);
        } else if is_word(next) {
            self.copy(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
        } else {
            self.copy(next.len_utf8());
        }
    }

    /// Keeps the next `length` bytes.
    fn copy(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.code.push_str(taken);
        self.rest = rest;
    }

    /// Replaces the next `length` bytes by spaces, but keeps the ends of lines.
    fn blank(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.code.extend(taken.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        self.rest = rest;
    }
}

/// The length of the block comment that `text` begins with; they nest.
fn block_comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of the string literal that `text` begins with, raw or not, or `None`.
fn string_length(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""]
        .into_iter()
        .find(|prefix| text.strip_prefix(prefix).is_some_and(|t| t.starts_with(['"', '#'])))?;
    let body = &text[prefix.len()..];
    let hashes = body.bytes().take_while(|&byte| byte == b'#').count();
    if !body[hashes..].starts_with('"') || (hashes > 0 && !prefix.ends_with('r')) {
        return None;
    }
    let start = prefix.len() + hashes + 1;
    if prefix.ends_with('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(text[start..].find(&end).map_or(text.len(), |at| start + at + end.len()));
    }
    Some(escaped_end(text, start, '"'))
}

/// The length of the character literal that `text` begins with, or `None`, as for a lifetime.
fn character_length(text: &str) -> Option<usize> {
    let body = text.strip_prefix('\'')?;
    let mut characters = body.chars();
    let first = characters.next()?;
    let closed = first == '\\' || characters.next() == Some('\'');
    closed.then(|| escaped_end(text, 1, '\''))
}

/// Where the literal that runs in `text` from `start` ends: after an unescaped `quote`.
fn escaped_end(text: &str, start: usize, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text[start..].char_indices() {
        if !escaped && c == quote {
            return start + at + 1;
        }
        escaped = !escaped && c == '\\';
    }
    text.len()
}

#[cfg(test)]
mod tests;
