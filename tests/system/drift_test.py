"""Drift: two files compared, with a project and without, by the rule and by the modes of systems before."""
import json
import math
import os
import random

from harness import SOAK, assay, directory, main, need, read, test, write

HEADER = "Time,amount,country,is_fraud"


def rows(count, seed, times=1.0, fraud=0.002, countries="DE DE DE FR FR IT", start=0):
    draw = random.Random(seed)
    lines = [HEADER]
    for i in range(count):
        amount = times * math.exp(3 + 1.67 * draw.gauss(0, 1))
        country = draw.choice(countries.split())
        lines.append(f"{start + i},{amount:.2f},{country},{int(draw.random() < fraud)}")
    return "\n".join(lines) + "\n"


def drift(cwd, *more, status=0, **options):
    return assay("drift", "--baseline-data", "a.csv", "--new-data", "b.csv", *more, cwd=cwd, status=status,
                 **options)


def report(cwd, *more, status=0):
    return json.loads(drift(cwd, "--json", *more, status=status).text)


def pair(cwd, before, now):
    write(cwd, "a.csv", before)
    write(cwd, "b.csv", now)


@test
def two_bare_files_are_compared_and_the_largest_effect_comes_first():
    with directory() as cwd:
        pair(cwd, rows(5000, 1), rows(5000, 2, times=3, start=5000))
        done = drift(cwd, status=12)
        lines = done.text.splitlines()
        assert lines[0] == "baseline a.csv: 5000 rows; new data b.csv: 5000 rows", lines[0]
        assert lines[1].split() == ["column", "state", "PSI", "JS", "KS", "W1/sigma", "p", "miss%", "now%", "unseen%"]
        assert lines[2].split()[:2] == ["Time", "ALARM"], lines[2]
        assert lines[3].split()[:2] == ["amount", "ALARM"], lines[3]
        assert done.said == "assay drift: 2 of 4 columns drifted to ALARM, the first is 'Time'\n", done.said


@test
def a_counter_is_left_out_by_the_user_and_quiet_data_is_ok():
    with directory() as cwd:
        pair(cwd, rows(5000, 1), rows(5000, 2, start=5000))
        done = drift(cwd, "--ignore", "Time")
        assert "left out: Time (ignored)" in done.text, done.text
        assert "drift detected: no\nstate: OK; rule assay" in done.text, done.text
        assert "'Tiem'" in drift(cwd, "--ignore", "Tiem", status=2).said


@test
def what_changed_is_watched_without_an_alarm():
    with directory() as cwd:
        pair(cwd, rows(5000, 1), rows(5000, 2, times=1.5, start=5000))
        said = report(cwd, "--ignore", "Time")
        assert said["state"] == "WATCH" and said["drifted_columns"] == ["amount"], said["drifted_columns"]
        assert said["drift_detected"] is True
        assert 0.05 <= said["columns"][0]["distances"]["psi"] < 0.25


@test
def the_modes_of_systems_before_answer_as_they_did_and_say_how_often_they_are_wrong():
    with directory() as cwd:
        pair(cwd, rows(5000, 1), rows(5000, 2, times=1.5, start=5000))
        done = drift(cwd, "--mode", "ks", status=12)
        assert "drift detected: yes, in Time, amount" in done.text, done.text
        assert "about 14.26% of comparisons in which none of 3 columns drifted" in done.text, done.text
        said = report(cwd, "--mode", "columns", "--ignore", "Time", status=12)
        assert said["drift_detected"] and "amount" in said["drifted_columns"]
        assert abs(said["false_alarm_rate"] - (1 - 0.9 ** 3)) < 1e-12
        assert "there are assay, ks, columns" in drift(cwd, "--mode", "evidently", status=2).said


@test
def the_p_values_of_the_modes_are_scipys():
    stats = need("scipy.stats").stats
    with directory() as cwd:
        pair(cwd, rows(3000, 1), rows(2500, 2, times=1.1))
        said = report(cwd, "--mode", "columns", "--ignore", "Time", status=12)
        before, now = ([float(line.split(",")[1]) for line in read(cwd, name).splitlines()[1:]] for name in ("a.csv", "b.csv"))
        found = stats.ks_2samp(before, now)
        amount = [column for column in said["columns"] if column["name"] == "amount"][0]
        assert abs(amount["p"] - found.pvalue) < 1e-12, (amount["p"], found.pvalue)
        assert abs(amount["distances"]["ks"] - found.statistic) < 1e-12


@test
def a_fraud_share_of_2_in_1000_that_is_4_in_1000_is_seen():
    with directory() as cwd:
        pair(cwd, rows(40000, 1, fraud=0.002), rows(40000, 2, fraud=0.004))
        said = report(cwd, "--ignore", "Time")
        assert said["state"] == "WATCH" and said["drifted_columns"] == ["is_fraud"], said["drifted_columns"]
        rate = said["columns"][0]["rate"]
        assert rate["of_all_but"] == "0" and 1.5 < rate["times"] < 3, rate


@test
def the_report_and_the_violations_are_files_and_the_same_bytes_again():
    with directory() as cwd:
        pair(cwd, rows(2000, 1), rows(2000, 2, countries="DE XX", start=5000).replace("is_fraud", "was_fraud"))
        for turn in ("1", "2"):
            drift(cwd, "--ignore", "Time", "--output", f"r{turn}.json", "--violations", f"v{turn}.json", status=12)
        assert read(cwd, "r1.json") == read(cwd, "r2.json") and read(cwd, "v1.json") == read(cwd, "v2.json")
        found = {(v["feature_name"], v["constraint_check_type"])
                 for v in json.loads(read(cwd, "v1.json"))["violations"]}
        assert found == {("country", "baseline_drift_check"), ("country", "categorical_values_check"),
                         ("is_fraud", "missing_column_check"), ("was_fraud", "extra_column_check")}, found
        country = json.loads(read(cwd, "r1.json"))["columns"][0]
        assert country["unseen_values"] == ["XX"] and 0.4 < country["outside"] < 0.6, country


@test
def a_projects_schema_says_what_the_columns_are():
    with directory() as cwd:
        pair(cwd, rows(2000, 1), rows(2000, 2, start=2000))
        write(cwd, "assay.yaml", "project: p\ndata: {file: a.csv, label: is_fraud}\ncolumns:\n"
              "  Time: {type: id}\n  amount: {type: number}\n  country: {type: category}\n"
              "  is_fraud: {type: boolean}\n")
        done = drift(cwd)
        assert "left out: Time (names things)" in done.text, done.text
        with open(os.path.join(cwd, "assay.yaml"), "a", encoding="utf-8") as file:
            file.write("monitor: {limits: {amount: {watch: 0, alarm: 0.0001}, amuont: {watch: 0}}}\n")
        assert "'amuont' is no column" in drift(cwd, status=3).said
        write(cwd, "assay.yaml", read(cwd, "assay.yaml").replace(", amuont: {watch: 0}", ""))
        assert drift(cwd).text.count(" OK ") == 3  # within noise, whatever the limits
        write(cwd, "b.csv", rows(2000, 2, times=1.3))
        assert report(cwd, status=12)["drifted_columns"] == ["amount"]
        write(cwd, "b.csv", rows(2000, 2).replace(",DE,", ",,", 150))
        country = report(cwd, status=12)["columns"][0]
        assert (country["missing_before"], country["missing"], country["state"]) == (0, 0.075, "ALARM"), country


@test
def too_few_rows_and_none_are_a_state_and_bad_files_are_errors():
    with directory() as cwd:
        pair(cwd, rows(2000, 1), rows(400, 2, times=9))
        assert "state: INSUFFICIENT" in drift(cwd).text
        write(cwd, "b.csv", HEADER + "\n")
        assert report(cwd)["state"] == "INSUFFICIENT"
        write(cwd, "b.csv", "")
        assert "b.csv is empty" in drift(cwd, status=3).said
        write(cwd, "b.csv", HEADER + "\n1,2\n")
        assert "b.csv line 2: 2 fields, the header has 4" in drift(cwd, status=3).said
        assert "nothing.csv" in assay("drift", "--baseline-data", "a.csv", "--new-data", "nothing.csv", cwd=cwd, status=4).said
        assert "--baseline-data and --new-data" in assay("drift", cwd=cwd, status=2).said


@test
def cells_of_the_wrong_type_are_counted_and_do_not_stop_the_comparison():
    with directory() as cwd:
        now = rows(2000, 2).splitlines()
        now[1:301] = [",".join([*line.split(",")[:1], "n.a.", *line.split(",")[2:]]) for line in now[1:301]]
        pair(cwd, rows(2000, 1), "\n".join(now) + "\n")
        done = drift(cwd, "--ignore", "Time", "--violations", "v.json", status=12)
        assert "300 mistyped" in done.text, done.text
        checks = {v["constraint_check_type"]: v["description"] for v in json.loads(read(cwd, "v.json"))["violations"]}
        assert "line 2 has 'n.a.'" in checks["data_type_check"], checks


def together(count, seed, same):
    """Two columns that each stay as they are; their signs agree, or do not."""
    draw = random.Random(seed)
    lines = ["a,b,noise"]
    for _ in range(count):
        a, b = abs(draw.gauss(0, 1)), abs(draw.gauss(0, 1))
        sign = draw.choice((-1, 1))
        other = sign if same else draw.choice((-1, 1))
        lines.append(f"{sign * a:.6f},{other * b:.6f},{draw.random():.6f}")
    return "\n".join(lines) + "\n"


@test
def columns_that_change_together_alone_are_told_apart_by_a_model():
    with directory() as cwd:
        pair(cwd, together(4000, 1, same=False), together(4000, 2, same=True))
        assert report(cwd)["state"] == "OK"
        kept = os.path.join(cwd, "temporary")
        os.mkdir(kept)
        said = json.loads(drift(cwd, "--json", "--multivariate", status=12, env={"TMPDIR": kept}).text)
        assert said["state"] == "OK" and said["drift_detected"] is False
        both = said["multivariate"]
        assert both["state"] == "ALARM" and 0.7 < both["low"] < both["roc_auc"] < 0.78, both
        assert {part["name"] for part in both["separated_by"][:2]} == {"a", "b"}, both
        assert not os.listdir(kept), "the worker's files are removed"


@test
def a_model_finds_nothing_where_nothing_changed():
    alarms = 0
    rounds = 20 if SOAK else 4
    for seed in range(rounds):
        with directory() as cwd:
            pair(cwd, rows(2000, 2 * seed), rows(1000, 2 * seed + 1))
            both = report(cwd, "--multivariate", "--ignore", "Time")["multivariate"]
            assert both["state"] == "OK", both
            alarms += not both["low"] <= 0.5 <= both["high"]
    assert alarms <= rounds // 4, alarms


@test
def seasonal_traffic_over_eight_weeks_raises_no_alarm():
    """Against four weeks before: payments swing with the weekday, and a week is always whole. Fraud comes in
    campaigns and may be watched; nothing else is."""
    with directory() as cwd:
        assay("generate", "cards", "--rows", 600, "--days", 84, "--seed", 5, "--drift",
              "seasonality:period=week,peak=5,volume=0.4,column=amount,swing=0.2", cwd=cwd)
        header, *lines = read(cwd, "transactions.csv").splitlines()
        days = {day: i for i, day in enumerate(sorted({line.split(",")[1][:10] for line in lines}))}
        weeks = [[] for _ in range(12)]
        for line in lines:
            weeks[days[line.split(",")[1][:10]] // 7].append(line)
        write(cwd, "a.csv", "\n".join([header, *sum(weeks[:4], [])]) + "\n")
        for week in weeks[4:]:
            write(cwd, "b.csv", "\n".join([header, *week]) + "\n")
            said = report(cwd)
            assert len(week) > 3000 and set(said["drifted_columns"]) <= {"fraud"}, said["drifted_columns"]


main()
