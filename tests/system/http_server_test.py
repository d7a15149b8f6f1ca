"""The whole server as a network sees it: its metrics page, a crowd of clients, and memory."""
import json
import re
import resource
import socket
import subprocess
import threading
import time

from harness import assay, data, debian_tool, directory, main, MODE, read, Skip, SOAK, test
from server import Server


def system_a(cwd):
    assay("models", "import", data("models/system-a/booster.json"), "--features",
          data("models/system-a/feature_names.json"), "--champion", cwd=cwd)


def resident(server):
    """Kilobytes of memory the server holds."""
    return int(re.search(r"VmRSS:\s+(\d+)", read(f"/proc/{server.process.pid}/status")).group(1))


@test
def the_metrics_page_is_clean_to_promtool():
    promtool = debian_tool("prometheus", "promtool")
    with directory() as cwd:
        system_a(cwd)
        with Server(cwd) as server:
            server.post("/invocations", read(data("models/system-a/request.json")))
            server.post("/invocations", "{")
            server.get("/nowhere")
            page = server.get("/metrics")[2]
        done = subprocess.run([promtool, "check", "metrics"], input=page.encode(),
                              capture_output=True, check=False)
        assert done.returncode == 0 and done.stderr == b"", done.stderr.decode()


@test
def a_crowd_of_idle_connections_is_cheap_and_in_nobodys_way():
    count = 10000 if SOAK else 2000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 500:
        raise Skip(f"only {hard} files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with directory() as cwd:
        system_a(cwd)
        request = read(data("models/system-a/request.json"))
        with Server(cwd) as server:
            server.post("/invocations", request)
            before = resident(server)
            crowd = [socket.create_connection((server.host, server.port)) for _ in range(count)]
            for _ in range(50):
                assert server.post("/invocations", request)[0] == 200
            for _ in range(100): # the last of the crowd may still stand in the kernel's queue
                page = server.get("/metrics")[2]
                seen = int(re.search(r"^assay_http_connections (\d+)", page, re.M).group(1))
                if seen > count:
                    break
                time.sleep(0.05)
            assert seen > count, seen
            grown_bytes = (resident(server) - before) * 1024 / count
            for one in crowd:
                one.close()
            if MODE in ("dev", "release"):
                assert grown_bytes < 8192, grown_bytes
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@test
def every_client_of_many_is_answered_and_memory_stays_bounded():
    clients, each = 16, 2000 if SOAK else 150
    with directory() as cwd:
        system_a(cwd)
        request = json.loads(read(data("models/system-a/request.json")))
        one, many = json.dumps(request), json.dumps([request] * 300)
        wanted, failures = 0.016783954575657845, []

        def client(server):
            connection = socket.create_connection((server.host, server.port), timeout=60)
            stream = connection.makefile("rb")
            for i in range(each):
                body = many if i % 50 == 7 else one
                connection.sendall((f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                    f"application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
                                    ).encode())
                status = stream.readline()
                size = 0
                while (line := stream.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        size = int(line.split(b":")[1])
                answer = json.loads(stream.read(size))
                if b" 200 " not in status or set(answer["predictions"]) != {wanted}:
                    failures.append((status, answer))
                    return
            connection.close()

        with Server(cwd, "--workers", "2") as server:
            def crowd():
                threads = [threading.Thread(target=client, args=(server,)) for _ in range(clients)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                assert not failures, failures[0]
            crowd()
            warm = resident(server)
            crowd()
            if MODE in ("dev", "release"):
                assert resident(server) < warm + 20000, (warm, resident(server))


main()
