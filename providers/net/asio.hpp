// The names that providers use of Asio, in one place.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

namespace trellis::providers {

namespace net = boost::asio;
using AsioError = boost::system::error_code;
using Executor = net::io_context::executor_type;  // not the type-erased one: it costs per operation
using Endpoint = net::ip::tcp::endpoint;
using Socket = net::basic_stream_socket<net::ip::tcp, Executor>;
using Acceptor = net::basic_socket_acceptor<net::ip::tcp, Executor>;

}  // namespace trellis::providers
