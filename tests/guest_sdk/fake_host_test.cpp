// The imports of the C++ SDK, on the FakeHost that exists.
#include "guest_sdk/fake_host.hpp"

#include <cstdlib>
#include <cstring>

#include "trellis/actor.hpp"

namespace trellis::guest_test {
namespace {

FakeHost* current = nullptr;

FakeHost& host() {
  if (current == nullptr) std::abort();
  return *current;
}

void copy_out(const std::string& from, char* to) {
  std::memcpy(to, from.data(), from.size());
}

}  // namespace

FakeHost::FakeHost() {
  current = this;
}
FakeHost::~FakeHost() {
  current = nullptr;
}

extern "C" {

void trellis_guest_request(char* operation, char* payload) {
  copy_out(host().operation, operation);
  copy_out(host().payload, payload);
}
void trellis_guest_response(const char* bytes, std::size_t size) {
  host().responses.emplace_back(bytes, size);
}
void trellis_guest_error(const char* text, std::size_t size) {
  host().errors.emplace_back(text, size);
}
std::int32_t trellis_host_call(const char* binding, std::size_t binding_size, const char* ns,
                               std::size_t ns_size, const char* operation,
                               std::size_t operation_size, const char* payload, std::size_t size) {
  host().calls.push_back({std::string(binding, binding_size), std::string(ns, ns_size),
                          std::string(operation, operation_size), std::string(payload, size)});
  const auto answer = host().answer(host().calls.back());
  host().host_response = answer ? *answer : std::string();
  host().host_error = answer ? std::string() : answer.error().text;
  return answer ? 1 : 0;
}
std::size_t trellis_host_response_len() {
  return host().host_response.size();
}
void trellis_host_response(char* out) {
  copy_out(host().host_response, out);
}
std::size_t trellis_host_error_len() {
  return host().host_error.size();
}
void trellis_host_error(char* out) {
  copy_out(host().host_error, out);
}
void trellis_console_log(const char* text, std::size_t size) {
  host().log.emplace_back(text, size);
}

}  // extern "C"

}  // namespace trellis::guest_test
