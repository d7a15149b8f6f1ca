"""libassay as somebody else gets it: installed, found by pkg-config, compiled in, linked both ways."""
import csv
import os
import struct
import subprocess

from harness import ASSAY, MODE, ROOT, Skip, assay, directory, main, read, test


def run(*words, status=0, **more):
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False, **more)
    assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def bits(number):
    return struct.pack("<f", float(number))


def install(root):
    """`make install`, and an environment in which pkg-config finds it."""
    if MODE not in ("dev", "release"):
        raise Skip(f"a library of the {MODE} build wants its sanitizer in every program")
    run("make", "-s", f"MODE={MODE}", f"OUT={os.path.dirname(ASSAY)}", f"DESTDIR={root}",
        "PREFIX=/opt/assay", "install", cwd=ROOT)
    return dict(os.environ, PKG_CONFIG_PATH=f"{root}/opt/assay/lib/pkgconfig",
                PKG_CONFIG_SYSROOT_DIR=root, LD_LIBRARY_PATH=f"{root}/opt/assay/lib")


def pkg_config(env, *words):
    return run("pkg-config", *words, "assay", env=env).stdout.split()


def train(root):
    """A small model of generated claims, exported; and some records with their scores."""
    assay("generate", "claims", "--rows", 2000, cwd=root)
    assay("init", ".", "--template", "claims", cwd=root)
    assay("train", cwd=root)
    assay("models", "export", "champion", "--out", "model.assay", cwd=root)


@test
def the_example_scores_as_the_program_does_linked_both_ways():
    source = os.path.join(ROOT, "examples", "embed", "score.c")
    with directory() as root:
        env = install(root)
        train(root)
        flags = pkg_config(env, "--cflags", "--libs")
        run("cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-o", f"{root}/shared", source, *flags)
        static = [word for word in pkg_config(env, "--static", "--libs") if word != "-lassay"]
        run("cc", "-std=c99", "-o", f"{root}/static", source, *pkg_config(env, "--cflags"),
            f"{root}/opt/assay/lib/libassay.a", *static)
        assert "libassay" not in run("ldd", f"{root}/static").stdout
        assert "libassay.so.1" in run("ldd", f"{root}/shared", env=env).stdout

        assay("score", "claims.csv", "--join", "customers.csv", "--on", "policy_id",
              "--bundle", "model.assay", "--out", "scores.csv", cwd=root)
        with open(f"{root}/scores.csv", encoding="utf-8") as file:
            scores = list(csv.DictReader(file))
        with open(f"{root}/customers.csv", encoding="utf-8") as file:
            customers = {row["policy_id"]: row for row in csv.DictReader(file)}
        with open(f"{root}/claims.csv", encoding="utf-8") as file:
            for claim, score in list(zip(csv.DictReader(file), scores))[:25]:
                both = {**claim, **customers[claim["policy_id"]]}
                for label in ("fraud",):
                    both.pop(label, None)
                words = [f"{name}={value}" for name, value in both.items() if value != ""]
                for program in ("shared", "static"):
                    out = run(f"{root}/{program}", "model.assay", *words, cwd=root, env=env)
                    assert bits(out.stdout.split()[0]) == bits(score["fraud_probability"]), (out, score)


@test
def a_wrong_word_is_told_to_the_one_who_said_it():
    with directory() as root:
        env = install(root)
        train(root)
        source = os.path.join(ROOT, "examples", "embed", "score.c")
        run("cc", "-o", f"{root}/score", source, *pkg_config(env, "--cflags", "--libs"))
        said = run(f"{root}/score", "model.assay", "colour=red", status=3, cwd=root, env=env).stderr
        assert "'colour' is not a column of this model" in said, said
        said = run(f"{root}/score", "nothing.assay", status=1, cwd=root, env=env).stderr
        assert "nothing.assay" in said, said


@test
def the_library_has_no_name_but_its_headers():
    with directory() as root:
        install(root)
        header = read(ROOT, "include", "assay.h")
        for words in (["-D"], []):
            library = "libassay.so.1" if words else "libassay.a"
            listed = run("nm", *words, "-g", "--defined-only",
                         f"{root}/opt/assay/lib/{library}").stdout
            names = [line.split()[2] for line in listed.splitlines() if len(line.split()) == 3]
            assert names and all(name.startswith("assay_") for name in names), names
            assert all(f" {name}(" in header or f"*{name}(" in header for name in names), names


@test
def the_header_is_one_that_c_plus_plus_takes_too():
    with directory() as root:
        program = os.path.join(root, "plus.cc")
        with open(program, "w", encoding="utf-8") as file:
            file.write('#include "assay.h"\nint main() { return assay_number(0).type != 1; }\n')
        run("c++", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", "-o", f"{root}/plus",
            program)
        run(f"{root}/plus")


main()
