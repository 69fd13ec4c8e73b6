// The forms in which a provider of ours comes, each as a table that tests can drive.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/call_context.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "package/provider_store.hpp"
#include "provider/process/supervisor.hpp"
#include "provider/status.hpp"
#include "support/provider_harness.hpp"
#include "support/temp_dir.hpp"

namespace trellis::test {

/// Over which the suites of contracts run (docs/providers.md).
inline auto provider_forms() {
  return ::testing::Values("BuiltIn", "Library", "Archive", "Process");
}
inline std::string name_of_form(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}

namespace detail {

/// A provider in a process of its own behind the table of one that is not: calls go through the
/// host's side of such processes, what it logs and dispatches goes to the fake host. Any thread.
class ProcessBehindTable {
 public:
  ProcessBehindTable(const std::string& library, const trellis_host_v1* host,
                     trellis_host_ctx* context) {
    provider::process::ProcessSettings settings;
    settings.command = {TRELLIS_RUN_PROVIDER, {library}};
    settings.start_timeout = std::chrono::minutes(1);
    const auto clock = std::make_shared<SystemClock>();
    const auto plugin = value_of(provider::process::open_process(std::move(settings), clock));
    provider_ = value_of(provider::Provider::create(
        plugin, {.id = 1, .label = "test"}, std::make_shared<ToHost>(host, context), clock,
        Log(std::make_shared<LinesToHost>(host, context), "provider")));
    host_ = host;
    context_ = context;
  }

  void handle(trellis_call call, const trellis_call_info& info) {
    CallContext caller;
    caller.chain[caller.depth++] = 2;
    caller.deadline = SteadyTime(std::chrono::nanoseconds(info.deadline_ns));
    const auto answer = provider_->call(caller, text(info.origin), text(info.operation),
                                        ByteView(info.payload.data, info.payload.size));
    if (answer) return host_->complete(context_, call, TRELLIS_OK, answer->data(), answer->size());
    const auto& error = answer.error();
    host_->complete(context_, call,
                    error.code == ErrorCode::deadline ? TRELLIS_DEADLINE : TRELLIS_ERROR,
                    as_bytes(error.message).data(), error.message.size());
  }
  void stop(std::int64_t deadline_ns) {
    EXPECT_TRUE(provider_->stop(SteadyTime(std::chrono::nanoseconds(deadline_ns))));
  }

 private:
  static std::string text(trellis_view view) {
    return std::string(as_text(ByteView(view.data, view.size)));
  }
  static trellis_view view(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  }
  template <class Value>
  static Value value_of(Result<Value> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
  }
  static std::int64_t time_until(SteadyTime deadline) {
    return std::chrono::nanoseconds(deadline - std::chrono::steady_clock::now()).count();
  }
  static Result<Bytes> answer_of(trellis_status status, ByteView bytes) {
    if (status == TRELLIS_OK) return to_bytes(bytes);
    return fail(provider::to_error_code(status), std::string(as_text(bytes)));
  }

  class ToHost final : public provider::Dispatcher {
   public:
    ToHost(const trellis_host_v1* host, trellis_host_ctx* context)
        : host_(host), context_(context) {}
    Result<Bytes> dispatch(const CallContext*, std::string_view actor, std::string_view operation,
                           ByteView payload, SteadyTime deadline) override {
      trellis_buffer out{};
      const auto status =
          host_->dispatch(context_, 0, view(actor), view(operation),
                          {payload.data(), payload.size()}, time_until(deadline), &out);
      auto answer = answer_of(status, {out.data, out.size});
      host_->free_buffer(context_, &out);
      return answer;
    }
    void dispatch_async(const CallContext*, std::string_view actor, std::string_view operation,
                        Bytes payload, SteadyTime deadline,
                        std::function<void(Result<Bytes>)> done) override {
      using Done = std::function<void(Result<Bytes>)>;
      host_->dispatch_async(
          context_, 0, view(actor), view(operation), {payload.data(), payload.size()},
          time_until(deadline),
          [](void* user, trellis_status status, trellis_view bytes) {
            const std::unique_ptr<Done> told(static_cast<Done*>(user));
            (*told)(answer_of(status, {bytes.data, bytes.size}));
          },
          new Done(std::move(done)));
    }

   private:
    const trellis_host_v1* host_;
    trellis_host_ctx* context_;
  };

  class LinesToHost final : public LogSink {
   public:
    LinesToHost(const trellis_host_v1* host, trellis_host_ctx* context)
        : host_(host), context_(context) {}
    [[nodiscard]] bool enabled(LogLevel, std::string_view) const noexcept override { return true; }
    void write(const LogRecord& record) noexcept override {
      std::string_view target;
      for (const auto& field : record.fields) {
        if (field.name == "target") target = field.value;
      }
      host_->log(context_, static_cast<trellis_log_level>(record.level), view(target),
                 view(record.text));
    }

   private:
    const trellis_host_v1* host_;
    trellis_host_ctx* context_;
  };

  const trellis_host_v1* host_ = nullptr;
  trellis_host_ctx* context_ = nullptr;
  std::shared_ptr<provider::Provider> provider_;
};

/// Of the instance that is made next; tables have no place for it.
inline std::string& library_of_next_process() {
  static std::string library;
  return library;
}

inline trellis_provider_table table_over_process(const trellis_provider_table& builtin) {
  auto table = builtin;
  table.create = [](const trellis_host_v1* host, trellis_host_ctx* context, void** instance) {
    try {
      *instance = new ProcessBehindTable(library_of_next_process(), host, context);
      return TRELLIS_OK;
    } catch (const std::exception& problem) {
      ADD_FAILURE() << problem.what();
      return TRELLIS_ERROR;
    }
  };
  table.handle_call = [](void* instance, trellis_call call, const trellis_call_info* info) {
    static_cast<ProcessBehindTable*>(instance)->handle(call, *info);
  };
  table.stop = [](void* instance, std::int64_t deadline_ns) {
    static_cast<ProcessBehindTable*>(instance)->stop(deadline_ns);
  };
  table.destroy = [](void* instance) { delete static_cast<ProcessBehindTable*>(instance); };
  return table;
}

}  // namespace detail

/// One form of one provider; it outlives the instances of its table. One at a time in a program.
class ProviderForm {
 public:
  /// `name` is that of its folder; the library, the archive and the description are made of it.
  ProviderForm(std::string_view form, const trellis_provider_table& builtin, std::string name)
      : library_(TRELLIS_BINARY_DIR "/lib/trellis-" + name + ".so") {
    if (form == "Archive") unpack(std::move(name));
    if (form == "BuiltIn") {
      table_ = builtin;
    } else if (form == "Process") {
      in_process_ = false;
      table_ = detail::table_over_process(builtin);
      detail::library_of_next_process() = library_;
    } else {
      table_ = open_module(library_.c_str());
    }
  }

  [[nodiscard]] const trellis_provider_table& table() const noexcept { return table_; }
  /// Whether the provider shares this process.
  [[nodiscard]] bool in_process() const noexcept { return in_process_; }

 private:
  void unpack(std::string name) {
    for (auto& letter : name) letter = letter == '_' ? '-' : letter;
    SystemRandom random;
    auto extracted =
        package::extract_provider(TRELLIS_BINARY_DIR "/archives/" + name + ".par",
                                  folder_.path() / "store", {}, SystemClock().wall(), random);
    if (!extracted) throw std::runtime_error(extracted.error().message);
    library_ = extracted->library.string();
    hold_ = std::move(extracted->hold);
  }

  TempDir folder_;
  package::CacheHold hold_;
  std::string library_;
  trellis_provider_table table_{};
  bool in_process_ = true;
};

}  // namespace trellis::test
