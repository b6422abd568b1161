"""Drives the kernel as a user's client does: Debian's jupyter_client over ZeroMQ.

Called by JupyterTests.cs with the name of a check and of the installed kernel; a check that fails raises, and the exit code is 1.
"""
import hashlib
import hmac
import json
import sys
import time

import zmq
from jupyter_client.manager import KernelManager

LIMIT = 90


class Kernel:
    """A started kernel and what it published."""

    def __init__(self, name):
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(stderr=None)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=LIMIT)

    def run(self, code, **options):
        """The reply's content, and (type, content) of everything that the cell published."""
        published = []
        reply = self.client.execute_interactive(
            code, timeout=LIMIT, allow_stdin=False, output_hook=lambda m: published.append((m["msg_type"], m["content"])), **options)
        return reply["content"], published

    def value(self, code):
        reply, published = self.run(code)
        assert reply["status"] == "ok", reply
        return [c["data"]["text/plain"] for t, c in published if t == "execute_result"][0]

    def ask(self, request, *arguments, **options):
        identity = getattr(self.client, request)(*arguments, **options)
        return self.reply_to(identity)["content"]

    def reply_to(self, identity, limit=LIMIT):
        end = time.time() + limit
        while time.time() < end:
            message = self.client.get_shell_msg(timeout=limit)
            if message["parent_header"].get("msg_id") == identity:
                return message
        raise AssertionError("no reply")

    def stop(self):
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)


def streams(published, name="stdout"):
    return "".join(c["text"] for t, c in published if t == "stream" and c["name"] == name)


def execution(kernel):
    reply, published = kernel.run('Console.Write("one "); Console.WriteLine("two"); Console.Error.WriteLine("err"); 40 + 2')
    assert reply["status"] == "ok" and reply["execution_count"] == 1, reply
    kinds = [t for t, _ in published]
    assert kinds[:2] == ["status", "execute_input"] and kinds[-2:] == ["execute_result", "status"], kinds
    assert streams(published) == "one two\n" and streams(published, "stderr") == "err\n", published
    assert published[-2][1]["data"]["text/plain"] == "42" and published[-2][1]["execution_count"] == 1
    assert published[0][1]["execution_state"] == "busy" and published[-1][1]["execution_state"] == "idle"

    # State, await, usings.
    kernel.run("using System.Globalization; var list = new List<int> { 1 }; await Task.Delay(5); list.Add(2);")
    assert kernel.value("list.Sum()") == "3"

    # Output arrives while the cell runs, not at its end.
    seen = []
    kernel.client.execute_interactive(
        'for (int i = 0; i < 3; i++) { Console.WriteLine(i); await Task.Delay(600); }', timeout=LIMIT,
        output_hook=lambda m: seen.append((m["msg_type"], time.time())))
    first = next(t for k, t in seen if k == "stream")
    assert seen[-1][1] - first > 1.0, seen

    # Rich display and its update, in order with text.
    reply, published = kernel.run('var d = display("<b>a</b>", "text/html"); Console.Write("between"); d.Update("<b>b</b>");')
    assert [t for t, _ in published] == ["status", "execute_input", "display_data", "stream", "update_display_data", "status"], published
    shown, update = published[2][1], published[4][1]
    assert shown["data"] == {"text/html": "<b>a</b>"} and update["data"] == {"text/html": "<b>b</b>"}
    assert shown["transient"]["display_id"] == update["transient"]["display_id"]

    # Silent cells and user expressions.
    count = kernel.run("1")[0]["execution_count"]
    reply, published = kernel.run("list.Add(3); 5", silent=True)
    assert [t for t, _ in published] == ["status", "status"], published
    reply, _ = kernel.run("var q = 6;", user_expressions={"good": "q * 7", "bad": "nothere"})
    assert reply["execution_count"] == count + 1
    assert reply["user_expressions"]["good"]["data"]["text/plain"] == "42"
    assert reply["user_expressions"]["bad"]["status"] == "error"

    # A megabyte of single lines is a few messages, complete and in order.
    reply, published = kernel.run('for (int i = 0; i < 100000; i++) Console.WriteLine("line " + i);')
    assert streams(published).split("\n")[:-1] == [f"line {i}" for i in range(100000)]
    assert sum(t == "stream" for t, _ in published) < 500


def errors(kernel):
    reply, published = kernel.run("var x = 1;\nvar y = x + nothere;")
    assert reply["status"] == "error" and reply["ename"] == "CompilationError", reply
    assert "(2,13): error CS0103" in reply["evalue"], reply
    assert [c for t, c in published if t == "error"][0]["traceback"] == reply["traceback"]
    reply, _ = kernel.run('void Deep() => throw new InvalidOperationException("why"); Deep();')
    assert reply["ename"] == "InvalidOperationException" and reply["evalue"] == "why", reply
    assert not any("VisionCell.Notebooks" in line for line in reply["traceback"]), reply

    # Cells that were sent together stop at the first that fails, unless told otherwise; later ones run.
    client = kernel.client
    failing = client.execute('await Task.Delay(500); throw new Exception("stop");')
    queued = [client.execute(f"var after{i} = {i};") for i in range(3)]
    assert kernel.reply_to(failing)["content"]["status"] == "error"
    assert [kernel.reply_to(q)["content"]["status"] for q in queued] == ["aborted"] * 3
    assert kernel.run("1 + 1")[0]["status"] == "ok"
    failing = client.execute('await Task.Delay(500); throw new Exception("go on");', stop_on_error=False)
    queued = client.execute("var kept = 5;")
    assert kernel.reply_to(failing)["content"]["status"] == "error"
    assert kernel.reply_to(queued)["content"]["status"] == "ok"
    assert kernel.value("kept") == "5"

    reply, _ = kernel.run("Console.ReadLine()")
    assert reply["status"] == "error" and "parameters cell" in reply["evalue"], reply
    reply, _ = kernel.run('#r "nuget: Deedle"')
    assert reply["status"] == "error" and "does not download packages" in reply["evalue"], reply


def interruption(kernel):
    kernel.run("var precious = 41; long n = 0;")
    for code in ("while (true) { }", "await Task.Delay(1); while (true) n++;", "System.Threading.Thread.Sleep(-1);", "await Task.Delay(-1);",
                 "while (true) Console.WriteLine(n++);", "while (true) { }"):
        running = kernel.client.execute(code)
        time.sleep(1)
        queued = kernel.client.execute("precious = -1;")
        # It comes over another socket than the interrupt, and has to be there before it.
        time.sleep(0.5)
        start = time.time()
        kernel.manager.interrupt_kernel()
        reply = kernel.reply_to(running)["content"]
        assert reply["status"] == "error" and reply["ename"] == "Interrupted", reply
        assert time.time() - start < 10, code
        assert kernel.reply_to(queued)["content"]["status"] == "aborted"
        assert kernel.value("precious + 1") == "42", code
    # The manager does not wait for the reply, and a cell sent meanwhile, over another socket, would be meant as well.
    request = kernel.client.session.msg("interrupt_request")
    kernel.client.control_channel.send(request)
    while kernel.client.get_control_msg(timeout=LIMIT)["parent_header"].get("msg_id") != request["header"]["msg_id"]:
        pass
    assert kernel.value("precious") == "41", "an interrupt of nothing"


def language(kernel):
    kernel.run("var measured = new List<double> { 1 };")
    reply = kernel.ask("complete", "measured.Cou", 12)
    assert "Count" in reply["matches"] and (reply["cursor_start"], reply["cursor_end"]) == (9, 12), reply
    # Beyond the basic plane Jupyter counts one where UTF-16 counts two.
    text = 'var s = "\U0001F600"; measured.Cou'
    reply = kernel.ask("complete", text, len(text))
    assert "Count" in reply["matches"] and (reply["cursor_start"], reply["cursor_end"]) == (len(text) - 3, len(text)), reply
    reply = kernel.ask("inspect", "measured", 3)
    assert reply["found"] and reply["data"]["text/plain"].startswith("List<double> measured"), reply
    reply = kernel.ask("inspect", "Math.Max(", 9)
    assert reply["found"] and "System.Math.Max" in reply["data"]["text/plain"], reply
    assert not kernel.ask("inspect", "   ", 1)["found"]
    for code, status in (("1 + 1", "complete"), ("for (;;) {", "incomplete"), ("}", "invalid")):
        assert kernel.ask("is_complete", code)["status"] == status, code
    assert kernel.ask("history", hist_access_type="tail", n=1)["history"][-1][2].startswith("var measured")
    assert kernel.ask("history", hist_access_type="search", pattern="*double*")["history"]
    assert kernel.ask("comm_info")["comms"] == {}
    info = kernel.ask("kernel_info")
    assert info["protocol_version"] == "5.3" and info["language_info"]["name"] == "C#", info
    # Answers come while a cell runs.
    running = kernel.client.execute("await Task.Delay(4000);")
    time.sleep(0.5)
    start = time.time()
    kernel.ask("is_complete", "1")
    assert time.time() - start < 3
    kernel.reply_to(running)


def shutdown(kernel):
    kernel.run("var before = 1;")
    kernel.manager.restart_kernel(now=False)
    kernel.client.wait_for_ready(timeout=LIMIT)
    assert kernel.run("before")[0]["status"] == "error", "a restarted kernel remembers nothing"
    process = kernel.manager.provisioner.process
    kernel.client.execute("while (true) { }")
    time.sleep(1)
    kernel.client.shutdown()
    assert process.wait(timeout=30) == 0


def signatures(kernel):
    """Messages that are not signed with the key, or are sent twice, are dropped; the kernel lives on."""
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    connection = kernel.manager.get_connection_info()
    socket.connect(f"tcp://{connection['ip']}:{connection['shell_port']}")

    def frames(key, number):
        header = {"msg_id": f"m{number}", "session": "s", "username": "u", "date": "2026-01-01T00:00:00Z", "msg_type": "kernel_info_request", "version": "5.3"}
        parts = [json.dumps(p).encode() for p in (header, {}, {}, {})]
        return [b"<IDS|MSG>", hmac.new(key, b"".join(parts), hashlib.sha256).hexdigest().encode(), *parts]

    def answered(limit=1500):
        return bool(socket.poll(limit)) and bool(socket.recv_multipart())

    good = frames(connection["key"], 1)
    socket.send_multipart(good)
    assert answered(LIMIT * 1000)
    socket.send_multipart(good)
    assert not answered(), "a message played back was answered"
    socket.send_multipart(frames(b"wrong", 2))
    assert not answered(), "a message with a wrong signature was answered"
    socket.send_multipart([b"garbage"])
    assert not answered()
    socket.send_multipart(frames(connection["key"], 3))
    assert answered(LIMIT * 1000)
    assert kernel.value("1 + 1") == "2"
    context.destroy(linger=0)


def start_up(kernel):
    """From start to first output, and to the first figure, warm; printed for the record."""
    kernel.value("1")
    kernel.stop()
    start = time.time()
    again = Kernel(kernel.manager.kernel_name)
    again.run('Console.WriteLine("first")')
    print(f"kernel start to first output: {time.time() - start:.2f} s")
    again.stop()


if __name__ == "__main__":
    subject = Kernel(sys.argv[2])
    try:
        globals()[sys.argv[1]](subject)
    finally:
        subject.stop()
    print("ok")
