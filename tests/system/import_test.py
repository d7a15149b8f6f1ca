"""Models from elsewhere: imported, scored against what their owners published, carried to another
store and back."""
import csv
import json
import os
import struct
import subprocess

from harness import Skip, assay, data, directory, main, need, read, test, write
from recipes import work

AUDITS = ["BinomialClassificationAudit", "BinomialClassificationAuditNA", "LogisticRegressionAudit",
          "LogisticRegressionAuditNA"]


def import_model(cwd, path, *options):
    """(number, name, digest) of the version."""
    number, name, digest = assay("models", "import", path, *options, cwd=cwd).text.split()[:3]
    return int(number), name, digest


def scores(cwd, path, *options):
    lines = assay("score", path, *options, cwd=cwd).text.splitlines()
    assert lines[0] == "line,fraud_probability,is_fraud", lines[0]
    return [line.split(",")[1] for line in lines[1:]]


def float_of(text):
    return struct.unpack("<f", struct.pack("<f", float(text)))[0]


def order_of(value):
    """A float's place among all floats, so that a difference counts ulps."""
    bits = struct.unpack("<i", struct.pack("<f", value))[0]
    return bits if bits >= 0 else -(bits & 0x7fffffff)


def ulps(one, other):
    return abs(order_of(one) - order_of(other))


def write_rows(cwd, name, header, rows):
    path = os.path.join(cwd, name)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def system_a(cwd, *options):
    version = import_model(cwd, data("models/system-a/booster.json"), "--features",
                           data("models/system-a/feature_names.json"), *options)
    request = json.loads(read(data("models/system-a/request.json")))
    return version, write_rows(cwd, "request.csv", request.keys(), [request.values()])


def audit_rows(cwd, name):
    """The inputs without the target; what the NA tables spell NA becomes the empty cell."""
    with open(data(f"models/xgboost/audit/{'AuditNA' if name.endswith('NA') else 'Audit'}.csv"),
              newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    keep = header.index("Adjusted")
    rows = [["" if cell == "NA" else cell for cell in row[:keep]] for row in rows]
    return write_rows(cwd, name + ".csv", header[:keep], rows)


def audit_expected(name):
    with open(data(f"models/xgboost/audit/{name}.csv"), newline="", encoding="utf-8") as file:
        return [row.get("probability(1)", row["_target"]) for row in csv.DictReader(file)]


@test
def the_request_of_system_a_gets_its_published_answer_digit_for_digit():
    with directory() as cwd:
        _, request = system_a(cwd, "--champion")
        wanted = json.loads(read(data("models/system-a/response.json")))["fraud_probability"][0]
        assert scores(cwd, request) == ["0.016783954575657845"] == [repr(wanted)]


@test
def every_audit_model_scores_every_row_within_2_ulp_of_what_was_published():
    for name in AUDITS:
        wanted = audit_expected(name)
        for spelling in ("json", "ubj"):
            with directory() as cwd:
                import_model(cwd, data(f"models/xgboost/audit/{name}.{spelling}"),
                             "--allow-missing", "--champion")
                ours = scores(cwd, audit_rows(cwd, name))
                assert len(ours) == len(wanted), (name, len(ours), len(wanted))
                worst = max(ulps(float_of(a), float_of(b)) for a, b in zip(ours, wanted))
                assert worst <= 2, (name, spelling, worst)


@test
def a_row_with_a_missing_cell_needs_allow_missing():
    with directory() as cwd:
        model = data("models/xgboost/audit/BinomialClassificationAuditNA.json")
        import_model(cwd, model, "--champion")
        done = assay("score", audit_rows(cwd, "BinomialClassificationAuditNA"), cwd=cwd, status=3)
        assert "'Income' is missing" in done.said and "line 2" in done.said, done.said


@test
def an_unknown_category_scores_as_missing_does():
    with directory() as cwd:
        model = data("models/xgboost/audit/BinomialClassificationAuditNA.json")
        import_model(cwd, model, "--allow-missing", "--champion")
        header = "Age,Employment,Education,Marital,Occupation,Income,Gender,Hours\n"
        path = write(cwd, "two.csv", header + "38,Astronaut,College,Unmarried,Service,1,Female,\n"
                     "38,,College,Unmarried,Service,1,Female,\n")
        first, second = scores(cwd, path)
        assert first == second, (first, second)


@test
def a_bundle_carried_to_another_store_keeps_its_digest_and_its_scores():
    with directory() as one, directory() as other:
        version, request = system_a(one, "--champion")
        file = os.path.join(one, "carried.tar")
        assay("models", "export", "champion", "--out", file, cwd=one)
        carried = import_model(other, file, "--champion")
        assert carried[2] == version[2], (carried, version)
        assert scores(other, request) == scores(one, request)
        assert scores(other, request, "--bundle", file) == scores(one, request)
        again = os.path.join(other, "again.tar")
        assay("models", "export", carried[2][:8], "--out", again, cwd=other)
        with open(file, "rb") as a, open(again, "rb") as b:
            assert a.read() == b.read()


@test
def a_model_imported_twice_keeps_its_version():
    with directory() as cwd:
        first, _ = system_a(cwd)
        second, _ = system_a(cwd)
        assert first == second, (first, second)
        assert len(assay("models", "list", cwd=cwd).text.splitlines()) == 2
        third, _ = system_a(cwd, "--threshold", "0.25")
        assert third[0] == 2 and third[2] != first[2], third


@test
def a_bundle_with_one_byte_changed_is_refused_and_nothing_is_registered():
    with directory() as one, directory() as other:
        system_a(one, "--champion")
        file = os.path.join(one, "bundle.tar")
        assay("models", "export", "1", "--out", file, cwd=one)
        with open(file, "rb") as source:
            good = source.read()
        for at in range(0, len(good), len(good) // 40 + 1):
            damaged = bytearray(good)
            damaged[at] ^= 4
            path = os.path.join(other, "damaged.tar")
            with open(path, "wb") as out:
                out.write(damaged)
            done = assay("models", "import", path, cwd=other, status=9)
            assert "damaged.tar" in done.said, done.said
        assert len(assay("models", "list", cwd=other).text.splitlines()) == 1
        assert os.listdir(os.path.join(other, ".assay", "bundles")) == []


@test
def a_bundle_damaged_in_the_store_is_not_served_and_an_import_heals_it():
    with directory() as cwd:
        version, request = system_a(cwd, "--champion")
        wanted = scores(cwd, request)
        stored = os.path.join(cwd, ".assay", "bundles", version[2] + ".tar")
        with open(stored, "r+b") as file:
            file.seek(5000)
            byte = file.read(1)
            file.seek(5000)
            file.write(bytes([byte[0] ^ 1]))
        done = assay("score", request, cwd=cwd, status=9)
        assert version[2] in done.said, done.said
        system_a(cwd)
        assert scores(cwd, request) == wanted


@test
def a_bundle_in_the_place_of_another_is_not_the_one_registered():
    with directory() as cwd:
        first, request = system_a(cwd, "--champion")
        second, _ = system_a(cwd, "--threshold", "0.25")
        bundles = os.path.join(cwd, ".assay", "bundles")
        os.replace(os.path.join(bundles, second[2] + ".tar"),
                   os.path.join(bundles, first[2] + ".tar"))
        done = assay("score", request, cwd=cwd, status=9)
        assert "not the bundle that was registered" in done.said, done.said


PREDICT = """
import csv, json, sys
import numpy, xgboost
model, rows = sys.argv[1:3]
booster = xgboost.Booster(model_file=model)
with open(rows, newline="") as file:
    header, *cells = csv.reader(file)
matrix = numpy.array([[float(c) if c else numpy.nan for c in row] for row in cells], "float32")
predicted = booster.predict(xgboost.DMatrix(matrix, feature_names=header))
json.dump([float(p) for p in predicted], sys.stdout)
"""


def new_python():
    """A python whose xgboost is 3.1.3 or newer: Debian's reads base_score "[x]" wrongly."""
    python = os.environ.get("ASSAY_PYTHON_XGBOOST")
    if not python:
        raise Skip("ASSAY_PYTHON_XGBOOST names no python with xgboost >= 3.1.3")
    asked = subprocess.run([python, "-c", "import xgboost; print(xgboost.__version__)"],
                           check=False, capture_output=True, text=True)
    version = asked.stdout.strip().split(".")
    if asked.returncode != 0 or [int(part) for part in version[:3]] < [3, 1, 3]:
        raise Skip(f"{python} has xgboost {asked.stdout.strip() or 'not at all'}, not >= 3.1.3")
    return python


@test
def the_ieee_cis_models_have_the_bits_of_pythons_xgboost():
    python = new_python()
    for name in ("IEEE-CIS_xgboost_model", "IEEE-CIS_xgboost_model_depth_16"):
        model = data(f"models/xgboost/ieee-cis/{name}.json")
        with directory() as cwd:
            import_model(cwd, model, "--allow-missing", "--champion")
            names = json.loads(assay("models", "show", "1", cwd=cwd).text)["features"]
            with open(data("models/xgboost/ieee-cis/IEEE-CIS_testset_sample_300.csv"), newline="",
                      encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            path = write_rows(cwd, "rows.csv", names, [[row[n] for n in names] for row in rows])
            done = subprocess.run([python, "-c", PREDICT, model, path], check=False,
                                  capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            wanted = json.loads(done.stdout)
            ours = [float(score) for score in scores(cwd, path)]
            assert len(ours) == len(wanted) == len(rows)
            different = [i for i, pair in enumerate(zip(ours, wanted)) if pair[0] != pair[1]]
            assert not different, (name, len(different), ours[different[0]], wanted[different[0]])


@test
def python_reads_back_the_trees_that_assay_trained():
    xgboost, numpy = need("xgboost"), need("numpy")
    with directory() as cwd:
        assay("generate", "claims", "--rows", 1500, cwd=cwd)
        assay("init", ".", "--template", "claims", cwd=cwd)
        assay("train", cwd=cwd)
        rows = numpy.load(os.path.join(work(cwd, "prepare"), "test.npy"))
        trained = os.path.join(work(cwd, "train"), "model.ubj")
        for form, end in (("xgboost-json", "json"), ("xgboost-ubj", "ubj")):
            file = os.path.join(cwd, f"trees.{end}")
            done = assay("models", "export", "champion", "--as", form, "--out", file, cwd=cwd)
            assert "features are made from columns" in done.said, done.said
            margins = []
            for path in (file, trained):
                booster = xgboost.Booster(model_file=path)
                matrix = xgboost.DMatrix(rows, feature_names=booster.feature_names)
                margins.append(booster.predict(matrix, output_margin=True))
            assert margins[0].tobytes() == margins[1].tobytes(), form
        done = assay("models", "export", "champion", "--as", "pmml", "--out", "x", cwd=cwd, status=2)
        assert "xgboost-json or xgboost-ubj" in done.said, done.said


main()
