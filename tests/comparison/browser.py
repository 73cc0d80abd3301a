"""A headless Chromium that is controlled over its own protocol."""

import base64
import contextlib
import json
import re
import shutil
import subprocess
import tempfile
import time

from tornado.ioloop import IOLoop
from tornado.websocket import websocket_connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Page:
    """A page in a browser: sizes, scripts, screenshots and the messages on its console."""

    def __init__(self, loop, socket):
        self.loop, self.socket, self.number, self.complaints, self.requests = loop, socket, 0, [], []

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        self.loop.run_sync(lambda: self.socket.write_message(json.dumps(message)), timeout=20)
        while True:
            answer = json.loads(self.loop.run_sync(self.socket.read_message, timeout=20))
            self.note(answer)
            if answer.get("id") == self.number:
                return answer["result"]

    def note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown" or (
            method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning")
        ):
            self.complaints.append(parameters)
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])

    def open(self, path, width, height, *, mobile=False):
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.call("Page.navigate", url=path.as_uri())
        deadline = time.monotonic() + 20
        while self.run("document.readyState") != "complete" and time.monotonic() < deadline:
            time.sleep(0.05)

    def run(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


@contextlib.contextmanager
def browser():
    """Start Chromium with an empty profile and yield a page of it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
        command += [f"--user-data-dir={profile}", "--disable-dev-shm-usage", "about:blank"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
            try:
                address = next(re.search(r"ws://\S+", line) for line in process.stderr if "DevTools listening" in line)[
                    0
                ]
                host = address.split("/devtools")[0].replace("ws://", "http://")
                yield from _page(host)
            finally:
                process.kill()


def _page(host):
    import urllib.request

    with urllib.request.urlopen(f"{host}/json/list", timeout=20) as answer:  # noqa: S310
        target = next(page for page in json.load(answer) if page["type"] == "page")
    loop = IOLoop(make_current=False)
    socket = loop.run_sync(
        lambda: websocket_connect(target["webSocketDebuggerUrl"], max_message_size=2**28), timeout=20
    )

    async def close():  # tornado needs a running loop for it
        socket.close()

    try:
        yield Page(loop, socket)
    finally:
        loop.run_sync(close)
        loop.close()
