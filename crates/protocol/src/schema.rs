//! How values stand in JSON, as schemas of an OpenAPI document: what [`json`](crate::json) writes and reads, exactly.

use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Bytes of any length, as [`json::hex`](crate::json::hex) writes them.
pub struct Bytes;

/// A body that is no JSON: bytes as they are.
pub struct Binary;

/// A 64-bit number, as [`json::decimal`](crate::json::decimal) writes it.
pub struct Decimal;

impl PartialSchema for Bytes {
    fn schema() -> RefOr<Schema> {
        text("^0x([0-9a-fA-F]{2})*$".to_owned())
    }
}
impl ToSchema for Bytes {}

impl PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).format(Some(format)).into()
    }
}
impl ToSchema for Binary {}

impl PartialSchema for Decimal {
    fn schema() -> RefOr<Schema> {
        text(U64.to_owned())
    }
}
impl ToSchema for Decimal {}

/// 0 to 2^64 − 1 without leading zeros: at most 19 digits, or 20 that end below 18446744073709551616.
const U64: &str = "^(0|[1-9][0-9]{0,18}|1[0-7][0-9]{18}|18[0-3][0-9]{17}|184[0-3][0-9]{16}|1844[0-5][0-9]{15}|18446[0-6][0-9]{14}|184467[0-3][0-9]{13}|1844674[0-3][0-9]{12}|184467440[0-6][0-9]{10}|1844674407[0-2][0-9]{9}|18446744073[0-6][0-9]{8}|1844674407370[0-8][0-9]{6}|18446744073709[0-4][0-9]{5}|184467440737095[0-4][0-9]{4}|18446744073709550[0-9]{3}|18446744073709551[0-5][0-9]{2}|1844674407370955160[0-9]|1844674407370955161[0-5])$";

/// `length` bytes.
pub(crate) fn hex(length: usize) -> RefOr<Schema> {
    text(format!("^0x[0-9a-fA-F]{{{}}}$", 2 * length))
}

fn text(pattern: String) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).pattern(Some(pattern)).into()
}
