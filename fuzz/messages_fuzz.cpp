// MessagePack as messages and as JSON. The first byte chooses what the rest is read as.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "codec/json_msgpack.hpp"
#include "codec/messages/blobstore.hpp"
#include "codec/messages/core.hpp"
#include "codec/messages/eventstreams.hpp"
#include "codec/messages/extras.hpp"
#include "codec/messages/httpclient.hpp"
#include "codec/messages/httpserver.hpp"
#include "codec/messages/keyvalue.hpp"
#include "codec/messages/logging.hpp"
#include "codec/messages/messaging.hpp"
#include "codec/messages/telnet.hpp"
#include "json/json.hpp"

namespace {

using namespace trellis;

void expect(bool condition) {
  if (!condition) std::abort();
}

/// An enumeration with all shapes of content, and everything else a field may be.
struct Leaf {
  std::optional<std::uint8_t> small;
  Bytes integers;
  static constexpr auto describe() {
    return codec::describe_struct("Leaf", codec::field("small", &Leaf::small).skip_when_absent(),
                                  codec::field("integers", &Leaf::integers).as_integers());
  }
};
struct Choice {
  std::variant<std::string, Leaf, std::tuple<std::int64_t, double>> value;
  static constexpr auto describe_variants() {
    return codec::EnumDescription<3>{"Choice", {"Text", "Leaf", "Pair"}};
  }
};
struct Tree {
  std::vector<Leaf> leaves;
  std::map<std::string, Choice> choices;
  bool flag = false;
  static constexpr auto describe() {
    return codec::describe_struct("Tree", codec::field("leaves", &Tree::leaves),
                                  codec::field("choices", &Tree::choices),
                                  codec::field("flag", &Tree::flag).or_default());
  }
};

/// What is understood is written in one form only, which is understood again.
template <class T>
void message(ByteView input) {
  const auto first = codec::decode<T>(input);
  if (!first) {
    expect(first.error().message.starts_with("Failed to de-serialize: "));
    return;
  }
  expect(codec::MsgpackReader(input).skip());
  const Bytes written = codec::encode(*first);
  const auto second = codec::decode<T>(written);
  expect(second && codec::encode(*second) == written);
}

void json(ByteView input) {
  const auto shown = codec::msgpack_to_json(input);
  if (!shown) return;
  const auto written = codec::json_to_msgpack(*shown);
  if (!written) {
    expect(written.error().code == ErrorCode::limit);
    return;
  }
  const auto again = codec::msgpack_to_json(*written);
  expect(again && *codec::json_to_msgpack(*again) == *written);
}

using Target = void (*)(ByteView);
// Append only: the seeds in corpus/messages begin with an index of this list.
constexpr Target targets[] = {
    &json,
    &message<Tree>,
    &message<codec::core::HealthRequest>,
    &message<codec::core::HealthResponse>,
    &message<codec::core::CapabilityConfiguration>,
    &message<codec::httpserver::Request>,
    &message<codec::httpserver::Response>,
    &message<codec::keyvalue::SetArgs>,
    &message<codec::keyvalue::AddArgs>,
    &message<codec::keyvalue::RangeArgs>,
    &message<codec::keyvalue::SetUnionArgs>,
    &message<codec::keyvalue::GetResponse>,
    &message<codec::logging::WriteLogArgs>,
    &message<codec::extras::GeneratorRequest>,
    &message<codec::extras::GeneratorResult>,
    &message<codec::extras::RandomArgs>,
    &message<codec::httpclient::RequestArgs>,
    &message<codec::messaging::BrokerMessage>,
    &message<codec::messaging::RequestArgs>,
    &message<codec::blobstore::BlobList>,
    &message<codec::blobstore::ChunkArgs>,
    &message<codec::blobstore::StartDownloadArgs>,
    &message<codec::blobstore::BlobstoreResult>,
    &message<codec::eventstreams::WriteEventArgs>,
    &message<codec::eventstreams::StreamQuery>,
    &message<codec::eventstreams::EventList>,
    &message<codec::eventstreams::EventAck>,
    &message<codec::telnet::TextArgs>,
    &message<codec::telnet::SessionStartedArgs>,
    &message<codec::keyvalue::SetOperationResponse>,
    &message<codec::keyvalue::ListRangeResponse>,
    &message<codec::messaging::PublishResponse>,
    &message<codec::blobstore::Container>,
    &message<codec::blobstore::RemoveObjectArgs>,
    &message<codec::blobstore::ListObjectsArgs>,
    &message<codec::blobstore::GetObjectInfoArgs>,
    &message<codec::blobstore::Blob>,
    &message<codec::blobstore::FileChunk>,
    &message<codec::telnet::TelnetResult>,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  targets[data[0] % std::size(targets)]({data + 1, size - 1});
  return 0;
}
