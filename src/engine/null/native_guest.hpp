// A guest written in C++ against the same imports and exports as a WebAssembly one: it can be
// debugged, and what it costs is the host's own overhead.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/engine.hpp"

namespace trellis::engine {

/// Host, as a native guest sees it. Valid during a call.
class NativeHost {
 public:
  virtual ~NativeHost() = default;
  /// Calls the import at `index` of NativeModule::imports. Does not return when the host ends the
  /// guest: the stack of the guest is unwound.
  virtual std::uint32_t call(std::size_t index, std::span<const std::uint64_t> arguments) = 0;
  std::uint32_t call(std::size_t index, std::initializer_list<std::uint64_t> arguments) {
    return call(index, std::span(arguments.begin(), arguments.size()));
  }
  /// Ends the guest as a trap of the machine would; `text` goes behind "[trap] ".
  [[noreturn]] virtual void trap(std::string_view text) = 0;
  /// To be called in loops: ends the guest when its deadline has passed.
  virtual void check() = 0;
  /// Linear memory; imports read and write it through the pointers they are given.
  [[nodiscard]] virtual std::vector<std::uint8_t>& memory() noexcept = 0;
};

/// One instance of a native guest.
class NativeGuest {
 public:
  virtual ~NativeGuest() = default;
  /// Runs the exported function `name`. May let exceptions of NativeHost through, not others.
  virtual std::uint32_t run(std::string_view name, std::span<const std::uint32_t> arguments,
                            NativeHost& host) = 0;
};

/// Stand-in for a compiled module.
struct NativeModule {
  std::string name;  ///< the "bytes" under which compile() finds it
  std::vector<Import> imports;
  std::vector<Export> exports;
  std::size_t memory_bytes = 65536;
  std::function<std::unique_ptr<NativeGuest>()> make;
};

}  // namespace trellis::engine
