"""TCP between one peer and the broker, which can be cut, stalled, slow, or lose what is said."""

import asyncio
import threading

OPEN, STALLED, LOSING, SLOW = "open", "stalled", "losing", "slow"
SLOW_BYTES, SLOW_SECONDS = 2000, 0.05  # 40 KB/s


class Proxies:
    """All of them, on one thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def make(self, to_port):
        proxy = Proxy(to_port)
        self.do(proxy.listen())
        return proxy

    def set(self, proxy, mode):
        self.loop.call_soon_threadsafe(proxy.set_mode, mode)

    def cut(self, proxy):
        self.do(proxy.cut())

    def listen(self, proxy):
        self.do(proxy.listen())

    def end(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


class Proxy:
    def __init__(self, to_port):
        self.to_port = to_port
        self.port = 0
        self.server = None
        self.mode = OPEN
        self.writers = set()
        self.changed = None

    async def listen(self):
        self.changed = self.changed or asyncio.Event()
        if self.server is None:
            self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
            self.port = self.server.sockets[0].getsockname()[1]

    def set_mode(self, mode):
        # What was lost is lacking: no stream can go on after that.
        if self.mode == LOSING:
            self.abort()
        self.mode = mode
        self.changed.set()
        self.changed = asyncio.Event()

    def abort(self):
        for writer in self.writers:
            writer.transport.abort()

    async def cut(self):
        """Until it listens again."""
        if self.server is not None:
            self.server.close()
            self.server = None
        self.abort()

    async def serve(self, reader, writer):
        try:
            there = await asyncio.open_connection("127.0.0.1", self.to_port)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, there[1]}
        ways = [self.carry(reader, there[1]), self.carry(there[0], writer)]
        tasks = [asyncio.ensure_future(way) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for one in (writer, there[1]):
            one.transport.abort()
            self.writers.discard(one)
        await asyncio.wait(tasks)

    async def carry(self, reader, writer):
        try:
            while True:
                while self.mode == STALLED:
                    await self.changed.wait()
                data = await reader.read(SLOW_BYTES if self.mode == SLOW else 65536)
                if not data:
                    return
                while self.mode == STALLED:
                    await self.changed.wait()
                if self.mode == LOSING:
                    continue
                if self.mode == SLOW:
                    await asyncio.sleep(SLOW_SECONDS)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
