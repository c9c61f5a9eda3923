//! A kind and a payload as serde meets an event, `{"kind": …, "payload": …}`, without building that object:
//! reading a million events is mostly this.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Value};

/// The two, on their way into an event.
pub(crate) struct Tagged<'de> {
    pub kind: &'de str,
    pub payload: &'de Value,
}

impl<'de> Deserializer<'de> for Tagged<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Fields {
            of: self,
            next: Next::Kind,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Fields<'de> {
    of: Tagged<'de>,
    next: Next,
}

enum Next {
    Kind,
    Payload,
    End,
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let name = match self.next {
            Next::Kind => "kind",
            Next::Payload => "payload",
            Next::End => return Ok(None),
        };
        seed.deserialize(BorrowedStrDeserializer::new(name))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.next {
            Next::Kind => {
                self.next = Next::Payload;
                seed.deserialize(BorrowedStrDeserializer::new(self.of.kind))
            }
            _ => {
                self.next = Next::End;
                seed.deserialize(self.of.payload)
            }
        }
    }
}
