"""Who put what in force, and whether anybody changed the books since."""
import os
import pwd
import sqlite3
import subprocess

from harness import ASSAY, assay, directory, main, read, test, write


def trained(cwd, versions=1, more="", rows=1500):
    """A project of generated claims with some versions, each of another split."""
    assay("generate", "claims", "--rows", rows, cwd=cwd)
    assay("init", ".", "--template", "claims", cwd=cwd)
    yaml = read(cwd, "assay.yaml").replace("roc_auc >= 0.7", "roc_auc >= 0.1") + more
    write(cwd, "assay.yaml", yaml)
    for seed in range(1, versions + 1):
        assay("train", "--set", f"split.seed={seed}", "--set", "model.rounds=10",
              "--set", "model.folds=0", "--set", "model.early_stopping=0",
              "--set", "challenge.mode=off", cwd=cwd)


def champion(cwd):
    for line in assay("models", "list", cwd=cwd).text.splitlines():
        if " champion " in line:
            return int(line.split()[0])
    return None


def by(actor):
    return {"ASSAY_ACTOR": actor}


def database(cwd):
    return sqlite3.connect(os.path.join(cwd, ".assay", "assay.db"))


@test
def a_rollback_gives_the_decisions_of_before_bit_for_bit():
    with directory() as cwd:
        trained(cwd, rows=10000)
        score = ("score", "claims.csv", "--join", "customers.csv", "--on", "policy_id")
        before = assay(*score, cwd=cwd).text
        assert len(before.splitlines()) == 10001
        assay("train", "--set", "split.seed=2", "--set", "model.rounds=12", "--set", "model.folds=0",
              "--set", "model.early_stopping=0",
              "--set", "challenge.mode=off", cwd=cwd)
        assert champion(cwd) == 2 and assay(*score, cwd=cwd).text != before
        done = assay("models", "rollback", cwd=cwd, status=2)
        assert "--comment" in done.said, done.said
        assay("models", "rollback", "--comment", "complaints", cwd=cwd)
        assert champion(cwd) == 1 and assay(*score, cwd=cwd).text == before


@test
def where_no_name_is_set_the_log_has_that_of_the_process_user():
    with directory() as cwd:
        trained(cwd)
        nobody = {"ASSAY_ACTOR": "", "USER": "", "LOGNAME": ""}
        assay("models", "tag", "1", "team=cards", cwd=cwd, env=nobody)
        last = assay("audit", "show", cwd=cwd).text.splitlines()[-1].split()
        assert last[2:4] == [pwd.getpwuid(os.geteuid()).pw_name, "tag"], last


@test
def a_rollback_walks_the_history_and_not_the_numbers():
    with directory() as cwd:
        trained(cwd, 3)
        assay("models", "promote", "1", cwd=cwd)  # in force were 1, 2, 3, 1
        assay("models", "rollback", "--comment", "x", cwd=cwd)
        assert champion(cwd) == 3
        assay("models", "reject", "2", "--comment", "biased", cwd=cwd)
        assay("models", "rollback", "--comment", "x", cwd=cwd)
        assert champion(cwd) == 1, champion(cwd)  # not the rejected 2
        done = assay("models", "promote", "2", cwd=cwd, status=10)
        assert "rejected" in done.said, done.said


@test
def words_and_rejections_do_not_lead_a_rollback_astray():
    with directory() as cwd:
        trained(cwd, 3)
        assay("models", "promote", "2", "--comment", "rollback: of the plan", cwd=cwd)
        assay("models", "reject", "3", "--comment", "biased", cwd=cwd)
        assay("models", "rollback", "--comment", "x", cwd=cwd)  # 1, 2, 3, 2: not 3, not itself
        assert champion(cwd) == 1, champion(cwd)


@test
def two_different_people_must_approve_where_two_are_asked_for():
    with directory() as cwd:
        trained(cwd, 1, "deploy: {approvals: 2}\n")
        assert champion(cwd) is None
        done = assay("models", "promote", "1", cwd=cwd, status=10)
        assert "0 of the 2" in done.said, done.said
        assay("models", "approve", "1", "--comment", "looked at it", cwd=cwd, env=by("ann"))
        done = assay("models", "approve", "1", "--comment", "again", cwd=cwd, env=by("ann"), status=5)
        assert "ann has approved" in done.said, done.said
        assay("models", "promote", "1", cwd=cwd, status=10)
        assay("models", "approve", "1", "--comment", "me too", cwd=cwd, env=by("bob"))
        assay("models", "promote", "1", "--comment", "Monday", cwd=cwd, env=by("bob"))
        assert champion(cwd) == 1
        shown = assay("models", "show", "1", cwd=cwd).text
        assert '"approval": "Approved"' in shown and "looked at it" in shown, shown
        # A rejection takes all of it back.
        assay("models", "reject", "1", "--comment", "no", cwd=cwd, env=by("cy"))
        assay("models", "approve", "1", "--comment", "yes", cwd=cwd, env=by("ann"))
        done = assay("models", "promote", "1", cwd=cwd, status=10)
        assert "1 of the 2" in done.said, done.said


@test
def every_change_is_an_event_with_its_actor():
    with directory() as cwd:
        trained(cwd)
        assay("models", "tag", "1", "team=cards", cwd=cwd, env=by("ann"))
        assay("models", "tag", "1", "team=", cwd=cwd, env=by("bob"))
        events = [line.split()[2:6] for line in assay("audit", "show", cwd=cwd).text.splitlines()]
        actions = [(event[0], event[1]) for event in events]
        assert [action for _, action in actions] == \
            ["configure", "register", "promote", "train", "tag", "tag"], \
            actions
        assert actions[4][0] == "ann" and actions[5][0] == "bob", actions


@test
def a_changed_word_anywhere_in_the_books_is_found_and_named():
    with directory() as cwd:
        trained(cwd, 2)
        assay("models", "verify", cwd=cwd)
        spoils = [
            ("update audit set actor = 'eve' where seq = 2", "audit event 2 was changed"),
            ("update audit set payload = '{}' where seq = 1", "audit event 1 was changed"),
            ("delete from audit where seq = 3", "lacks event 3"),
            ("update version set metrics = replace(metrics, '0.', '0.9') where number = 2",
             "version 2: its metrics were changed"),
            ("update version set name = 'v1' where number = 1", "version 1: its name"),
        ]
        with open(os.path.join(cwd, ".assay", "assay.db"), "rb") as file:
            whole = file.read()
        for sql, said in spoils:
            with database(cwd) as db:
                db.execute(sql)
                db.commit()
            db.close()
            done = assay("models", "verify", cwd=cwd, status=8)
            assert said in done.said, (sql, done.said)
            for end in ("-wal", "-shm"):
                path = os.path.join(cwd, ".assay", "assay.db" + end)
                if os.path.exists(path):
                    os.remove(path)
            with open(os.path.join(cwd, ".assay", "assay.db"), "wb") as file:
                file.write(whole)
        assay("models", "verify", cwd=cwd)
        bundles = os.path.join(cwd, ".assay", "bundles")
        name = sorted(os.listdir(bundles))[0]
        with open(os.path.join(bundles, name), "r+b") as file:
            file.seek(5000)
            byte = file.read(1)
            file.seek(5000)
            file.write(bytes([byte[0] ^ 1]))
        done = assay("models", "verify", cwd=cwd, status=9)
        assert "version" in done.said, done.said


@test
def a_log_whose_end_was_cut_off_lacks_the_hash_that_was_noted():
    with directory() as cwd:
        trained(cwd, 2)
        noted = assay("audit", "verify", cwd=cwd).text.split()[-1]
        assay("audit", "verify", "--anchor", noted, cwd=cwd)
        with database(cwd) as db:
            db.execute("delete from audit where seq = (select max(seq) from audit)")
            db.commit()
        db.close()
        assay("audit", "verify", cwd=cwd)
        done = assay("audit", "verify", "--anchor", noted, cwd=cwd, status=8)
        assert "cut off" in done.said, done.said


@test
def processes_that_promote_at_once_leave_one_champion_and_a_chain_that_holds():
    with directory() as cwd:
        trained(cwd, 4)
        running = [subprocess.Popen([ASSAY, "models", "promote", str(1 + i % 4)], cwd=cwd,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                   for i in range(16)]
        for i, one in enumerate(running):
            if i % 5 == 4:
                one.kill()
        for one in running:
            one.communicate()
        assert champion(cwd) in (1, 2, 3, 4)
        assay("models", "verify", cwd=cwd)
        with database(cwd) as db:
            count = db.execute("select count(*) from alias where name = 'champion'").fetchone()[0]
            last = db.execute("select number from deployment order by id desc limit 1").fetchone()[0]
        db.close()
        assert count == 1 and last == champion(cwd)


main()
