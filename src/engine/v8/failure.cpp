#include "engine/v8/failure.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "engine/v8/isolate.hpp"

namespace trellis::engine {
namespace {

using Mapping = std::pair<std::string_view, std::string_view>;

// The words users of waPC hosts know, where V8 says the same in others.
constexpr std::array<Mapping, 9> known_traps{{
    {"unreachable", "unreachable executed"},
    {"divide by zero", "integer divide by zero"},
    {"remainder by zero", "integer divide by zero"},
    {"divide result unrepresentable", "integer overflow"},
    {"float unrepresentable in integer range", "integer overflow"},
    {"memory access out of bounds", "out of bounds memory access"},
    {"Maximum call stack size exceeded", "stack overflow"},
    {"table index is out of bounds", "undefined element"},
    {"null function or function signature mismatch",
     "undefined element or indirect call type mismatch"},
}};

/// Text of an object's property; empty for what is no text, or throws.
std::string property(v8::Isolate* isolate, v8::Local<v8::Context> context,
                     v8::Local<v8::Object> object, std::string_view name) {
  v8::Local<v8::Value> value;
  if (!object->Get(context, v8_string(isolate, name)).ToLocal(&value) || !value->IsString()) {
    return {};
  }
  return to_text(isolate, value);
}

/// "WebAssembly.Instance(): text" and "WasmModuleObject::Compile(): text" -> "text".
std::string without_function(std::string message) {
  const auto found = message.find("(): ");
  // Name of a function has no blank; behind one the parentheses are part of the text.
  if (found != std::string::npos && message.find(' ') > found) message.erase(0, found + 4);
  return message;
}

}  // namespace

ThrownText describe_exception(v8::Isolate* isolate, v8::Local<v8::Context> context,
                              v8::Local<v8::Value> thrown) {
  // Reading may throw in turn, which changes nothing here.
  const v8::TryCatch ignore_further(isolate);
  if (thrown.IsEmpty() || !thrown->IsObject()) return {"Error", "unknown exception"};
  const auto object = thrown.As<v8::Object>();
  ThrownText text{property(isolate, context, object, "name"),
                  without_function(property(isolate, context, object, "message"))};
  if (text.message.empty()) text.message = "uncaught exception of the guest";
  return text;
}

std::string trap_text(const ThrownText& thrown) {
  std::string_view words = thrown.message;
  for (const auto& [theirs, ours] : known_traps) {
    if (words == theirs) words = ours;
  }
  return std::string("[trap] ").append(words);
}

}  // namespace trellis::engine
