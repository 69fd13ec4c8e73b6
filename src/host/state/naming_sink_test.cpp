#include "host/state/naming_sink.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "support/capture_log.hpp"

namespace trellis::host {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

const std::string counter = "MBST246TWSKMFNGIPTECKMIX6W2GIZT33OFKZTS2D652VKRBALQF4ANP";
const std::string echo = "MCWJJXJNIYC2YXW6KIR363WQBM5XWJA3EBEJPG36RRASMZULZUWO2JLR";
const std::string store = "VCFLLAVLJWV6EYCLXL6TECMHHNZZHCHFKEGRFSLAEYYAPVRTGPNACVQA";
const std::string stranger = "VDR4R5JZK56NYAOZJFW4W5UYNZ5VU45E56EM4FPMUM2RGZV3PTREYNQO";

Tables some_tables() {
  Tables tables;
  for (const auto& [key, name] : {std::pair(counter, "kvcounter"), std::pair(echo, "echo")}) {
    KnownClaims known;
    known.identity.key = key;
    known.identity.name = name;
    tables.claims.set(key, std::make_shared<KnownClaims>(std::move(known)));
  }
  auto provider = std::make_shared<ProviderEntry>();
  provider->key = store;
  provider->link_name = "second";
  provider->source = "builtin:keyvalue";
  tables.providers.set(provider_slot(store, "second"), std::move(provider));
  return tables;
}

class NamingSink : public testing::Test {
 protected:
  NamingSink() { book_->open(tables_); }

  Fields written(std::string_view text, std::initializer_list<LogField> fields = {}) {
    const LogRecord record{LogLevel::info, "host", text, {fields.begin(), fields.size()}, {}, {}};
    sink_->write(record);
    EXPECT_EQ(capture_->records().back().text, text);
    return capture_->records().back().fields;
  }

  TablesSnapshot tables_{std::make_shared<Tables>(some_tables())};
  std::shared_ptr<NameBook> book_ = std::make_shared<NameBook>();
  std::shared_ptr<test::CaptureLog> capture_ = std::make_shared<test::CaptureLog>();
  std::shared_ptr<LogSink> sink_ = make_naming_sink(capture_, book_);
};

TEST_F(NamingSink, NamesWhoIsInTheText) {
  EXPECT_EQ(
      written("listening for " + counter + ".", {{"provider", "HTTP (default)"}}),
      (Fields{{"provider", "HTTP (default)"}, {"actor_name", "kvcounter"}, {"actor", counter}}));
  EXPECT_EQ(written(counter + " has the alias of " + echo), (Fields{{"actor_name", "kvcounter"},
                                                                    {"actor", counter},
                                                                    {"other_name", "echo"},
                                                                    {"other", echo}}));
  EXPECT_EQ(written("lost " + store),
            (Fields{{"provider_name", "builtin:keyvalue"}, {"provider", store}}));
}

TEST_F(NamingSink, NamesFieldsAndLeavesWhatIsNamedAlready) {
  EXPECT_EQ(written("x", {{"origin", counter}}),
            (Fields{{"origin", counter}, {"origin_name", "kvcounter"}}));
  const Fields named{{"actor", counter}, {"actor_name", "mine"}};
  EXPECT_EQ(written("stopped " + counter, {{"actor", counter}, {"actor_name", "mine"}}), named);
}

TEST_F(NamingSink, LeavesWhatNobodyKnows) {
  EXPECT_EQ(written(stranger + " X" + counter + " " + counter.substr(1) + " M"), Fields());
  book_->close();
  EXPECT_EQ(written("listening for " + counter), Fields());
  EXPECT_EQ(make_naming_sink(nullptr, book_), nullptr);
}

}  // namespace
}  // namespace trellis::host
