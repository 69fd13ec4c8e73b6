//! Every operation of every contract, from Rust: `/contract/link name` runs those of one contract over
//! one provider and answers what came of each (tests/scenario/contracts_scenario.py). The same actor
//! exists in C++ and in AssemblyScript; docs/actors.md quotes the calls.
use std::collections::BTreeMap;

use trellis_actor::blobstore::{self, Chunk};
use trellis_actor::eventstreams::{self, Streams, TimeRange};
use trellis_actor::extras::Generator;
use trellis_actor::httpclient::{self, Client};
use trellis_actor::keyvalue::Store;
use trellis_actor::messaging::{self, Broker};
use trellis_actor::telnet::{self, Terminals};
use trellis_actor::{decode, encode, http, logging, register, typed, Message, Result};

fn sorted(mut values: Vec<String>) -> String {
    values.sort();
    values.join(",")
}

fn pairs(values: &BTreeMap<String, String>) -> String {
    sorted(values.iter().map(|(name, value)| format!("{name}={value}")).collect())
}

fn refused<T>(result: Result<T>) -> String {
    if result.is_ok() { "succeeded" } else { "refused" }.to_owned()
}

fn done(result: Result<()>) -> Result<String> {
    result.map(|()| "done".to_owned())
}

fn keyvalue(link: &str, prefix: &str) -> Result<String> {
    let store = Store::linked(link);
    let named = |name: &str| format!("{prefix}:{name}");
    let (key, number, list, set, other) =
        (&named("t"), &named("n"), &named("l"), &named("1"), &named("2"));
    let mut out = Vec::new();
    out.push(store.set(key, "hé", 0)?);
    out.push(store.get(key)?.unwrap_or_default());
    out.push(store.exists(key)?.to_string());
    store.del(key)?;
    out.push(store.exists(key)?.to_string());
    out.push(store.add(number, 300)?.to_string());
    out.push(store.add(number, -301)?.to_string());
    out.push(store.push(list, "a")?.to_string());
    out.push(store.push(list, "b")?.to_string());
    out.push(store.push(list, "a")?.to_string());
    out.push(store.range(list, 0, -1)?.join(","));
    out.push(store.list_del(list, "a")?.to_string());
    store.clear(list)?;
    out.push(store.exists(list)?.to_string());
    out.push(store.set_add(set, "x")?.to_string());
    out.push(store.set_add(set, "y")?.to_string());
    out.push(store.set_add(set, "y")?.to_string());
    out.push(store.set_add(other, "y")?.to_string());
    out.push(store.set_add(other, "z")?.to_string());
    out.push(sorted(store.set_union(&[set, other])?));
    out.push(sorted(store.set_intersection(&[set, other])?));
    out.push(store.set_remove(set, "y")?.to_string());
    out.push(sorted(store.set_members(set)?));
    out.push(refused(store.add(set, 1))); // a set is no number
    Ok(out.join(" "))
}

/// What the handlers below have put away for the caller.
fn received(key: &str) -> Result<String> {
    Ok(Store::new().range(key, 0, -1)?.join(","))
}

fn blobs(link: &str, container: &str) -> Result<String> {
    let blobs = blobstore::Store::linked(link);
    let mut out = Vec::new();
    blobs.create_container(container)?;
    out.push("made".to_owned());
    out.push(done(blobs.put(container, "a", b"hello"))?);
    let chunk = Chunk { chunk_size: 4, ..Chunk::first(container, "b", 6) };
    out.push(done(blobs.start_upload(chunk.clone()))?);
    let first = Chunk { bytes: b"abcd".to_vec(), ..chunk };
    let second = Chunk { sequence_no: 1, bytes: b"ef".to_vec(), ..first.clone() };
    out.push(done(blobs.upload_chunk(first))?);
    out.push(done(blobs.upload_chunk(second))?);
    let objects = blobs.list(container)?;
    out.push(sorted(objects.iter().map(|each| format!("{}:{}", each.id, each.byte_size)).collect()));
    for name in ["a", "c"] {
        let object = blobs.info(container, name)?;
        out.push(object.map_or("none".to_owned(), |object| object.byte_size.to_string()));
    }
    out.push(done(blobs.remove_object(container, "a"))?);
    out.push(refused(blobs.remove_container(container))); // b is in it
    out.push(done(blobs.start_download(container, "b", 4, Some(container)))?);
    Ok(out.join(" "))
}

fn blobs_end(link: &str, container: &str) -> Result<String> {
    let blobs = blobstore::Store::linked(link);
    let object = done(blobs.remove_object(container, "b"))?;
    Ok(object + " " + &done(blobs.remove_container(container))?)
}

fn receive_chunk(args: blobstore::ChunkArgs) -> Result<()> {
    let chunk = args.chunk;
    let text = String::from_utf8_lossy(&chunk.bytes);
    let kept = format!("{}/{}:{text}", chunk.sequence_no, chunk.total_bytes);
    Store::new().push(&chunk.context.unwrap_or_default(), &kept).map(drop)
}

fn messages(link: &str, prefix: &str) -> Result<String> {
    let broker = Broker::linked(link);
    let (subject, questions) = (&format!("{prefix}.note"), &format!("{prefix}.ask"));
    let mut out = vec![broker.publish(subject, "hi")?.to_string()];
    let once = messaging::Message {
        subject: questions.clone(), reply_to: subject.clone(), body: b"once".to_vec(),
    };
    out.push(broker.send(&once)?.to_string()); // answered at `subject`
    let answer = broker.request(questions, "how?", 2000)?;
    out.push(String::from_utf8_lossy(&answer.body).into_owned());
    out.push(refused(broker.request("nobody.listens", "hello?", 200)));
    Ok(out.join(" "))
}

fn hear(message: messaging::Message) -> Result<()> {
    let text = String::from_utf8_lossy(&message.body);
    if message.reply_to.is_empty() {
        return Store::new().push(&message.subject, &text).map(drop);
    }
    Broker::new().publish(&message.reply_to, format!("re: {text}")).map(drop)
}

fn events(link: &str, stream: &str) -> Result<String> {
    let streams = Streams::linked(link);
    let id = streams.write(stream, &[("a", "1"), ("b", "two")])?;
    streams.write(stream, &[("c", "3")])?;
    let all = streams.query(stream, None, 0)?;
    let mut out: Vec<String> = all.iter().map(|event| pairs(&event.values)).collect();
    let same = all[0].event_id == id && all[0].stream_id == stream;
    out.push(if same { "same" } else { "other" }.to_owned());
    out.push(streams.query(stream, None, 1)?.len().to_string());
    let early = TimeRange { min_time: 1, max_time: 2 };
    out.push(streams.query(stream, Some(early), 0)?.len().to_string());
    Ok(out.join(" "))
}

fn take(event: eventstreams::Event) -> Result<eventstreams::EventAck> {
    Store::new().push(&event.stream_id, &pairs(&event.values))?;
    Ok(eventstreams::EventAck { event_id: Some(event.event_id), error: None })
}

fn client(link: &str, url: &str) -> Result<String> {
    let client = Client::linked(link);
    let told = |response: http::Response| {
        format!("{} {}", response.status_code, String::from_utf8_lossy(&response.body))
    };
    let mut out = vec![told(client.get(url)?)];
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let request = httpclient::Request::new(method, &format!("{url}?q"), "data").with_header("x-a", "1");
        out.push(told(client.send(&request)?));
    }
    out.push(refused(client.get("http://127.0.0.1:1/")));
    Ok(out.join(" "))
}

fn log(link: &str, text: &str) -> Result<String> {
    let mut out = Vec::new();
    for level in ["error", "warn", "info", "debug", "trace"] {
        out.push(done(logging::write_at(link, "audit", level, &format!("{text} {level}")))?);
    }
    Ok(out.join(" "))
}

fn generators(link: &str) -> Result<String> {
    let extras = Generator::linked(link);
    let (guid, number) = (extras.guid()?, extras.random(7, 8)?);
    let (first, second) = (extras.sequence()?, extras.sequence()?);
    Ok(format!("{} {number} {}", guid.len(), second - first))
}

fn welcome(session: telnet::Session) -> Result<telnet::Outcome> {
    Terminals::new().send(&session.session, "Welcome.\r\n")?;
    Ok(telnet::Outcome::success())
}

fn line(typed: telnet::Text) -> Result<telnet::Outcome> {
    Terminals::new().send(&typed.session, &format!("You said: {}\r\n", typed.text))?;
    Ok(telnet::Outcome::success())
}

fn again<T: Message>(bytes: &[u8]) -> Result<Vec<u8>> {
    decode::<T>(bytes).map(|message| encode(&message))
}

/// Decodes a message of the named type and encodes it anew.
fn recode(kind: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    match kind {
        "BrokerMessage" => again::<messaging::Message>(bytes),
        "PublishResponse" => again::<messaging::PublishResponse>(bytes),
        "RequestArgs" => again::<messaging::RequestArgs>(bytes),
        "FileChunk" => again::<blobstore::Chunk>(bytes),
        "ChunkArgs" => again::<blobstore::ChunkArgs>(bytes),
        "Blob" => again::<blobstore::Object>(bytes),
        "BlobList" => again::<blobstore::ObjectList>(bytes),
        "BlobstoreResult" => again::<blobstore::Outcome>(bytes),
        "DownloadArgs" => again::<blobstore::DownloadArgs>(bytes),
        "WriteEventArgs" => again::<eventstreams::WriteEventArgs>(bytes),
        "EventAck" => again::<eventstreams::EventAck>(bytes),
        "StreamQuery" => again::<eventstreams::StreamQuery>(bytes),
        "EventList" => again::<eventstreams::EventList>(bytes),
        "ClientRequest" => again::<httpclient::Request>(bytes),
        "Text" => again::<telnet::Text>(bytes),
        "TelnetResult" => again::<telnet::Outcome>(bytes),
        _ => Err(format!("no type {kind}").into()),
    }
}

fn run(what: &str, link: &str, text: &str) -> Result<String> {
    match what {
        "keyvalue" => keyvalue(link, text),
        "received" => received(text),
        "blobstore" => blobs(link, text),
        "blobstore-end" => blobs_end(link, text),
        "messaging" => messages(link, text),
        "eventstreams" => events(link, text),
        "httpclient" => client(link, text),
        "logging" => log(link, text),
        "extras" => generators(link),
        "telnet" => Ok(refused(Terminals::linked(link).send(text, "hello?\r\n"))),
        _ => Err("no such path".into()),
    }
}

fn mirror(request: &http::Request) -> http::Response {
    let body = format!(
        "{} {} {} {} {}",
        request.method, request.path, request.query_string, request.header["x-a"],
        String::from_utf8_lossy(&request.body)
    );
    http::Response { status_code: 201, ..http::text(&body) }.with_header("x-b", "2")
}

fn handle(request: http::Request) -> Result<http::Response> {
    let (what, rest) = request.path[1..].split_once('/').unwrap_or((&request.path[1..], ""));
    if what == "httpserver" {
        return Ok(mirror(&request));
    }
    let answer = match what {
        "recode" => recode(rest, &request.body),
        _ => run(what, rest, &String::from_utf8_lossy(&request.body)).map(String::into_bytes),
    };
    Ok(match answer {
        Ok(bytes) => http::Response::new(200, "OK", bytes),
        Err(error) => http::Response::new(400, "Bad Request", error.0),
    })
}

register! {
    "HandleRequest" => typed(handle),
    "HandleMessage" => typed(hear),
    "ReceiveChunk" => typed(receive_chunk),
    "DeliverEvent" => typed(take),
    "SessionStarted" => typed(welcome),
    "ReceiveText" => typed(line),
}
