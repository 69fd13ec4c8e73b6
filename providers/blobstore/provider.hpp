// Base of blob store providers; they say only where the blobs are.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "providers/blobstore/link.hpp"
#include "providers/net/host_services.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::blobstore {

/// Derive from it with a description and `open`.
class BlobProvider : public sdk23::Provider<Link> {
 public:
  BlobProvider(sdk23::Host host, std::string_view log_target);

  Result<std::shared_ptr<Link>> bind(std::string_view actor, const codec::StringMap& values,
                                     const std::shared_ptr<Link>& previous) final;
  void unbind(std::string_view, Link& link) final { link.end(); }
  Result<Bytes> handle(Link& link, const Call& call) final { return link.handle(call); }
  void stop(SteadyTime deadline) final;

 protected:
  /// The store of a link with these values, once it is known to work. One at a time.
  [[nodiscard]] virtual Result<std::shared_ptr<Store>> open(const codec::StringMap& values) = 0;
  /// Ends all waiting of stores, before the links end.
  virtual void shut_down() {}

 private:
  const Log log_;
  Mutex mutex_;
  std::vector<std::weak_ptr<Link>> links_ GUARDED_BY(mutex_);
};

}  // namespace trellis::providers::blobstore
