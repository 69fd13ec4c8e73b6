"""A registry in memory that answers as the large public ones do: other statuses for the same outcome,
redirects within itself, Location with a query or relative, challenges of several kinds."""

import base64
import hashlib
import http.server
import json
import socket
import threading
import urllib.parse

from registries import PASSWORD, USER, digest_of

BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
IDENTITY = "identity token of a test"


class Dialect:
    """How it speaks; the defaults are those of the reference implementation."""

    def __init__(self, **changes):
        self.post, self.patch, self.put, self.manifest_put = 202, 202, 201, 201
        self.relative = False       # Location without scheme and host
        self.query = False          # Location with a query, which belongs to the next request
        self.moved = None           # status of a redirect of every POST, PATCH and PUT, once
        self.moved_to = ""          # origin of that; its own without
        self.get_moved = None       # status of a redirect of every blob, to another path
        self.challenge = None       # None, "basic", "token", "both"
        self.token_at = None        # origin of the token server; its own without
        self.identity = False       # the token server knows identity tokens only
        self.anonymous = False      # it gives tokens to everybody
        self.page = 2               # tags of one page
        self.says_digest = None     # Docker-Content-Digest of stored manifests
        self.needs_post_location = True
        for name, value in changes.items():
            if not hasattr(self, name):
                raise AttributeError(name)
            setattr(self, name, value)


class ScriptedRegistry:
    """Remembers what it was asked as (method, path, headers)."""

    def __init__(self, address="127.0.0.1", context=None, port=0, name=None, **dialect):
        self.dialect = Dialect(**dialect)
        self.requests, self.blobs, self.manifests, self.uploads = [], {}, {}, {}
        self.forms = []
        self.link = None  # the Link header of lists of tags, whatever there is
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body=b"", **headers):
                self.send_response(status)
                for header, value in headers.items():
                    self.send_header(header.replace("_", "-"), value)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                registry.requests.append((self.command, self.path, dict(self.headers)))
                registry.handle(self, body)

            do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
            daemon_threads = True

        self.server = Server((address, port), Handler)
        self.scheme = "http"
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        shown = name or (f"[{address}]" if ":" in address else address)
        self.host = f"{shown}:{self.server.server_address[1]}"
        self.origin = f"{self.scheme}://{self.host}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def sent(self, method, path):
        """Headers of the requests of that method whose path begins so."""
        return [headers for asked, at, headers in self.requests
                if asked == method and at.startswith(path)]

    def knows_password(self):
        return any(headers.get("Authorization") == BASIC for *_, headers in self.requests)

    def put_image(self, repository, tag, layer, media_type, **changes):
        """Stores an image of one layer; its digest."""
        self.blobs[digest_of(layer)] = layer
        made = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2,
                           "digest": digest_of(b"{}")},
                "layers": [{"mediaType": media_type, "digest": digest_of(layer),
                            "size": len(layer)}]}
        made.update(changes)
        return self.put_manifest(repository, tag, made)

    def put_manifest(self, repository, tag, content):
        text = json.dumps(content).encode()
        for target in (tag, digest_of(text)):
            self.manifests[repository, target] = text
        return digest_of(text)

    # What it answers.

    def handle(self, handler, body):
        path, _, query = handler.path.partition("?")
        query = dict(urllib.parse.parse_qsl(query))
        if path == "/token":
            return self.token(handler, query, body)
        if not self.is_allowed(handler):
            return None
        if path == "/v2/":
            return handler.answer(200, b"{}", Docker_Distribution_Api_Version="registry/2.0")
        return self.repository(handler, path, query, body)

    def is_allowed(self, handler):
        kind = self.dialect.challenge
        given = handler.headers.get("Authorization", "")
        if kind is None or given == "Bearer let-me-in" or (kind != "token" and given == BASIC):
            return True
        realm = (self.dialect.token_at or self.origin) + "/token"
        token = f'Bearer realm="{realm}",service="scripted"'
        basic = 'Basic realm="scripted"'
        handler.answer(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}',
                       WWW_Authenticate={"basic": basic, "token": token,
                                         "both": f"{token}, {basic}"}[kind])
        return False

    def token(self, handler, query, body):
        granted = self.dialect.anonymous
        if handler.command == "POST":
            form = dict(urllib.parse.parse_qsl(body.decode()))
            self.forms.append(form)
            granted = granted or (form.get("refresh_token") == IDENTITY and
                                  form.get("grant_type") == "refresh_token" and
                                  form.get("service") == "scripted")
        elif not self.dialect.identity:
            granted = granted or handler.headers.get("Authorization") == BASIC
        if not granted:
            return handler.answer(401, b'{"details":"incorrect username or password"}')
        return handler.answer(200, b'{"access_token":"let-me-in"}')

    def repository(self, handler, path, query, body):
        name, _, rest = path.removeprefix("/v2/").rpartition("/")
        if self.is_moved(handler, query):
            return None
        if path.endswith("/tags/list"):
            return self.tags(handler, path.removeprefix("/v2/").removesuffix("/tags/list"), query)
        if "/manifests/" in path:
            return self.manifest(handler, name.removesuffix("/manifests"), rest, body)
        if "/blobs/uploads/" in path:
            return self.upload(handler, path, rest, query, body)
        return self.blob(handler, path, rest, query)

    def is_moved(self, handler, query):
        if not self.dialect.moved or "moved" in query or handler.command in ("GET", "HEAD"):
            return False
        joint = "&" if "?" in handler.path else "?"
        handler.answer(self.dialect.moved,
                       Location=f"{self.dialect.moved_to}{handler.path}{joint}moved=1")
        return True

    def place(self, name):
        path = f"/v2/{name}/blobs/uploads/u{len(self.uploads)}"
        if self.dialect.query:
            path += "?_state=a%3Db&x=1"
        return path if self.dialect.relative else self.origin + path

    def upload(self, handler, path, place, query, body):
        name = path.removeprefix("/v2/").partition("/blobs/uploads/")[0]
        if handler.command == "POST":
            at = self.place(name)
            self.uploads[at.rpartition("/")[2].partition("?")[0]] = b""
            if not self.dialect.needs_post_location:
                return handler.answer(self.dialect.post)
            return handler.answer(self.dialect.post, Location=at)
        if place not in self.uploads or (self.dialect.query and query.get("_state") != "a=b"):
            return handler.answer(404, b'{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}')
        self.uploads[place] += body
        if handler.command == "PATCH":
            at = path + ("?_state=a%3Db" if self.dialect.query else "")
            return handler.answer(self.dialect.patch, Location=at, Range=f"0-{len(body) - 1}")
        content = self.uploads.pop(place)
        if query.get("digest") != digest_of(content):
            return handler.answer(400, b'{"errors":[{"code":"DIGEST_INVALID"}]}')
        self.blobs[digest_of(content)] = content
        return handler.answer(self.dialect.put)

    def manifest(self, handler, name, target, body):
        if handler.command == "PUT":
            self.manifests[name, target] = self.manifests[name, digest_of(body)] = body
            said = self.dialect.says_digest or digest_of(body)
            return handler.answer(self.dialect.manifest_put, Docker_Content_Digest=said)
        found = self.manifests.get((name, target))
        if found is None:
            return handler.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
        kind = json.loads(found).get("mediaType") or "application/vnd.oci.image.manifest.v1+json"
        if kind not in handler.headers.get("Accept", ""):
            return handler.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"type"}]}')
        return handler.answer(200, found, Content_Type=kind)

    def blob(self, handler, path, digest, query):
        if digest not in self.blobs:
            return handler.answer(404)
        if self.dialect.get_moved and "moved" not in query:
            return handler.answer(self.dialect.get_moved, Location=f"{path}?moved=1")
        return handler.answer(200, self.blobs[digest])

    def tags(self, handler, name, query):
        every = sorted(tag for repository, tag in self.manifests
                       if repository == name and ":" not in tag)
        if not every:
            return handler.answer(404, b'{"errors":[{"code":"NAME_UNKNOWN"}]}')
        left = [tag for tag in every if tag > query.get("last", "")]
        page = left[:min(self.dialect.page, int(query.get("n", 1000)))]
        headers = {}
        if len(left) > len(page):
            at = urllib.parse.urlencode({"last": page[-1], "n": len(page)})
            headers["Link"] = f'</v2/{name}/tags/list?{at}>; rel="next"'
        if self.link:
            headers["Link"] = self.link
        return handler.answer(200, json.dumps({"name": name, "tags": page}).encode(), **headers)
