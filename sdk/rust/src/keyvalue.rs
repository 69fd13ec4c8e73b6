//! wasmcloud:keyvalue, all fourteen operations (contracts.md 3.3).

use crate::Result;

pub const CONTRACT: &str = "wasmcloud:keyvalue";

message! {
    /// Get, Del, Clear, SetQuery, KeyExists; also what Del and Clear answer.
    pub struct KeyArgs { pub key: String = "key" }
}
message! {
    /// SetUnion, SetIntersection.
    pub struct KeysArgs { pub keys: Vec<String> = "keys" }
}
message! {
    pub struct AddArgs { pub key: String = "key", pub value: i32 = "value" }
}
message! {
    /// Push, ListItemDelete, SetAdd, SetRemove.
    pub struct ItemArgs { pub key: String = "key", pub value: String = "value" }
}
message! {
    pub struct SetArgs {
        pub key: String = "key",
        pub value: String = "value",
        pub expires: i32 = "expires",
    }
}
message! {
    pub struct RangeArgs { pub key: String = "key", pub start: i32 = "start", pub stop: i32 = "stop" }
}
message! {
    pub struct GetResponse { pub value: String = "value", pub exists: bool = "exists" }
}
message! {
    pub struct AddResponse { pub value: i32 = "value" }
}
message! {
    pub struct SetResponse { pub value: String = "value" }
}
message! {
    pub struct ListResponse { pub new_count: i32 = "newCount" }
}
message! {
    pub struct SetOperationResponse { pub new_count: i32 = "new_count" }
}
message! {
    /// Range, SetUnion, SetIntersection, SetQuery.
    pub struct ValuesResponse { pub values: Vec<String> = "values" }
}

linked! {
    /// A key-value store the actor is linked to.
    pub struct Store
}

impl Store<'_> {
    /// The value, or None when there is no such key.
    pub fn get(&self, key: &str) -> Result<Option<String>> {
        let found: GetResponse = self.ask("Get", &key_args(key))?;
        Ok(found.exists.then(|| found.value))
    }

    pub fn exists(&self, key: &str) -> Result<bool> {
        let found: GetResponse = self.ask("KeyExists", &key_args(key))?;
        Ok(found.exists)
    }

    /// `expires` in seconds; 0 = never. Answers the value that was set.
    pub fn set(&self, key: &str, value: &str, expires: i32) -> Result<String> {
        let args = SetArgs { key: key.to_owned(), value: value.to_owned(), expires };
        let done: SetResponse = self.ask("Set", &args)?;
        Ok(done.value)
    }

    /// Adds to a number; answers the new value.
    pub fn add(&self, key: &str, value: i32) -> Result<i32> {
        let done: AddResponse = self.ask("Add", &AddArgs { key: key.to_owned(), value })?;
        Ok(done.value)
    }

    pub fn del(&self, key: &str) -> Result<()> {
        self.ask("Del", &key_args(key)).map(|_: KeyArgs| ())
    }

    /// Removes a list.
    pub fn clear(&self, key: &str) -> Result<()> {
        self.ask("Clear", &key_args(key)).map(|_: KeyArgs| ())
    }

    /// Items of a list, both ends included; negative positions count from the end.
    pub fn range(&self, key: &str, start: i32, stop: i32) -> Result<Vec<String>> {
        let found: ValuesResponse = self.ask("Range", &RangeArgs { key: key.to_owned(), start, stop })?;
        Ok(found.values)
    }

    /// Puts an item at the front of a list; answers its new length.
    pub fn push(&self, key: &str, value: &str) -> Result<i32> {
        let done: ListResponse = self.ask("Push", &item_args(key, value))?;
        Ok(done.new_count)
    }

    /// Removes all equal items of a list; answers how many.
    pub fn list_del(&self, key: &str, value: &str) -> Result<i32> {
        let done: ListResponse = self.ask("ListItemDelete", &item_args(key, value))?;
        Ok(done.new_count)
    }

    /// Answers how many were added: 0 or 1.
    pub fn set_add(&self, key: &str, value: &str) -> Result<i32> {
        let done: SetOperationResponse = self.ask("SetAdd", &item_args(key, value))?;
        Ok(done.new_count)
    }

    /// Answers how many were removed: 0 or 1.
    pub fn set_remove(&self, key: &str, value: &str) -> Result<i32> {
        let done: SetOperationResponse = self.ask("SetRemove", &item_args(key, value))?;
        Ok(done.new_count)
    }

    pub fn set_union(&self, keys: &[&str]) -> Result<Vec<String>> {
        let found: ValuesResponse = self.ask("SetUnion", &keys_args(keys))?;
        Ok(found.values)
    }

    pub fn set_intersection(&self, keys: &[&str]) -> Result<Vec<String>> {
        let found: ValuesResponse = self.ask("SetIntersection", &keys_args(keys))?;
        Ok(found.values)
    }

    pub fn set_members(&self, key: &str) -> Result<Vec<String>> {
        let found: ValuesResponse = self.ask("SetQuery", &key_args(key))?;
        Ok(found.values)
    }
}

fn key_args(key: &str) -> KeyArgs {
    KeyArgs { key: key.to_owned() }
}

fn keys_args(keys: &[&str]) -> KeysArgs {
    KeysArgs { keys: keys.iter().map(|key| (*key).to_owned()).collect() }
}

fn item_args(key: &str, value: &str) -> ItemArgs {
    ItemArgs { key: key.to_owned(), value: value.to_owned() }
}
