// Tries the C++ SDK: what is done is told by the path (tests/scenario/guests_scenario.py). The same
// actor exists in Rust and in AssemblyScript.
#include <trellis/actor.hpp>

#include <algorithm>

using namespace trellis::guest;

namespace {

int calls = 0;

template <class Message>
Result<Bytes> again(std::string_view bytes) {
  auto message = decode<Message>(bytes);
  if (!message) return message.error();
  return encode(*message);
}

struct Recoder {
  const char* type;
  Result<Bytes> (*run)(std::string_view bytes);
};

/// Decode a message of the named type and encode it anew.
constexpr Recoder recoders[] = {
    {"HealthRequest", again<health::Request>},
    {"HealthResponse", again<health::Response>},
    {"GeneratorRequest", again<extras::GeneratorRequest>},
    {"GeneratorResult", again<extras::GeneratorResult>},
    {"GetArgs", again<kv::KeyArgs>},
    {"DelArgs", again<kv::KeyArgs>},
    {"ClearArgs", again<kv::KeyArgs>},
    {"SetQueryArgs", again<kv::KeyArgs>},
    {"KeyExistsArgs", again<kv::KeyArgs>},
    {"DelResponse", again<kv::KeyArgs>},
    {"AddArgs", again<kv::AddArgs>},
    {"SetArgs", again<kv::SetArgs>},
    {"RangeArgs", again<kv::RangeArgs>},
    {"PushArgs", again<kv::ItemArgs>},
    {"ListItemDeleteArgs", again<kv::ItemArgs>},
    {"SetAddArgs", again<kv::ItemArgs>},
    {"SetRemoveArgs", again<kv::ItemArgs>},
    {"SetUnionArgs", again<kv::KeysArgs>},
    {"SetIntersectionArgs", again<kv::KeysArgs>},
    {"GetResponse", again<kv::Value>},
    {"AddResponse", again<kv::AddResponse>},
    {"SetResponse", again<kv::SetResponse>},
    {"ListResponse", again<kv::ListResponse>},
    {"SetOperationResponse", again<kv::SetOperationResponse>},
    {"ListRangeResponse", again<kv::ValuesResponse>},
    {"SetQueryResponse", again<kv::ValuesResponse>},
    {"WriteLogArgs", again<logging::WriteLogArgs>},
    {"http::Request", again<http::Request>},
    {"http::Response", again<http::Response>},
};

Result<Bytes> recode(std::string_view type, std::string_view bytes) {
  for (const auto& recoder : recoders) {
    if (type == recoder.type) return recoder.run(bytes);
  }
  return Error{"no type " + std::string(type)};
}

/// Collects texts with a space between; after the first error that error stays.
class Report {
 public:
  void add(const std::string& text) { text_ += (text_.empty() ? "" : " ") + text; }
  void add(const Result<std::string>& result) {
    checked(result, [](const auto& text) { return text; });
  }
  void add(const Result<bool>& result) {
    checked(result, [](bool yes) { return yes ? "true" : "false"; });
  }
  template <class Number>
  void number(const Result<Number>& result) {
    checked(result, [](Number value) { return std::to_string(value); });
  }
  void list(Result<std::vector<std::string>> result, bool sort) {
    if (result && sort) std::sort(result->begin(), result->end());
    checked(result, [](const auto& values) {
      std::string text;
      for (const auto& value : values) text += (text.empty() ? "" : ",") + value;
      return text;
    });
  }
  Result<std::string> result() const {
    if (!error_.text.empty()) return error_;
    return text_;
  }

 private:
  template <class T, class ToText>
  void checked(const Result<T>& result, ToText to_text) {
    if (result) {
      add(std::string(to_text(*result)));
    } else if (error_.text.empty()) {
      error_ = result.error();
    }
  }

  std::string text_;
  Error error_;
};

/// Every operation of the key-value contract once, on keys of this actor's own.
Result<std::string> store(const std::string& prefix) {
  const auto text = prefix + ":t", number = prefix + ":n", list = prefix + ":l",
             one = prefix + ":1", two = prefix + ":2";
  Report out;
  out.add(kv::set(text, "h\xc3\xa9"));
  const auto got = kv::get(text);
  out.add(got ? Result<std::string>(got->value) : Result<std::string>(got.error()));
  out.add(kv::exists(text));
  if (auto gone = kv::del(text); !gone) return gone.error();
  out.add(kv::exists(text));
  out.number(kv::add(number, 300));
  out.number(kv::add(number, -301));
  for (const char* item : {"a", "b", "a"}) out.number(kv::push(list, item));
  out.list(kv::range(list, 0, -1), false);
  out.number(kv::list_del(list, "a"));
  if (auto gone = kv::clear(list); !gone) return gone.error();
  out.add(std::to_string(kv::range(list, 0, -1)->size()));
  out.number(kv::set_add(one, "x"));
  out.number(kv::set_add(one, "y"));
  out.number(kv::set_add(one, "y"));
  out.number(kv::set_add(two, "y"));
  out.number(kv::set_add(two, "z"));
  out.list(kv::set_union({one, two}), true);
  out.list(kv::set_intersection({one, two}), true);
  out.number(kv::set_remove(one, "y"));
  out.list(kv::set_members(one), true);
  return out.result();
}

Result<std::string> extras_a() {
  Report out;
  out.add(extras::guid());
  out.number(extras::random(7, 8));
  out.number(extras::sequence());
  return out.result();
}

/// Shape B of the contract (contracts.md 3.10): bare values.
Result<std::string> extras_b() {
  auto guid = host_call(extras::contract, "RequestGuid", "");
  if (!guid) return guid.error();
  Writer range;
  range.map(2);
  range.string("min");
  range.integer(7);
  range.string("max");
  range.integer(8);
  auto random = host_call(extras::contract, "RequestRandom", range.take());
  if (!random) return random.error();
  auto sequence = host_call(extras::contract, "RequestSequence", "");
  if (!sequence) return sequence.error();
  Reader guid_in(*guid), random_in(*random), sequence_in(*sequence);
  const auto text = std::string(guid_in.string()) + " " + std::to_string(random_in.integer()) +
                    " " + std::to_string(sequence_in.integer());
  if (!guid_in.ok() || !random_in.ok() || !sequence_in.ok())
    return Error{"answers are not bare values"};
  return text;
}

Result<std::string> run(const std::string& what, const std::string& rest, const std::string& text) {
  if (what == "count") return std::to_string(calls);
  if (what == "fail") return Error{text};
  if (what == "panic") panic("asked to: " + text);
  if (what == "store") return store(rest);
  if (what == "extras-a") return extras_a();
  if (what == "extras-b") return extras_b();
  if (what == "console") {
    console_log(text);
    return std::string("logged");
  }
  if (what == "log") {
    auto written = logging::write(rest, text);
    if (!written) return written.error();
    return std::string("logged");
  }
  return Error{"no such path"};
}

Result<http::Response> handle(const http::Request& request) {
  ++calls;
  const auto slash = std::min(request.path.find('/', 1), request.path.size());
  const auto what = request.path.substr(1, slash - 1);
  const auto rest = request.path.substr(std::min(slash + 1, request.path.size()));
  if (what == "recode") {
    auto bytes = recode(rest, request.body.data);
    if (!bytes) return http::text(bytes.error().text, 400, "Bad Request");
    http::Response response;
    response.body = Blob(*bytes);
    return response;
  }
  auto text = run(what, rest, request.body.data);
  if (!text) return text.error();
  return http::text(*text);
}

}  // namespace

TRELLIS_ACTOR(on<http::HandleRequest, handle>());
