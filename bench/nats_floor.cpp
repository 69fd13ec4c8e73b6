// Requests over NATS: nats.c alone, and through our transport. Needs a server:
//
//   nats_floor HOST:PORT [SECONDS]
//
// Prints one line of figures per way; the responder is the same plain nats.c one for all. Processor
// time is that of asker and responder together, and says most on a machine that does other things.
#include <fmt/format.h>
#include <nats/nats.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "nats/connect.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using trellis::Bytes;
using trellis::Result;
using trellis::nats::Transport;

constexpr auto subject = "bench.echo";
constexpr std::size_t payload_size = 512;

[[noreturn]] void give_up(std::string_view why) {
  fmt::print(stderr, "nats_floor: {}\n", why);
  std::exit(1);
}

void check(natsStatus status) {
  if (status != NATS_OK) give_up(natsStatus_GetText(status));
}

natsConnection* connect_raw(const std::string& address) {
  natsOptions* options = nullptr;
  natsConnection* connection = nullptr;
  check(natsOptions_Create(&options));
  check(natsOptions_SetURL(options, ("nats://" + address).c_str()));
  check(natsOptions_SetSendAsap(options, true));
  check(natsConnection_Connect(&connection, options));
  natsOptions_Destroy(options);
  return connection;
}

void answer(natsConnection* connection, natsSubscription*, natsMsg* message, void*) {
  natsConnection_Publish(connection, natsMsg_GetReply(message), natsMsg_GetData(message),
                         natsMsg_GetDataLength(message));
  natsMsg_Destroy(message);
}

/// Microseconds this process has computed.
double processor_time() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto micros = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return micros(used.ru_utime) + micros(used.ru_stime);
}

void report(std::string_view name, std::vector<double>& micros, double seconds, double before) {
  const auto processor = processor_time() - before;
  std::sort(micros.begin(), micros.end());
  const auto count = micros.size();
  fmt::print(
      "{:<43} {:>7.0f} requests/s   p50 {:>6.1f} us   p99 {:>7.1f} us   processor {:>5.1f} us\n",
      name, static_cast<double>(count) / seconds, micros[count / 2], micros[count * 99 / 100],
      processor / static_cast<double>(count));
}

/// One request after the other.
void measure_single(std::string_view name, double seconds, const std::function<bool()>& ask) {
  for (int i = 0; i < 500; ++i) {
    if (!ask()) give_up("no answer");
  }
  std::vector<double> micros;
  const auto processor = processor_time();
  const auto start = Clock::now();
  auto before = start;
  while (std::chrono::duration<double>(before - start).count() < seconds) {
    if (!ask()) give_up("no answer");
    const auto now = Clock::now();
    micros.push_back(std::chrono::duration<double, std::micro>(now - before).count());
    before = now;
  }
  report(name, micros, seconds, processor);
}

/// Keeps 64 requests in flight: each answer asks the next question.
class Flight {
 public:
  explicit Flight(double seconds) : seconds_(seconds), end_(Clock::now() + to_ticks(seconds)) {
    micros_.reserve(1'000'000);
  }
  using Ask = std::function<void(Clock::time_point)>;

  void answered(Clock::time_point asked, const Ask& ask) {
    const auto now = Clock::now();
    {
      const std::scoped_lock lock(mutex_);
      micros_.push_back(std::chrono::duration<double, std::micro>(now - asked).count());
    }
    if (now < end_) {
      ask(now);
    } else {
      ++ended_;
    }
  }
  void run(std::string_view name, const Ask& ask) {
    for (int i = 0; i < 64; ++i) ask(Clock::now());
    while (ended_ < 64) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    report(name, micros_, seconds_, processor_);
  }

 private:
  static Clock::duration to_ticks(double seconds) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }
  const double processor_ = processor_time();
  const double seconds_;
  const Clock::time_point end_;
  std::atomic<int> ended_{0};
  std::mutex mutex_;
  std::vector<double> micros_;
};

/// The least that nats.c needs for it: one inbox, no table, no deadlines.
struct RawFlight {
  natsConnection* connection;
  const char* payload;
  Flight flight;
  std::string inbox = "bench.inbox.";

  void ask(Clock::time_point now) {
    const auto reply = inbox + std::to_string(now.time_since_epoch().count());
    check(natsConnection_PublishRequest(connection, subject, reply.c_str(), payload,
                                        static_cast<int>(payload_size)));
  }
  static void on_answer(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    auto* self = static_cast<RawFlight*>(closure);
    const auto ticks = std::stoll(natsMsg_GetSubject(message) + self->inbox.size());
    natsMsg_Destroy(message);
    self->flight.answered(Clock::time_point(Clock::duration(ticks)),
                          [self](Clock::time_point now) { self->ask(now); });
  }
};

void measure_raw_flight(natsConnection* connection, const std::string& payload, double seconds) {
  RawFlight raw{connection, payload.c_str(), Flight(seconds)};
  natsSubscription* subscription = nullptr;
  check(natsConnection_Subscribe(&subscription, connection, (raw.inbox + "*").c_str(),
                                 RawFlight::on_answer, &raw));
  raw.flight.run("nats.c, own inbox, 64 in flight", [&](Clock::time_point now) { raw.ask(now); });
  natsSubscription_Destroy(subscription);
  natsConnection_Flush(connection);
}

void measure_raw_threads(natsConnection* connection, const std::string& payload, double seconds) {
  std::vector<std::thread> threads;
  const auto processor = processor_time();
  std::mutex mutex;
  std::vector<double> micros;
  for (int t = 0; t < 64; ++t) {
    threads.emplace_back([&] {
      std::vector<double> own;
      const auto start = Clock::now();
      for (auto now = start; std::chrono::duration<double>(now - start).count() < seconds;) {
        natsMsg* reply = nullptr;
        check(natsConnection_Request(&reply, connection, subject, payload.data(),
                                     static_cast<int>(payload.size()), 5000));
        natsMsg_Destroy(reply);
        const auto then = std::exchange(now, Clock::now());
        own.push_back(std::chrono::duration<double, std::micro>(now - then).count());
      }
      const std::scoped_lock lock(mutex);
      micros.insert(micros.end(), own.begin(), own.end());
    });
  }
  for (auto& thread : threads) thread.join();
  report("nats.c, natsConnection_Request, 64 threads", micros, seconds, processor);
}

void measure_flight(Transport& transport, const Bytes& payload, double seconds) {
  Flight flight(seconds);
  Flight::Ask ask = [&](Clock::time_point asked) {
    transport.request(subject, payload, asked + std::chrono::seconds(5),
                      [&, asked](const Result<Bytes>& result) {
                        if (!result) give_up(result.error().message);
                        flight.answered(asked, ask);
                      });
  };
  flight.run("our transport, 64 in flight", ask);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) give_up("name the server: nats_floor HOST:PORT [SECONDS]");
  const std::string address = arguments[1];
  const double seconds = count > 2 ? std::atof(arguments[2]) : 2;
  trellis::NatsOptions options;
  options.servers = {address};
  auto transport = trellis::nats::connect_nats(options, {});
  if (!transport) give_up(transport.error().message);
  auto* const responder = connect_raw(address);
  auto* const asker = connect_raw(address);
  natsSubscription* echo = nullptr;
  check(natsConnection_Subscribe(&echo, responder, subject, answer, nullptr));
  check(natsConnection_Flush(responder));
  const std::string text(payload_size, 'x');
  const Bytes payload(payload_size, 'x');
  measure_single("nats.c, natsConnection_Request, 1 in flight", seconds, [&] {
    natsMsg* reply = nullptr;
    const auto status = natsConnection_Request(&reply, asker, subject, text.data(),
                                               static_cast<int>(text.size()), 5000);
    natsMsg_Destroy(reply);
    return status == NATS_OK;
  });
  measure_single("our transport, 1 in flight", seconds, [&] {
    return request_and_wait(**transport, subject, payload, Clock::now() + std::chrono::seconds(5))
        .has_value();
  });
  measure_raw_threads(asker, text, seconds);
  measure_raw_flight(asker, text, seconds);
  measure_flight(**transport, payload, seconds);
  transport->reset();
  natsSubscription_Destroy(echo);
  natsConnection_Destroy(asker);
  natsConnection_Destroy(responder);
}
