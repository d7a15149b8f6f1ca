"""The whole program with its registry on a PostgreSQL server."""
import os

from harness import assay, directory, main, read, test, write
from postgres import PASSWORD, Postgres

QUICK = ("--set", "model.rounds=10", "--set", "model.folds=0", "--set", "model.early_stopping=0")


def project(cwd, url):
    assay("generate", "claims", "--rows", 1500, cwd=cwd)
    assay("init", ".", "--template", "claims", cwd=cwd)
    yaml = read(cwd, "assay.yaml").replace("roc_auc >= 0.7", "roc_auc >= 0.1")
    write(cwd, "assay.yaml", yaml + f"store: {{database: '{url}'}}\n")


@test
def a_model_is_trained_promoted_rolled_back_and_verified_on_postgresql():
    with Postgres() as server, directory() as cwd:
        project(cwd, server.url)
        env = {"PGPASSWORD": PASSWORD}
        assay("train", *QUICK, cwd=cwd, env=env)
        assay("train", *QUICK, "--set", "split.seed=2", cwd=cwd, env=env)
        assert not os.path.exists(os.path.join(cwd, ".assay", "assay.db"))
        listed = assay("models", "list", cwd=cwd, env=env).text.splitlines()
        assert len(listed) == 3 and " champion " in listed[1], listed
        assert server.sql("select count(*) from comparison", "assay") == "1"
        assay("models", "promote", "2", "--comment", "why", cwd=cwd, env=env)
        assay("models", "tag", "1", "zebra=1", cwd=cwd, env=env)
        assay("models", "tag", "1", "Apple=2", cwd=cwd, env=env)
        assay("models", "approve", "1", "--comment", "seen", cwd=cwd, env=env)
        shown = assay("models", "show", "1", cwd=cwd, env=env).text
        assert shown.index('"Apple"') < shown.index('"zebra"') and '"Approved"' in shown, shown
        assay("models", "rollback", "--comment", "why", cwd=cwd, env=env)
        assert " champion " in assay("models", "list", cwd=cwd, env=env).text.splitlines()[1]
        assert "events" in assay("audit", "verify", cwd=cwd, env=env).text
        assay("models", "verify", cwd=cwd, env=env)
        server.sql("update version set metrics = replace(metrics, '0.', '0.9') where number = 2",
                   "assay")
        done = assay("models", "verify", cwd=cwd, env=env, status=8)
        assert "version 2: its metrics were changed" in done.said, done.said
        assert server.sql("select string_agg(state, ',' order by id) from run", "assay") == "done,done"


@test
def what_is_wrong_with_the_server_or_the_password_is_said_and_the_password_is_not():
    with Postgres() as server, directory() as cwd:
        wrong = server.url.replace("guest@", "guest:s3cret@")
        cases = [
            (wrong, "password authentication failed"),
            (server.url, "set PGPASSWORD"),
            (server.url.replace(f":{server.port}/", ":1/").replace("guest", "guest:s3cret"),
             "no server answers"),
            ("mysql://guest:s3cret@localhost/db", "store.database is a URL, postgresql://"),
        ]
        for url, said in cases:
            env = {"ASSAY_STORE_DATABASE": url}
            status = 3 if url.startswith("mysql") else 8
            done = assay("models", "list", cwd=cwd, env=env, status=status)
            assert said in done.said and "s3cret" not in done.said, done.said
        shown = assay("config", cwd=cwd, env={"ASSAY_STORE_DATABASE": wrong}).text
        assert "guest:***@127.0.0.1" in shown and "s3cret" not in shown, shown


@test
def a_user_who_may_not_make_tables_can_work_with_those_that_are_there():
    with Postgres() as server, directory() as cwd:
        env = {"ASSAY_STORE_DATABASE": server.url, "PGPASSWORD": PASSWORD}
        done = assay("models", "list", cwd=cwd, env=env)
        assert done.text.count("\n") == 1, done.text
        server.sql("create role reader login password 'sesame';"
                   "grant select, insert, update on all tables in schema public to reader;"
                   "grant usage on all sequences in schema public to reader", "assay")
        env["ASSAY_STORE_DATABASE"] = server.url.replace("guest", "reader")
        assay("models", "list", cwd=cwd, env=env)
        assay("audit", "verify", cwd=cwd, env=env)


main()
