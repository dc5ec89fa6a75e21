//! Which row a fact is: (form, subject, number), as `log_facts` in the migrations has it.

use crate::column::Uint;

/// A fact's key in the log. Each form's is made where its loader is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactKey {
    pub(super) form: u8,
    pub(super) subject: Vec<u8>,
    pub(super) number: Uint,
}

impl FactKey {
    pub(super) fn new(form: u8, subject: impl Into<Vec<u8>>, number: u64) -> Self {
        Self { form, subject: subject.into(), number: Uint(number) }
    }
}
