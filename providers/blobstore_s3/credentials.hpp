// Keys of a link to S3, and where they come from (contracts.md 3.6).
//
// KEYS_FROM says so:
//
//   link            AWS_ACCESS_KEY, AWS_SECRET_ACCESS_KEY, AWS_TOKEN of the link (default)
//   environment     AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN of the host
//   profile[:NAME]  a profile of the file that AWS tools use: NAME, else that of AWS_PROFILE, else
//                   `default`, in AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials
//
// Keys that are not of the link are those of the host's user: links from a lattice may not name
// them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "codec/fields.hpp"
#include "providers/blobstore_s3/sigv4.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::blobstore_s3 {

/// Value of a variable; nothing when it is unset or empty.
using Environment = std::function<std::optional<std::string>(const char*)>;

/// Errors: invalid_argument, not_found; they name where was looked, and never a secret.
[[nodiscard]] Result<Credentials> read_credentials(const codec::StringMap& values,
                                                   const Environment& environment);

/// One profile of a file's text. Error: not_found.
[[nodiscard]] Result<Credentials> parse_profile(std::string_view text, std::string_view name);

}  // namespace trellis::providers::blobstore_s3
