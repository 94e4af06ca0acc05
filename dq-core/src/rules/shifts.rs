//! Automata of few states, which take about a nanosecond for two bytes of text.
//!
//! A state is a number of bits to shift by, and what a byte does to all states is one word: six bits for
//! each, which say where it leads.
//!
//! ```text
//! word of a byte   … │ from state 2 │ from state 1 │ from state 0 │      next = word >> state
//! ```
//!
//! So the words of many bytes can be looked up at once, and only the shifts wait for each other. In a
//! table of states by bytes each look-up waits for the one before.

use regex_automata::Input;
use regex_automata::dfa::Automaton;
use regex_automata::util::primitives::StateID;

/// How many bits lead from a state to the next, and how many states a word has room for.
const STATE_BITS: u32 = 6;
const STATES_MAX: usize = (u64::BITS / STATE_BITS) as usize;

/// After so many bytes it is worth asking whether the rest can change anything.
const STRIDE: usize = 64;

/// An automaton of up to ten states.
#[derive(Debug)]
pub(crate) struct Shifts {
    words: [u64; 256],
    start: u64,
    /// The states in which a text is found if it ends here: the bit at the shift of each.
    found: u64,
    /// The states that no byte leads out of.
    last: u64,
}

/// What a state of the other automaton stands for here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Found,
    Lost,
    Other(StateID),
}

impl Shifts {
    /// The same automaton, if it has so few states.
    pub(crate) fn new(automaton: &impl Automaton) -> Option<Self> {
        let start = automaton.start_state_forward(&Input::new("")).ok()?;
        let mut states = vec![State::of(automaton, start)?];
        let mut shifts = Self { words: [0; 256], start: 0, found: 0, last: 0 };
        let mut number = 0;
        while let Some(state) = states.get(number).copied() {
            let shift = number as u32 * STATE_BITS;
            let mut is_last = true;
            for (byte, word) in (0..=u8::MAX).zip(&mut shifts.words) {
                let next = match state {
                    State::Other(id) => State::of(automaton, automaton.next_state(id, byte))?,
                    found_or_lost => found_or_lost,
                };
                let next = place(next, &mut states)?;
                is_last &= next == number;
                *word |= (next as u64 * u64::from(STATE_BITS)) << shift;
            }
            let is_found = match state {
                State::Other(id) => automaton.is_match_state(automaton.next_eoi_state(id)),
                found_or_lost => found_or_lost == State::Found,
            };
            shifts.found |= u64::from(is_found) << shift;
            shifts.last |= u64::from(is_last) << shift;
            number += 1;
        }
        Some(shifts)
    }

    /// Whether the automaton finds something in `text`.
    #[inline]
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        let mut state = self.start;
        for bytes in text.chunks(STRIDE) {
            for byte in bytes {
                let word = self.words.get(usize::from(*byte)).copied().unwrap_or_default();
                state = word >> (state & 63);
            }
            if self.last >> (state & 63) & 1 == 1 {
                break;
            }
        }
        self.found >> (state & 63) & 1 == 1
    }
}

impl State {
    /// What the state `id` of `automaton` stands for; none for one that gives up.
    fn of(automaton: &impl Automaton, id: StateID) -> Option<Self> {
        match id {
            _ if automaton.is_quit_state(id) => None,
            _ if automaton.is_match_state(id) => Some(Self::Found),
            _ if automaton.is_dead_state(id) => Some(Self::Lost),
            _ => Some(Self::Other(id)),
        }
    }
}

/// The number of a state, after adding it if it is new; none if there is no room.
fn place(state: State, states: &mut Vec<State>) -> Option<usize> {
    if let Some(known) = states.iter().position(|it| *it == state) {
        return Some(known);
    }
    states.push(state);
    (states.len() <= STATES_MAX).then(|| states.len() - 1)
}

#[cfg(test)]
mod tests {
    use regex_automata::dfa::dense::DFA;

    use super::*;

    fn shifts(pattern: &str) -> Option<Shifts> {
        Shifts::new(&DFA::new(pattern).unwrap())
    }

    #[test]
    fn ten_states_have_room_and_eleven_have_not() {
        // One state for each byte and one at the start, one for all that is lost and one that has found.
        assert!(shifts("^[ab]{7}").is_some());
        assert!(shifts("^[ab]{20}").is_none());
    }

    #[test]
    fn what_is_decided_stays_so_in_a_long_text() {
        let rest = "-".repeat(1000);
        for length in [0, 1, 62, 63, 64, 65, 127, 128, 129] {
            let before = "a".repeat(length);
            let anywhere = shifts("b").unwrap();
            assert!(anywhere.is_match(format!("{before}b{rest}").as_bytes()), "{length}");
            assert!(!anywhere.is_match(format!("{before}{rest}").as_bytes()), "{length}");
            let whole = shifts("^a*-$").unwrap();
            assert!(whole.is_match(format!("{before}-").as_bytes()), "{length}");
            assert!(!whole.is_match(format!("{before}{rest}").as_bytes()), "{length}");
        }
    }
}
