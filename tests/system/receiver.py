"""receiver: an HTTP server that keeps each request and answers by a script.

    with Receiver([500, "hang", (302, {"Location": url}), (429, {"Retry-After": "3"}), 200]) as it:
        ... it.url; it.requests is a list of (path, headers, body)

After the script it answers the last of it for ever. `taken` are the requests it answered well.
"""
import http.server
import threading
import time


class Receiver:
    def __init__(self, script, answer=b"ok", check=None):
        self.script, self.answer, self.check = list(script), answer, check
        self.requests, self.taken, self.wrong = [], [], []
        self.lock = threading.Lock()

    def next_step(self):
        with self.lock:
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def __enter__(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = (self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                step = receiver.next_step()
                with receiver.lock:
                    receiver.requests.append(request)
                if step == "hang":
                    time.sleep(5)
                    self.close_connection = True
                    return
                status, headers = step if isinstance(step, tuple) else (step, {})
                if receiver.check is not None and status < 300:
                    try:
                        receiver.check(request)
                    except Exception as why:  # pylint: disable=broad-except
                        receiver.wrong.append(repr(why))
                        status = 400
                if status < 300:
                    with receiver.lock:
                        receiver.taken.append(request)
                self.send_response(status)
                answer = receiver.answer if status < 300 else b""
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
