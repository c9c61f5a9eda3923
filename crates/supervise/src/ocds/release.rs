//! One release, field by field, straight into rows: no tree of values is built.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::oddities::Fault;
use super::rows::Rows;
use super::value::{Leaf, Scalar};

/// Visitor methods for values of another type than the one wanted: noted, and read over.
macro_rules! noted_otherwise {
    ($field:expr, $fault:expr) => {
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str($field)
        }
        fn visit_unit<E: Error>(self) -> Result<(), E> {
            Ok(())
        }
        fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
            self.0.odd($field, $fault, &value.to_string());
            Ok(())
        }
        fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
            self.0.odd($field, $fault, &value.to_string());
            Ok(())
        }
        fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
            self.0.odd($field, $fault, &value.to_string());
            Ok(())
        }
        fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
            self.0.odd($field, $fault, &value.to_string());
            Ok(())
        }
        fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
            self.0.odd($field, $fault, value);
            Ok(())
        }
    };
}

/// An object of OCDS: which of its fields are read, and what is done with each.
macro_rules! object {
    ($name:ident, $field:literal, |$rows:ident, $map:ident| {
        begin => $begin:expr; $($key:literal $id:ident => $read:expr),+; end => $end:expr;
    }) => {
        pub(super) struct $name<'r>(pub &'r mut Rows);

        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_any(self)
            }
        }

        impl<'de> Visitor<'de> for $name<'_> {
            type Value = ();
            noted_otherwise!($field, Fault::NotAnObject);

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                self.0.odd($field, Fault::NotAnObject, "[…]");
                Ok(())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut $map: A) -> Result<(), A::Error> {
                enum Key { $($id,)+ Other }
                struct Name;
                impl<'de> DeserializeSeed<'de> for Name {
                    type Value = Key;
                    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
                        deserializer.deserialize_str(self)
                    }
                }
                impl Visitor<'_> for Name {
                    type Value = Key;
                    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                        formatter.write_str("a name")
                    }
                    fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
                        Ok(match name { $($key => Key::$id,)+ _ => Key::Other })
                    }
                }
                let $rows = self.0;
                $begin;
                while let Some(key) = $map.next_key_seed(Name)? {
                    match key {
                        $(Key::$id => $read,)+
                        Key::Other => { $map.next_value::<IgnoredAny>()?; }
                    }
                }
                $end;
                Ok(())
            }
        }
    };
}

/// A list of objects; a single object is taken for a list of one.
macro_rules! list {
    ($name:ident of $element:ident, $field:literal) => {
        pub(super) struct $name<'r>(pub &'r mut Rows);

        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_any(self)
            }
        }

        impl<'de> Visitor<'de> for $name<'_> {
            type Value = ();
            noted_otherwise!($field, Fault::NotAList);

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
                while list.next_element_seed($element(&mut *self.0))?.is_some() {}
                Ok(())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
                $element(self.0).visit_map(map)
            }
        }
    };
}

macro_rules! leaf {
    ($map:ident, $rows:ident, |$r:ident, $value:ident| $take:expr) => {
        $map.next_value_seed(Leaf(&mut *$rows, |$r: &mut Rows, $value: Scalar<'_>| $take))?
    };
}

object!(Release, "release", |rows, map| {
    begin => rows.begin_release();
    "ocid" Ocid => leaf!(map, rows, |r, v| {
        r.current.ocid = v.text(r, "ocid").map(|text| r.ocids.push(text));
    }),
    "date" Date => leaf!(map, rows, |r, v| r.current.date = v.instant(r, "date")),
    "tag" Tag => map.next_value_seed(Tags(&mut *rows))?,
    "tender" Tender => map.next_value_seed(Tender(&mut *rows))?,
    "buyer" Buyer => {
        rows.begin_reference();
        map.next_value_seed(Reference(&mut *rows))?;
        rows.current.buyer = rows.end_reference();
    },
    "bids" Bids => map.next_value_seed(BidsObject(&mut *rows))?,
    "awards" Awards => map.next_value_seed(AwardList(&mut *rows))?,
    "contracts" Contracts => map.next_value_seed(ContractList(&mut *rows))?,
    "parties" Parties => map.next_value_seed(PartyList(&mut *rows))?,
    "releases" Releases => return Err(container(rows)),
    "records" Records => return Err(container(rows)),
    "compiledRelease" Compiled => return Err(container(rows)),
    "versionedRelease" Versioned => return Err(container(rows));
    end => rows.end_release();
});

fn container<E: Error>(rows: &mut Rows) -> E {
    rows.container = true;
    E::custom("a package or record, not a release")
}

/// The tags of a release: `["compiled"]`, or what kind of partial release it is.
struct Tags<'r>(&'r mut Rows);

impl<'de> DeserializeSeed<'de> for Tags<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tags<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("tag")
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.0.current.has_tag = true;
        self.0.current.compiled |= value == "compiled";
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Tags(&mut *self.0))?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

object!(Tender, "tender", |rows, map| {
    begin => ();
    "status" Status => leaf!(map, rows, |r, v| r.current.status = v.word(r, "tender.status")),
    "procurementMethod" Method => leaf!(map, rows, |r, v| {
        r.current.method = v.word(r, "tender.procurementMethod");
    }),
    "procurementMethodDetails" Details => leaf!(map, rows, |r, v| {
        r.current.details = v.word(r, "tender.procurementMethodDetails");
    }),
    "tenderPeriod" Period => map.next_value_seed(TenderPeriod(&mut *rows))?,
    "numberOfTenderers" Number => leaf!(map, rows, |r, v| {
        r.current.tenderers = v.whole(r, "tender.numberOfTenderers");
    }),
    "procuringEntity" Entity => {
        rows.begin_reference();
        map.next_value_seed(Reference(&mut *rows))?;
        rows.current.entity = rows.end_reference();
    };
    end => ();
});

object!(TenderPeriod, "tender.tenderPeriod", |rows, map| {
    begin => ();
    "startDate" Start => leaf!(map, rows, |r, v| r.current.start = v.instant(r, "tender.tenderPeriod.startDate")),
    "endDate" End => leaf!(map, rows, |r, v| r.current.end = v.instant(r, "tender.tenderPeriod.endDate"));
    end => ();
});

object!(Reference, "organization", |rows, map| {
    begin => ();
    "id" Id => leaf!(map, rows, |r, v| v.id(r, "organization.id", |r, id| {
        r.reference.id.clear();
        r.reference.id.push_str(id);
    })),
    "name" Name => leaf!(map, rows, |r, v| {
        if let Some(name) = v.text(r, "organization.name") {
            r.reference.name.clear();
            r.reference.name.push_str(name);
        }
    }),
    "identifier" Identifier => map.next_value_seed(Identifier(&mut *rows))?;
    end => ();
});

object!(Identifier, "organization.identifier", |rows, map| {
    begin => ();
    "scheme" Scheme => leaf!(map, rows, |r, v| {
        if let Some(scheme) = v.text(r, "organization.identifier.scheme") {
            r.reference.scheme.clear();
            r.reference.scheme.push_str(scheme);
        }
    }),
    "id" Id => leaf!(map, rows, |r, v| v.id(r, "organization.identifier.id", |r, id| {
        r.reference.identifier.clear();
        r.reference.identifier.push_str(id);
    }));
    end => ();
});

object!(Party, "parties", |rows, map| {
    begin => rows.begin_reference();
    "id" Id => leaf!(map, rows, |r, v| v.id(r, "parties.id", |r, id| {
        r.reference.id.clear();
        r.reference.id.push_str(id);
    })),
    "name" Name => leaf!(map, rows, |r, v| {
        if let Some(name) = v.text(r, "parties.name") {
            r.reference.name.clear();
            r.reference.name.push_str(name);
        }
    });
    end => { let _ = rows.end_reference(); };
});
list!(PartyList of Party, "parties");

object!(BidsObject, "bids", |rows, map| {
    begin => ();
    "details" Details => map.next_value_seed(BidList(&mut *rows))?;
    end => ();
});

object!(Bid, "bids.details", |rows, map| {
    begin => rows.begin_entry();
    "status" Status => leaf!(map, rows, |r, v| r.entry.status = v.word(r, "bids.details.status")),
    "date" Date => leaf!(map, rows, |r, v| {
        (r.entry.date, r.entry.somewhere) = v.instant_or_about(r, "bids.details.date");
    }),
    "value" Money => map.next_value_seed(Money(&mut *rows))?,
    "tenderers" Tenderers => map.next_value_seed(BidderList(&mut *rows))?;
    end => rows.end_bid();
});
list!(BidList of Bid, "bids.details");

object!(Bidder, "bids.details.tenderers", |rows, map| {
    begin => rows.begin_reference();
    "id" Id => leaf!(map, rows, |r, v| v.id(r, "organization.id", |r, id| {
        r.reference.id.clear();
        r.reference.id.push_str(id);
    })),
    "name" Name => leaf!(map, rows, |r, v| {
        if let Some(name) = v.text(r, "organization.name") {
            r.reference.name.clear();
            r.reference.name.push_str(name);
        }
    }),
    "identifier" Identifier => map.next_value_seed(Identifier(&mut *rows))?;
    end => rows.push_party();
});
list!(BidderList of Bidder, "bids.details.tenderers");
list!(SupplierList of Bidder, "awards.suppliers");

object!(Money, "value", |rows, map| {
    begin => ();
    "amount" Amount => leaf!(map, rows, |r, v| {
        if let Some(amount) = v.number(r, "value.amount") {
            r.entry.amount = amount;
            r.entry.has_amount = true;
        }
    }),
    "currency" Currency => leaf!(map, rows, |r, v| r.entry.currency = v.word(r, "value.currency"));
    end => ();
});

object!(Award, "awards", |rows, map| {
    begin => rows.begin_award();
    "status" Status => leaf!(map, rows, |r, v| r.entry.status = v.word(r, "awards.status")),
    "date" Date => leaf!(map, rows, |r, v| r.entry.date = v.instant(r, "awards.date")),
    "value" Money => map.next_value_seed(Money(&mut *rows))?,
    "suppliers" Suppliers => map.next_value_seed(SupplierList(&mut *rows))?,
    "items" Items => map.next_value_seed(ItemList(&mut *rows))?;
    end => rows.end_award();
});
list!(AwardList of Award, "awards");

object!(Item, "awards.items", |rows, map| {
    begin => rows.begin_item();
    "classification" Classification => map.next_value_seed(Classification(&mut *rows))?;
    end => ();
});
list!(ItemList of Item, "awards.items");

object!(Classification, "awards.items.classification", |rows, map| {
    begin => ();
    "scheme" Scheme => leaf!(map, rows, |r, v| {
        let word = v.word(r, "awards.items.classification.scheme");
        if let Some(last) = r.items.scheme.last_mut() {
            *last = word;
        }
    }),
    "id" Id => leaf!(map, rows, |r, v| v.id(r, "awards.items.classification.id", |r, id| {
        let word = r.words.word(id);
        if let Some(last) = r.items.classification.last_mut() {
            *last = word;
        }
    }));
    end => ();
});

object!(Contract, "contracts", |rows, map| {
    begin => rows.begin_entry();
    "awardID" AwardId => leaf!(map, rows, |r, v| v.id(r, "contracts.awardID", |r, id| {
        r.entry.award_id = r.award_ids.push(id);
    })),
    "status" Status => leaf!(map, rows, |r, v| r.entry.status = v.word(r, "contracts.status")),
    "value" Money => map.next_value_seed(Money(&mut *rows))?,
    "dateSigned" Signed => leaf!(map, rows, |r, v| r.entry.date = v.instant(r, "contracts.dateSigned"));
    end => rows.end_contract();
});
list!(ContractList of Contract, "contracts");
