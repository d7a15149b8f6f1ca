"""Who vouches for a bundle and for the audit log; and that openssl says the same."""
import json
import os
import sqlite3
import subprocess

from harness import assay, directory, main, read, test, write


def project(cwd, more=""):
    assay("generate", "claims", "--rows", 1000, cwd=cwd)
    assay("init", ".", "--template", "claims", cwd=cwd)
    write(cwd, "assay.yaml", read(cwd, "assay.yaml").replace("roc_auc >= 0.7", "roc_auc >= 0.1")
          + more)


def train(cwd, seed=1, status=0):
    return assay("train", "--set", f"split.seed={seed}", "--set", "model.rounds=5", "--set",
                 "model.folds=0", "--set", "model.early_stopping=0", "--set",
                 "challenge.mode=off", cwd=cwd, status=status)


def events(cwd, action):
    lines = assay("audit", "export", cwd=cwd).text.splitlines()
    return [event for event in map(json.loads, lines) if event["action"] == action]


def openssl_verifies(cwd, key, message, signature):
    write(cwd, "message", message)
    with open(os.path.join(cwd, "signature"), "wb") as file:
        file.write(bytes.fromhex(signature))
    return subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", key,
                           "-in", "message", "-sigfile", "signature"], cwd=cwd, check=False,
                          capture_output=True).returncode == 0


def change(cwd, sql):
    with sqlite3.connect(os.path.join(cwd, ".assay", "assay.db")) as database:
        assert database.execute(sql).rowcount == 1, sql


@test
def training_signs_the_bundle_and_openssl_agrees():
    with directory() as cwd:
        project(cwd, "sign: {key: release.pem}\n")
        public = assay("keys", "new", "release.pem", cwd=cwd).text.strip()
        assert os.stat(os.path.join(cwd, "release.pem")).st_mode & 0o777 == 0o600
        assay("keys", "new", "release.pem", cwd=cwd, status=5)
        os.rename(os.path.join(cwd, "release.pem.pub"), os.path.join(cwd, "kept.pub"))
        assay("keys", "new", "release.pem", cwd=cwd, status=5)  # and leaves no other key's .pub there
        assert not os.path.exists(os.path.join(cwd, "release.pem.pub"))
        os.rename(os.path.join(cwd, "kept.pub"), os.path.join(cwd, "release.pem.pub"))
        train(cwd)
        train(cwd)
        signed = events(cwd, "sign")
        assert len(signed) == 1 and signed[0]["subject"] == "version 1", signed
        payload = json.loads(signed[0]["payload"])
        assert payload["key"] == public
        bundle = json.loads(assay("models", "show", 1, cwd=cwd).text)["bundle"]
        message = f"assay bundle sha256 {bundle}\n"
        assert openssl_verifies(cwd, "release.pem.pub", message, payload["signature"])
        assert not openssl_verifies(cwd, "release.pem.pub", message + " ", payload["signature"])
        assert "signed by 1 trusted keys" in assay("models", "verify", 1, cwd=cwd).text


@test
def what_nobody_trusted_signed_is_neither_put_in_force_nor_served():
    with directory() as cwd:
        project(cwd)
        train(cwd)
        write(cwd, "assay.yaml", read(cwd, "assay.yaml") +
              "sign: {required: true, trusted: [theirs.pem.pub]}\n")
        assay("keys", "new", "theirs.pem", cwd=cwd)
        done = train(cwd, seed=2, status=10)
        assert "version 2 is signed by no key of sign.trusted" in done.said, done.said
        done = assay("models", "promote", 2, cwd=cwd, status=10)
        assert "assay models sign 2" in done.said
        done = assay("serve", "--set", "serve.port=0", cwd=cwd, status=10)
        assert "version 1 is signed by no key" in done.said, done.said
        assay("keys", "new", "stranger.pem", cwd=cwd)
        assay("models", "sign", 2, "--set", "sign.key=stranger.pem", cwd=cwd)
        assay("models", "promote", 2, cwd=cwd, status=10)
        assay("models", "sign", 2, "--set", "sign.key=theirs.pem", cwd=cwd)
        assert assay("models", "promote", 2, cwd=cwd).text.startswith("2 ")


@test
def a_rollback_passes_by_what_nobody_signed():
    with directory() as cwd:
        project(cwd)
        train(cwd)
        write(cwd, "assay.yaml", read(cwd, "assay.yaml") + "sign: {key: k.pem, required: true}\n")
        assay("keys", "new", "k.pem", cwd=cwd)
        train(cwd, seed=2)
        rows = ("claims.csv", "--join", "customers.csv", "--on", "policy_id", "--model", 1)
        for command in ("score", "explain"):  # an explanation has the score
            done = assay(command, *rows, cwd=cwd, status=10)
            assert "version 1 is signed by no key" in done.said, done.said
        done = assay("models", "rollback", "--comment", "x", cwd=cwd, status=4)
        assert "nothing was champion before version 2" in done.said, done.said
        assay("models", "sign", 1, cwd=cwd)
        assert assay("models", "rollback", "--comment", "x", cwd=cwd).text.startswith("1 ")


@test
def who_only_checks_needs_no_private_key():
    with directory() as cwd:
        project(cwd, "sign: {key: k.pem, required: true}\n")
        assay("keys", "new", "k.pem", cwd=cwd)
        train(cwd)
        os.remove(os.path.join(cwd, "k.pem"))
        assert "signed by 1 trusted keys" in assay("models", "verify", cwd=cwd).text
        assay("audit", "verify", cwd=cwd)
        assay("models", "tag", 1, "a=b", cwd=cwd)
        assay("audit", "checkpoint", cwd=cwd, status=4)
        train(cwd, seed=2, status=4)


@test
def tables_that_say_otherwise_than_the_log_are_named():
    for sql, wanted in (
            ("update alias set number = 1", "an alias points to it"),
            ("delete from signature where number = 2", "a signature of it was taken away"),
            ("insert into judgement (number, verdict, at_ms, actor, comment) values (1, "
             "'approved', 1, 'alice', 'x')", "its judgements are not those that were made"),
            ("delete from judgement", "a judgement of it was taken away"),
            ("insert into version (number, name, bundle, project, algorithm, origin, run_id, "
             "created_ms, metrics) select 7, 'v7', 'f' || substr(bundle, 2), project, algorithm, "
             "origin, run_id, created_ms, metrics from version where number = 1",
             "it was never registered")):
        with directory() as cwd:
            project(cwd, "sign: {key: k.pem}\n")
            assay("keys", "new", "k.pem", cwd=cwd)
            train(cwd)
            train(cwd, seed=2)
            assay("models", "approve", 2, "--comment", "fine", cwd=cwd)
            assay("models", "verify", cwd=cwd)
            change(cwd, sql)
            done = assay("models", "verify", cwd=cwd, status=8)
            assert wanted in done.said, (sql, done.said)


@test
def a_changed_signature_or_one_of_another_bundle_is_named():
    with directory() as cwd:
        project(cwd, "sign: {key: k.pem}\n")
        assay("keys", "new", "k.pem", cwd=cwd)
        train(cwd)
        train(cwd, seed=2)
        change(cwd, "update signature set signature = (select signature from signature where "
                    "number = 2) where number = 1")
        done = assay("models", "verify", cwd=cwd, status=8)
        assert "version 1: " in done.said, done.said


@test
def the_log_is_signed_every_so_many_events_and_at_once_when_asked():
    with directory() as cwd:
        project(cwd, "sign: {key: k.pem, checkpoint_events: 4}\n")
        assay("keys", "new", "k.pem", cwd=cwd)
        train(cwd)
        assert len(events(cwd, "checkpoint")) == 1, events(cwd, "checkpoint")
        assay("models", "tag", 1, "a=b", cwd=cwd)
        assert len(events(cwd, "checkpoint")) == 1
        assay("audit", "checkpoint", cwd=cwd)
        assay("audit", "checkpoint", cwd=cwd)
        found = events(cwd, "checkpoint")
        assert len(found) == 2, found
        payload = json.loads(found[1]["payload"])
        message = f"assay audit {payload['seq']} {payload['hash']}\n"
        assert openssl_verifies(cwd, "k.pem.pub", message, payload["signature"])
        said = assay("audit", "verify", cwd=cwd).text
        assert f"cover the first {payload['seq']} events" in said, said
        assert "2 signed checkpoints, 0 of them by trusted" in \
            assay("audit", "verify", "--set", "sign.key=", cwd=cwd).text


@test
def a_chain_made_anew_by_somebody_without_the_key_is_found_out():
    """Every hash is right again; the checkpoint's signature is not."""
    import hashlib
    with directory() as cwd:
        project(cwd, "sign: {key: k.pem}\n")
        assay("keys", "new", "k.pem", cwd=cwd)
        train(cwd)
        assay("audit", "checkpoint", cwd=cwd)
        rows = [json.loads(line) for line in assay("audit", "export", cwd=cwd).text.splitlines()]
        previous = rows[0]["previous"]

        def canonical(row, before):
            return json.dumps([row["seq"], row["at_ms"], row["actor"], row["action"],
                               row["subject"], row["payload"], before],
                              separators=(",", ":"), ensure_ascii=False)

        assert hashlib.sha256(canonical(rows[0], previous).encode()).hexdigest() == \
            rows[0]["hash"], "this test knows how an event is hashed"
        rows[0]["actor"] = "somebody else"
        with sqlite3.connect(os.path.join(cwd, ".assay", "assay.db")) as database:
            for row in rows:
                if row["action"] == "checkpoint":
                    payload = json.loads(row["payload"])
                    payload["hash"] = previous
                    row["payload"] = json.dumps(payload, separators=(",", ":"))
                digest = hashlib.sha256(canonical(row, previous).encode()).hexdigest()
                database.execute("update audit set actor = ?, payload = ?, previous = ?, hash = ? "
                                 "where seq = ?",
                                 (row["actor"], row["payload"], previous, digest, row["seq"]))
                previous = digest
        done = assay("audit", "verify", cwd=cwd, status=8)
        assert "the checkpoint in event" in done.said, done.said


@test
def keys_that_cannot_be_used_are_refused_before_training():
    with directory() as cwd:
        project(cwd, "sign: {key: k.pem}\n")
        done = train(cwd, status=4)
        assert "sign.key: the key" in done.said and "k.pem" in done.said, done.said
        write(cwd, "k.pem", "no key")
        os.chmod(os.path.join(cwd, "k.pem"), 0o644)
        assert "chmod 600" in train(cwd, status=3).said
        os.chmod(os.path.join(cwd, "k.pem"), 0o600)
        assert "holds no private key" in train(cwd, status=3).said


if __name__ == "__main__":
    main()
