//! What can go wrong, and when it does.

use std::time::Duration;

use crate::recordings::random::Random;

/// A moment of trouble: long beside a loopback round trip, short beside a test.
pub(super) const MOMENT: Duration = Duration::from_millis(60);

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Nobody listens for a moment.
    Refuse,
    /// The connection is reset before a byte is read.
    Reset,
    /// The connection is accepted and nothing ever comes.
    Hang,
    /// What answers does not speak TLS, or not HTTP where there is none.
    NoTls,
    /// 429 with a `Retry-After` of one second.
    TooMany,
    /// 500.
    Internal,
    /// 503.
    Unavailable,
    /// The answer comes byte by byte; the request is taken.
    Slow,
    /// The answer breaks off in its head. The request is not taken.
    HalfHead,
    /// The answer breaks off in its body. The request is taken.
    HalfBody,
    /// The request is taken and the connection reset before the answer.
    LostAnswer,
    /// The connection is reset in the middle of the request.
    HalfRequest,
}

impl Fault {
    /// What can happen to a connection as a whole.
    pub(super) const OF_CONNECTIONS: [Self; 4] =
        [Self::Refuse, Self::Reset, Self::Hang, Self::NoTls];
    /// What can happen to a request.
    pub(super) const OF_REQUESTS: [Self; 8] = [
        Self::TooMany,
        Self::Internal,
        Self::Unavailable,
        Self::Slow,
        Self::HalfHead,
        Self::HalfBody,
        Self::LostAnswer,
        Self::HalfRequest,
    ];
}

/// Draws faults from a seed: spells of trouble and spells of calm.
#[derive(Debug)]
pub(super) struct Weather {
    random: Random,
    left: usize,
    is_bad: bool,
}

impl Weather {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::of(&seed.to_string(), "chaos"),
            left: 0,
            is_bad: false,
        }
    }

    /// One of these, or nothing. In bad weather two of three fail.
    pub(super) fn draw(&mut self, among: &[Fault]) -> Option<Fault> {
        if self.left == 0 {
            self.is_bad = !self.is_bad;
            self.left = 3 + self.random.below(12);
        }
        self.left -= 1;
        if !self.is_bad || self.random.below(3) == 0 {
            return None;
        }
        among.get(self.random.below(among.len())).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_weather_and_all_of_it() {
        let draws = |seed| {
            let mut weather = Weather::new(seed);
            (0..2000)
                .map(|_| weather.draw(&Fault::OF_REQUESTS))
                .collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        for fault in Fault::OF_REQUESTS {
            assert!(draws(7).contains(&Some(fault)), "{fault:?}");
        }
        let calm = draws(7).iter().filter(|draw| draw.is_none()).count();
        assert!((800..1800).contains(&calm), "{calm}");
    }
}
