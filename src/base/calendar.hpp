// Date and time of day without the C library's time_t, which has 32 bits on some machines (Debian
// 12's armhf) and ends there in 2038: what peers and files state goes on.
#pragma once

#include <chrono>
#include <ctime>

namespace trellis {

/// The parts of a time in UTC, for formatting. Years from -32767 to 32767.
[[nodiscard]] inline std::tm utc_parts(std::chrono::sys_seconds time) noexcept {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::tm parts{};
  parts.tm_year = static_cast<int>(date.year()) - 1900;
  parts.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  parts.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  parts.tm_hour = static_cast<int>(clock.hours().count());
  parts.tm_min = static_cast<int>(clock.minutes().count());
  parts.tm_sec = static_cast<int>(clock.seconds().count());
  parts.tm_wday = static_cast<int>(std::chrono::weekday(day).c_encoding());
  const std::chrono::sys_days new_year(date.year() / std::chrono::January / 1);
  parts.tm_yday = static_cast<int>((day - new_year).count());
  return parts;
}

}  // namespace trellis
