//! Medians and quantiles, and rounds that alternate between what is compared.

use std::time::Duration;

use crate::clock;

/// Rounds of a comparison.
const ROUNDS: usize = 15;
/// CPU time that one side of a round takes at least.
const SIDE: Duration = Duration::from_millis(20);

/// How far apart the middle half of the rounds may be, by the median.
const STEADY: f64 = 0.2;

/// The value that a share of all values does not exceed; 0 where there are none.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let wanted = share * last as f64;
    let place = (0..=last)
        .find(|place| *place as f64 >= wanted)
        .unwrap_or(last);
    values.get(place).copied().unwrap_or(0.0)
}

/// The middle value.
pub fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}

/// Nanoseconds that one call takes: the median of several rounds.
pub fn cost(mut work: impl FnMut()) -> f64 {
    let repeats = repeats(&mut work);
    let mut rounds: Vec<_> = (0..ROUNDS).map(|_| per_call(&mut work, repeats)).collect();
    median(&mut rounds)
}

/// What two pieces of work cost, and the one in terms of the other.
pub struct Comparison {
    /// Nanoseconds of a call of the subject.
    pub subject: f64,
    /// The median of peer ÷ subject, taken round by round, so that what slows
    /// the machine down for a while slows both.
    pub peer_share: f64,
    /// The middle half of the rounds agree.
    pub steady: bool,
}

/// Compares in rounds that alternate, the order turned around in every second.
pub fn compare(mut subject: impl FnMut(), mut peer: impl FnMut()) -> Comparison {
    let (subject_repeats, peer_repeats) = (repeats(&mut subject), repeats(&mut peer));
    let mut costs = Vec::new();
    let mut shares = Vec::new();
    for round in 0..ROUNDS {
        let (of_subject, of_peer) = if round % 2 == 0 {
            let first = per_call(&mut subject, subject_repeats);
            (first, per_call(&mut peer, peer_repeats))
        } else {
            let first = per_call(&mut peer, peer_repeats);
            (per_call(&mut subject, subject_repeats), first)
        };
        costs.push(of_subject);
        shares.push(of_peer / of_subject);
    }
    let peer_share = median(&mut shares);
    let apart = quantile(&mut shares, 0.75) - quantile(&mut shares, 0.25);
    Comparison {
        subject: median(&mut costs),
        peer_share,
        steady: apart <= peer_share * STEADY,
    }
}

/// How often to repeat the work so that a round is long enough; warms it up.
fn repeats(work: &mut impl FnMut()) -> u32 {
    let mut repeats = 1;
    loop {
        let took = per_call(work, repeats) * f64::from(repeats);
        if took >= SIDE.as_nanos() as f64 || repeats >= 1 << 20 {
            return repeats;
        }
        repeats *= 2;
    }
}

fn per_call(work: &mut impl FnMut(), repeats: u32) -> f64 {
    let began = clock::now();
    (0..repeats).for_each(|_| work());
    clock::now().saturating_sub(began).as_nanos() as f64 / f64::from(repeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let mut values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(median(&mut values), 3.0);
        assert_eq!(quantile(&mut values, 0.99), 5.0);
        assert_eq!(quantile(&mut values, 0.0), 1.0);
        assert_eq!(median(&mut []), 0.0);
    }

    #[test]
    fn twice_the_work_is_about_twice_the_cost() {
        let spin = |times: u32| {
            let mut sum = 0u32;
            for n in 0..times {
                sum = std::hint::black_box(sum.wrapping_add(n));
            }
        };
        let share = compare(|| spin(20_000), || spin(10_000)).peer_share;
        assert!((0.3..0.7).contains(&share), "{share}");
    }
}
