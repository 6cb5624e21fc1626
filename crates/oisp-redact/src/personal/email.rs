//! E-mail addresses (RFC 5321, without quoted and international local parts).

use std::ops::Range;

use memchr::memchr_iter;

const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 253;

/// Last labels that are no domains: files and units of systemd.
const NO_DOMAINS: [&str; 39] = [
    "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "js", "ts", "jsx", "tsx", "mjs", "cjs",
    "css", "scss", "html", "htm", "json", "yml", "yaml", "toml", "txt", "log", "conf", "cfg",
    "ini", "lock", "map", "dll", "exe", "gz", "tar", "dot", "service", "socket", "timer", "mount",
    "target", "slice",
];

/// Tells the addresses of a text.
pub(crate) fn find(text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
    let mut told = 0;
    for at in memchr_iter(b'@', text) {
        if at >= told
            && let Some(address) = address(text, told, at)
        {
            told = address.end;
            found(address);
        }
    }
}

fn address(text: &[u8], from: usize, at: usize) -> Option<Range<usize>> {
    let start = local_start(text, from, at)?;
    let end = domain_end(text, at + 1)?;
    let is_call = matches!(text.get(end), Some(b'('));
    let local = text.get(start..at)?;
    // Nobody's: the user of everybody who fetches code.
    let is_git = local == b"git" || local == b"hg";
    (!is_call && !is_git && !is_password(text, start)).then_some(start..end)
}

fn local_start(text: &[u8], from: usize, at: usize) -> Option<usize> {
    let before = text.get(from.max(at.saturating_sub(MAX_LOCAL))..at)?;
    let is_local = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
    let length = before.iter().rev().take_while(is_local).count();
    let local = before.get(before.len() - length..)?;
    let skipped = local.iter().position(u8::is_ascii_alphanumeric)?;
    let ends_well = local
        .last()
        .is_some_and(|last| *last != b'.' && *last != b'%');
    ends_well.then_some(at - length + skipped)
}

fn domain_end(text: &[u8], from: usize) -> Option<usize> {
    let behind = text.get(from..text.len().min(from + MAX_DOMAIN))?;
    let is_domain = |byte: &&u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let length = behind.iter().take_while(is_domain).count();
    let mut domain = behind.get(..length)?;
    while let Some(shorter) = domain
        .strip_suffix(b".")
        .or_else(|| domain.strip_suffix(b"-"))
    {
        domain = shorter;
    }
    let mut labels = domain.split(|byte| *byte == b'.');
    let is_label = |label: &[u8]| (1..=63).contains(&label.len()) && !label.starts_with(b"-");
    let last = labels.next_back()?;
    let is_last = last.starts_with(b"xn--")
        || (2..=24).contains(&last.len()) && last.iter().all(u8::is_ascii_alphabetic);
    let is_file = NO_DOMAINS
        .iter()
        .any(|no| last.eq_ignore_ascii_case(no.as_bytes()));
    let mut others = labels.peekable();
    (others.peek().is_some() && others.all(is_label) && is_last && !is_file)
        .then_some(from + domain.len())
}

/// What stands before the `@` is the password of a URL, which a rule finds.
fn is_password(text: &[u8], start: usize) -> bool {
    let before = text
        .get(start.saturating_sub(128)..start)
        .unwrap_or_default();
    let Some(before) = before.strip_suffix(b":") else {
        return false;
    };
    let user = before
        .iter()
        .rev()
        .take_while(|byte| !b"/ \t\r\n\"'".contains(byte))
        .count();
    before
        .get(..before.len() - user)
        .is_some_and(|scheme| scheme.ends_with(b"://"))
}

#[cfg(test)]
mod tests {
    fn addresses(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        super::find(text.as_bytes(), &mut |range| found.push(&text[range]));
        found
    }

    #[test]
    fn addresses_are_found_where_they_end() {
        assert_eq!(
            addresses(
                "Write <ada.l+x@mail.example.co.uk>, (bob@example.org). 请联系ada@example.com谢谢"
            ),
            [
                "ada.l+x@mail.example.co.uk",
                "bob@example.org",
                "ada@example.com"
            ]
        );
        assert_eq!(
            addresses("a@b.io@c.io x@xn--p1ai.xn--p1ai"),
            ["a@b.io", "x@xn--p1ai.xn--p1ai"]
        );
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        let text = "@app.route, lodash@4.17.21, icon@2x.png, getty@tty1.service, git@github.com:a/b, \
                    x@W.dot(y), user@host, a @b.com, @scope/pkg, postgres://app:pw@db.example.com/x";
        assert_eq!(addresses(text), Vec::<&str>::new());
    }
}
