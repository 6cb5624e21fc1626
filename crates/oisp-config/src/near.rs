//! The nearest right word to a wrong one.

/// The candidate that was most probably meant, if any is near.
pub(crate) fn nearest<'a>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let folded = fold(wrong);
    let score = |candidate: &str| strsim::jaro_winkler(&folded, &fold(candidate));
    candidates
        .into_iter()
        .map(|candidate| (score(candidate), candidate))
        .filter(|(score, _)| *score >= NEAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// Below this, a suggestion would be a guess.
const NEAR: f64 = 0.8;

fn fold(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let keys = ["port", "host", "allowed_hosts", "enabled"];
        for (wrong, right) in [
            ("prot", "port"),
            ("Host", "host"),
            ("allowed-hosts", "allowed_hosts"),
            ("enable", "enabled"),
        ] {
            assert_eq!(nearest(wrong, keys), Some(right), "{wrong}");
        }
        assert_eq!(nearest("colour", keys), None);
    }
}
