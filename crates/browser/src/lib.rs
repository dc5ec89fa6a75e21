//! The bundle verifier for a browser: three functions that WebAssembly exports, around [`causeway_bundle::verify()`].
//!
//! A page calls `room(0, length)` and writes a bundle there, `room(1, length)` and writes what it trusts there as JSON ([`Known`]), then
//! `verdict()`: the length of the answer, which stands at `answer()`. The answer is the report that `causeway verify bundle --json`
//! prints, or `{"verified":false,"code":…,"detail":…}`.

mod judge;

use std::sync::Mutex;

pub use judge::{Known, judge};

/// What was written for the next call, and its answer. A page has one thread.
struct Desk {
    bundle: Vec<u8>,
    known: Vec<u8>,
    answer: Vec<u8>,
}

static DESK: Mutex<Desk> = Mutex::new(Desk { bundle: Vec::new(), known: Vec::new(), answer: Vec::new() });

fn desk() -> std::sync::MutexGuard<'static, Desk> {
    DESK.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Room for `length` bytes: of a bundle where `what` is 0, of what is trusted where it is 1.
#[allow(unsafe_code, reason = "a name for WebAssembly")]
#[unsafe(no_mangle)]
pub extern "C" fn room(what: u32, length: usize) -> *mut u8 {
    let mut desk = desk();
    let place = if what == 0 { &mut desk.bundle } else { &mut desk.known };
    *place = vec![0; length];
    place.as_mut_ptr()
}

/// Judges what was written. Answers how long the answer is.
#[allow(unsafe_code, reason = "a name for WebAssembly")]
#[unsafe(no_mangle)]
pub extern "C" fn verdict() -> usize {
    let mut desk = desk();
    let (bundle, known) = (core::mem::take(&mut desk.bundle), core::mem::take(&mut desk.known));
    desk.answer = judge(&bundle, &known).into_bytes();
    desk.answer.len()
}

/// Where the answer is.
#[allow(unsafe_code, reason = "a name for WebAssembly")]
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> *const u8 {
    desk().answer.as_ptr()
}
