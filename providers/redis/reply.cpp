#include "providers/redis/reply.hpp"

#include <fmt/format.h>
#include <hiredis/read.h>

#include <new>
#include <utility>

#include "base/text.hpp"

namespace trellis::providers::redis {

namespace {

/// Builds the tree for the library's parser, which calls it for each value; null ends the parsing.
/// Only the root is owned by the parser, the rest lies in the lists of their parents.
struct Builder {
  ReplyBounds bounds;
  std::size_t elements = 0;
  bool over = false;

  /// The place of the value that the task is about.
  [[nodiscard]] static Reply* place(const redisReadTask* task) {
    if (task->parent == nullptr) return new (std::nothrow) Reply;
    auto& siblings = static_cast<Reply*>(task->parent->obj)->elements;
    // Index is checked although the library counts for us: a mistake there would write beyond the
    // list.
    const auto index = static_cast<std::size_t>(task->idx);
    return index < siblings.size() ? &siblings[index] : nullptr;
  }

  static void* make_text(const redisReadTask* task, char* text, std::size_t size) noexcept {
    // Status, error and text share one function of the library and differ by the task's type.
    Reply* reply = place(task);
    if (reply == nullptr) return nullptr;
    reply->kind = task->type == REDIS_REPLY_ERROR    ? Reply::Kind::error
                  : task->type == REDIS_REPLY_STATUS ? Reply::Kind::status
                                                     : Reply::Kind::text;
    return filled(task, reply, [&] { reply->text.assign(text, size); });
  }

  static void* make_list(const redisReadTask* task, int size) noexcept {
    auto& self = *static_cast<Builder*>(task->privdata);
    const auto count = static_cast<std::size_t>(size);
    // Refused before any memory is taken: a head of ten bytes can promise two thousand million.
    if (size < 0 || count > self.bounds.elements - self.elements) {
      self.over = true;
      return nullptr;
    }
    self.elements += count;
    Reply* reply = place(task);
    if (reply == nullptr) return nullptr;
    reply->kind = Reply::Kind::list;
    return filled(task, reply, [&] { reply->elements.resize(count); });
  }

  static void* make_integer(const redisReadTask* task, long long value) noexcept {
    Reply* reply = place(task);
    if (reply == nullptr) return nullptr;
    reply->kind = Reply::Kind::integer;
    reply->integer = value;
    return reply;
  }

  static void* make_nil(const redisReadTask* task) noexcept { return place(task); }
  static void free_root(void* root) noexcept { delete static_cast<Reply*>(root); }

 private:
  /// Nothing may be thrown through the library.
  template <class Fill>
  static void* filled(const redisReadTask* task, Reply* reply, Fill fill) noexcept {
    try {
      fill();
      return reply;
    } catch (const std::bad_alloc&) {
      // Root has no owner yet: the parser takes it only when a pointer is returned.
      if (task->parent == nullptr) delete reply;
      return nullptr;
    }
  }
};

redisReplyObjectFunctions builder_functions = {&Builder::make_text, &Builder::make_list,
                                               &Builder::make_integer, &Builder::make_nil,
                                               &Builder::free_root};

[[nodiscard]] std::unexpected<Error> too_large(const ReplyBounds& bounds) {
  return fail(ErrorCode::limit,
              fmt::format("the answer of Redis exceeds {} bytes or {} elements", bounds.bytes,
                          bounds.elements),
              "ask for a part, or keep less under one key");
}

}  // namespace

struct ReplyReader::State {
  explicit State(ReplyBounds bounds)
      : builder{bounds}, reader(redisReaderCreateWithFunctions(&builder_functions)) {
    if (!reader) throw std::bad_alloc();
    reader->privdata = &builder;
  }
  [[nodiscard]] std::size_t rest() const noexcept { return reader->len - reader->pos; }

  struct Free {
    void operator()(redisReader* made) const noexcept { redisReaderFree(made); }
  };

  // Builder before reader: the parser frees an unfinished root through the functions, and keeps a
  // pointer to the builder. State is on the heap so that both stay where they are when the
  // ReplyReader moves.
  Builder builder;
  std::unique_ptr<redisReader, Free> reader;
  std::size_t fed = 0;  ///< bytes of the answer that is not complete
};

ReplyReader::ReplyReader(ReplyBounds bounds) : state_(std::make_unique<State>(bounds)) {}
ReplyReader::ReplyReader(ReplyReader&&) noexcept = default;
ReplyReader& ReplyReader::operator=(ReplyReader&&) noexcept = default;
ReplyReader::~ReplyReader() = default;

Result<void> ReplyReader::feed(ByteView bytes) {
  State& state = *state_;
  // Bound on what is fed, not on what is parsed: the library buffers all of an unfinished answer.
  // `fed` never exceeds the bound, so the difference cannot wrap.
  if (bytes.size() > state.builder.bounds.bytes - state.fed) {
    return too_large(state.builder.bounds);
  }
  const auto text = as_text(bytes);
  if (redisReaderFeed(state.reader.get(), text.data(), text.size()) != REDIS_OK) {
    return fail(ErrorCode::limit, "no memory for the answer of Redis");
  }
  state.fed += bytes.size();
  return {};
}

Result<std::optional<Reply>> ReplyReader::next() {
  State& state = *state_;
  void* root = nullptr;
  if (redisReaderGetReply(state.reader.get(), &root) != REDIS_OK) {
    // Bound of our own first: the library only knows that a function returned null, and would speak
    // of memory.
    if (state.builder.over) return too_large(state.builder.bounds);
    std::string why;
    append_printable(why, state.reader->errstr);
    return fail(ErrorCode::malformed, fmt::format("Redis answers something else: {}", why),
                "check that URL names a Redis server");
  }
  if (root == nullptr) return std::nullopt;
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(root));
  state.builder.elements = 0;
  // Rest belongs to the next answer already and counts against its bound.
  state.fed = state.rest();
  return std::move(*reply);
}

bool ReplyReader::has_rest() const noexcept {
  return state_->rest() > 0;
}

}  // namespace trellis::providers::redis
