//! From operation names to handlers: the guest's entry points (contracts.md 1.2 and 1.4).

use crate::{decode, encode, host_call_at, Message, Result, DEFAULT_LINK};

/// A handler of one message: `"HandleRequest" => typed(handle)`, where handle is
/// `fn(In) -> Result<Out>` with two types made by `message!`.
pub fn typed<In: Message, Out: Message>(
    handler: impl Fn(In) -> Result<Out>,
) -> impl Fn(&[u8]) -> Result<Vec<u8>> {
    move |payload| Ok(encode(&handler(decode(payload)?)?))
}

/// A handler of raw bytes: `"Echo" => raw(echo)`.
pub fn raw(handler: impl Fn(&[u8]) -> Result<Vec<u8>>) -> impl Fn(&[u8]) -> Result<Vec<u8>> {
    handler
}

/// Calls a capability or an actor with a message and reads its answer.
pub fn request<Answer: Message>(namespace: &str, operation: &str, message: &impl Message) -> Result<Answer> {
    request_at(DEFAULT_LINK, namespace, operation, message)
}

/// The same through a link with a name of its own.
pub fn request_at<Answer: Message>(
    link: &str,
    namespace: &str,
    operation: &str,
    message: &impl Message,
) -> Result<Answer> {
    decode(&host_call_at(link, namespace, operation, &encode(message))?)
}

/// Makes panics say in the host's log what happened; the trap that follows carries no text.
pub fn initialise() {
    std::panic::set_hook(Box::new(|panic| crate::console_log(&panic.to_string())));
}

/// Runs the call the host announced with two lengths: 1 = answered, 0 = refused with a text.
#[cfg(target_arch = "wasm32")]
pub fn guest_call(
    operation_size: usize,
    payload_size: usize,
    dispatch: fn(&str, &[u8]) -> Result<Vec<u8>>,
) -> i32 {
    use crate::abi::platform;
    let (operation, payload) = platform::request(operation_size, payload_size);
    match dispatch(&String::from_utf8_lossy(&operation), &payload) {
        Ok(answer) => {
            platform::respond(&answer);
            1
        }
        Err(error) => {
            platform::refuse(&error.0);
            0
        }
    }
}

/// Makes the crate an actor that answers the listed operations; write it once:
///
///     register! { "HandleRequest" => typed(handle), "Echo" => raw(echo) }
///
/// HealthRequest is answered by itself unless it is listed. `dispatch(operation, payload)`, which
/// unit tests can call, is made too.
#[macro_export]
macro_rules! register {
    ($($operation:literal => $handler:expr),+ $(,)?) => {
        /// Answers one operation as the host would see it.
        #[allow(unreachable_patterns)]
        pub fn dispatch(operation: &str, payload: &[u8]) -> $crate::Result<Vec<u8>> {
            match operation {
                $($operation => ($handler)(payload),)+
                $crate::health::OPERATION => Ok($crate::health::HEALTHY.to_vec()),
                _ => Err($crate::Error(format!(
                    "No handler registered for function \"{operation}\""
                ))),
            }
        }

        #[cfg(target_arch = "wasm32")]
        #[no_mangle]
        pub extern "C" fn wapc_init() {
            $crate::initialise();
        }

        #[cfg(target_arch = "wasm32")]
        #[no_mangle]
        pub extern "C" fn __guest_call(operation_size: usize, payload_size: usize) -> i32 {
            $crate::guest_call(operation_size, payload_size, dispatch)
        }
    };
}
