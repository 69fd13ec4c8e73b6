//! The Rust SDK on the machine itself: `cargo test`, or ctest's sdk/rust. Whether its bytes are
//! those of the vectors is tested inside actors (tests/scenario/guest_sdk_scenario.py).
use std::collections::BTreeMap;

use trellis_actor::keyvalue::{AddArgs, AddResponse, GetResponse, KeysArgs, Store};
use trellis_actor::{decode, encode, extras, health, http, logging, testing};
use trellis_actor::{message, raw, register, typed, Error, Result};

message! {
    struct Ping { value: i64 = "value", note: Option<String> = "note" }
}

fn ping(ping: Ping) -> Result<Ping> {
    Ok(Ping { value: ping.value + 42, note: ping.note })
}

fn count(request: http::Request) -> Result<http::Response> {
    let counter = Store::linked("other").add(&request.path, 1)?;
    Ok(http::text(&counter.to_string()))
}

register! {
    "Ping" => typed(ping),
    "HandleRequest" => typed(count),
    "Echo" => raw(|payload: &[u8]| Ok(payload.to_vec())),
}

fn problem(bytes: &[u8]) -> String {
    decode::<AddArgs>(bytes).unwrap_err().0
}

#[test]
fn messages_are_maps_in_order_of_declaration() {
    let args = AddArgs { key: "k".into(), value: -1 };
    assert_eq!(encode(&args), b"\x82\xa3key\xa1k\xa5value\xff");
    assert_eq!(decode::<AddArgs>(b"\x92\xa1k\xff"), Ok(args.clone()));
    assert_eq!(decode::<AddArgs>(b"\x83\xa1?\x91\xc0\xa5value\xd0\xff\xa3key\xa1k"), Ok(args));
    let none = Ping { value: 1, note: None };
    assert_eq!(encode(&none), b"\x82\xa5value\x01\xa4note\xc0");
    assert_eq!(decode::<Ping>(b"\x81\xa5value\x01"), Ok(none));
}

#[test]
fn reasons_name_the_place() {
    assert_eq!(problem(b"\xc0"), "Failed to de-serialize: expected a struct at byte 0, found marker c0");
    assert_eq!(problem(b""), "Failed to de-serialize: ends after 0 bytes");
    assert_eq!(problem(b"\x81\xa3key\xa1k"), "Failed to de-serialize: missing field `value`");
    assert_eq!(problem(b"\x82\xa3key\xa1k\xa3key\xa1k"), "Failed to de-serialize: duplicate field `key`");
    assert_eq!(problem(b"\x92\xa1k\xce\x80\0\0\0"), "Failed to de-serialize: 2147483648 does not fit i32");
    assert_eq!(problem(b"\x92\xa1\xff\x01"), "Failed to de-serialize: text at byte 2 is not UTF-8");
    assert_eq!(problem(b"\xdf\xff\xff\xff\xff"), "Failed to de-serialize: ends after 5 bytes");
    let deep = [b"\x81\xa1?".as_slice(), &[0x91; 100_000]].concat();
    assert_eq!(problem(&deep), "Failed to de-serialize: nested too deeply");
}

/// Every input of up to three bytes, and many longer ones: an answer or an error, never a panic.
#[test]
fn no_input_makes_the_reader_panic() {
    let mut accepted = 0;
    for number in 0..1u32 << 24 {
        let bytes = number.to_be_bytes();
        accepted += u32::from(decode::<KeysArgs>(&bytes[1..]).is_ok());
    }
    assert!(accepted > 0, "an array of one list is three bytes");
    let mut state = 1u32;
    for _ in 0..200_000 {
        let mut bytes = encode(&AddArgs { key: "key".into(), value: 70_000 });
        for _ in 0..3 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (state >> 16) as usize % bytes.len();
            bytes[at] = (state >> 8) as u8;
        }
        let _ = decode::<AddArgs>(&bytes);
        let _ = decode::<http::Request>(&bytes);
    }
}

#[test]
fn operations_reach_their_handlers() {
    assert_eq!(dispatch("Echo", b"\0x"), Ok(b"\0x".to_vec()));
    let answer = dispatch("Ping", &encode(&Ping { value: 11, note: Some("n".into()) })).unwrap();
    assert_eq!(decode::<Ping>(&answer), Ok(Ping { value: 53, note: Some("n".into()) }));
    assert_eq!(dispatch("Nope", b""), Err(Error::from("No handler registered for function \"Nope\"")));
    assert!(dispatch("Ping", b"\xc0").is_err());
    let healthy = dispatch("HealthRequest", b"").unwrap();
    assert_eq!(decode(&healthy), Ok(health::HealthResponse { healthy: true, message: String::new() }));
}

#[test]
fn host_calls_say_where_to_and_errors_are_passed_on() {
    let request = encode(&http::Request { path: "/a".into(), ..Default::default() });
    assert!(dispatch("HandleRequest", &request).unwrap_err().0.contains("testing::answer_calls"));
    testing::answer_calls(|call| {
        assert_eq!((call.link.as_str(), call.namespace.as_str()), ("other", "wasmcloud:keyvalue"));
        assert_eq!(call.operation, "Add");
        assert_eq!(decode(&call.payload), Ok(AddArgs { key: "/a".into(), value: 1 }));
        Ok(encode(&AddResponse { value: 7 }))
    });
    let response: http::Response = decode(&dispatch("HandleRequest", &request).unwrap()).unwrap();
    assert_eq!((response.status_code, response.body), (200, b"7".to_vec()));
    testing::answer_calls(|_| Err("no such link".into()));
    assert_eq!(dispatch("HandleRequest", &request), Err(Error::from("no such link")));
    testing::answer_calls(|_| Ok(Vec::new()));
    assert!(dispatch("HandleRequest", &request).is_err(), "zero bytes are no AddResponse");
}

#[test]
fn helpers_of_the_contracts() {
    testing::answer_calls(|call| match call.operation.as_str() {
        "Get" => Ok(encode(&GetResponse { value: "v".into(), exists: call.payload.ends_with(b"k") })),
        "RequestSequence" => Ok(encode(&extras::GeneratorResult { sequence_number: 9, ..Default::default() })),
        "RequestGuid" => Ok(encode(&extras::GeneratorResult::default())),
        "WriteLog" => Ok(Vec::new()),
        other => Err(other.into()),
    });
    assert_eq!(Store::new().get("k"), Ok(Some("v".to_owned())));
    assert_eq!(Store::new().get("missing"), Ok(None));
    assert_eq!(extras::sequence(), Ok(9));
    assert!(extras::guid().is_err(), "asked for a GUID, got none");
    assert_eq!(logging::write("info", "text"), Ok(()));
    trellis_actor::console_log("line");
    assert_eq!(testing::take_log(), ["line"]);
    let json = http::json("{}").with_header("x", "y");
    assert_eq!(json.header, BTreeMap::from([
        ("content-type".to_owned(), "application/json".to_owned()), ("x".to_owned(), "y".to_owned()),
    ]));
}
