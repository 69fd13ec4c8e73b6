//! The Rust SDK on the machine itself: `cargo test`, or ctest's sdk/rust. Whether its bytes are
//! those of the vectors is tested inside actors (tests/scenario/guest_sdk_scenario.py).
use std::collections::BTreeMap;

use trellis_actor::keyvalue::{AddArgs, AddResponse, GetResponse, KeysArgs, Store};
use trellis_actor::{blobstore, eventstreams, httpclient, messaging, telnet};
use trellis_actor::{decode, encode, extras, health, http, logging, testing};
use trellis_actor::{message, raw, register, typed, Error, Message, Result};

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

/// The bytes of contracts.md.
fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Encodes to exactly these bytes, and reads them as the same.
fn travels<T: Message + PartialEq + std::fmt::Debug>(message: T, bytes: &str) {
    assert_eq!(encode(&message), hex(bytes), "{message:?}");
    assert_eq!(decode(&hex(bytes)), Ok(message));
}

#[test]
fn messages_of_the_contracts_are_those_of_the_specification() {
    let note = |reply_to: &str| messaging::Message {
        subject: "t".into(), reply_to: reply_to.into(), body: b"x".to_vec(),
    };
    travels(note(""), "83a77375626a656374a174a77265706c79546fa0a4626f6479c40178");
    travels(note("_INBOX.1"), "83a77375626a656374a174a77265706c79546fa85f494e424f582e31a4626f6479c40178");
    travels(messaging::PublishResponse { published: true }, "81a97075626c6973686564c3");
    travels(
        messaging::RequestArgs { subject: "t".into(), body: b"x".to_vec(), timeout: 1000 },
        "83a77375626a656374a174a4626f6479c40178a774696d656f7574cd03e8",
    );
    let chunk = blobstore::Chunk {
        sequence_no: 1, chunk_size: 2, bytes: vec![1, 2], ..blobstore::Chunk::first("c", "f", 3)
    };
    let bare = "87aa73657175656e63654e6f01a9636f6e7461696e657281a26964a163a26964a166aa746f74616c4279746573\
                03a96368756e6b53697a6502a7636f6e74657874c0aa6368756e6b4279746573c4020102";
    travels(chunk.clone(), bare);
    travels(blobstore::ChunkArgs { chunk }, &format!("81a56368756e6b{bare}"));
    travels(blobstore::Outcome { success: true, error: None }, "82a773756363657373c3a56572726f72c0");
    travels(
        blobstore::DownloadArgs {
            blob_id: "f".into(), container_id: "c".into(), chunk_size: 524_288, context: None,
        },
        "84a7626c6f625f6964a166ac636f6e7461696e65725f6964a163aa6368756e6b5f73697a65ce00080000\
         a7636f6e74657874c0",
    );
    travels(
        eventstreams::WriteEventArgs {
            stream_id: "s".into(), values: BTreeMap::from([("a".to_owned(), "1".to_owned())]),
        },
        "82a873747265616d4964a173a676616c75657381a161a131",
    );
    travels(
        eventstreams::EventAck { event_id: Some("1-0".into()), error: None },
        "82a76576656e744964a3312d30a56572726f72c0",
    );
    travels(
        eventstreams::StreamQuery { stream_id: "s".into(), range: None, count: 0 },
        "83a873747265616d4964a173a572616e6765c0a5636f756e7400",
    );
    travels(
        httpclient::Request::new("GET", "http://a/", []),
        "84a66d6574686f64a3474554a375726ca9687474703a2f2f612fa76865616465727380a4626f6479c400",
    );
    travels(
        telnet::Text { session: "x".into(), text: "hi".into() },
        "82a773657373696f6ea178a474657874a26869",
    );
    travels(telnet::Outcome::success(), "82a773756363657373c3a56572726f72c0");
}

#[test]
fn lists_of_messages_are_read_item_by_item() {
    let one = blobstore::Object { id: "a".into(), container: blobstore::Container { id: "c".into() }, byte_size: 7 };
    let list = blobstore::ObjectList { blobs: vec![one.clone(), one] };
    assert_eq!(decode(&encode(&list)), Ok(list));
    let within = decode::<blobstore::ObjectList>(b"\x81\xa5blobs\x91\x81\xa2id\xa1a").unwrap_err();
    assert_eq!(within.0, "Failed to de-serialize: missing field `container`");
    let cut = decode::<blobstore::ObjectList>(b"\x81\xa5blobs\xdd\x7f\xff\xff\xff").unwrap_err();
    assert_eq!(cut.0, "Failed to de-serialize: ends after 12 bytes");
}

#[test]
fn calls_go_through_the_link_and_failures_are_errors() {
    testing::answer_calls(|call| {
        assert_eq!(call.link, "other", "{call:?}");
        match (call.namespace.as_str(), call.operation.as_str()) {
            ("wasmcloud:messaging", "Publish") => Ok(encode(&messaging::PublishResponse { published: false })),
            ("wasmcloud:messaging", "Request") => {
                let asked: messaging::RequestArgs = decode(&call.payload)?;
                assert_eq!(asked.timeout, 50);
                Ok(encode(&messaging::Message { subject: "r".into(), reply_to: String::new(), body: asked.body }))
            }
            ("wasmcloud:blobstore", "GetObjectInfo") => {
                Ok(hex("83a26964a46e6f6e65a9636f6e7461696e657281a26964a46e6f6e65a86279746553697a6500"))
            }
            ("wasmcloud:blobstore", "RemoveObject") => {
                Ok(encode(&blobstore::Outcome { success: false, error: Some("no such object".into()) }))
            }
            ("wasmcloud:blobstore", _) => Ok(encode(&blobstore::Outcome { success: false, error: None })),
            ("wasmcloud:eventstreams", "WriteEvent") => {
                Ok(encode(&eventstreams::EventAck { event_id: None, error: Some("full".into()) }))
            }
            ("wasmcloud:httpclient", "Request") => Ok(encode(&http::Response::new(404, "Not Found", "gone"))),
            ("wasmcloud:telnet", "SendText") => Ok(encode(&telnet::Outcome { success: false, error: None })),
            ("wasmcloud:extras", _) => Ok(encode(&extras::GeneratorResult { random_number: 7, ..Default::default() })),
            ("wasmcloud:logging", "WriteLog") => Ok(Vec::new()),
            _ => Err("unexpected".into()),
        }
    });
    let broker = messaging::Broker::linked("other");
    assert_eq!(broker.publish("s", "x"), Ok(false));
    assert_eq!(broker.request("s", "x", 50).unwrap().body, b"x");
    let blobs = blobstore::Store::linked("other");
    assert_eq!(blobs.info("c", "o"), Ok(None));
    assert_eq!(blobs.remove_object("c", "o"), Err("no such object".into()));
    assert_eq!(blobs.put("c", "o", b"x"), Err("not done".into()));
    assert_eq!(eventstreams::Streams::linked("other").write("s", &[("a", "1")]), Err("full".into()));
    assert_eq!(httpclient::Client::linked("other").get("http://a/").unwrap().status_code, 404);
    assert_eq!(telnet::Terminals::linked("other").send("s", "t"), Err("not sent".into()));
    assert_eq!(extras::Generator::linked("other").random(7, 8), Ok(7));
    assert_eq!(logging::write_at("other", "audit", "info", "t"), Ok(()));
}

#[test]
fn objects_go_up_in_chunks_and_none_for_an_empty_one() {
    use std::{cell::RefCell, rc::Rc};
    let seen = Rc::new(RefCell::new(Vec::new()));
    let record = Rc::clone(&seen);
    testing::answer_calls(move |call| {
        let ChunkArgs { chunk } = decode(&call.payload)?;
        record.borrow_mut().push((call.operation.clone(), chunk.sequence_no, chunk.bytes.len()));
        Ok(encode(&blobstore::Outcome { success: true, error: None }))
    });
    use blobstore::ChunkArgs;
    let size = blobstore::USUAL_CHUNK_SIZE as usize;
    assert_eq!(blobstore::Store::new().put("c", "o", &vec![0; size + 1]), Ok(()));
    assert_eq!(blobstore::Store::new().put("c", "empty", b""), Ok(()));
    assert_eq!(*seen.borrow(), [
        ("StartUpload".to_owned(), 0, 0), ("UploadChunk".to_owned(), 0, size),
        ("UploadChunk".to_owned(), 1, 1), ("StartUpload".to_owned(), 0, 0),
    ]);
}
