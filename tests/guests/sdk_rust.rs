//! Tries the Rust SDK: what is done is told by the path (tests/scenario/guests_scenario.py). The
//! same actor exists in C++ and in AssemblyScript.
use std::sync::atomic::{AtomicU32, Ordering};

use trellis_actor::keyvalue::{self as kv, Store};
use trellis_actor::msgpack::{Reader, Writer};
use trellis_actor::{console_log, decode, encode, extras, health, host_call, http, logging, register, typed};
use trellis_actor::{Message, Result};

static CALLS: AtomicU32 = AtomicU32::new(0);

fn again<T: Message>(bytes: &[u8]) -> Result<Vec<u8>> {
    decode::<T>(bytes).map(|message| encode(&message))
}

/// Decodes a message of the named type and encodes it anew.
fn recode(kind: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    match kind {
        "HealthRequest" => again::<health::HealthRequest>(bytes),
        "HealthResponse" => again::<health::HealthResponse>(bytes),
        "GeneratorRequest" => again::<extras::GeneratorRequest>(bytes),
        "GeneratorResult" => again::<extras::GeneratorResult>(bytes),
        "GetArgs" | "DelArgs" | "ClearArgs" | "SetQueryArgs" | "KeyExistsArgs" | "DelResponse" => {
            again::<kv::KeyArgs>(bytes)
        }
        "AddArgs" => again::<kv::AddArgs>(bytes),
        "SetArgs" => again::<kv::SetArgs>(bytes),
        "RangeArgs" => again::<kv::RangeArgs>(bytes),
        "PushArgs" | "ListItemDeleteArgs" | "SetAddArgs" | "SetRemoveArgs" => again::<kv::ItemArgs>(bytes),
        "SetUnionArgs" | "SetIntersectionArgs" => again::<kv::KeysArgs>(bytes),
        "GetResponse" => again::<kv::GetResponse>(bytes),
        "AddResponse" => again::<kv::AddResponse>(bytes),
        "SetResponse" => again::<kv::SetResponse>(bytes),
        "ListResponse" => again::<kv::ListResponse>(bytes),
        "SetOperationResponse" => again::<kv::SetOperationResponse>(bytes),
        "ListRangeResponse" | "SetQueryResponse" => again::<kv::ValuesResponse>(bytes),
        "WriteLogArgs" => again::<logging::WriteLogArgs>(bytes),
        "http::Request" => again::<http::Request>(bytes),
        "http::Response" => again::<http::Response>(bytes),
        _ => Err(format!("no type {kind}").into()),
    }
}

fn sorted(mut values: Vec<String>) -> String {
    values.sort();
    values.join(",")
}

/// Every operation of the key-value contract once, on keys of this actor's own.
fn store(prefix: &str) -> Result<String> {
    let store = Store::new();
    let key = |name: &str| format!("{prefix}:{name}");
    let (text, number, list, one, two) = (key("t"), key("n"), key("l"), key("1"), key("2"));
    let mut out = vec![
        store.set(&text, "hé", 0)?,
        store.get(&text)?.unwrap_or_default(),
        store.exists(&text)?.to_string(),
    ];
    store.del(&text)?;
    out.push(store.exists(&text)?.to_string());
    out.push(store.add(&number, 300)?.to_string());
    out.push(store.add(&number, -301)?.to_string());
    for item in ["a", "b", "a"] {
        out.push(store.push(&list, item)?.to_string());
    }
    out.push(store.range(&list, 0, -1)?.join(","));
    out.push(store.list_del(&list, "a")?.to_string());
    store.clear(&list)?;
    out.push(store.range(&list, 0, -1)?.len().to_string());
    for (set, item) in [(&one, "x"), (&one, "y"), (&one, "y"), (&two, "y"), (&two, "z")] {
        out.push(store.set_add(set, item)?.to_string());
    }
    out.push(sorted(store.set_union(&[&one, &two])?));
    out.push(sorted(store.set_intersection(&[&one, &two])?));
    out.push(store.set_remove(&one, "y")?.to_string());
    out.push(sorted(store.set_members(&one)?));
    Ok(out.join(" "))
}

fn extras_a() -> Result<String> {
    Ok(format!("{} {} {}", extras::guid()?, extras::random(7, 8)?, extras::sequence()?))
}

/// Shape B of the contract (contracts.md 3.10): bare values.
fn extras_b() -> Result<String> {
    let guid = host_call(extras::CONTRACT, "RequestGuid", &[])?;
    let mut range = Writer::new();
    range.map(2);
    range.string("min");
    range.integer(7);
    range.string("max");
    range.integer(8);
    let random = host_call(extras::CONTRACT, "RequestRandom", &range.take())?;
    let sequence = host_call(extras::CONTRACT, "RequestSequence", &[])?;
    Ok(format!(
        "{} {} {}",
        Reader::new(&guid).string()?, Reader::new(&random).integer()?, Reader::new(&sequence).integer()?
    ))
}

fn handle(request: http::Request) -> Result<http::Response> {
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    let (what, rest) = request.path[1..].split_once('/').unwrap_or((&request.path[1..], ""));
    let text = String::from_utf8_lossy(&request.body).into_owned();
    match what {
        "recode" => {
            return Ok(match recode(rest, &request.body) {
                Ok(bytes) => http::Response::new(200, "OK", bytes),
                Err(error) => http::Response::new(400, "Bad Request", error.0),
            })
        }
        "count" => Ok(calls.to_string()),
        "fail" => Err(text.into()),
        "panic" => panic!("asked to: {text}"),
        "store" => store(rest),
        "extras-a" => extras_a(),
        "extras-b" => extras_b(),
        "log" => logging::write(rest, &text).map(|()| "logged".to_owned()),
        "console" => {
            console_log(&text);
            Ok("logged".to_owned())
        }
        _ => Err("no such path".into()),
    }
    .map(|body| http::text(&body))
}

register! { "HandleRequest" => typed(handle) }
