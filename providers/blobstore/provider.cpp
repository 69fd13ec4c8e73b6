#include "providers/blobstore/provider.hpp"

#include <string>
#include <utility>

namespace trellis::providers::blobstore {

BlobProvider::BlobProvider(sdk23::Host host, std::string_view log_target)
    : Provider(host), log_(std::make_shared<HostLogSink>(host), log_target) {}

Result<std::shared_ptr<Link>> BlobProvider::bind(std::string_view actor,
                                                 const codec::StringMap& values,
                                                 const std::shared_ptr<Link>& previous) {
  const auto style = read_style(values);
  if (!style) return pass(style);
  auto store = open(values);
  if (!store) return pass(store);
  auto link = std::make_shared<Link>(host(), log_, std::string(actor), std::move(*store), *style);
  // Previous link ends only now: one whose new values are wrong goes on with the old ones.
  if (previous) previous->end();
  const MutexLock lock(mutex_);
  std::erase_if(links_, [](const auto& each) { return each.expired(); });
  links_.push_back(link);
  return link;
}

void BlobProvider::stop(SteadyTime) {
  // Order: stores stop waiting, links begin nothing more, then threads are joined, all of them
  // together instead of one link's after the other's.
  shut_down();
  std::vector<std::shared_ptr<Link>> all;
  {
    const MutexLock lock(mutex_);
    for (const auto& each : links_) {
      if (auto link = each.lock()) all.push_back(std::move(link));
    }
  }
  for (const auto& link : all) link->end();
  for (const auto& link : all) link->join();
}

}  // namespace trellis::providers::blobstore
