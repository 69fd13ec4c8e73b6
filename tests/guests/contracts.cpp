// Every operation of every contract, from C++: `/contract/link name` runs those of one contract
// over one provider and answers what came of each (tests/scenario/contracts_scenario.py). The same
// actor exists in Rust and in AssemblyScript; docs/actors.md quotes the calls.
#include <trellis/actor.hpp>

#include <algorithm>

using namespace trellis::guest;

namespace {

/// Texts with a blank between; after the first error that error stays.
class Report {
 public:
  void add(const std::string& text) { text_ += (text_.empty() ? "" : " ") + text; }
  void add(const Result<std::string>& result) {
    checked(result, [](const std::string& text) { return text; });
  }
  void add(const Result<bool>& result) {
    checked(result, [](bool yes) { return std::string(yes ? "true" : "false"); });
  }
  void add(const Result<std::int32_t>& result) {
    checked(result, [](std::int32_t number) { return std::to_string(number); });
  }
  void add(const Result<std::vector<std::string>>& result) {
    checked(result, [](const auto& values) { return joined(values); });
  }
  void done(const Result<Done>& result) {
    checked(result, [](Done) { return std::string("done"); });
  }
  template <class T>
  void refused(const Result<T>& result) {
    add(std::string(result ? "succeeded" : "refused"));
  }
  void failed(const Error& error) {
    if (error_.text.empty()) error_ = error;
  }
  [[nodiscard]] Result<std::string> result() const {
    if (!error_.text.empty()) return error_;
    return text_;
  }
  static std::string joined(const std::vector<std::string>& values) {
    std::string text;
    for (const auto& value : values) text += (text.empty() ? "" : ",") + value;
    return text;
  }

 private:
  template <class T, class ToText>
  void checked(const Result<T>& result, ToText to_text) {
    if (result) {
      add(to_text(*result));
    } else {
      failed(result.error());
    }
  }

  std::string text_;
  Error error_;
};

Result<std::vector<std::string>> sorted(Result<std::vector<std::string>> values) {
  if (values) std::sort(values->begin(), values->end());
  return values;
}

std::string pairs(const StringMap& values) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : values) texts.push_back(name + "=" + value);
  std::sort(texts.begin(), texts.end());
  return Report::joined(texts);
}

Result<std::string> keyvalue(const std::string& link, const std::string& prefix) {
  const auto key = prefix + ":t", number = prefix + ":n", list = prefix + ":l", set = prefix + ":1",
             other = prefix + ":2";
  Report out;
  out.add(kv::set(key, "hé", 0, link));
  const auto value = kv::get(key, link);
  out.add(value ? Result<std::string>(value->value) : Result<std::string>(value.error()));
  out.add(kv::exists(key, link));
  if (auto gone = kv::del(key, link); !gone) out.failed(gone.error());
  out.add(kv::exists(key, link));
  out.add(kv::add(number, 300, link));
  out.add(kv::add(number, -301, link));
  out.add(kv::push(list, "a", link));
  out.add(kv::push(list, "b", link));
  out.add(kv::push(list, "a", link));
  out.add(kv::range(list, 0, -1, link));
  out.add(kv::list_del(list, "a", link));
  if (auto gone = kv::clear(list, link); !gone) out.failed(gone.error());
  out.add(kv::exists(list, link));
  out.add(kv::set_add(set, "x", link));
  out.add(kv::set_add(set, "y", link));
  out.add(kv::set_add(set, "y", link));
  out.add(kv::set_add(other, "y", link));
  out.add(kv::set_add(other, "z", link));
  out.add(sorted(kv::set_union({set, other}, link)));
  out.add(kv::set_intersection({set, other}, link));
  out.add(kv::set_remove(set, "y", link));
  out.add(kv::set_members(set, link));
  out.refused(kv::add(set, 1, link));  // a set is no number
  return out.result();
}

/// What the handlers below have put away for the caller.
Result<std::string> received(const std::string& key) {
  Report out;
  out.add(kv::range(key, 0, -1));
  return out.result();
}

Result<std::string> blobs(const std::string& link, const std::string& container) {
  Report out;
  const auto made = blobstore::create_container(container, link);
  out.add(made ? Result<std::string>("made") : Result<std::string>(made.error()));
  out.done(blobstore::put(container, "a", "hello", link));
  blobstore::Chunk chunk{0, {container}, "b", 6, 4, {}, {}};
  out.done(blobstore::start_upload(chunk, link));
  chunk.bytes = "abcd";
  out.done(blobstore::upload_chunk(chunk, link));
  chunk.sequence_no = 1;
  chunk.bytes = "ef";
  out.done(blobstore::upload_chunk(chunk, link));
  const auto objects = blobstore::list(container, link);
  if (!objects) return objects.error();
  std::vector<std::string> names;
  for (const auto& each : *objects) names.push_back(each.id + ":" + std::to_string(each.byte_size));
  out.add(sorted(names));
  const auto object = blobstore::info(container, "a", link);
  if (!object) return object.error();
  out.add(*object ? std::to_string((*object)->byte_size) : "none");
  const auto missing = blobstore::info(container, "c", link);
  if (!missing) return missing.error();
  out.add(std::string(*missing ? "some" : "none"));
  out.done(blobstore::remove_object(container, "a", link));
  out.refused(blobstore::remove_container(container, link));  // b is in it
  out.done(blobstore::start_download({"b", container, 4, container}, link));
  return out.result();
}

Result<std::string> blobs_end(const std::string& link, const std::string& container) {
  Report out;
  out.done(blobstore::remove_object(container, "b", link));
  out.done(blobstore::remove_container(container, link));
  return out.result();
}

Result<Done> receive_chunk(const blobstore::ChunkArgs& args) {
  const auto& chunk = args.chunk;
  auto kept =
      kv::push(*chunk.context, std::to_string(chunk.sequence_no) + "/" +
                                   std::to_string(chunk.total_bytes) + ":" + chunk.bytes.data);
  if (!kept) return kept.error();
  return Done{};
}

Result<std::string> messages(const std::string& link, const std::string& prefix) {
  const auto subject = prefix + ".note", questions = prefix + ".ask";
  Report out;
  out.add(messaging::publish({subject, "", "hi"}, link));
  out.add(messaging::publish({questions, subject, "once"}, link));  // answered at `subject`
  const auto answer = messaging::request({questions, "how?", 2000}, link);
  out.add(answer ? Result<std::string>(answer->body.data) : Result<std::string>(answer.error()));
  out.refused(messaging::request({"nobody.listens", "hello?", 200}, link));
  return out.result();
}

Result<Done> hear(const messaging::Message& message) {
  if (message.reply_to.empty()) {
    auto kept = kv::push(message.subject, message.body.data);
    if (!kept) return kept.error();
    return Done{};
  }
  auto sent = messaging::publish({message.reply_to, "", "re: " + message.body.data});
  if (!sent) return sent.error();
  return Done{};
}

Result<std::string> events(const std::string& link, const std::string& stream) {
  Report out;
  const auto id = eventstreams::write(stream, {{"a", "1"}, {"b", "two"}}, link);
  if (!id) return id.error();
  if (auto second = eventstreams::write(stream, {{"c", "3"}}, link); !second) return second.error();
  const auto all = eventstreams::query({stream, {}, 0}, link);
  if (!all) return all.error();
  for (const auto& event : *all) out.add(pairs(event.values));
  out.add(
      std::string((*all)[0].event_id == *id && (*all)[0].stream_id == stream ? "same" : "other"));
  const auto first = eventstreams::query({stream, {}, 1}, link);
  if (!first) return first.error();
  out.add(std::to_string(first->size()));
  const auto early = eventstreams::query({stream, eventstreams::TimeRange{1, 2}, 0}, link);
  if (!early) return early.error();
  out.add(std::to_string(early->size()));
  return out.result();
}

Result<eventstreams::EventAck> take(const eventstreams::Event& event) {
  auto kept = kv::push(event.stream_id, pairs(event.values));
  if (!kept) return kept.error();
  return eventstreams::EventAck{event.event_id, {}};
}

Result<std::string> client(const std::string& link, const std::string& url) {
  Report out;
  const auto page = httpclient::get(url, link);
  if (!page) return page.error();
  out.add(std::to_string(page->status_code) + " " + page->body.data);
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    const auto answer = httpclient::send({method, url + "?q", {{"x-a", "1"}}, "data"}, link);
    if (!answer) return answer.error();
    out.add(std::to_string(answer->status_code) + " " + answer->body.data);
  }
  out.refused(httpclient::get("http://127.0.0.1:1/", link));
  return out.result();
}

Result<std::string> log(const std::string& link, const std::string& text) {
  Report out;
  for (const char* level : {"error", "warn", "info", "debug", "trace"}) {
    out.done(logging::write(level, text + " " + level, "audit", link));
  }
  return out.result();
}

Result<std::string> generators(const std::string& link) {
  Report out;
  const auto guid = extras::guid(link);
  if (!guid) return guid.error();
  out.add(std::to_string(guid->size()));
  const auto number = extras::random(7, 8, link);
  if (!number) return number.error();
  out.add(std::to_string(*number));
  const auto first = extras::sequence(link), second = extras::sequence(link);
  if (!first || !second) return first ? second.error() : first.error();
  out.add(std::to_string(*second - *first));
  return out.result();
}

Result<telnet::Outcome> welcome(const telnet::Session& session) {
  auto sent = telnet::send(session.session, "Welcome.\r\n");
  if (!sent) return sent.error();
  return telnet::Outcome{};
}

Result<telnet::Outcome> line(const telnet::Text& typed) {
  auto sent = telnet::send(typed.session, "You said: " + typed.text + "\r\n");
  if (!sent) return sent.error();
  return telnet::Outcome{};
}

template <class Message>
Result<Bytes> again(std::string_view bytes) {
  auto message = decode<Message>(bytes);
  if (!message) return message.error();
  return encode(*message);
}

/// Decodes a message of the named type and encodes it anew.
Result<Bytes> recode(const std::string& type, std::string_view bytes) {
  if (type == "BrokerMessage") return again<messaging::Message>(bytes);
  if (type == "PublishResponse") return again<messaging::PublishResponse>(bytes);
  if (type == "RequestArgs") return again<messaging::RequestArgs>(bytes);
  if (type == "FileChunk") return again<blobstore::Chunk>(bytes);
  if (type == "ChunkArgs") return again<blobstore::ChunkArgs>(bytes);
  if (type == "Blob") return again<blobstore::Object>(bytes);
  if (type == "BlobList") return again<blobstore::ObjectList>(bytes);
  if (type == "BlobstoreResult") return again<blobstore::Outcome>(bytes);
  if (type == "DownloadArgs") return again<blobstore::DownloadArgs>(bytes);
  if (type == "WriteEventArgs") return again<eventstreams::WriteEventArgs>(bytes);
  if (type == "EventAck") return again<eventstreams::EventAck>(bytes);
  if (type == "StreamQuery") return again<eventstreams::StreamQuery>(bytes);
  if (type == "EventList") return again<eventstreams::EventList>(bytes);
  if (type == "ClientRequest") return again<httpclient::Request>(bytes);
  if (type == "Text") return again<telnet::Text>(bytes);
  if (type == "TelnetResult") return again<telnet::Outcome>(bytes);
  return Error{"no type " + type};
}

Result<std::string> run(const std::string& what, const std::string& link, const std::string& text) {
  if (what == "keyvalue") return keyvalue(link, text);
  if (what == "received") return received(text);
  if (what == "blobstore") return blobs(link, text);
  if (what == "blobstore-end") return blobs_end(link, text);
  if (what == "messaging") return messages(link, text);
  if (what == "eventstreams") return events(link, text);
  if (what == "httpclient") return client(link, text);
  if (what == "logging") return log(link, text);
  if (what == "extras") return generators(link);
  if (what == "telnet") {
    Report out;
    out.refused(telnet::send(text, "hello?\r\n", link));
    return out.result();
  }
  return Error{"no such path"};
}

http::Response mirror(const http::Request& request) {
  auto response = http::text(request.method + " " + request.path + " " + request.query_string +
                                 " " + request.header.at("x-a") + " " + request.body.data,
                             201, "Created");
  response.header["x-b"] = "2";
  return response;
}

Result<http::Response> handle(const http::Request& request) {
  const auto slash = std::min(request.path.find('/', 1), request.path.size());
  const auto what = request.path.substr(1, slash - 1);
  const auto rest = request.path.substr(std::min(slash + 1, request.path.size()));
  if (what == "httpserver") return mirror(request);
  auto text =
      what == "recode" ? recode(rest, request.body.data) : run(what, rest, request.body.data);
  if (!text) return http::text(text.error().text, 400, "Bad Request");
  return http::text(*text);
}

}  // namespace

TRELLIS_ACTOR(on<http::HandleRequest, handle>(), on<messaging::HandleMessage, hear>(),
              on<blobstore::ReceiveChunk, receive_chunk>(), on<eventstreams::DeliverEvent, take>(),
              on<telnet::SessionStarted, welcome>(), on<telnet::ReceiveText, line>());
