"""A systemd unit as data, and what systemd makes of it: environment, folders, commands, and the
filter of system calls. Without systemd: the tests run where nothing is booted."""

import ctypes
import errno
import shlex
import socket
import subprocess

# What systemd gives a service of the system that asks for nothing else.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
FOLDERS = {  # setting: (variable, where systemd makes it)
    "StateDirectory": ("STATE_DIRECTORY", "/var/lib"),
    "CacheDirectory": ("CACHE_DIRECTORY", "/var/cache"),
    "RuntimeDirectory": ("RUNTIME_DIRECTORY", "/run"),
}


class Unit:
    """Settings by section, each a list as they may be repeated."""

    def __init__(self, text):
        self.sections = {}
        section = None
        for line in text.splitlines():
            line = line.strip()
            if not line or line.startswith(("#", ";")):
                continue
            if line.startswith("["):
                section = self.sections.setdefault(line.strip("[]"), {})
                continue
            name, _, value = line.partition("=")
            section.setdefault(name.strip(), []).append(value.strip())

    def all(self, name, section="Service"):
        return self.sections[section].get(name, [])

    def one(self, name, section="Service"):
        values = self.all(name, section)
        if len(values) != 1:
            raise AssertionError(f"{name}= stands {len(values)} times in [{section}]")
        return values[0]

    def folders(self):
        """(variable, absolute path, mode) of the folders that systemd makes."""
        return [(variable, f"{parent}/{name}", int(self.one(setting + "Mode"), 8))
                for setting, (variable, parent) in FOLDERS.items()
                for name in self.all(setting)]

    def command(self, setting, variables):
        """The words of a command; `$NAME` as a word of its own becomes any number of words."""
        words = []
        for word in shlex.split(self.one(setting)):
            if word.startswith("$"):
                words += shlex.split(variables.get(word[1:], ""))
            else:
                words.append(word)
        return words


def _members(name):
    """System calls of a set as this machine's systemd has it."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True,
                            text=True, check=True, timeout=60).stdout
    found = set()
    for line in listed.splitlines()[1:]:
        line = line.strip()
        if line and not line.startswith("#"):
            found |= _members(line) if line.startswith("@") else {line}
    return found


def allowed_calls(unit):
    """What SystemCallFilter= leaves: lines add to the list, those with ~ take away."""
    allowed = set()
    for line in unit.all("SystemCallFilter"):
        names = line.lstrip("~").split()
        calls = set().union(*(_members(name) if name.startswith("@") else {name} for name in names))
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    return allowed


class _Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64),
                ("b", ctypes.c_uint64)]


class Filter:
    """Applies SystemCallFilter= and RestrictAddressFamilies= to the calling process, as systemd does
    before it executes a service (with the same library)."""

    ALLOW, REFUSE, EQUAL = 0x7FFF0000, 0x00050000, 4

    def __init__(self, unit):
        self.library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.calls = allowed_calls(unit)
        self.families = [getattr(socket, name, 16) for name in
                         unit.one("RestrictAddressFamilies").split()]  # 16: AF_NETLINK
        self.context = ctypes.c_void_p(self.library.seccomp_init(self.REFUSE | errno.EPERM))
        for name in self.calls - {"socket"}:
            number = self.library.seccomp_syscall_resolve_name(name.encode())
            if number >= 0:
                self._rule(number, [])
        for family in self.families:
            self._rule(self.library.seccomp_syscall_resolve_name(b"socket"),
                       [_Compare(0, self.EQUAL, family, 0)])

    def _rule(self, number, compares):
        array = (_Compare * max(len(compares), 1))(*compares)
        failed = self.library.seccomp_rule_add_array(self.context, self.ALLOW, number,
                                                     len(compares), array)
        if failed:
            raise AssertionError(f"libseccomp refused a rule: {failed}")

    def load(self):
        """In the child, before it executes the command. Cannot be taken back."""
        failed = self.library.seccomp_load(self.context)
        if failed:
            raise OSError(-failed, "seccomp_load")
