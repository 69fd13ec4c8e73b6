//! Objects in a container: POST /name stores the body, GET / lists, POST /name?copy copies it to
//! name.copy chunk by chunk, DELETE /name removes it.
use trellis_actor::blobstore::{Chunk, ChunkArgs, Store, USUAL_CHUNK_SIZE};
use trellis_actor::{http, register, typed, Result};

const BOX: &str = "files";
const BLOBS: Store = Store::new();

fn store(name: &str, content: &[u8]) -> Result<http::Response> {
    BLOBS.create_container(BOX)?;
    BLOBS.put(BOX, name, content)?;
    Ok(http::text("stored\n"))
}

fn copy(name: &str) -> Result<http::Response> {
    let bytes = match BLOBS.info(BOX, name)? {
        Some(source) => source.byte_size,
        None => return Ok(http::Response::new(404, "Not Found", format!("no {name}\n"))),
    };
    BLOBS.start_upload(Chunk::first(BOX, &format!("{name}.copy"), bytes))?;
    // Its chunks come to receive() below, one after the other.
    BLOBS.start_download(BOX, name, USUAL_CHUNK_SIZE, Some("copy"))?;
    Ok(http::Response::new(202, "Accepted", format!("copying {bytes} bytes\n")))
}

fn receive(args: ChunkArgs) -> Result<()> {
    let id = args.chunk.id.clone() + ".copy";
    BLOBS.upload_chunk(Chunk { id, ..args.chunk })
}

fn list() -> Result<http::Response> {
    let objects = BLOBS.list(BOX)?;
    let lines: Vec<_> = objects.iter().map(|each| format!("{} {}\n", each.id, each.byte_size)).collect();
    Ok(http::text(&lines.concat()))
}

fn handle(request: http::Request) -> Result<http::Response> {
    let name = &request.path[1..];
    match request.method.as_str() {
        "GET" => list(),
        "POST" if request.query_string == "copy" => copy(name),
        "POST" => store(name, &request.body),
        "DELETE" => Ok(match BLOBS.remove_object(BOX, name) {
            Ok(()) => http::text("removed\n"),
            Err(error) => http::Response::new(404, "Not Found", format!("{error}\n")),
        }),
        _ => Ok(http::Response::new(405, "Method Not Allowed", "")),
    }
}

register! { "HandleRequest" => typed(handle), "ReceiveChunk" => typed(receive) }
