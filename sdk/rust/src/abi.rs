//! The functions a waPC host gives a guest, and safe wrappers around them (contracts.md 1.1).

use crate::{Result, DEFAULT_LINK};

/// Calls a capability (`namespace` = contract id) or another actor (`namespace` = public key or call
/// alias) and waits for the answer.
pub fn host_call(namespace: &str, operation: &str, payload: &[u8]) -> Result<Vec<u8>> {
    host_call_at(DEFAULT_LINK, namespace, operation, payload)
}

/// The same through a link with a name of its own.
pub fn host_call_at(link: &str, namespace: &str, operation: &str, payload: &[u8]) -> Result<Vec<u8>> {
    platform::host_call(link, namespace, operation, payload)
}

/// Writes one line to the host's log.
pub fn console_log(text: &str) {
    platform::console_log(text)
}

#[cfg(target_arch = "wasm32")]
pub(crate) mod platform {
    use crate::{Error, Result};

    #[link(wasm_import_module = "wapc")]
    extern "C" {
        fn __guest_request(operation: *mut u8, payload: *mut u8);
        fn __guest_response(bytes: *const u8, size: usize);
        fn __guest_error(text: *const u8, size: usize);
        fn __host_call(
            link: *const u8, link_size: usize, namespace: *const u8, namespace_size: usize,
            operation: *const u8, operation_size: usize, payload: *const u8, size: usize,
        ) -> i32;
        fn __host_response_len() -> usize;
        fn __host_response(out: *mut u8);
        fn __host_error_len() -> usize;
        fn __host_error(out: *mut u8);
        fn __console_log(text: *const u8, size: usize);
    }

    /// The operation and the payload of the call the host announced with these two lengths.
    pub fn request(operation_size: usize, payload_size: usize) -> (Vec<u8>, Vec<u8>) {
        let mut operation = vec![0; operation_size];
        let mut payload = vec![0; payload_size];
        // The host writes exactly the announced lengths.
        unsafe { __guest_request(operation.as_mut_ptr(), payload.as_mut_ptr()) };
        (operation, payload)
    }

    pub fn respond(bytes: &[u8]) {
        unsafe { __guest_response(bytes.as_ptr(), bytes.len()) };
    }

    pub fn refuse(text: &str) {
        unsafe { __guest_error(text.as_ptr(), text.len()) };
    }

    pub fn host_call(link: &str, namespace: &str, operation: &str, payload: &[u8]) -> Result<Vec<u8>> {
        let succeeded = unsafe {
            __host_call(
                link.as_ptr(), link.len(), namespace.as_ptr(), namespace.len(),
                operation.as_ptr(), operation.len(), payload.as_ptr(), payload.len(),
            )
        };
        if succeeded != 0 {
            return Ok(unsafe { taken(__host_response_len(), __host_response) });
        }
        let text = unsafe { taken(__host_error_len(), __host_error) };
        Err(Error(String::from_utf8_lossy(&text).into_owned()))
    }

    /// What the host holds ready for us. `size` is what it said just before.
    unsafe fn taken(size: usize, copy: unsafe extern "C" fn(*mut u8)) -> Vec<u8> {
        let mut bytes = vec![0; size];
        copy(bytes.as_mut_ptr());
        bytes
    }

    pub fn console_log(text: &str) {
        unsafe { __console_log(text.as_ptr(), text.len()) };
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing as platform;
