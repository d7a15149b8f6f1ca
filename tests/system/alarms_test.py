"""Alarms from their beginning to their end, told by real ways: a mail server with TLS and a password,
receivers that fail, hang, redirect and are busy, Amazon's SNS as moto plays it."""
import base64
import hashlib
import hmac
import json
import os
import re
import sqlite3
import subprocess
import time

from harness import ASSAY, Skip, assay, directory, free_port, main, read, test, write
from mail_server import PASSWORD, USER, MailServer
from postgres import PASSWORD as DATABASE_PASSWORD
from postgres import Postgres
from receiver import Receiver
from server import Server
from tiny import tiny_champion

SLACK_SECRET, HOOK_SECRET, HOOK_TOKEN = "T0/B0/sl4ck-s3cr3t", "h00k-s3cr3t", "t0k3n-s3cr3t"
PAGER_SECRET = "R0UT1NG-s3cr3t"
SECRETS = [PASSWORD, SLACK_SECRET, HOOK_SECRET, HOOK_TOKEN, PAGER_SECRET]
ENV = {"HOOK_TOKEN": HOOK_TOKEN, "HOOK_SECRET": HOOK_SECRET, "MAIL_PASSWORD": PASSWORD,
       "PAGER_KEY": PAGER_SECRET, "ASSAY_ACTOR": "ann"}


class Watch:
    """A project whose disk is nearly full when it is told to be, and all that it ever said."""

    def __init__(self, cwd, sinks, more="", env=None):
        self.cwd, self.sinks, self.more, self.said = cwd, sinks, more, []
        self.env = {**ENV, **(env or {})}

    def configure(self, full, sinks=None):
        limit = "100 %" if full else "0 %"
        lines = "".join(f"    {name}: {words}\n" for name, words in (sinks or self.sinks).items())
        write(self.cwd, "assay.yaml",
              "monitor: {upkeep: 1s, service: never, drift: never, multivariate: never, performance: never}\n"
              f"{self.more}"
              f"alarms:\n  source: box-1\n  rules:\n    disk: {{limit: {limit}, recover: {limit}}}\n"
              f"  sinks:\n{lines}")

    def run(self, *words, status=0):
        done = assay(*words, cwd=self.cwd, env=self.env, status=status)
        self.said += [done.text, done.said]
        return done

    def round(self, full):
        """One look at the disk; the next is due a second later."""
        self.configure(full)
        time.sleep(1.05)
        return self.run("monitor", "once")

    def database(self, sql, *words):
        with sqlite3.connect(os.path.join(self.cwd, ".assay", "assay.db")) as database:
            return database.execute(sql, words).fetchall()

    def later(self):
        """What waits is due."""
        self.database("update alarm_delivery set next_ms = 0")

    def leaks(self):
        """The secrets that anything said, kept or logged holds."""
        kept = "".join(self.said)
        for folder, _, names in os.walk(os.path.join(self.cwd, ".assay")):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    kept += file.read().decode("latin-1")
        for words in (["config"], ["alarms"], ["alarms", "history"], ["alarms", "rules"],
                      ["audit", "show"]):
            kept += "".join(filter(None, (self.run(*words).text, self.run(*words).said)))
        return [secret for secret in SECRETS if secret in kept]


def hook(url, more=""):
    return (f"{{kind: webhook, url: '{url}/in', token_env: HOOK_TOKEN, secret_env: HOOK_SECRET, "
            f"allow_http: true, allow_private: true, timeout_ms: 2000{more}}}")


def kinds(requests):
    return [json.loads(body)["kind"] for _, _, body in requests]


# ---------------------------------------------------------------- webhook

def signed(request):
    """As Standard Webhooks has it."""
    _, headers, body = request
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    want = hmac.new(HOOK_SECRET.encode(), text, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(want).decode(), headers
    assert headers["authorization"] == "Bearer " + HOOK_TOKEN
    assert headers["webhook-id"] == headers["idempotency-key"] == json.loads(body)["id"]
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60


@test
def a_receiver_that_fails_hangs_redirects_and_is_busy_gets_everything_once_and_in_order():
    with directory() as cwd, Receiver([200]) as private:
        script = [500, "hang", (302, {"Location": private.url + "/stolen"}),
                  (429, {"Retry-After": "3"}), 200]
        with Receiver(script, check=signed) as it:
            watch = Watch(cwd, {"hook": hook(it.url)})
            watch.round(full=True)
            assert len(it.requests) == 1 and not it.taken
            watch.run("alarms", "deliver")  # it is not due yet
            assert len(it.requests) == 1
            for said in ("Timeout", "redirects are not followed", "429"):
                watch.later()
                assert said in watch.run("alarms", "deliver", status=7).said
            assert len(it.requests) == 4 and not it.taken
            waits = watch.database("select next_ms from alarm_delivery")[0][0] / 1000 - time.time()
            assert 2 < waits, waits
            assert "4 tries" in watch.run("alarms").text
            watch.round(full=False)  # it is over before anybody heard that it began
            assert not it.taken
            watch.later()
            watch.run("alarms", "deliver")
            assert kinds(it.taken) == ["begun", "over"], it.taken
            ids = [json.loads(body)["id"] for _, _, body in it.requests]
            assert len(set(ids[:5])) == 1 and len(set(ids)) == 2, ids
            first, last = (json.loads(body) for _, _, body in it.taken)
            assert first["incident"] == last["incident"]
            assert first["alarm"] == "disk" and first["subject"] == "store", first
            assert first["severity"] == "error" and first["source"] == "box-1"
            assert first["limit"] == "100 %" and first["value"].endswith(" %")
            assert not it.wrong and not private.requests
            watch.run("alarms", "deliver")
            assert len(it.taken) == 2
            assert watch.leaks() == [], watch.leaks()


@test
def what_cannot_be_delivered_stays_in_sight_and_is_complained_about():
    with directory() as cwd:
        watch = Watch(cwd, {"hook": hook(f"http://127.0.0.1:{free_port()}")})
        said = watch.round(full=True).said
        assert "notices wait to be delivered" in said and "hook: no answer" in said, said
        assert "OVERDUE" not in watch.run("alarms").text
        watch.database("update alarm_delivery set made_ms = made_ms - 7200000, next_ms = 4e12")
        assert "OVERDUE" in watch.run("alarms").text
        assert "one of them for too long" in watch.round(full=True).said
        watch.configure(full=True, sinks={"other": "{kind: log}"})
        assert "no sink of this name any more" in watch.run("alarms").text


@test
def an_address_of_ours_is_refused_whatever_leads_there():
    with directory() as cwd, Receiver([200]) as it:
        port = it.url.rsplit(":", 1)[1]
        for host in ("127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "0.0.0.0",
                     "[::ffff:127.0.0.1]"):
            watch = Watch(cwd, {"hook": f"{{kind: webhook, url: 'http://{host}:{port}/', "
                                        "allow_http: true}"})
            watch.configure(full=False)
            said = watch.run("alarms", "test", "hook", status=7).said
            assert "not one of the public Internet" in said, (host, said)
        watch = Watch(cwd, {"hook": "{kind: webhook, url: 'http://169.254.169.254/latest/', "
                                    "allow_http: true}"})
        watch.configure(full=False)
        assert "not one of the public" in watch.run("alarms", "test", "hook", status=7).said
        assert not it.requests


# ---------------------------------------------------------------- mail

def mail_sink(server, more=""):
    return (f"{{kind: smtp, host: localhost, port: {server.port}, user: {USER}, "
            f"password_env: MAIL_PASSWORD, from: assay@example.org, "
            f"to: [fraud@example.org, night@example.org], ca_file: mail.pem, "
            f"allow_private: true{more}}}")


def text_of(mail):
    return mail.get_content()


@test
def mail_is_sent_by_starttls_with_a_password_and_makes_one_conversation():
    with directory() as cwd, MailServer(cwd, refuse=1) as server:
        watch = Watch(cwd, {"mail": mail_sink(server)})
        watch.round(full=True)
        assert not server.mails
        assert "last word was 451" in watch.run("alarms").text
        watch.later()
        watch.run("alarms", "deliver")
        watch.round(full=False)
        begun, over = server.mails
        assert begun["Subject"] == "A disk is nearly full: store", begun["Subject"]
        assert over["Subject"] == "Over: A disk is nearly full: store"
        assert over["In-Reply-To"] == begun["Message-ID"] == over["References"]
        assert begun["Auto-Submitted"] == "auto-generated"
        assert begun.sender == "assay@example.org"
        assert begun.recipients == ["fraud@example.org", "night@example.org"]
        assert re.search(r"^limit +100 %$", text_of(begun), re.M), text_of(begun)
        assert "assay models gc" in text_of(begun) and "models gc" not in text_of(over)
        assert all(tls for tls, _ in server.tried) and server.tried
        assert watch.leaks() == [], watch.leaks()


@test
def mail_is_sent_by_tls_from_the_first_byte():
    with directory() as cwd, MailServer(cwd, implicit=True) as server:
        watch = Watch(cwd, {"mail": mail_sink(server, ", tls: tls")})
        watch.configure(full=False)
        watch.run("alarms", "test", "mail")
        assert [mail["Subject"] for mail in server.mails] == ["A test of Assay's alarms"]


@test
def a_wrong_password_and_an_unknown_certificate_send_nothing_and_say_nothing():
    with directory() as cwd, MailServer(cwd) as server:
        watch = Watch(cwd, {"mail": mail_sink(server)}, env={"MAIL_PASSWORD": "wr0ng-s3cr3t"})
        watch.configure(full=False)
        said = watch.run("alarms", "test", "mail", status=7).said
        assert "535" in said and "wr0ng-s3cr3t" not in said, said
        watch = Watch(cwd, {"mail": mail_sink(server).replace("ca_file: mail.pem, ", "")})
        watch.configure(full=False)
        assert "certificate" in watch.run("alarms", "test", "mail", status=7).said
        assert not server.mails
        assert (True, (USER, "wr0ng-s3cr3t")) in server.tried and len(server.tried) < 4


# ---------------------------------------------------------------- chat and pager

def is_slack(request):
    """What Slack would refuse."""
    path, headers, body = request
    assert path == "/services/" + SLACK_SECRET, path
    assert headers["content-type"] == "application/json"
    message = json.loads(body)
    assert set(message) == {"text", "blocks", "attachments"} and message["text"]
    assert 1 <= len(message["blocks"]) <= 50
    for block in message["blocks"]:
        texts = [(block["text"], 150 if block["type"] == "header" else 3000)] if "text" in block else []
        texts += [(field, 2000) for field in block.get("fields", [])]
        texts += [(one, 2000) for one in block.get("elements", [])]
        assert texts and block["type"] in ("header", "section", "context"), block
        assert len(block.get("fields", [])) <= 10 and len(block.get("elements", [])) <= 10
        for text, most in texts:
            assert set(text) == {"type", "text"} and 1 <= len(text["text"]) <= most, text
            kind = "plain_text" if block["type"] == "header" else "mrkdwn"
            assert text["type"] == kind, text
            assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", text["text"]), text
    for attachment in message["attachments"]:
        assert re.fullmatch("#[0-9a-f]{6}", attachment["color"]) and attachment["text"]


def is_pager(request):
    """What the Events API v2 would refuse."""
    path, headers, body = request
    event = json.loads(body)
    assert path == "/v2/enqueue" and headers["content-type"] == "application/json"
    assert event["routing_key"] == PAGER_SECRET
    assert event["event_action"] in ("trigger", "resolve")
    assert 1 <= len(event["dedup_key"]) <= 255
    if event["event_action"] == "trigger":
        payload = event["payload"]
        assert 1 <= len(payload["summary"]) <= 1024 and payload["source"]
        assert payload["severity"] in ("critical", "error", "warning", "info")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", payload["timestamp"])


@test
def slack_and_pagerduty_take_what_they_are_sent_each_from_its_severity_on():
    with directory() as cwd, Receiver([200], check=is_slack) as slack, \
            Receiver([202], answer=b'{"status":"success"}', check=is_pager) as pager:
        write(cwd, "slack_url", f"{slack.url}/services/{SLACK_SECRET}\n")
        local = "allow_http: true, allow_private: true"
        watch = Watch(cwd, {
            "team": f"{{kind: slack, url_file: slack_url, {local}}}",
            "pager": f"{{kind: pagerduty, token_env: PAGER_KEY, url: '{pager.url}/v2/enqueue', "
                     f"{local}, least: error}}",
            "boss": f"{{kind: pagerduty, token_env: PAGER_KEY, url: '{pager.url}/v2/enqueue', "
                    f"{local}, least: critical}}"})
        watch.round(full=True)
        watch.round(full=True)
        watch.round(full=False)
        assert not slack.wrong and not pager.wrong, (slack.wrong, pager.wrong)
        assert len(slack.taken) == 2
        events = [json.loads(body) for _, _, body in pager.taken]
        assert [event["event_action"] for event in events] == ["trigger", "resolve"], events
        assert events[0]["dedup_key"] == events[1]["dedup_key"]
        for sink in ("team", "pager"):
            watch.run("alarms", "test", sink)
        assert not slack.wrong and len(slack.taken) == 3 and len(pager.taken) == 4
        assert watch.leaks() == [], watch.leaks()


@test
def a_failing_slack_is_told_by_its_own_word_and_its_url_by_none():
    with directory() as cwd, Receiver([(410, {})]) as slack:
        write(cwd, "slack_url", f"{slack.url}/services/{SLACK_SECRET}\n")
        watch = Watch(cwd, {"team": "{kind: slack, url_file: slack_url, allow_http: true, "
                                    "allow_private: true}"})
        watch.round(full=True)
        watch.run("alarms", "test", "team", status=7)
        assert watch.leaks() == [], watch.leaks()


# ---------------------------------------------------------------- SNS

class Sns:
    """A topic of moto's that checks signatures, and the queue that is subscribed to it."""

    def __enter__(self):
        import s3_server  # pylint: disable=import-outside-toplevel
        try:
            import botocore.session  # pylint: disable=import-outside-toplevel
        except ImportError:
            raise Skip("python3-botocore is not installed") from None
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        self.process = s3_server.start_moto(port, 7, subprocess.DEVNULL)
        self.session = botocore.session.Session()
        try:
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def client(self, service, access="unchecked", secret="unchecked"):
        return self.session.create_client(
            service, region_name="us-east-1", endpoint_url=self.endpoint,
            aws_access_key_id=access, aws_secret_access_key=secret)

    def prepare(self):
        """Seven calls, which nobody checks; those after them must be signed by a user's key."""
        import urllib.request  # pylint: disable=import-outside-toplevel
        for _ in range(300):
            try:
                urllib.request.urlopen(self.endpoint + "/moto-api/", timeout=2).close()
                break
            except OSError:
                assert self.process.poll() is None, "moto does not start"
                time.sleep(0.1)
        iam, sns, sqs = self.client("iam"), self.client("sns"), self.client("sqs")
        everything = ('{"Version":"2012-10-17","Statement":'
                      '[{"Effect":"Allow","Action":"*","Resource":"*"}]}')
        iam.create_user(UserName="assay")
        iam.put_user_policy(UserName="assay", PolicyName="all", PolicyDocument=everything)
        keys = iam.create_access_key(UserName="assay")["AccessKey"]
        self.access, self.secret = keys["AccessKeyId"], keys["SecretAccessKey"]
        self.topic = sns.create_topic(Name="fraud")["TopicArn"]
        self.queue = sqs.create_queue(QueueName="fraud")["QueueUrl"]
        arn = "arn:aws:sqs:us-east-1:123456789012:fraud"
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn,
                      Attributes={"RawMessageDelivery": "false"})
        # The seventh: from here on moto checks.
        sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])

    def messages(self):
        sqs = self.client("sqs", self.access, self.secret)
        got = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in got.get("Messages", [])]

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)


@test
def sns_publishes_what_is_signed_and_refuses_a_wrong_key():
    with directory() as cwd, Sns() as sns:
        sink = (f"{{kind: sns, topic: '{sns.topic}', url: '{sns.endpoint}', allow_http: true, "
                "allow_private: true}")
        keys = {"AWS_ACCESS_KEY_ID": sns.access, "AWS_SECRET_ACCESS_KEY": "wr0ng"}
        watch = Watch(cwd, {"topic": sink}, env=keys)
        watch.round(full=True)
        assert "SignatureDoesNotMatch" in watch.run("alarms").text, watch.said[-2]
        watch.env["AWS_SECRET_ACCESS_KEY"] = sns.secret
        watch.later()
        watch.run("alarms", "deliver")
        message, = sns.messages()
        assert message["Subject"] == "A disk is nearly full: store", message
        assert "limit     100 %" in message["Message"]
        assert message["MessageAttributes"]["severity"]["Value"] == "error", message
        assert sns.secret not in "".join(watch.said)


# ---------------------------------------------------------------- the machine

@test
def a_silence_keeps_a_notice_back_and_is_in_the_audit_log():
    with directory() as cwd, Receiver([200]) as it:
        watch = Watch(cwd, {"hook": hook(it.url)})
        watch.configure(full=True)
        watch.run("alarms", "silence", "disk", "store", "--for", "2h", "--reason", "moving house")
        watch.round(full=True)
        listed = watch.run("alarms").text
        assert "[silence 1]" in listed and "moving house" in listed and not it.taken, listed
        assert "by ann" in listed
        watch.run("alarms", "unsilence", "1")
        watch.round(full=True)
        assert kinds(it.taken) == ["begun"]
        shown = watch.run("audit", "show").text
        assert "alarm silence" in shown and "alarm unsilence" in shown, shown
        states = [json.loads(line) for line in watch.run("alarms", "list", "--json").text.splitlines()]
        disk, = [one for one in states if one["alarm"] == "disk" and one["subject"] == "store"]
        assert disk["state"] == "ALARM" and disk["limit"] == 1 and len(disk["incident"]) == 32
        assert "ALARM" in watch.run("alarms", "history", "disk").text


def many(count):
    """So many servers that nobody answers at: as many alarms at once."""
    return ", ".join(f"'http://127.0.0.1:1/{number}'" for number in range(count))


def two_replicas(cwd, more, env):
    """Two processes deliver at once while the receiver fails now and then."""
    script = [200, 503, 200, 200, 500, 200, 503, 200, 200]
    with Receiver(script, check=signed) as it:
        write(cwd, "assay.yaml",
              "monitor: {upkeep: never, drift: never, multivariate: never, performance: never, service: 1s, "
              f"servers: [{many(24)}]}}\n{more}"
              "alarms:\n  rules: {server_down: {windows: 1 of 1}}\n"
              f"  sinks:\n    hook: {hook(it.url)}\n")
        assay("monitor", "once", cwd=cwd, env=env)
        deadline = time.monotonic() + 60
        while True:
            replicas = [subprocess.Popen([ASSAY, "alarms", "deliver"], cwd=cwd,
                                         env=dict(os.environ, **env), stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE) for _ in range(3)]
            outs = [replica.communicate(timeout=60)[0].decode() for replica in replicas]
            if any(" 0 waiting" in out for out in outs):
                break
            assert time.monotonic() < deadline, outs
            time.sleep(0.5)
        ids = [json.loads(body)["id"] for _, _, body in it.taken]
        assert len(ids) == 24 and len(set(ids)) == 24, (len(ids), len(set(ids)))
        assert not it.wrong, it.wrong


@test
def replicas_that_deliver_at_once_send_each_notice_once():
    with directory() as cwd:
        two_replicas(cwd, "", ENV)


@test
def replicas_that_deliver_at_once_on_postgresql_send_each_notice_once():
    with directory() as cwd, Postgres() as server:
        two_replicas(cwd, f"store: {{database: '{server.url}'}}\n",
                     {**ENV, "PGPASSWORD": DATABASE_PASSWORD})


@test
def a_server_whose_requests_fail_raises_an_alarm_and_one_that_is_gone_another():
    with directory() as cwd, Receiver([200], check=signed) as it:
        port = free_port()
        yaml = ("monitor: {upkeep: never, drift: never, multivariate: never, performance: never, service: 1s, "
                f"servers: ['http://127.0.0.1:{port}'], key_file: key}}\n"
                "serve: {auth: keys}\n"
                "alarms:\n  rules: {server_down: {windows: 1 of 1}}\n"
                f"  sinks:\n    hook: {hook(it.url)}\n")
        write(cwd, "assay.yaml", yaml)
        tiny_champion(cwd)
        keys = {}
        for scope in ("metrics", "score"):
            told = assay("clients", "add", scope, "--scopes", scope, cwd=cwd).text
            keys[scope] = re.search(r"ak_\S+|assay_\S+", told).group(0)
        write(cwd, "key", keys["metrics"] + "\n")

        def look():
            time.sleep(1.05)
            return assay("monitor", "once", cwd=cwd, env=ENV).said

        with Server(cwd, port=port) as server:
            said = look()
            assert "1 of 1 servers answer" in said, said
            for _ in range(12):
                server.open.request("POST", "/predict", "{}", {
                    "Content-Type": "application/json", "Authorization": "Bearer " + keys["score"]})
                answer = server.open.getresponse()
                answer.read()
                assert 400 <= answer.status < 500 and answer.status not in (401, 403), answer.status
            look()
            begun, = [json.loads(body) for _, _, body in it.taken]
            assert begun["alarm"] == "errors" and begun["value"] == "12", begun
            assert begun["text"] == "12 of status 4xx and 0 of 5xx among 12 answers"
            look()
            assert len(it.taken) == 1
        look()
        down = json.loads(it.taken[-1][2])
        assert len(it.taken) == 2 and down["alarm"] == "server_down", down
        assert down["severity"] == "critical" and down["subject"] == f"http://127.0.0.1:{port}"
        listed = assay("alarms", cwd=cwd).text
        assert re.search(r"^ALARM +errors", listed, re.M), listed
        assert keys["metrics"] not in listed + read(cwd, "serve.log")


@test
def settings_that_make_no_sense_are_refused_with_their_line():
    slack = "alarms: {sinks: {team: {kind: slack, url: 'https://x/s3cr3t'}}}\n"
    with directory() as cwd:
        for yaml, words, said in (
                ("alarms: {rules: {latency: {limit: 1000}}}\n", "rules", "takes a time with its unit"),
                ("alarms:\n  rules:\n    latencies: {limit: 1 s}\n", "rules",
                 "line 3, column 5: no alarm"),
                (slack, "test team", "line 1, column 43: a sink of kind slack has no 'url'"),
                ("alarms: {sinks: {team: {kind: fax}}}\n", "test team",
                 "takes one of: log webhook slack"),
                ("alarms: {sinks: {team: {kind: log}}}\n", "test night", "there are: team")):
            write(cwd, "assay.yaml", yaml)
            for call in (["alarms", *words.split()], ["monitor", "once"]):
                if "night" in words and call[0] == "monitor":
                    continue
                done = subprocess.run([ASSAY, *call], cwd=cwd, capture_output=True, text=True,
                                      check=False)
                assert done.returncode in (3, 4) and said in done.stderr, (call, done.stderr)
                assert "s3cr3t" not in done.stdout + done.stderr


if __name__ == "__main__":
    main()
