//! What is packed into the words of the machine.

use crate::resilience::state::CircuitState;

const STATES: [CircuitState; 6] = [
    CircuitState::Closed,
    CircuitState::Open,
    CircuitState::HalfOpen,
    CircuitState::ForcedOpen,
    CircuitState::Disabled,
    CircuitState::MetricsOnly,
];
const STATE_BITS: u32 = 3;

pub(crate) fn word(state: CircuitState, epoch: u64) -> u64 {
    let number = STATES.iter().position(|it| *it == state).unwrap_or(0) as u64;
    (epoch << STATE_BITS) | number
}

/// Returns the state of a word.
pub(crate) fn state(word: u64) -> CircuitState {
    let number = (word & ((1 << STATE_BITS) - 1)) as usize;
    STATES.get(number).copied().unwrap_or(CircuitState::Closed)
}

pub(crate) fn epoch(word: u64) -> u64 {
    word >> STATE_BITS
}

pub(crate) fn streak(length: u64, epoch: u64) -> u64 {
    (epoch << 32) | length
}

/// Returns the length of a streak, if it is of `epoch`.
pub(crate) fn streak_of(word: u64, epoch: u64) -> Option<u64> {
    (word >> 32 == epoch & u64::from(u32::MAX)).then_some(word & u64::from(u32::MAX))
}

/// Turns a counter that goes up by [`RANDOM_STEP`] into numbers from 0 to below 1, as "splitmix64" does.
pub(crate) fn share(counter: u64) -> f64 {
    let mut it = counter;
    it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((it ^ (it >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// By how much the counter for random numbers goes up.
pub(crate) const RANDOM_STEP: u64 = 0x9E37_79B9_7F4A_7C15;
