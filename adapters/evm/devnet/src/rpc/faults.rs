//! Ways in which an endpoint misbehaves when told to, so that what talks to it can be tested.

use parking_lot::Mutex;

/// What an endpoint does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RpcFault {
    /// Answers with HTTP status 503 and nothing else.
    Fail,
    /// Never answers.
    Hang,
    /// Answers with half a JSON object.
    Garbage,
    /// Lags so many blocks behind the chain: does not know the newest ones.
    Behind(u64),
}

/// The fault of one endpoint, and how often it shows.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Plan>);

#[derive(Debug, Clone, Copy, Default)]
struct Plan {
    /// The fault, and every how many requests it shows.
    fault: Option<(RpcFault, u64)>,
    requests: u64,
}

impl Faults {
    /// Shows `fault` at every request from now on.
    pub fn always(&self, fault: RpcFault) {
        self.every(1, fault);
    }

    /// Shows `fault` at every `nth` request from now on, the first time after `nth - 1` good answers.
    pub fn every(&self, nth: u64, fault: RpcFault) {
        *self.0.lock() = Plan { fault: Some((fault, nth.max(1))), requests: 0 };
    }

    /// Ends the fault. Requests that hang go on hanging.
    pub fn clear(&self) {
        *self.0.lock() = Plan::default();
    }

    /// Counts a request; the fault it meets, if any.
    pub(super) fn next(&self) -> Option<RpcFault> {
        let mut plan = self.0.lock();
        plan.requests += 1;
        let (fault, nth) = plan.fault?;
        plan.requests.is_multiple_of(nth).then_some(fault)
    }
}
