#!/usr/bin/env python3
"""trellis cache and drain, and how hosts bound what they keep (docs/operations.md, cli.md 8)."""

import os
import signal
import time

import harness
from harness import ACTORS, wait_until
from packages_harness import ARCHIVES
from registries import MODULE_TYPE
from scripted_registry import ScriptedRegistry


class Cache(harness.Scenario):
    def setUp(self):
        super().setUp()
        self.registry = ScriptedRegistry()
        self.addCleanup(self.registry.stop)
        self.cache = self.folder / "home/.cache/trellis"

    def image(self, name):
        """An actor in the registry; its reference and size."""
        module = (ACTORS / f"{name}.wasm").read_bytes()
        self.registry.put_image(name, "1", module, MODULE_TYPE)
        return f"{self.registry.host}/{name}:1", len(module)

    def pulled(self, name, unused=0):
        """One that was used so many seconds ago."""
        reference, size = self.image(name)
        self.ok("reg", "pull", reference, "--insecure")
        file = self.file_of(reference)
        then = time.time() - unused
        os.utime(file, (then, then))
        return reference, size

    def files(self):
        return self.ok("cache", "ls", "--json").json()["files"]

    def file_of(self, reference):
        return next(each["file"] for each in self.files() if reference in each["references"])

    def names(self):
        return sorted(name for each in self.files() for name in each["references"])


class Commands(Cache):
    def test_what_is_there_is_listed_last_used_first(self):
        self.assertEqual(self.ok("cache", "ls").out, f"Nothing in {self.cache}\n")
        old, old_size = self.pulled("echo", unused=3 * 86400)
        new, new_size = self.pulled("kvcounter")
        listed = self.ok("cache", "ls", "--json").json()
        self.assertEqual([each["references"] for each in listed["files"]], [[new], [old]])
        self.assertEqual(listed["bytes"], old_size + new_size)
        self.assertEqual(listed["folder"], str(self.cache))
        first = listed["files"][0]
        self.assertEqual((first["kind"], first["bytes"], first["in_use"]), ("image", new_size, False))
        self.assertTrue(first["digest"].startswith("sha256:"))
        lines = self.ok("cache", "ls").out.splitlines()
        self.assertEqual(lines[0].split(), ["Name", "Kind", "Size", "Unused", "In", "use"])
        self.assertIn(new, lines[1])
        self.assertIn("3d", lines[2])
        self.assertIn(f"in {self.cache}", lines[3])

    def test_what_was_used_longest_ago_goes_first(self):
        for name, unused in (("echo", 300), ("kvcounter", 100), ("greeter", 200)):
            self.pulled(name, unused)
        sizes = {each["references"][0]: each["bytes"] for each in self.files()}
        everything = sorted(sizes)
        keep = sum(sizes.values()) - 1
        dry = self.ok("cache", "prune", "--keep", keep, "--dry-run", "--json").json()
        self.assertEqual([each["references"][0].split("/")[1] for each in dry["removed"]], ["echo:1"])
        self.assertEqual(self.names(), everything)
        done = self.ok("cache", "prune", "--keep", keep, "--json").json()
        self.assertEqual(*({each["digest"] for each in told["removed"]} for told in (done, dry)))
        self.assertEqual(done["bytes_left"], keep + 1 - dry["bytes_removed"])
        self.assertEqual([name.split("/")[1] for name in self.names()], ["greeter:1", "kvcounter:1"])
        self.assertEqual(len(list((self.cache / "images/refs").iterdir())), 2)
        # Using it again makes it the last to go.
        self.ok("reg", "pull", f"{self.registry.host}/greeter:1", "--insecure")
        self.ok("cache", "prune", "--keep", sizes[f"{self.registry.host}/greeter:1"])
        self.assertEqual([name.split("/")[1] for name in self.names()], ["greeter:1"])

    def test_what_was_not_used_for_long_goes(self):
        self.pulled("echo", unused=31 * 86400)
        new, _ = self.pulled("kvcounter", unused=29 * 86400)
        self.assertIn("Removed 1 file (", self.ok("cache", "prune", "--older-than", "30d").out)
        self.assertEqual(self.names(), [new])
        self.ok("cache", "prune", "--older-than", "0s")
        self.pulled("echo")
        self.assertIn("0 B left", self.ok("cache", "prune", "--all").out)
        self.assertEqual(self.files(), [])

    def test_how_much_is_said(self):
        refused = self.refused("cache", "prune")
        self.assertIn("--keep SIZE, --older-than TIME or --all", refused.err)
        for words in (("--keep", "much"), ("--older-than", "long"), ("--keep", "-1")):
            self.misused("cache", "prune", *words)

    def test_other_files_are_not_touched(self):
        self.pulled("echo")
        for place in ("notes", "images/blobs/notes", "providers/notes.so", "providers/notes"):
            path = self.cache / place
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_text("mine")
        (self.cache / "images/blobs" / ("sha256-" + "0" * 64)).symlink_to(self.cache / "notes")
        self.ok("cache", "prune", "--all")
        for place in ("notes", "images/blobs/notes", "providers/notes.so", "providers/notes"):
            self.assertTrue((self.cache / place).exists(), place)

    def test_drain_is_the_first_party_word(self):
        self.pulled("echo")
        images, libraries = self.cache / "images", self.cache / "providers"
        drained = self.ok("drain", "oci")
        self.assertEqual(drained.out, f'Successfully cleared caches at: ["{images}"]\n')
        self.assertEqual(self.files(), [])
        self.assertEqual(self.ok("drain", "lib", "--json").json(), {"drained": []})
        libraries.mkdir()
        self.assertEqual(self.ok("drain", "all", "--json").json(),
                         {"drained": [str(images), str(libraries)]})


class Hosts(Cache):
    def test_what_a_host_uses_stays(self):
        archive = (ARCHIVES / "keyvalue.par").read_bytes()
        self.registry.put_image("store", "1", archive,
                                "application/vnd.wasmcloud.provider.archive.layer.v1+par")
        self.write("m.yaml", f"capabilities: [{{image_ref: '{self.registry.host}/store:1', "
                             "mode: process}]\n")
        host = self.up("-m", "m.yaml", "--allowed-insecure", self.registry.host)
        used = [each for each in self.files() if each["in_use"]]
        self.assertEqual([each["kind"] for each in used], ["provider"])
        done = self.ok("cache", "prune", "--all", "--json").json()
        self.assertEqual(([each["kind"] for each in done["removed"]],
                          [each["kind"] for each in done["in_use"]]), (["image"], ["provider"]))
        self.assertIn("1 file is in use and stays", self.ok("drain", "all").err)
        before = self.process()
        os.kill(before, signal.SIGKILL)  # the next one loads the library again
        wait_until(lambda: self.process() not in (0, before), "the next process")
        self.assertEqual(host.stop(), 0)
        self.ok("cache", "prune", "--all")
        self.assertEqual(self.files(), [])

    def process(self):
        inventory = self.ok("get", "inventory", "--json").json()["inventory"]
        return next(each["process"]["pid"] for each in inventory["providers"] if "process" in each)

    def test_a_host_bounds_its_cache_after_each_fetch(self):
        old, _ = self.pulled("echo", unused=1000)
        recent, recent_size = self.pulled("greeter", unused=10)
        new, new_size = self.image("kvcounter")
        self.write("m.yaml", f"actors: ['{new}']\n")
        host = self.up("-m", "m.yaml", "--allowed-insecure", self.registry.host, "--cache-size",
                       recent_size + new_size)
        host.wait_for("removed 1 file used longest ago")
        self.assertEqual(self.names(), sorted([recent, new]))
        self.assertEqual(host.stop(), 0)
        self.assertNotIn(old, self.names())
        self.misused("up", "--cache-size", "much")


if __name__ == "__main__":
    harness.main()
