"""NATS for scenario tests: a real server that can be killed, a client that speaks the bare protocol,
and a proxy that can be cut, slowed and delayed. Loopback and free ports only; all waits are bounded.

    server = lattice.NatsServer(self)            # a unittest.TestCase; stops with the test
    client = lattice.NatsClient(server.port)
    client.subscribe("wasmbus.ctl.default.events", events.append)

Environment: NATS_SERVER (the binary; else the PATH and build/deps are looked through).
"""

import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from harness import PATIENCE, free_port, wait_until

DEPS = Path(__file__).resolve().parents[2] / "build/deps/servers/usr/sbin/nats-server"


def find_nats_server():
    for place in (os.environ.get("NATS_SERVER"), shutil.which("nats-server"), str(DEPS)):
        if place and os.access(place, os.X_OK):
            return place
    raise AssertionError("nats-server is not installed: run scripts/setup.sh test")


class NatsServer:
    """Starts at once unless told otherwise; restarts on the same port."""

    def __init__(self, test, config="", start=True):
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="nats-", dir="/tmp"))
        test.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        test.addCleanup(self.kill)
        self._process = None
        self.configure(config)
        if start:
            self.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self._process.pid

    def configure(self, config):
        """The text of a configuration file, for the next start."""
        (self.folder / "server.conf").write_text(config)

    def log(self):
        path = self.folder / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self):
        self._process = subprocess.Popen(
            [find_nats_server(), "-a", "127.0.0.1", "-p", str(self.port),
             "-l", str(self.folder / "server.log"), "-c", str(self.folder / "server.conf")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, f"nats-server:\n{self.log()}")

    def _answers(self):
        if self._process.poll() is not None:
            raise AssertionError(f"nats-server ended:\n{self.log()}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                return probe.recv(4) == b"INFO"
        except OSError:
            return False

    def _end(self, number):
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
            self._process.wait(PATIENCE)
            self._process = None

    def stop(self):
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def restart(self):
        self.kill()
        self.start()

    def freeze(self):
        """It hangs: connections stay, nothing is read or answered."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)


def at_once(connection):
    """Without this a request, which is two small writes, waits 40 ms for an acknowledgement."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Message:
    def __init__(self, subject, reply, data, headers=b""):
        self.subject, self.reply, self.data, self.headers = subject, reply, data, headers

    def json(self):
        return json.loads(self.data)

    def __repr__(self):
        return f"Message({self.subject!r}, {self.reply!r}, {self.data!r})"


class NoResponders(Exception):
    """Nobody listens on the subject of a request."""


class NatsClient:
    """One connection; never reconnects. Handlers run on its reading thread, one at a time, and may
    publish. `options` go into CONNECT (user, pass, auth_token, echo, no_responders, headers ...)."""

    def __init__(self, port, **options):
        self._socket = at_once(socket.create_connection(("127.0.0.1", port), PATIENCE))
        self._input = self._socket.makefile("rb")
        self._sending = threading.Lock()
        self._handlers = {}  # sid -> handler
        self._next = 0
        self._pongs = queue.Queue()
        self.errors = []
        self.closed = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        try:
            self._greet(options)
        except BaseException:
            self.close()
            raise

    def _greet(self, options):
        first = self._input.readline()
        if not first.startswith(b"INFO "):
            raise AssertionError(f"not a NATS server: {first!r}")
        self.info = json.loads(first[5:])
        settings = {"verbose": False, "pedantic": False, "name": "scenario", "lang": "python",
                    "version": "1", "protocol": 1, **options}
        self.send_raw(b"CONNECT " + json.dumps(settings).encode() + b"\r\n")
        self._socket.settimeout(None)  # the reader waits for as long as the connection lives
        self._reader.start()
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if self._reader.is_alive() and threading.current_thread() is not self._reader:
            self._reader.join(PATIENCE)
        self._input.close()
        self._socket.close()

    def send_raw(self, data):
        """Bytes of the protocol, right or wrong."""
        with self._sending:
            self._socket.sendall(data)

    def publish(self, subject, data=b"", reply=""):
        data = data if isinstance(data, bytes) else data.encode()
        self.send_raw(f"PUB {subject} {reply} {len(data)}\r\n".encode() + data + b"\r\n")

    def subscribe(self, subject, handler, group=""):
        """`handler` gets a Message; the answer is for unsubscribe()."""
        with self._sending:
            self._next += 1
            sid = self._next
            self._handlers[sid] = handler
            self._socket.sendall(f"SUB {subject} {group} {sid}\r\n".encode())
        return sid

    def unsubscribe(self, sid):
        self._handlers.pop(sid, None)
        self.send_raw(f"UNSUB {sid}\r\n".encode())

    def collect(self, subject, group=""):
        """A queue of the messages on a subject; the server knows of the interest."""
        messages = queue.Queue()
        self.subscribe(subject, messages.put, group)
        self.flush()
        return messages

    def request(self, subject, data=b"", timeout=PATIENCE):
        """The answer; NoResponders where the server says so (connect with headers=True,
        no_responders=True), TimeoutError when there is none in time."""
        answers = queue.Queue()
        inbox = f"_INBOX.{os.urandom(11).hex()}"
        sid = self.subscribe(inbox, answers.put)
        try:
            self.publish(subject, data, inbox)
            answer = answers.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"no answer on {subject} within {timeout} s") from None
        finally:
            self.unsubscribe(sid)
        if answer.headers.startswith(b"NATS/1.0 503"):
            raise NoResponders(subject)
        return answer

    def flush(self, timeout=PATIENCE):
        """Waits until the server has seen all that was sent."""
        self.send_raw(b"PING\r\n")
        try:
            if self._pongs.get(timeout=timeout):
                return
        except queue.Empty:
            pass
        raise AssertionError(f"the NATS server does not answer: {self.errors}")

    def _read(self):
        try:
            while self._read_one():
                pass
        except (OSError, ValueError) as problem:
            self.errors.append(str(problem))
        self.closed.set()
        self._pongs.put(False)

    def _read_one(self):
        line = self._input.readline()
        word, _, rest = line.strip().partition(b" ")
        if word in (b"MSG", b"HMSG"):
            self._read_message(word == b"HMSG", rest.decode().split())
        elif word == b"PING":
            self.send_raw(b"PONG\r\n")
        elif word == b"PONG":
            self._pongs.put(True)
        elif word == b"-ERR":
            self.errors.append(rest.decode(errors="replace"))
        return bool(line)

    def _read_message(self, has_headers, words):
        total = int(words.pop())
        head = int(words.pop()) if has_headers else 0
        body = self._input.read(total + 2)[:total]
        reply = words[2] if len(words) > 2 else ""
        handler = self._handlers.get(int(words[1]))
        if handler:
            handler(Message(words[0], reply, body[head:], body[:head]))


class Proxy:
    """Stands before a port; what goes through can be cut, delayed and throttled at any time."""

    def __init__(self, test, target):
        self._target = target
        self._up = True
        self._delay = 0.0
        self._rate = 0  # bytes per second and direction; 0: all it can
        self._lock = threading.Lock()
        self._sockets = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self._ended = False
        threading.Thread(target=self._accept, daemon=True).start()
        test.addCleanup(self.end)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def cut(self):
        """Breaks all connections and refuses new ones."""
        self._up = False
        self.drop()

    def restore(self):
        self._up = True

    def drop(self):
        """Breaks the connections there are."""
        with self._lock:
            for each in self._sockets:
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def delay(self, seconds):
        """Each piece of data waits so long before it goes on."""
        self._delay = seconds

    def throttle(self, bytes_per_second):
        self._rate = bytes_per_second

    def end(self):
        self._ended = True
        self.cut()
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        except OSError:
            pass
        self._listener.close()

    def _accept(self):
        while not self._ended:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self._up:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target), PATIENCE)
            except OSError:
                client.close()
                continue
            at_once(client), at_once(server)
            self.connections += 1
            with self._lock:
                self._sockets |= {client, server}
            if not self._up:
                self.drop()
            done = threading.Semaphore(0)
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink, done), daemon=True).start()
            threading.Thread(target=self._bury, args=(client, server, done), daemon=True).start()

    def _pump(self, source, sink, done):
        try:
            while True:
                data = source.recv(min(65536, max(1, self._rate // 20)) if self._rate else 65536)
                if not data:
                    break
                if self._delay:
                    time.sleep(self._delay)
                if self._rate:
                    time.sleep(len(data) / self._rate)
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        done.release()

    def _bury(self, client, server, done):
        done.acquire()
        done.acquire()
        with self._lock:
            self._sockets -= {client, server}
        client.close()
        server.close()
