//! How a form is written down once: its fields in order are its struct, its encoding and its decoding.

use causeway_protocol::{Address, DecodeError, GatewayId, Hash, IslandId, Reader, Signature, Writer};

use crate::FactKind;

/// One kind of fact: its number, what its entry shows, and its fields in canonical order. Made by `form!`.
pub trait Form: Sized {
    /// The number that its canonical bytes begin with.
    const FORM: u8;

    /// What its entry shows.
    fn kind(&self) -> FactKind;

    /// Adds its fields.
    #[doc(hidden)]
    fn write(&self, writer: Writer) -> Writer;

    /// Reads its fields.
    #[doc(hidden)]
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// A form: `number Name, |fact| kind;` and its fields. A form that was released is never changed: another follows it.
macro_rules! form {
    (
        $(#[$doc:meta])* $form:literal $name:ident, |$fact:pat_param| $kind:expr;
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $crate::fact::form::Form for $name {
            const FORM: u8 = $form;

            fn kind(&self) -> $crate::FactKind {
                let $fact = self;
                $kind
            }

            fn write(&self, writer: ::causeway_protocol::Writer) -> ::causeway_protocol::Writer {
                $(let writer = $crate::fact::form::Field::write(&self.$field, writer);)*
                writer
            }

            fn read(
                reader: &mut ::causeway_protocol::Reader<'_>,
            ) -> Result<Self, ::causeway_protocol::DecodeError> {
                Ok(Self { $($field: $crate::fact::form::Field::read(reader, stringify!($field))?,)* })
            }
        }
    };
}
pub(super) use form;

/// What a field may be, as items of an RLP list.
pub(super) trait Field: Sized {
    fn write(&self, writer: Writer) -> Writer;
    fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self, DecodeError>;
}

impl Field for u64 {
    fn write(&self, writer: Writer) -> Writer {
        writer.uint(*self)
    }

    fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self, DecodeError> {
        reader.uint(what)
    }
}

impl Field for u8 {
    fn write(&self, writer: Writer) -> Writer {
        writer.uint(u64::from(*self))
    }

    fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self, DecodeError> {
        let came = reader.uint(what)?;
        let unfit = |_| DecodeError::Value { what, came: format!("{came}, expected at most 255") };
        Self::try_from(came).map_err(unfit)
    }
}

impl Field for bool {
    fn write(&self, writer: Writer) -> Writer {
        writer.uint(u64::from(*self))
    }

    fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self, DecodeError> {
        match reader.uint(what)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(DecodeError::Value { what, came: format!("{other}, expected 0 or 1") }),
        }
    }
}

impl Field for String {
    fn write(&self, writer: Writer) -> Writer {
        writer.bytes(self.as_bytes())
    }

    fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self, DecodeError> {
        reader.text(what).map(Into::into)
    }
}

impl Field for Vec<u8> {
    fn write(&self, writer: Writer) -> Writer {
        writer.bytes(self)
    }

    fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self, DecodeError> {
        reader.bytes(what).map(Into::into)
    }
}

impl Field for [Vec<u8>; 2] {
    fn write(&self, writer: Writer) -> Writer {
        writer.bytes(&self[0]).bytes(&self[1])
    }

    fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self, DecodeError> {
        Ok([reader.bytes(what)?.to_vec(), reader.bytes(what)?.to_vec()])
    }
}

/// Nothing is an empty list, something a list of one.
impl<T: Field> Field for Option<T> {
    fn write(&self, writer: Writer) -> Writer {
        writer.list(&Writer::new().each(self, |writer, item| item.write(writer)))
    }

    fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self, DecodeError> {
        Ok(reader.list(what)?.each(what, 1, |reader| T::read(reader, what))?.pop())
    }
}

impl Field for [u8; 16] {
    fn write(&self, writer: Writer) -> Writer {
        writer.bytes(self)
    }

    fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self, DecodeError> {
        reader.array(what)
    }
}

/// What is a fixed number of bytes with a name.
macro_rules! bytes_with_a_name {
    ($($name:ident),*) => {$(
        impl Field for $name {
            fn write(&self, writer: Writer) -> Writer {
                writer.bytes(&self.0)
            }

            fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self, DecodeError> {
                reader.array(what).map(Self)
            }
        }
    )*};
}
bytes_with_a_name!(Address, GatewayId, Hash, IslandId, Signature);
