// Every built-in bound, each with its reason; those of guests and calls, which many headers use as
// defaults, are in base/call_limits.hpp, so that a change of the others recompiles only their
// users. Values a user may change are defaults of options (include/trellis/host.hpp); those here
// that no option changes protect the host itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/call_limits.hpp"

namespace trellis::limits {

// --- identity -------------------------------------------------------------------------------
/// Largest token text; first-party tokens are about 700 characters.
inline constexpr std::size_t token_chars = 64 * kib;
/// Nesting of JSON from outside (tokens, manifests, control messages); real ones need five.
inline constexpr std::size_t json_depth = 32;

/// Lists, maps and scalars of one JSON text; each may take a hundred bytes once parsed.
inline constexpr std::size_t json_values = 512 * kib;

// --- engine: what compiling a module may cost ------------------------------------------------
// The compiler keeps the state of all locals for each place that can be jumped to, and its
// optimiser graphs of everything: small modules can ask for gigabytes. The figures of
// wasm/code_cost.cpp, measured on V8 10.2, turn instructions into bytes. Real programs:
// SQLite needs 56 MiB for its largest function and 18 MiB of machine code, a compiler in Go of
// 14 MB needs 185 and 350; a linter in Rust of 45 MB would not fit.
/// Body of one function; the largest hand-written ones (interpreter loops) have 100 KiB.
inline constexpr std::size_t function_bytes = 512 * kib;
/// Parameters and local variables of one function; unoptimised code has some thousands.
inline constexpr std::size_t function_locals = 20000;
/// Blocks inside each other in one function: a switch opens one for each of its cases.
inline constexpr std::size_t function_nesting = 4096;
/// Memory the compiler may need at one time for one function.
inline constexpr std::uint64_t function_compile_bytes = 256 * mib;
/// Machine code of one module, and of all modules of the process; V8 ends the process at 4 GiB.
inline constexpr std::uint64_t module_machine_bytes = 512 * mib;
inline constexpr std::uint64_t all_machine_bytes = 1024 * std::uint64_t{mib};
/// How often compiling one module may look at a local or operand, where paths part or meet and at
/// calls; each look takes some ten nanoseconds. That linter needs 82 million.
inline constexpr std::uint64_t module_slot_visits = 512'000'000;
/// Functions of one module; large programs have some ten thousand.
inline constexpr std::size_t module_functions = 100000;
/// Types, exports, imports and tags of one module; large programs have a thousand of each.
inline constexpr std::size_t module_types = 10000;
inline constexpr std::size_t module_exports = 10000;
inline constexpr std::size_t module_imports = 1000;
inline constexpr std::size_t module_tags = 1000;
/// Tables of one module; each may grow to the cap of elements.
inline constexpr std::size_t module_tables = 16;
/// Segments of data: some compilers write one for each constant text.
inline constexpr std::size_t module_data_segments = 100000;
/// A section of types, imports, functions, globals, exports or elements, whose entries take up to
/// thirty times their size in the engine.
inline constexpr std::size_t module_section_bytes = 1 * mib;
/// Parameters and results of one type; the engine makes code for each combination in use.
inline constexpr std::size_t type_parameters = 255;
inline constexpr std::size_t type_results = 64;
/// Modules compiled at one time, and how long a start waits for its turn.
inline constexpr std::size_t compilations = 2;
inline constexpr seconds compile_patience{30};

// --- log --------------------------------------------------------------------------------------
/// Text of one line; a guest may write four times as much in one call.
inline constexpr std::size_t log_line_bytes = 16 * kib;
/// Sources of lines that are told apart; more share an account.
inline constexpr std::size_t log_accounts = 4096;
/// How often it is said what was left out, where no other line says it.
inline constexpr seconds log_sweep{10};

/// How often one kind of trouble of a listener is logged.
inline constexpr seconds listener_log_interval{30};

// --- descriptors ------------------------------------------------------------------------------
/// Descriptors that connections of links never get, so that the control socket, NATS, processes and
/// files always find some; and their share where the process may open fewer than four times as
/// many.
inline constexpr std::size_t descriptor_reserve = 128;
inline constexpr std::size_t descriptor_reserve_share = 4;
/// Descriptors the soft limit is raised to at most: some programs walk through all of them.
inline constexpr std::size_t descriptors = 1024 * kib;

// --- packages -------------------------------------------------------------------------------
/// Provider archives: what they may unpack to, and how many libraries they may hold.
inline constexpr std::uint64_t archive_bytes = 512 * std::uint64_t{mib};
inline constexpr std::size_t archive_entries = 64;

// --- codec ----------------------------------------------------------------------------------
/// Nesting of MessagePack from outside (lattice.md 2.1: "32 is ample").
inline constexpr std::size_t msgpack_depth = 32;
/// List elements and map entries of one message: a byte on the wire can become 100 in memory.
inline constexpr std::size_t msgpack_values = 256 * kib;

// --- names ----------------------------------------------------------------------------------
/// Contract ids, link names, operations, aliases: they enter subjects, logs and tables.
inline constexpr std::size_t name_bytes = 256;

// --- host -----------------------------------------------------------------------------------
/// Key-value pairs of one link and bytes of one value.
inline constexpr std::size_t link_values = 128;
inline constexpr std::size_t link_value_bytes = 64 * kib;
inline constexpr std::size_t links = 100000;
/// Outcomes of links that are still to be told; a host that binds more at once tells not all.
inline constexpr std::size_t link_outcomes = 10'000;
inline constexpr std::size_t actors = 10000;
/// Actors of the whole lattice whose claims or aliases are remembered; each takes about 1 KiB.
inline constexpr std::size_t known_actors = 100000;
/// Registries that are remembered because the host's own user named an image of theirs.
inline constexpr std::size_t named_registries = 1000;
/// Total time of a stop.
inline constexpr seconds stop_timeout{10};

// --- lattice --------------------------------------------------------------------------------
/// Advertisements and cache changes that wait to be applied: a join brings all links at once.
inline constexpr std::size_t serial_jobs = 256 * kib;
inline constexpr std::size_t serial_bytes = 64 * mib;
/// Keys and values of the replicated cache: a hundred thousand links take about 50 MiB.
inline constexpr std::size_t cache_bytes = 256 * mib;
/// Changes that are kept for caches that missed some, and events one replay may bring.
inline constexpr std::size_t cache_history = 512 * kib;
/// Changes that wait while a replay is read, and their bytes.
inline constexpr std::size_t cache_held = 64 * kib;
inline constexpr std::size_t cache_held_bytes = 64 * mib;
/// Replay requests that wait for their answer; more find another cache, or ask again.
inline constexpr std::size_t cache_questions = 64;
/// The file of links in a state directory.
inline constexpr std::size_t state_file_bytes = 256 * mib;
/// Removed links that are remembered, and for how long, so that a partition does not revive them.
inline constexpr std::size_t cache_removals = 10000;
inline constexpr std::chrono::hours cache_removal_memory{24};
/// Advertisements kept for the next connection while the server is away.
inline constexpr std::size_t unsent_advertisements = 10000;
/// JSON of one control message or event; servers take 1 MiB unless told otherwise.
inline constexpr std::size_t lattice_json_bytes = 8 * mib;
/// One request of the control interface; real ones need a few hundred bytes.
inline constexpr std::size_t control_request_bytes = 64 * kib;
/// Requests that wait to be looked at; each takes well below a millisecond.
inline constexpr std::size_t control_requests = 1024;
/// Commands from the control interface that run or wait at one time; more are refused.
inline constexpr std::size_t control_operations = 64;
/// Threads that run them; most of the time they compile modules.
inline constexpr std::size_t control_workers = 4;
/// Answers a client collects for one question, and their bytes.
inline constexpr std::size_t client_answers = 10000;
inline constexpr std::size_t client_answer_bytes = 64 * mib;
/// Threads that run calls from the lattice; most of them wait in calls of their own.
inline constexpr std::size_t lattice_callers = 64;
/// Payloads of calls that wait for a thread: a few of the largest, very many usual ones.
inline constexpr std::size_t queued_call_bytes = 64 * mib;
/// Bytes that a job that waits takes beside its payload.
inline constexpr std::size_t queued_job_bytes = 512;
/// How long a start waits for the first answer of a server before it goes on without.
inline constexpr milliseconds lattice_patience = seconds(2);
/// How long the server may take to confirm a subscription before it is announced all the same.
inline constexpr milliseconds lattice_confirm = milliseconds(500);

// --- providers ------------------------------------------------------------------------------
/// Calls waiting for one provider's executor before new ones are refused as busy.
inline constexpr std::size_t provider_queue = 1024;
/// Threads of one provider that may hang in calls before new calls fail at once.
inline constexpr std::size_t provider_stuck_threads = 4;
/// Threads of the host one provider may hold through spawn_thread (servers: cores plus spares).
inline constexpr std::size_t provider_host_threads = 256;
/// Asynchronous dispatches of one provider that have not ended; more are refused as busy.
inline constexpr std::size_t provider_async_dispatches = 4096;
/// Error or log text of a provider; the rest is cut.
inline constexpr std::size_t provider_text_bytes = 16 * kib;
/// Private memory of one provider's process, unless an option says otherwise.
inline constexpr std::size_t provider_process_mb = 1024;
/// How long an idle executor thread stays.
inline constexpr milliseconds provider_thread_idle = seconds(10);

// --- control socket and health address ------------------------------------------------------
/// One request or response: a payload of 16 MiB as base64, and room for the rest.
inline constexpr std::size_t control_frame_bytes = 24 * mib;
/// Links or claims in one answer: tens of thousands. What others told this host may be more than
/// fits; its own comes first, the rest is counted.
inline constexpr std::size_t listed_bytes = 8 * mib;
/// Paths, references and names that are looked up.
inline constexpr std::size_t path_bytes = 4096;
/// Connections at one time; a command uses one, for as long as it runs.
inline constexpr std::size_t control_connections = 32;
/// How long a connection may be silent between requests, and how long one frame may take.
inline constexpr milliseconds control_idle = seconds(30);
inline constexpr milliseconds control_transfer = seconds(10);
/// Request line and headers of a health probe; real ones need 200 bytes.
inline constexpr std::size_t probe_request_bytes = 8 * kib;
/// How long a probe may take to send its request, and to read the answer.
inline constexpr milliseconds probe_timeout = seconds(2);

// --- lattice: NATS ----------------------------------------------------------------------------
/// One subject or queue group. A server's protocol line ends at 4 096 bytes, and holds two of them.
inline constexpr std::size_t subject_bytes = 1024;
/// Payload assumed before a server has said its own limit, and the most we believe one that says
/// more (servers themselves do not go beyond).
inline constexpr std::size_t nats_payload_bytes = 1 * mib;
inline constexpr std::size_t nats_most_payload_bytes = 64 * mib;
/// First and longest pause between attempts to connect; half of each is random.
inline constexpr milliseconds nats_first_pause{100};
inline constexpr milliseconds nats_longest_pause = seconds(5);
/// How long one write may take before the connection counts as lost.
inline constexpr milliseconds nats_write_timeout = seconds(5);
/// Silence before a server is asked for a sign of life; two unanswered ones end the connection.
inline constexpr milliseconds nats_ping_interval = seconds(15);
/// Addresses learned from servers of a cluster.
inline constexpr std::size_t nats_learned_servers = 32;
/// Requests of one connection that wait for an answer; more are refused as busy.
inline constexpr std::size_t requests_in_flight = 64 * kib;
/// How often one kind of trouble with a connection is logged.
inline constexpr seconds nats_log_interval{30};
/// How often one kind of refusal or trouble of a plane of the lattice is logged.
inline constexpr seconds lattice_log_interval{10};
/// How much later than its deadline a request that somebody waits for may be answered.
inline constexpr seconds answer_grace{2};

// --- manifest -------------------------------------------------------------------------------
/// Text of a manifest, before and after variables are replaced.
inline constexpr std::size_t manifest_bytes = 1 * mib;
/// Lists, maps and scalars of a manifest, each use of a YAML alias counted.
inline constexpr std::size_t manifest_values = 200000;
/// Warnings kept of one manifest; more help nobody.
inline constexpr std::size_t manifest_warnings = 100;
/// Paths, image references and keys.
inline constexpr std::size_t reference_bytes = 4096;
/// Highest memory of one instance a manifest may ask for: all of a 32-bit address space.
inline constexpr std::uint32_t actor_memory_mb = 4096;
/// Longest time a manifest may allow one call.
inline constexpr milliseconds longest_call_timeout = std::chrono::hours(1);

}  // namespace trellis::limits
