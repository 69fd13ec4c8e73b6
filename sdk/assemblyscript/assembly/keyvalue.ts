// wasmcloud:keyvalue, all fourteen operations (contracts.md 3.3). `link` is the link name.
import { Result } from "@wapc/as-guest/assembly";

import { failed } from "./guest";
import {
  AddArgs, AddResponse, GetResponse, ItemArgs, KeyArgs, KeysArgs, ListResponse, RangeArgs, SetArgs,
  SetOperationResponse, SetResponse, ValuesResponse
} from "./keyvalue_messages";
import { Message, request } from "./message";

export * from "./keyvalue_messages";

export const contract: string = "wasmcloud:keyvalue";
export const defaultLink: string = "default";

/** Whether the key exists is in the answer: `exists`. */
export function get(key: string, link: string = defaultLink): Result<GetResponse> {
  return request<GetResponse>(contract, "Get", KeyArgs.of(key), link);
}

export function exists(key: string, link: string = defaultLink): Result<bool> {
  const found = request<GetResponse>(contract, "KeyExists", KeyArgs.of(key), link);
  if (!found.isOk) return failed<bool, GetResponse>(found);
  return Result.ok<bool>(found.get().exists);
}

/** `expires` in seconds; 0 = never. Answers the value that was set. */
export function set(key: string, value: string, expires: i32 = 0,
                    link: string = defaultLink): Result<string> {
  const done = request<SetResponse>(contract, "Set", SetArgs.of(key, value, expires), link);
  if (!done.isOk) return failed<string, SetResponse>(done);
  return Result.ok<string>(done.get().value);
}

/** Adds to a number; answers the new value. */
export function add(key: string, value: i32, link: string = defaultLink): Result<i32> {
  const done = request<AddResponse>(contract, "Add", AddArgs.of(key, value), link);
  if (!done.isOk) return failed<i32, AddResponse>(done);
  return Result.ok<i32>(done.get().value);
}

export function del(key: string, link: string = defaultLink): Result<string> {
  return keyOf("Del", key, link);
}

/** Removes a list. */
export function clear(key: string, link: string = defaultLink): Result<string> {
  return keyOf("Clear", key, link);
}

/** Items of a list, both ends included; negative positions count from the end. */
export function range(key: string, start: i32, stop: i32,
                      link: string = defaultLink): Result<string[]> {
  return valuesOf("Range", RangeArgs.of(key, start, stop), link);
}

/** Puts an item at the front of a list; answers its new length. */
export function push(key: string, value: string, link: string = defaultLink): Result<i32> {
  return listCountOf("Push", key, value, link);
}

/** Removes all equal items of a list; answers how many. */
export function listDel(key: string, value: string, link: string = defaultLink): Result<i32> {
  return listCountOf("ListItemDelete", key, value, link);
}

/** Answers how many were added: 0 or 1. */
export function setAdd(key: string, value: string, link: string = defaultLink): Result<i32> {
  return setCountOf("SetAdd", key, value, link);
}

/** Answers how many were removed: 0 or 1. */
export function setRemove(key: string, value: string, link: string = defaultLink): Result<i32> {
  return setCountOf("SetRemove", key, value, link);
}

export function setUnion(keys: string[], link: string = defaultLink): Result<string[]> {
  return valuesOf("SetUnion", KeysArgs.of(keys), link);
}

export function setIntersection(keys: string[], link: string = defaultLink): Result<string[]> {
  return valuesOf("SetIntersection", KeysArgs.of(keys), link);
}

export function setMembers(key: string, link: string = defaultLink): Result<string[]> {
  return valuesOf("SetQuery", KeyArgs.of(key), link);
}

function keyOf(operation: string, key: string, link: string): Result<string> {
  const done = request<KeyArgs>(contract, operation, KeyArgs.of(key), link);
  if (!done.isOk) return failed<string, KeyArgs>(done);
  return Result.ok<string>(done.get().key);
}

function valuesOf(operation: string, args: Message, link: string): Result<string[]> {
  const found = request<ValuesResponse>(contract, operation, args, link);
  if (!found.isOk) return failed<string[], ValuesResponse>(found);
  return Result.ok<string[]>(found.get().values);
}

function listCountOf(operation: string, key: string, value: string, link: string): Result<i32> {
  const done = request<ListResponse>(contract, operation, ItemArgs.of(key, value), link);
  if (!done.isOk) return failed<i32, ListResponse>(done);
  return Result.ok<i32>(done.get().newCount);
}

function setCountOf(operation: string, key: string, value: string, link: string): Result<i32> {
  const done = request<SetOperationResponse>(contract, operation, ItemArgs.of(key, value), link);
  if (!done.isOk) return failed<i32, SetOperationResponse>(done);
  return Result.ok<i32>(done.get().newCount);
}
