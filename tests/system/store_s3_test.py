"""Bundles in an S3-compatible store: written once, read through a copy that is checked."""
import os
import subprocess
from unittest.mock import patch

from harness import ASSAY, assay, directory, main, test, write
from postgres import PASSWORD, Postgres
from recipes import one_split
from s3_server import S3
from server import Server

ROWS = "f0,f1\n0.1,1\n0.9,1\n"


def configured(cwd, where, more=""):
    write(cwd, "assay.yaml", "store: {bundles: '%s'%s}\n" % (where, more))


def imported(cwd, env, value, *options):
    name = f"model-{value}.json"
    write(cwd, name, one_split(value))
    return assay("models", "import", name, *options, cwd=cwd, env=env).text.split()[2]


def keys(server, prefix):
    found = server.s3.list_objects_v2(Bucket=server.bucket, Prefix=prefix).get("Contents", [])
    return [(one["Key"], one["Size"]) for one in found]


@test
def machines_that_share_a_registry_and_a_bucket_score_alike():
    with S3() as s3, Postgres() as database, directory() as here, directory() as there:
        env = dict(s3.env, ASSAY_STORE_DATABASE=database.url, PGPASSWORD=PASSWORD)
        for cwd in (here, there):
            configured(cwd, f"s3://{s3.bucket}/team a/bundles/")
            write(cwd, "rows.csv", ROWS)
        digest = imported(here, env, 2.5, "--champion")
        assert [key for key, _ in keys(s3, "")] == [f"team a/bundles/{digest}.tar"]
        assert os.listdir(os.path.join(here, ".assay", "bundles")) == []
        scores = assay("score", "rows.csv", cwd=here, env=env).text
        assert assay("score", "rows.csv", cwd=there, env=env).text == scores
        assert os.listdir(os.path.join(there, ".assay", "bundles")) == [f"{digest}.tar"]

        # A copy is enough for the server; and a damaged one is fetched again.
        copy = os.path.join(there, ".assay", "bundles", f"{digest}.tar")
        with open(copy, "r+b") as file:
            file.truncate(100)
        with patch.dict(os.environ, env), Server(there) as server:
            status, answer = server.post("/invocations", {"f0": 0.1, "f1": 1})
            assert status == 200, answer
        assert os.path.getsize(copy) == keys(s3, "team")[0][1]
        assay("models", "verify", cwd=there, env=env)

        # The same bundle from another machine is the same version.
        assert imported(there, env, 2.5) == digest
        assert assay("models", "list", cwd=here, env=env).text.count("\n") == 2
        assay("models", "export", "champion", "--out", "out.tar", cwd=there, env=env)
        assert os.path.getsize(os.path.join(there, "out.tar")) == os.path.getsize(copy)


@test
def a_bundle_that_was_changed_in_the_bucket_is_refused_and_an_import_heals_it():
    with S3() as s3, directory() as cwd:
        configured(cwd, f"s3://{s3.bucket}")
        write(cwd, "rows.csv", ROWS)
        digest = imported(cwd, s3.env, 2.5, "--champion")
        whole = s3.s3.get_object(Bucket=s3.bucket, Key=f"{digest}.tar")["Body"].read()
        s3.s3.put_object(Bucket=s3.bucket, Key=f"{digest}.tar", Body=whole[:-1] + b"x")
        done = assay("score", "rows.csv", cwd=cwd, env=s3.env, status=9)
        assert "not the bundle that was registered" in done.said, done.said
        assert os.listdir(os.path.join(cwd, ".assay", "bundles")) == []
        assert imported(cwd, s3.env, 2.5) == digest
        assay("score", "rows.csv", cwd=cwd, env=s3.env)


@test
def what_is_wrong_with_keys_bucket_or_server_is_said():
    with S3() as s3, directory() as cwd:
        configured(cwd, f"s3://{s3.bucket}/x")
        write(cwd, "model.json", one_split(2.5))
        cases = [
            ({"AWS_SECRET_ACCESS_KEY": "n0tit"}, 8, "AWS_SECRET_ACCESS_KEY is not the secret"),
            ({"AWS_SECRET_ACCESS_KEY": ""}, 3, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
            ({"ASSAY_STORE_BUNDLES": "s3://no-such-bucket"}, 8, "make it first"),
            ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, 7, "no answer"),
            ({"ASSAY_STORE_ENDPOINT": "127.0.0.1:1"}, 3, "store.endpoint takes https://HOST"),
            ({"ASSAY_STORE_BUNDLES": "gs://bucket"}, 3, "a directory or s3://BUCKET/PREFIX"),
        ]
        for change, status, said in cases:
            done = assay("models", "import", "model.json", cwd=cwd, env=dict(s3.env, **change),
                         status=status)
            assert said in done.said and "n0tit" not in done.said, done.said
            assert assay("models", "list", cwd=cwd, env=s3.env).text.count("\n") == 1


@test
def orphans_in_the_bucket_go_and_the_bundles_of_versions_stay():
    with S3() as s3, directory() as cwd:
        configured(cwd, f"s3://{s3.bucket}/x")
        digest = imported(cwd, s3.env, 2.5)
        for key in ("x/" + "ab" * 32 + ".tar", "x/notes.txt", "x/y/" + "cd" * 32 + ".tar"):
            s3.s3.put_object(Bucket=s3.bucket, Key=key, Body=b"12345")
        said = assay("models", "gc", cwd=cwd, env=s3.env).text
        assert said.startswith("removed 0 bundles"), said
        said = assay("models", "gc", "--older", 0, cwd=cwd, env=s3.env).text
        assert said.splitlines()[-1].startswith("removed 1 bundles"), said
        assert [key for key, _ in keys(s3, "")] == [
            "x/" + f"{digest}.tar", "x/notes.txt", "x/y/" + "cd" * 32 + ".tar"], keys(s3, "")
        assay("models", "verify", cwd=cwd, env=s3.env)


@test
def processes_that_register_at_once_in_a_bucket_get_contiguous_versions():
    with S3() as s3, directory() as cwd:
        configured(cwd, f"s3://{s3.bucket}/race")
        for value in range(8):
            write(cwd, f"model-{value}.json", one_split(1 + value // 2))  # each twice
        running = [subprocess.Popen([ASSAY, "models", "import", f"model-{value}.json"], cwd=cwd,
                                    env=dict(os.environ, **s3.env), stdout=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE) for value in range(8)]
        for one in running:
            said = one.communicate()[1].decode()
            assert one.returncode == 0, said
        listed = assay("models", "list", cwd=cwd, env=s3.env).text.splitlines()[1:]
        assert [line.split()[0] for line in listed] == ["1", "2", "3", "4"], listed
        assay("models", "verify", cwd=cwd, env=s3.env)


main()
