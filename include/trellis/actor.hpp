// Write an actor in C++: include this, handle operations, name them in TRELLIS_ACTOR.
//
//   #include <trellis/actor.hpp>
//   using namespace trellis::guest;
//
//   static Result<http::Response> handle(const http::Request& request) {
//     auto count = kv::add("visits:" + request.path, 1);
//     if (!count) return count.error();
//     return http::json("{\"counter\":" + std::to_string(*count) + "}");
//   }
//   TRELLIS_ACTOR(on<http::HandleRequest, handle>());
//
// Header-only, C++17, no exceptions, no WASI. Build with clang for wasm32 (docs/actors.md):
//   clang++ --target=wasm32-wasi -std=c++17 -Os -fno-exceptions -fno-rtti -c actor.cpp
//   clang++ --target=wasm32-wasi -nostartfiles -Wl,--no-entry,--strip-all -o actor.wasm actor.o
// An actor has no threads and keeps no state between calls.
#pragma once

#include "trellis/guest/abi.hpp"
#include "trellis/guest/blobstore.hpp"
#include "trellis/guest/dispatch.hpp"
#include "trellis/guest/eventstreams.hpp"
#include "trellis/guest/extras.hpp"
#include "trellis/guest/health.hpp"
#include "trellis/guest/http.hpp"
#include "trellis/guest/httpclient.hpp"
#include "trellis/guest/keyvalue.hpp"
#include "trellis/guest/logging.hpp"
#include "trellis/guest/message.hpp"
#include "trellis/guest/messaging.hpp"
#include "trellis/guest/msgpack.hpp"
#include "trellis/guest/msgpack_reader.hpp"
#include "trellis/guest/result.hpp"
#include "trellis/guest/telnet.hpp"
