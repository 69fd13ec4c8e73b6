//! A host for unit tests of actors on the machine itself: one per thread.
//!
//! ```ignore
//! testing::answer_calls(|call| match call.operation.as_str() {
//!     "Add" => Ok(encode(&keyvalue::AddResponse { value: 7 })),
//!     _ => Err("no such operation".into()),
//! });
//! let response = dispatch("HandleRequest", &encode(&request))?;   // made by register!
//! ```

use std::cell::RefCell;

use crate::{Error, Result};

/// One call an actor made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub link: String,
    pub namespace: String,
    pub operation: String,
    pub payload: Vec<u8>,
}

type Answer = Box<dyn FnMut(&Call) -> Result<Vec<u8>>>;

thread_local! {
    static ANSWER: RefCell<Option<Answer>> = RefCell::new(None);
    static LOG: RefCell<Vec<String>> = RefCell::new(Vec::new());
}

/// From now on `answer` answers the calls that actors make on this thread.
pub fn answer_calls(answer: impl FnMut(&Call) -> Result<Vec<u8>> + 'static) {
    ANSWER.with(|slot| *slot.borrow_mut() = Some(Box::new(answer)));
}

/// The lines written with `console_log` on this thread since this was last asked.
pub fn take_log() -> Vec<String> {
    LOG.with(|log| log.take())
}

pub(crate) fn host_call(link: &str, namespace: &str, operation: &str, payload: &[u8]) -> Result<Vec<u8>> {
    let call = Call {
        link: link.to_owned(),
        namespace: namespace.to_owned(),
        operation: operation.to_owned(),
        payload: payload.to_vec(),
    };
    ANSWER.with(|slot| match slot.borrow_mut().as_mut() {
        Some(answer) => answer(&call),
        None => Err(Error::from("no host: give the test one with testing::answer_calls")),
    })
}

pub(crate) fn console_log(text: &str) {
    LOG.with(|log| log.borrow_mut().push(text.to_owned()));
}
