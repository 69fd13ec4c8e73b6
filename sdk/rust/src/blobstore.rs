//! wasmcloud:blobstore, from the actor's side (contracts.md 3.6).
//!
//! Objects go up and down in chunks. An upload is `start_upload` and a chunk after the other; a
//! download arrives as calls of `"ReceiveChunk" => typed(receive)`, with
//! `fn(blobstore::ChunkArgs) -> Result<()>`, after the call that asked for it has ended: what is to
//! be kept between chunks belongs into `context` or a store. After an error no more chunks come.

use crate::{Message, Result};

pub const CONTRACT: &str = "wasmcloud:blobstore";
pub const USUAL_CHUNK_SIZE: u64 = 256 * 1024;

message! {
    pub struct Container { pub id: String = "id" }
}

message! {
    pub struct Object {
        pub id: String = "id",
        pub container: Container = "container",
        pub byte_size: u64 = "byteSize",
    }
}

message! {
    pub struct ObjectList { pub blobs: Vec<Object> = "blobs" }
}

message! {
    pub struct Chunk {
        pub sequence_no: u64 = "sequenceNo",
        pub container: Container = "container",
        pub id: String = "id",
        pub total_bytes: u64 = "totalBytes",
        /// Of all chunks but the last.
        pub chunk_size: u64 = "chunkSize",
        pub context: Option<String> = "context",
        pub bytes: Vec<u8> = "chunkBytes",
    }
}

impl Chunk {
    /// What announces an object to `start_upload`: chunk 0 without bytes.
    pub fn first(container: &str, id: &str, total_bytes: u64) -> Chunk {
        Chunk {
            container: Container { id: container.to_owned() },
            id: id.to_owned(),
            total_bytes,
            chunk_size: USUAL_CHUNK_SIZE,
            ..Default::default()
        }
    }
}

message! {
    /// What `"ReceiveChunk"` gets.
    pub struct ChunkArgs { pub chunk: Chunk = "chunk" }
}

message! {
    pub struct ContainerId { pub container_id: String = "container_id" }
}

message! {
    pub struct ObjectId { pub blob_id: String = "blob_id", pub container_id: String = "container_id" }
}

message! {
    pub struct RemoveObjectArgs { pub id: String = "id", pub container_id: String = "container_id" }
}

message! {
    pub struct DownloadArgs {
        pub blob_id: String = "blob_id",
        pub container_id: String = "container_id",
        pub chunk_size: u64 = "chunk_size",
        /// Comes back in every chunk.
        pub context: Option<String> = "context",
    }
}

message! {
    pub struct Outcome { pub success: bool = "success", pub error: Option<String> = "error" }
}

linked! {
    /// A blob store the actor is linked to.
    pub struct Store
}

impl Store<'_> {
    /// One that is there already is no error.
    pub fn create_container(&self, id: &str) -> Result<Container> {
        self.ask("CreateContainer", &Container { id: id.to_owned() })
    }

    /// Only an empty one.
    pub fn remove_container(&self, id: &str) -> Result<()> {
        self.done("RemoveContainer", &Container { id: id.to_owned() })
    }

    pub fn remove_object(&self, container: &str, id: &str) -> Result<()> {
        let args = RemoveObjectArgs { id: id.to_owned(), container_id: container.to_owned() };
        self.done("RemoveObject", &args)
    }

    pub fn list(&self, container: &str) -> Result<Vec<Object>> {
        let found: ObjectList =
            self.ask("ListObjects", &ContainerId { container_id: container.to_owned() })?;
        Ok(found.blobs)
    }

    /// None when there is no such object.
    pub fn info(&self, container: &str, id: &str) -> Result<Option<Object>> {
        let wanted = ObjectId { blob_id: id.to_owned(), container_id: container.to_owned() };
        let found: Object = self.ask("GetObjectInfo", &wanted)?;
        let missing = found.id == "none" && found.container.id == "none";
        Ok((!missing).then(|| found))
    }

    /// Announces an object: container, id, total_bytes and chunk_size of `first` count.
    pub fn start_upload(&self, first: Chunk) -> Result<()> {
        self.done("StartUpload", &ChunkArgs { chunk: first })
    }

    pub fn upload_chunk(&self, chunk: Chunk) -> Result<()> {
        self.done("UploadChunk", &ChunkArgs { chunk })
    }

    /// A whole object that fits into the actor's memory.
    pub fn put(&self, container: &str, id: &str, content: &[u8]) -> Result<()> {
        let first = Chunk::first(container, id, content.len() as u64);
        self.start_upload(first.clone())?;
        for (sequence_no, bytes) in (0..).zip(content.chunks(USUAL_CHUNK_SIZE as usize)) {
            self.upload_chunk(Chunk { sequence_no, bytes: bytes.to_vec(), ..first.clone() })?;
        }
        Ok(())
    }

    /// Chunks come to `"ReceiveChunk"` when this call has ended, each with this context.
    pub fn start_download(&self, container: &str, id: &str, chunk_size: u64, context: Option<&str>) -> Result<()> {
        let args = DownloadArgs {
            blob_id: id.to_owned(),
            container_id: container.to_owned(),
            chunk_size,
            context: context.map(str::to_owned),
        };
        self.done("StartDownload", &args)
    }

    fn done(&self, operation: &str, args: &impl Message) -> Result<()> {
        let outcome: Outcome = self.ask(operation, args)?;
        if outcome.success {
            return Ok(());
        }
        Err(outcome.error.unwrap_or_else(|| "not done".to_owned()).into())
    }
}
