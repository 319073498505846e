"""A Hub on the loopback interface: what `huggingface_hub` asks of datasets, with the faults of a script."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_" + "q7Zr2Lw9Xk4Tn8Vb3Ym6Pd1S" + "c5"
"""A token that reads the gated and the private dataset."""


def commit_of(number: int) -> str:
    return f"{number:040x}"


@dataclass
class Repository:
    """A dataset of the Hub.

    Attributes:
        commits: the files of each commit, the newest last.
        refs: branches and tags, each with the number of its commit.
        access: `public`, `gated` or `private`.
        is_large: whether files are served from another host, as those in LFS.
        faults: by path of a file: `cut` (half of it), `other` (bytes that its digest does not fit), `slow`, a status.
    """

    commits: list[Mapping[str, bytes]]
    refs: dict[str, int] = field(default_factory=dict)
    access: str = "public"
    is_large: bool = False
    faults: dict[str, str] = field(default_factory=dict)

    def number_of(self, revision: str) -> int | None:
        if revision in self.refs:
            return self.refs[revision]
        if revision == "main":
            return len(self.commits)
        return next((at for at in range(1, len(self.commits) + 1) if commit_of(at) == revision), None)


@dataclass
class Hub:
    """The state of the server.

    Attributes:
        url: of the server.
        repositories: by `OWNER/NAME`.
        requests: method and path of each request.
        authorised: those of them with a token.
        status: a status that every request is answered with, where not 0.
    """

    repositories: dict[str, Repository] = field(default_factory=dict)
    url: str = ""
    elsewhere: str = ""
    requests: list[str] = field(default_factory=list)
    authorised: list[str] = field(default_factory=list)
    status: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def downloads(self) -> list[str]:
        return [request for request in self.requests if request.startswith("GET") and "/api/" not in request]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, path = self.hub, urlsplit(self.path)
        host = self.headers["Host"].partition(":")[0]
        self.hub.requests.append(f"{self.command} {host} {unquote(path.path)}")
        if self.headers.get("Authorization"):
            hub.authorised.append(hub.requests[-1])
        if hub.status:
            return self.answer(hub.status, b"{}")
        parts = unquote(path.path).strip("/").split("/")
        if parts[0] == "cdn":
            repository = hub.repositories["/".join(parts[1:3])]
            number = int(parts[3])
            return self.content(repository, number, "/".join(parts[4:]), {})
        is_api = parts[0] == "api"
        name = "/".join(parts[2:4] if is_api else parts[1:3])
        repository = hub.repositories.get(name)
        if repository is None or not self.is_allowed(repository):
            return self.refuse(repository)
        if is_api:
            return self.api(name, repository, parts[4:], parse_qs(path.query))
        return self.resolve(name, repository, parts[4:])

    def is_allowed(self, repository: Repository) -> bool:
        return repository.access == "public" or self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def refuse(self, repository: Repository | None) -> None:
        if repository is not None and repository.access == "gated":
            return self.answer(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "ask for access"})
        return self.answer(401, b"{}", {"X-Error-Code": "RepoNotFound"})

    def api(self, name: str, repository: Repository, rest: list[str], query: Mapping[str, list[str]]) -> None:
        revision = "/".join(rest[1:]) if len(rest) > 1 else "main"
        number = repository.number_of(revision)
        if number is None:
            return self.answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        files = repository.commits[number - 1]
        if rest[:1] == ["tree"]:
            entries = [self.entry(path, content, repository) for path, content in files.items()]
            start = int(query.get("cursor", ["0"])[0])
            page = entries[start : start + 2]  # small pages, so that the next one is asked for
            links = {}
            if start + 2 < len(entries):
                address = f"{self.hub.url}/api/datasets/{name}/tree/{revision}?recursive=true&cursor={start + 2}"
                links = {"Link": f'<{address}>; rel="next"'}
            return self.answer(200, json.dumps(page).encode(), links)
        siblings = [{"rfilename": path} for path in files]
        info = {"id": name, "sha": commit_of(number), "siblings": siblings, "private": False, "gated": False}
        return self.answer(200, json.dumps(info).encode())

    def entry(self, path: str, content: bytes, repository: Repository) -> dict[str, object]:
        found: dict[str, object] = {"type": "file", "path": path, "size": len(content), "oid": _git(content)}
        if repository.is_large and path != "README.md":
            digest = hashlib.sha256(content).hexdigest()
            found["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 130}
        return found

    def resolve(self, name: str, repository: Repository, rest: list[str]) -> None:
        number = repository.number_of(rest[0])
        path = "/".join(rest[1:])
        if number is None:
            return self.answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
        content = repository.commits[number - 1].get(path)
        headers = {"X-Repo-Commit": commit_of(number)}
        if content is None:
            return self.answer(404, b"", {"X-Error-Code": "EntryNotFound", **headers})
        if repository.is_large and path != "README.md":
            digest = hashlib.sha256(content).hexdigest()
            headers |= {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(content))}
            headers |= {"Location": f"{self.hub.elsewhere}/cdn/{name}/{number}/{path}?signature=not-a-secret-of-ours"}
            return self.answer(302, b"", headers)
        return self.content(repository, number, path, {**headers, "ETag": f'"{_git(content)}"'})

    def content(self, repository: Repository, number: int, path: str, headers: Mapping[str, str]) -> None:
        content, fault = repository.commits[number - 1][path], repository.faults.get(path, "")
        if fault.isdigit():
            return self.answer(int(fault), b"")
        if fault == "slow" and self.command == "GET":
            self.hub.stopped.wait()
            return None
        if fault == "other":
            content = content[:-1] + b"#"
        return self.answer(200, content, headers, cut=len(content) // 2 if fault == "cut" else None)

    def answer(
        self, status: int, content: bytes, headers: Mapping[str, str] | None = None, *, cut: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:cut])
            if cut is not None:
                self.close_connection = True


def _git(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@contextmanager
def hub_server(**repositories: Repository) -> Iterator[Hub]:
    """A Hub with some repositories of the owner `org`."""
    hub = Hub({f"org/{name}": repository for name, repository in repositories.items()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    port = server.server_address[1]
    hub.url, hub.elsewhere = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
