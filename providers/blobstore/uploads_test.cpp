// Uploads of one link beside each other, over a store that is slow to give up one.
#include "providers/blobstore/uploads.hpp"

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <thread>

namespace trellis::providers::blobstore {
namespace {

using namespace std::chrono_literals;

/// Store whose uploads of the object "slow" end only when they are let go. Any thread.
class SlowStore final : public Store {
 public:
  class Part final : public Upload {
   public:
    Part(SlowStore& store, bool slow) : store_(store), slow_(slow) {}
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    ~Part() override {
      if (!slow_) return;
      store_.dropping.set_value();
      store_.let_go.wait();
    }
    Result<void> write(ByteView, SteadyTime) override { return {}; }
    Result<void> commit(SteadyTime) override { return {}; }

   private:
    SlowStore& store_;
    const bool slow_;
  };

  Result<std::unique_ptr<Upload>> upload(const std::string&, const std::string& id, std::uint64_t,
                                         SteadyTime) override {
    return std::make_unique<Part>(*this, id == "slow");
  }
  Result<std::string> create_container(const std::string& id, SteadyTime) override { return id; }
  Result<void> remove_container(const std::string&, SteadyTime) override { return {}; }
  Result<void> remove_object(const std::string&, const std::string&, SteadyTime) override {
    return {};
  }
  Result<std::vector<messages::Blob>> list(const std::string&, SteadyTime) override {
    return std::vector<messages::Blob>();
  }
  Result<std::optional<messages::Blob>> info(const std::string&, const std::string&,
                                             SteadyTime) override {
    return std::optional<messages::Blob>();
  }
  Result<std::unique_ptr<Download>> download(const std::string&, const std::string&,
                                             SteadyTime) override {
    return fail(ErrorCode::not_found, "nothing is kept");
  }

  std::promise<void> dropping;  ///< kept when the end of a slow upload has begun
  std::latch let_go{1};
};

messages::FileChunk chunk_of(const std::string& id, std::uint64_t number, Bytes bytes) {
  return {number, {"c"}, id, 4, 2, {}, std::move(bytes)};
}

TEST(BlobUploads, EndOfAnAbandonedOneHoldsUpNoOther) {
  SlowStore store;
  Uploads uploads(store);
  const SteadyTime start{1h};
  const SteadyTime deadline = start + 10min;
  ASSERT_TRUE(uploads.start(chunk_of("slow", 0, {}), start, deadline));
  const auto later = start + Uploads::idle_time + 1s;
  ASSERT_TRUE(uploads.start(chunk_of("fast", 0, {}), start + 30s, deadline));

  std::thread displaces(
      [&] { EXPECT_TRUE(uploads.start(chunk_of("next", 0, {}), later, deadline)); });
  store.dropping.get_future().wait();
  auto added = std::async(std::launch::async, [&] {
    return uploads.add(chunk_of("fast", 0, {1, 2}), later, deadline).has_value();
  });
  // Patience decides how long a failure takes, not whether there is one.
  const bool held_up = added.wait_for(20s) != std::future_status::ready;
  store.let_go.count_down();
  displaces.join();
  EXPECT_FALSE(held_up);
  EXPECT_TRUE(added.get());
}

}  // namespace
}  // namespace trellis::providers::blobstore
