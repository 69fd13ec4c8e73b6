#include "base/redactor.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "support/capture_log.hpp"

namespace trellis {
namespace {

TEST(Redactor, UrlsLoseTheirUsers) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"nats://svc:Sup3r@127.0.0.1:4222", "nats://***@127.0.0.1:4222"},
      {"no connection to redis://:p@ss/word@h for M…",
       "no connection to redis://***@ss/word@h for M…"},
      {"a://u@h,b://v:w@i and c://j", "a://***@h,b://***@i and c://j"},
      {"http://host/path@x", "http://host/path@x"},
      {"user@host", "user@host"},
      {"://@", "://***@"},
      {"://", "://"},
      {"", ""},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(without_credentials(text), shown);
}

TEST(Redactor, ListingsHideWhatIsLikelyASecret) {
  const auto shown = shown_values({{"PASSWORD", "p"},
                                   {"aws_secret_access_key", "k"},
                                   {"AUTH-TOKEN", "t"},
                                   {"URL", "redis://u:p@h"},
                                   {"TLS_KEY", "/etc/key.pem"},
                                   {"SECRET_FILE", "/etc/s"},
                                   {"DB_PASSWORD", "secret:db"},
                                   {"PORT", "80"}});
  const std::map<std::string, std::string> expected = {
      {"PASSWORD", "***"},          {"aws_secret_access_key", "***"},
      {"AUTH-TOKEN", "***"},        {"URL", "redis://***@h"},
      {"TLS_KEY", "/etc/key.pem"},  {"SECRET_FILE", "/etc/s"},
      {"DB_PASSWORD", "secret:db"}, {"PORT", "80"}};
  EXPECT_EQ(shown, expected);
}

TEST(Redactor, KnownSecretsAreLeftOutOfEverything) {
  const auto redactor = std::make_shared<Redactor>();
  redactor->hide("topsecret");
  redactor->hide("abc");
  EXPECT_EQ(redactor->clean("login topsecret failed: topsecrettopsecret, abc"),
            "login *** failed: ******, abc");
  const auto sink = std::make_shared<test::CaptureLog>();
  const Log log(make_redacting_sink(sink, redactor), "t");
  log.write(LogLevel::warn, "no topsecret", {{"where", "x://u:p@h"}});
  const auto record = sink->records().at(0);
  EXPECT_EQ(record.text, "no ***");
  EXPECT_EQ(record.fields.at(0).second, "x://***@h");
}

}  // namespace
}  // namespace trellis
