#!/usr/bin/env python3
"""A proxy between agents and their collector that cuts, delays, splits and corrupts what passes, on the level of TCP.

usage: proxy.py LISTEN COLLECTOR SEED: both ADDRESS:PORT. A word a line on standard input: `wild`, `calm` (pass everything
on at once), `away` (refuse and cut everybody), `end`. Says `ready` when it listens, and at the end what it did, as JSON.
"""
import asyncio
import json
import random
import socket
import struct
import sys
from collections import Counter

LIFE = 6.0          # mean seconds until a connection meets its fate
DELAY = 0.3          # most seconds that a piece waits
FATES = ["cut", "reset", "corrupt", "hang", "live"]
HANG = 8.0           # seconds that nothing passes and nobody is told


class Pipe:
    """One connection: two directions that share a fate."""

    def __init__(self, proxy, agent, collector, source):
        self.proxy, self.ends, self.source = proxy, (agent, collector), source
        self.fate = source.choice(FATES)
        self.at = asyncio.get_running_loop().time() + source.expovariate(1 / LIFE)
        self.delays, self.splits = source.random() < 0.5, source.random() < 0.3
        self.silent_until = 0.0

    def is_due(self):
        return self.proxy.mood == "wild" and self.fate != "live" and asyncio.get_running_loop().time() >= self.at

    async def pump(self, reader, writer):
        try:
            while data := await reader.read(65536):
                data = await self.suffer(data)
                await self.send(writer, data)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.close(False)

    async def suffer(self, data):
        loop = asyncio.get_running_loop()
        if self.is_due() and self.fate == "corrupt":
            self.proxy.did["corrupted"] += 1
            self.fate = "live"
            broken = bytearray(data)
            broken[self.source.randrange(len(broken))] ^= 1 << self.source.randrange(8)
            data = bytes(broken)
        while self.silent_until > loop.time() and self.proxy.mood != "calm":
            await asyncio.sleep(0.1)
        return data

    async def send(self, writer, data):
        wild = self.proxy.mood == "wild"
        if wild and self.delays:
            self.proxy.did["delayed"] += 1
            await asyncio.sleep(self.source.uniform(0, DELAY))
        if wild and self.splits and len(data) > 1:
            self.proxy.did["split"] += 1
            while data:
                size = self.source.randint(1, max(1, min(700, len(data))))
                writer.write(data[:size])
                await writer.drain()
                await asyncio.sleep(0)
                data = data[size:]
            return
        writer.write(data)
        await writer.drain()

    def meet_fate(self):
        if not self.is_due() or self.fate == "corrupt":  # that one meets the next bytes
            return
        self.proxy.did[{"cut": "cut", "reset": "reset", "hang": "hung"}[self.fate]] += 1
        if self.fate == "hang":
            self.silent_until = asyncio.get_running_loop().time() + HANG
            self.fate, self.at = "cut", self.silent_until
            return
        self.close(self.fate == "reset")

    def close(self, by_reset):
        for writer in self.ends:
            if by_reset and writer.transport.get_extra_info("socket") is not None:
                raw = writer.transport.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            else:
                writer.close()
        self.proxy.pipes.discard(self)


class Proxy:
    def __init__(self, collector, seed):
        self.collector, self.source, self.mood = collector, random.Random(seed), "calm"
        self.pipes, self.did = set(), Counter()

    async def take(self, reader, writer):
        if self.mood == "away":
            self.did["refused"] += 1
            return writer.transport.abort()
        # Each host keeps an address of its own: the collector bounds the connections of one.
        host = int(writer.get_extra_info("peername")[0].rsplit(".", 1)[1])
        try:
            there, back = await asyncio.open_connection(*self.collector, local_addr=("127.77.0.%d" % host, 0))
        except OSError:
            return writer.transport.abort()
        self.did["connections"] += 1
        pipe = Pipe(self, writer, back, random.Random(self.source.random()))
        self.pipes.add(pipe)
        await asyncio.gather(pipe.pump(reader, back), pipe.pump(there, writer))

    async def watch_pipes(self):
        while True:
            await asyncio.sleep(0.1)
            for pipe in list(self.pipes):
                pipe.meet_fate()

    async def obey(self):
        words = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(words), sys.stdin)
        while (line := (await words.readline()).decode().strip()) not in ("", "end"):
            self.mood = line
            if line == "away":
                self.did["away"] += 1
                for pipe in list(self.pipes):
                    pipe.close(True)


def endpoint(text):
    address, _, port = text.rpartition(":")
    return address, int(port)


async def main():
    proxy = Proxy(endpoint(sys.argv[2]), int(sys.argv[3]))
    server = await asyncio.start_server(proxy.take, *endpoint(sys.argv[1]), backlog=1024)
    watcher = asyncio.create_task(proxy.watch_pipes())
    print("ready", flush=True)
    await proxy.obey()
    watcher.cancel()
    server.close()
    print(json.dumps(proxy.did), flush=True)


asyncio.run(main())
