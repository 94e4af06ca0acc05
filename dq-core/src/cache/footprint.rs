//! About how much memory a value takes, told from what it serialises.
//!
//! Types do not tell what they own on the heap, but each that can be cached can be serialised: this
//! serialiser writes nothing and adds up what each part takes in memory, with the allocator's own share.

use std::fmt;
use std::fmt::Display;

use serde::{Serialize, ser};

/// Bytes that `value` takes behind an `Arc`: itself and what it owns.
pub(crate) fn of<T: Serialize>(value: &T) -> u64 {
    let parts = value.serialize(Footprint).unwrap_or(0);
    let counts = 2 * size_of::<usize>() as u64;
    // A value that serialises only a part of itself is at least as large as its type.
    parts.max(size_of::<T>() as u64) + counts
}

/// What an allocation of `bytes` takes.
pub(crate) fn allocation(bytes: u64) -> u64 {
    if bytes == 0 { 0 } else { (bytes + 8).next_multiple_of(16).max(32) }
}

/// A collection's own fields: pointer, length, capacity.
const HEADER: u64 = 24;
/// What an option without a value takes: as much as most with one.
const NOTHING: u64 = 16;
/// The discriminant of an enum, aligned.
const DISCRIMINANT: u64 = 8;

struct Footprint;

/// A compound value, as far as it has been added up.
struct Parts {
    inside: u64,
    outside: u64,
    layout: Layout,
}

#[derive(Clone, Copy)]
enum Layout {
    /// Parts lie in the value itself.
    Inline,
    /// Parts lie in one allocation.
    Allocated,
    /// Parts lie in a table or a tree that is about two thirds full.
    Sparse,
}

impl Parts {
    fn new(inside: u64, layout: Layout) -> Self {
        Self { inside, outside: 0, layout }
    }

    fn add<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<(), Never> {
        self.outside += part.serialize(Footprint)?;
        Ok(())
    }

    fn sum(self) -> u64 {
        let outside = match self.layout {
            Layout::Inline => return self.inside + self.outside.next_multiple_of(4),
            Layout::Allocated => self.outside,
            Layout::Sparse => self.outside + self.outside / 2,
        };
        self.inside + allocation(outside)
    }
}

macro_rules! sizes {
    ($($method:ident: $type:ty;)*) => {
        $(fn $method(self, _: $type) -> Result<u64, Never> {
            Ok(size_of::<$type>() as u64)
        })*
    };
}

impl ser::Serializer for Footprint {
    type Ok = u64;
    type Error = Never;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Parts;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Parts;

    sizes! {
        serialize_bool: bool;
        serialize_i8: i8;
        serialize_i16: i16;
        serialize_i32: i32;
        serialize_i64: i64;
        serialize_i128: i128;
        serialize_u8: u8;
        serialize_u16: u16;
        serialize_u32: u32;
        serialize_u64: u64;
        serialize_u128: u128;
        serialize_f32: f32;
        serialize_f64: f64;
        serialize_char: char;
    }

    fn serialize_str(self, value: &str) -> Result<u64, Never> {
        Ok(HEADER + allocation(value.len() as u64))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<u64, Never> {
        Ok(HEADER + allocation(value.len() as u64))
    }

    fn serialize_none(self) -> Result<u64, Never> {
        Ok(NOTHING)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<u64, Never> {
        Ok(value.serialize(Self)?.next_multiple_of(8).max(NOTHING))
    }

    fn serialize_unit(self) -> Result<u64, Never> {
        Ok(0)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<u64, Never> {
        Ok(0)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<u64, Never> {
        Ok(DISCRIMINANT)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<u64, Never> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<u64, Never> {
        Ok(DISCRIMINANT + value.serialize(self)?)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts, Never> {
        Ok(Parts::new(HEADER, Layout::Allocated))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts, Never> {
        Ok(Parts::new(0, Layout::Inline))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts, Never> {
        Ok(Parts::new(0, Layout::Inline))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts, Never> {
        Ok(Parts::new(DISCRIMINANT, Layout::Inline))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts, Never> {
        Ok(Parts::new(2 * HEADER, Layout::Sparse))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts, Never> {
        Ok(Parts::new(0, Layout::Inline))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts, Never> {
        Ok(Parts::new(DISCRIMINANT, Layout::Inline))
    }

    /// What is shown as text is most often small and kept as something else.
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<u64, Never> {
        Ok(HEADER + allocation(value.to_string().len() as u64))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

macro_rules! compound {
    ($($name:ident: $method:ident;)*) => {
        $(impl ser::$name for Parts {
            type Ok = u64;
            type Error = Never;

            fn $method<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<(), Never> {
                self.add(part)
            }

            fn end(self) -> Result<u64, Never> {
                Ok(self.sum())
            }
        })*
    };
}

compound! {
    SerializeSeq: serialize_element;
    SerializeTuple: serialize_element;
    SerializeTupleStruct: serialize_field;
    SerializeTupleVariant: serialize_field;
}

impl ser::SerializeMap for Parts {
    type Ok = u64;
    type Error = Never;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Never> {
        self.add(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        self.add(value)
    }

    fn end(self) -> Result<u64, Never> {
        Ok(self.sum())
    }
}

macro_rules! fields {
    ($($name:ident;)*) => {
        $(impl ser::$name for Parts {
            type Ok = u64;
            type Error = Never;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                _: &'static str,
                part: &T,
            ) -> Result<(), Never> {
                self.add(part)
            }

            fn end(self) -> Result<u64, Never> {
                Ok(self.sum())
            }
        })*
    };
}

fields! {
    SerializeStruct;
    SerializeStructVariant;
}

/// What only a type's own `Serialize` can raise; its value then counts by the size of its type.
#[derive(Debug)]
struct Never;

impl Display for Never {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot tell the footprint")
    }
}

impl std::error::Error for Never {}

impl ser::Error for Never {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn bytes_on_the_heap_count_with_what_the_allocator_adds() {
        assert_eq!(of(&7_u64), 16 + 8);
        assert_eq!(of(&String::new()), 16 + 24);
        assert_eq!(of(&"x".repeat(1000)), 16 + 24 + 1008);
        assert_eq!(of(&vec![0_u8; 1000]), 16 + 24 + 1008);
        assert_eq!(of(&vec![0_u64; 100]), 16 + 24 + 808 + 8);
    }

    #[test]
    fn nested_values_count_all_they_own() {
        let names: Vec<String> = (0..10).map(|it| format!("a name of some length {it}")).collect();
        assert_eq!(of(&names), 16 + 24 + allocation(10 * (24 + allocation(24))));
        let map: BTreeMap<u64, u64> = (0..100).map(|it| (it, it)).collect();
        assert!(of(&map) > 1600 && of(&map) < 3200, "{}", of(&map));
    }
}
