//! Which of several servers gets a read.

use crate::resilience::random::Random;

/// A server that a read may go to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    /// Its number.
    pub(crate) member: usize,
    /// How busy it is; less is better.
    pub(crate) weight: f64,
    /// Which share of its reads it gets, from 0 to 1: less than all for one that has come back a moment ago.
    pub(crate) share: f64,
    /// Whether a read would have to wait for a connection.
    pub(crate) is_full: bool,
}

/// Chooses the better of two that are picked at random ("power of two choices"): nearly as good as the best of
/// all, and it does not send everyone to the same server. One that is full is chosen where all are. Of more than 64 the
/// first are looked at: there are not so many.
pub(crate) fn choose(candidates: &[Candidate], random: &Random) -> Option<usize> {
    // A bit for each: every read comes by here, and has no time to allocate.
    let those = |suits: &dyn Fn(&Candidate) -> bool| {
        let bits = candidates.iter().take(64).enumerate();
        bits.fold(0_u64, |all, (bit, it)| all | u64::from(suits(it)) << bit)
    };
    let are_full = candidates.iter().all(|it| it.is_full);
    let rest = those(&|it| are_full || !it.is_full);
    let is_warm = |it: &Candidate| it.share >= 1.0 || random.share() < it.share;
    let warm = those(&|it| (are_full || !it.is_full) && is_warm(it));
    let pool = if warm == 0 { rest } else { warm };
    let at = |position: usize| {
        let behind = (0..position).fold(pool, |pool, _| pool & pool.wrapping_sub(1));
        candidates.get(behind.trailing_zeros() as usize)
    };
    match pool.count_ones() as usize {
        0 => None,
        1 => at(0).map(|it| it.member),
        count => {
            let first = pick(count, random);
            let second = (first + 1 + pick(count - 1, random)) % count;
            let (first, second) = (at(first)?, at(second)?);
            Some(if second.weight < first.weight { second.member } else { first.member })
        }
    }
}

fn pick(count: usize, random: &Random) -> usize {
    ((random.share() * count as f64) as usize).min(count.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn candidate(member: usize, weight: f64) -> Candidate {
        Candidate { member, weight, share: 1.0, is_full: false }
    }

    fn counts(candidates: &[Candidate]) -> [usize; 4] {
        let random = Random::new(7);
        let mut counts = [0; 4];
        for _ in 0..10_000 {
            counts[choose(candidates, &random).unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn nobody_is_chosen_of_nobody() {
        assert_eq!(choose(&[], &Random::new(1)), None);
        assert_eq!(choose(&[candidate(3, 1.0)], &Random::new(1)), Some(3));
    }

    #[test]
    fn the_busiest_of_all_is_never_chosen_and_equal_ones_share() {
        let found = counts(&[candidate(0, 1.0), candidate(1, 1.0), candidate(2, 9.0)]);
        assert_eq!(found[2], 0);
        assert!(found[0] > 3_000 && found[1] > 3_000, "{found:?}");
    }

    #[test]
    fn one_that_warms_up_gets_its_share() {
        let warming = Candidate { share: 0.1, ..candidate(1, 0.1) };
        let found = counts(&[candidate(0, 1.0), warming]);
        assert!(found[1] > 800 && found[1] < 1_200, "{found:?}");
        assert_eq!(choose(&[warming], &Random::new(1)), Some(1), "who is alone gets everything");
    }

    #[test]
    fn each_of_as_many_as_there_may_be_is_chosen() {
        let candidates: Vec<_> = (0..64).map(|it| candidate(it, 1.0)).collect();
        let random = Random::new(3);
        let chosen: HashSet<_> = (0..5_000).filter_map(|_| choose(&candidates, &random)).collect();
        assert_eq!(chosen.len(), 64);
    }

    #[test]
    fn one_that_is_full_waits_for_better_times() {
        let full = Candidate { is_full: true, ..candidate(0, 0.1) };
        assert_eq!(counts(&[full, candidate(1, 9.0)])[0], 0);
        assert_eq!(choose(&[full], &Random::new(1)), Some(0));
    }
}
