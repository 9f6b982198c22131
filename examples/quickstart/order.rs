use serde::{Deserialize, Serialize};

/// What is to be paid, once; also the body of a charge.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Order {
    pub(crate) id: u32,
    pub(crate) cents: u64,
}

impl Order {
    /// The order with this number; its price is made up, but always the same.
    pub(crate) fn number(id: u32) -> Self {
        let cents = 995 + u64::from(id) * 7919 % 9000;
        Self { id, cents }
    }
}
