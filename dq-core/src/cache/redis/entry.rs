//! How an entry is written in Redis: a line of numbers, and the payload.

use crate::cache::key::Tag;
use crate::cache::shared::{ReadMark, SharedEntry, StoreTime};
use crate::redis::Reply;

/// How many hexadecimal digits a tag has.
const TAG_DIGITS: usize = 32;
/// How many fields the first line has.
const FIELDS: usize = 9;

/// Reads an entry as a script returns it, at `now`. None if it is not one.
pub(crate) fn parse(mut raw: Vec<u8>, now: u64) -> Option<SharedEntry> {
    let end = raw.iter().position(|it| *it == b'\n')?;
    let payload = raw.split_off(end.checked_add(1)?);
    let line = std::str::from_utf8(&raw).ok()?.trim_end_matches('\n');
    let fields: Vec<_> = line.split(' ').collect();
    let [_, _, read, stored, fresh, keep, _, _, tags] = <[&str; FIELDS]>::try_from(fields).ok()?;
    let number = |it: &str| it.parse::<u64>().ok();
    let tags = tags.as_bytes().chunks(TAG_DIGITS);
    let tags = tags.map(|it| Tag::parse(std::str::from_utf8(it).ok()?));
    Some(SharedEntry {
        payload,
        tags: tags.collect::<Option<_>>()?,
        stored_at: StoreTime { micros: number(stored)? },
        age_ms: now.saturating_sub(number(read)?) / 1000,
        fresh_ms: number(fresh)?,
        keep_ms: number(keep)?,
    })
}

/// Reads the mark that scripts answer with: incarnation, number, time.
pub(crate) fn mark(incarnation: &Reply, number: &Reply, time: &Reply) -> Option<ReadMark> {
    let incarnation = u64::from_str_radix(incarnation.text()?, 16).ok()?;
    let number = number.text()?.parse().ok()?;
    Some(ReadMark([incarnation, number, micros(time)?, 0]))
}

/// Reads a time.
pub(crate) fn micros(time: &Reply) -> Option<u64> {
    time.text()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        "00000000000000ab 7 1000 2000 30 40 2000 0a 00112233445566778899aabbccddeeff\n";

    #[test]
    fn an_entry_is_read_with_its_payload_untouched() {
        let raw = [LINE.as_bytes(), b"a\nb\xff"].concat();
        let entry = parse(raw, 6000).expect("it is an entry");
        assert_eq!(entry.payload, b"a\nb\xff");
        assert_eq!(entry.stored_at.micros, 2000);
        assert_eq!((entry.age_ms, entry.fresh_ms, entry.keep_ms), (5, 30, 40));
        assert_eq!(entry.tags[0].to_string(), "00112233445566778899aabbccddeeff");
    }

    #[test]
    fn what_is_no_entry_is_none() {
        for raw in ["", "\n", "1 2 3\n", "x", &LINE.replace("30", "x"), &LINE.replace("ff\n", "\n")]
        {
            assert_eq!(parse(raw.as_bytes().to_vec(), 0), None, "{raw}");
        }
    }
}
