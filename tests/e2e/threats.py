#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: threats.py SOCKET BROKER-PID WHAT; a client that means no good, for 69-threats.sh. See the functions below.

Speaks the protocol by hand (docs/protocol.md). What went wrong is an exception.
"""
import fcntl
import os
import socket
import sys
import time

PATH, BROKER = sys.argv[1], int(sys.argv[2])
ERROR, LENT, STATUS = 2, 4, 7


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(data):
    """The fields of a message: (number, value) each."""
    at = 0

    def number():
        nonlocal at
        n = shift = 0
        while True:
            byte = data[at]
            at += 1
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return n

    while at < len(data):
        tag = number()
        if tag & 7 == 0:
            yield tag >> 3, number()
        else:
            size = number()
            yield tag >> 3, data[at:at + size]
            at += size


class Session:
    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.connect(PATH)
        self.sock.settimeout(20)
        self.serial = 0

    def send(self, number, body, fds=()):
        self.serial += 1
        socket.send_fds(self.sock, [field(1, self.serial) + field(number, body)], fds)

    def answer(self):
        """Which it is, and its fields; None: the broker has closed."""
        data = self.sock.recv(1 << 20)
        for number, value in fields(data):
            if number != 1:
                return number, dict(fields(value))
        return None

    def call(self, number, body, fds=()):
        self.send(number, body, fds)
        return self.answer()

    def lend(self, names, fds):
        return self.call(3, b"".join(field(1, name.encode()) for name in names), fds)

    def status(self):
        which, _ = self.call(6, b"")
        assert which == STATUS


def table():
    """What the broker has open: number -> what."""
    out = {}
    for fd in os.listdir(f"/proc/{BROKER}/fd"):
        try:
            out[int(fd)] = os.readlink(f"/proc/{BROKER}/fd/{fd}")
        except FileNotFoundError:
            pass
    return out


def polled():
    """The numbers that are in an epoll of the broker."""
    out = set()
    for fd, what in table().items():
        if what == "anon_inode:[eventpoll]":
            with open(f"/proc/{BROKER}/fdinfo/{fd}") as info:
                out |= {int(line.split()[1]) for line in info if line.startswith("tfd:")}
    return out


def until(true, what):
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def lent_is_left_alone():
    """What is lent is in no epoll of the broker; its flags, which it shares with us, stay; nothing is taken out of it."""
    s = Session()
    s.status()
    before, open_before = polled(), set(table())
    assert before, "no epoll is found"
    pipe, pair = os.pipe(), socket.socketpair()
    os.set_blocking(pair[0].fileno(), False)
    os.write(pipe[1], b"wake up")
    pair[1].send(b"wake up")
    fds = [pipe[0], pipe[1], pair[0].fileno(), pair[1].fileno()]
    flags = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in fds]
    assert s.lend("abcd", fds)[0] == LENT
    lent = set(table()) - open_before
    assert len(lent) == 4, lent
    assert polled() == before, polled() ^ before
    assert [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in fds] == flags
    time.sleep(0.2)
    assert os.read(pipe[0], 99) == b"wake up" and pair[0].recv(99) == b"wake up"


def unix_sockets():
    with open("/proc/net/unix") as sockets:
        return len(sockets.readlines())


def cycles():
    """Sockets in each other's queues, lent and then forgotten by all: the kernel collects them, the broker keeps none."""
    Session().status()
    time.sleep(0.2)
    before = unix_sockets()
    for _ in range(20):
        s = Session()
        a, b = socket.socketpair(), socket.socketpair()
        socket.send_fds(a[0], [b"x"], [b[0].fileno(), b[1].fileno(), a[1].fileno()])
        socket.send_fds(b[0], [b"x"], [a[0].fileno(), a[1].fileno()])
        fds = [sock.fileno() for sock in a + b]
        assert s.lend("abcd", fds)[0] == LENT
        for sock in a + b:
            sock.close()
        s.sock.close()

    def collected():
        socket.socketpair()[0].close()  # the kernel looks when one is closed
        return unix_sockets() <= before

    until(collected, f"{unix_sockets()} unix sockets, {before} before")


def self_held():
    """
    A connection whose other end waits in a socket that is lent over it: it has nobody any more, and no end, as if it had
    been handed on to somebody who sleeps. It counts as its user's, so the user has no more of them than of others.
    """
    other = Session()
    null = os.open("/dev/null", os.O_RDONLY)
    for n in range(2000):
        s = Session()
        pair = socket.socketpair()
        socket.send_fds(pair[0], [b"x"], [s.sock.fileno()])
        try:
            s.send(3, field(1, b"a") + field(1, b"b"), [pair[0].fileno(), pair[1].fileno()])
        except BrokenPipeError:
            pass  # why not is there to be read
        which, values = s.answer()
        for sock in (*pair, s.sock):
            sock.close()
        if which == ERROR:
            break
    print(f"{n} connections without anybody, then: {values[2].decode()}")
    assert values[1] == 6 and b"MaxSessions" in values[2], values  # LIMIT
    assert n == 511, n
    other.status()
    assert other.lend("a", [null])[0] == LENT


def stuffers():
    """Many connections that send descriptors and read nothing: bounded, and others are served meanwhile."""
    null = os.open("/dev/null", os.O_RDONLY)
    other = Session()
    longest, sent, most, sessions = 0.0, 0, 0, []
    for i in range(64):
        s = Session()
        s.sock.setblocking(False)
        sessions.append(s)
    for round_ in range(10):
        for s in sessions:
            names = b"".join(field(1, f"{round_}.{i}".encode()) for i in range(253))
            try:
                s.send(3, names, [null] * 253)
                sent += 253
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                pass
        begin = time.monotonic()
        other.status()
        longest = max(longest, time.monotonic() - begin)
        most = max(most, len(table()))
    print(f"{sent} descriptors sent, {most} the most that the broker had, a Status took {longest * 1000:.0f} ms at most")
    assert sent > 2 * 16384, sent
    assert most < 16384 + 500, most  # MaxLent of a user
    assert longest < 2
    for s in sessions:
        s.sock.close()
    until(lambda: len(table()) < 500, "descriptors stay")
    other.status()


def floods():
    """Connections that come and go, with bytes that are no message: others are served meanwhile."""
    other = Session()
    longest = 0.0
    for i in range(5000):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.connect(PATH)
        if i % 2:
            try:
                s.send(b"\xff" * (1 + i))
            except (BrokenPipeError, ConnectionResetError):
                pass
        s.close()
        if i % 100 == 0:
            begin = time.monotonic()
            other.status()
            longest = max(longest, time.monotonic() - begin)
    print(f"a Status took {longest * 1000:.0f} ms at most")
    assert longest < 2
    until(lambda: len(table()) < 500, "connections stay")


def names():
    """Control characters wherever a client can put text: the shell script looks at the log."""
    bad = "\x1b]0;x\x07\nPRIORITY=0\n<0>criu-fdbroker: all is well\u202e"
    s = Session()
    null = os.open("/dev/null", os.O_RDONLY)
    images = os.open("/tmp", os.O_RDONLY | os.O_DIRECTORY)
    s.call(2, field(1, bad.encode()))
    assert s.lend([bad], [null])[0] == ERROR
    assert s.lend(["a"], [null])[0] == LENT
    for target in (1, 2):  # key, text
        mapping = field(1, field(target, bad.encode())) + field(2, bad.encode())
        assert s.call(5, field(1, 0) + field(3, mapping), [images])[0] == ERROR
    assert s.call(5, field(1, 0) + field(7, bad.encode()), [images])[0] == ERROR
    assert s.call(5, field(1, 0) + field(6, field(99, bad.encode())), [images])[0] == ERROR
    assert s.call(4, field(1, bad.encode()))[0] == ERROR


{"left-alone": lent_is_left_alone, "cycles": cycles, "self-held": self_held, "stuffers": stuffers, "floods": floods, "names": names}[sys.argv[3]]()
