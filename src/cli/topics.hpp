// Topics of `trellis help`: what many commands share and --help only points at.
#pragma once

namespace trellis::cli {

/// Options of connections to NATS, and how the headings they are listed under begin.
inline constexpr const char* connection_topic = "connection";
inline constexpr const char* connection_heading = "NATS connection for ";

/// The heading under which --help lists options that say where a command does its work.
inline constexpr const char* where_group = "Where";

}  // namespace trellis::cli
