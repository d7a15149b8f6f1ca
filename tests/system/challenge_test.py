"""Champion and challenger on the same rows: who stays, who goes, and what is told of it."""
import json
import os

from harness import ROOT, assay, copied, directory, main, read, test, write

EVALUATION = """
evaluation: {entity: customer_id, amount: amount}
"""


def generated(cwd, rows):
    assay("generate", "cards", "--rows", rows, "--days", 100, "--seed", 1, "--out", ".", cwd=cwd)


def cards(cwd, more="", rows=800):
    copied(cwd, generated, rows)
    text = read(ROOT, "examples", "cards", "assay.yaml")
    text = text.replace("gate:\n  - roc_auc >= 0.7\n  - pr_auc >= 0.05\n", "")
    text = text.replace("early_stopping: 20", "early_stopping: 0")
    text = text.replace("  folds: 3\n", "  folds: 3\n  parameters: {subsample: 0.8}\n")
    write(cwd, "assay.yaml", text + EVALUATION + more)


def train(cwd, *settings, status=0):
    arguments = [word for setting in settings for word in ("--set", setting)]
    return assay("train", "--set", "model.folds=0", "--set", "audit.trial=false", *arguments, cwd=cwd,
                 status=status)


def shown(cwd, version):
    return json.loads(assay("models", "show", version, cwd=cwd).text)


def alias(cwd, name):
    return json.loads(assay("models", "show", name, cwd=cwd).text)["number"]


@test
def a_better_model_replaces_the_champion_and_the_reasons_are_kept():
    with directory() as cwd:
        cards(cwd, "challenge: {alert_volume: 1000, ece: 1000}\n")
        train(cwd, "model.rounds=1")
        done = train(cwd, "model.rounds=60")
        assert "challenge promote: pr_auc" in done.said, done.said
        assert alias(cwd, "champion") == 2
        said = shown(cwd, 2)["comparison"]
        assert said["verdict"] == "promote" and said["gain_low"] > 0, said
        assert said["champion"] == 1 and said["challenger"] == 2
        assert said["champion_value"] < said["challenger_value"]
        swap = said["swap_set"]
        assert swap["challenger_alone"]["rows"] + swap["champion_alone"]["rows"] > 0, swap
        for example in said["examples"]:
            assert (example["champion_score"] >= said["champion_threshold"]) != \
                (example["challenger_score"] >= said["challenger_threshold"]), example
        money = [example["amount"] for example in said["examples"]]
        assert money == sorted(money, reverse=True), money
        text = read(cwd, "transactions.csv").splitlines()
        for example in said["examples"]:
            cells = text[example["line"] - 1].split(",")
            assert float(cells[4]) == example["amount"] and (cells[-1] == "1") == example["fraud"]
        events = [line.split()[3] for line in assay("audit", "show", cwd=cwd).text.splitlines()]
        assert "challenge" in events, events


@test
def a_better_model_passes_the_rails_as_they_come():
    """By the default rails, with a line for each that raises about as many alarms."""
    with directory() as cwd:
        cards(cwd)
        write(cwd, "assay.yaml", read(cwd, "assay.yaml").replace(
            "amount: amount}", "amount: amount, budget: {alarms: 10}}"))
        train(cwd, "model.rounds=1", "decision.threshold=budget")
        done = train(cwd, "model.rounds=60", "decision.threshold=budget")
        said = shown(cwd, 2)["comparison"]
        rails = {rail["name"]: rail for rail in said["rails"]}
        assert rails["ece"]["limit"] == 1.1 and rails["alert_volume"]["limit"] == 0.2, rails
        assert rails["ece"]["passed"], rails
        assert (said["verdict"] == "promote") == rails["alert_volume"]["passed"], said["why"]
        assert said["gain_low"] > 0, done.said


@test
def what_was_rolled_back_does_not_come_back_by_itself():
    with directory() as cwd:
        cards(cwd, "challenge: {alert_volume: 1000, ece: 1000}\n")
        train(cwd, "model.rounds=1")
        train(cwd, "model.rounds=60")
        assert alias(cwd, "champion") == 2
        assay("models", "rollback", "--comment", "complaints", cwd=cwd)
        for mode in ("bound", "off"):
            done = train(cwd, "model.rounds=60", f"challenge.mode={mode}")
            assert "version 2 was rolled back" in done.said, done.said
            assert alias(cwd, "champion") == 1
        assay("models", "promote", 2, cwd=cwd)
        assert alias(cwd, "champion") == 2


@test
def a_column_that_was_a_category_and_is_a_number_now_cannot_be_compared():
    with directory() as cwd:
        cards(cwd, "challenge: {alert_volume: 1000, ece: 1000}\n")
        lines = [line.split(",") for line in read(cwd, "transactions.csv").splitlines()]
        codes = {"chip": "07", "contactless": "02", "keyed": "03", "stripe": "04"}
        for line in lines[1:]:
            line[6] = codes[line[6]]
        write(cwd, "transactions.csv", "\n".join(",".join(line) for line in lines) + "\n")
        train(cwd, "model.rounds=20")
        write(cwd, "assay.yaml", read(cwd, "assay.yaml").replace("entry_mode: {type: category}",
                                                                 "entry_mode: {type: number}"))
        done = train(cwd, "model.rounds=20")
        assert "'entry_mode' was of type category and is number now" in done.said, done.said
        assert shown(cwd, 2)["comparison"]["verdict"] == "incomparable"
        assert alias(cwd, "champion") == 1


@test
def an_approved_version_is_deployed_and_an_unapproved_one_waits():
    with directory() as cwd:
        cards(cwd)
        train(cwd, "model.rounds=5", "deploy.approvals=1")
        done = train(cwd, "model.rounds=5", "deploy.approvals=1")
        assert "waits for the approval of 1 more" in done.said, done.said
        assay("models", "approve", 1, "--comment", "fine", cwd=cwd)
        train(cwd, "model.rounds=5", "deploy.approvals=1")
        assert alias(cwd, "champion") == 1


@test
def an_equal_model_does_not_and_stands_by_as_the_challenger():
    with directory() as cwd:
        cards(cwd, "challenge: {alert_volume: 1000, ece: 1000, least_gain: 0.05}\n")
        train(cwd, "model.rounds=40")
        done = train(cwd, "model.rounds=40", "model.seed=2")
        said = shown(cwd, 2)["comparison"]
        assert alias(cwd, "champion") == 1, done.said
        assert said["verdict"] in ("keep", "insufficient"), said
        assert said["gain_low"] <= 0, said
        if said["verdict"] == "insufficient":
            assert said["frauds_needed"] > 0 and "more frauds would tell" in done.said
            assert alias(cwd, "challenger") == 2


@test
def of_those_that_lack_evidence_the_best_is_the_challenger_and_not_the_newest():
    with directory() as cwd:
        cards(cwd, "challenge: {alert_volume: 1000, ece: 1000, least_gain: 0.0001, "
                   "confidence: 0.999}\n", rows=300)
        train(cwd, "model.rounds=30")
        best, gains, stayed, replaced = 0, {}, 0, 0
        for version, rounds in enumerate((20, 8, 25, 12, 60, 10), 2):
            done = train(cwd, f"model.rounds={rounds}", "model.seed=3")
            said = shown(cwd, version)["comparison"]
            assert alias(cwd, "champion") == 1, done.said
            if said["verdict"] != "insufficient":
                continue
            gains[version] = said["gain"]
            if best and gains[version] <= gains[best]:
                assert f"version {best} stays the challenger" in done.said, (gains, done.said)
                stayed += 1
            else:
                replaced += best > 0
                best = version
            assert alias(cwd, "challenger") == best, (gains, done.said)
        assert stayed > 0 and replaced > 0, gains
        # Another champion: what met the old one gives way to what met this one.
        assay("models", "promote", min(gains, key=gains.get), cwd=cwd)
        done = train(cwd, "model.rounds=9", "model.seed=4")
        newest = max(gains) + 1
        said = shown(cwd, newest)["comparison"]
        assert said["verdict"] == "insufficient", said
        assert alias(cwd, "challenger") == newest, done.said


@test
def a_rail_keeps_the_champion_and_is_named():
    with directory() as cwd:
        cards(cwd, "challenge: {alert_volume: 0.05, ece: 1000}\n")
        train(cwd, "model.rounds=1")
        done = train(cwd, "model.rounds=60", "decision.threshold=0.01")
        assert "challenge keep the champion" in done.said and "alert_volume" in done.said, done.said
        assert alias(cwd, "champion") == 1
        rails = {rail["name"]: rail for rail in shown(cwd, 2)["comparison"]["rails"]}
        assert rails["alert_volume"]["judged"] and not rails["alert_volume"]["passed"]


@test
def the_plain_mode_replaces_on_a_higher_f1_and_says_what_the_risk_was():
    with directory() as cwd:
        cards(cwd, "challenge: {mode: f1}\n")
        train(cwd, "model.rounds=2")
        done = train(cwd, "model.rounds=60")
        said = shown(cwd, 2)["comparison"]
        replaced = said["challenger_value"] > said["champion_value"]
        assert (alias(cwd, "champion") == 2) == replaced, said
        assert 0.2 < said["false_promotion_risk"] < 0.8, said
        assert "one would still be replaced with chance" in done.said


@test
def a_champion_that_cannot_read_the_rows_stays_and_the_column_is_named():
    with directory() as cwd:
        cards(cwd)
        train(cwd, "model.rounds=5")
        text = read(cwd, "assay.yaml")
        text = text.replace("  distance_km: {type: number, min: 0, optional: true}\n", "")
        text = text.replace("customer_mean_amount: {type: number, min: 0}",
                            "customer_mean: {type: number, min: 0}")
        text = text.replace("other: customer_mean_amount", "other: customer_mean")
        text = text.replace("file: transactions.csv", "file: renamed.csv")
        write(cwd, "assay.yaml", text)
        lines = [line.split(",") for line in read(cwd, "transactions.csv").splitlines()]
        lines[0][8] = "customer_mean"
        write(cwd, "renamed.csv", "\n".join(
            ",".join(line[:7] + line[8:]) for line in lines) + "\n")
        done = train(cwd, "model.rounds=5")
        assert "the champion cannot read these rows: the data has no column " \
            "'customer_mean_amount'" in done.said, done.said
        assert shown(cwd, 2)["comparison"]["verdict"] == "incomparable"
        assert alias(cwd, "champion") == 1
        assay("models", "promote", 2, cwd=cwd)
        assert alias(cwd, "champion") == 2


@test
def a_champion_of_another_random_split_is_said_to_have_seen_the_rows():
    with directory() as cwd:
        cards(cwd)
        text = read(cwd, "assay.yaml").replace("kind: time", "kind: random")
        write(cwd, "assay.yaml", text)
        train(cwd, "model.rounds=5")
        train(cwd, "model.rounds=6")
        done = train(cwd, "model.rounds=5", "split.seed=9")
        assert "may have trained on some of these rows" in done.said, done.said
        assert shown(cwd, 2)["comparison"]["champion_may_have_seen_the_rows"] is False
        assert shown(cwd, 3)["comparison"]["champion_may_have_seen_the_rows"] is True


@test
def without_a_challenge_the_newest_replaces_as_before():
    with directory() as cwd:
        cards(cwd)
        train(cwd, "model.rounds=20")
        train(cwd, "model.rounds=1", "challenge.mode=off")
        assert alias(cwd, "champion") == 2
        assert shown(cwd, 2)["comparison"] is None


@test
def the_champions_own_scores_are_those_of_assay_score():
    """What rescore gives the champion's rows is what the champion gives the file."""
    with directory() as cwd:
        cards(cwd, "challenge: {alert_volume: 1000, ece: 1000}\n")
        train(cwd, "model.rounds=3")
        assay("score", "transactions.csv", "--out", "before.csv", cwd=cwd)
        train(cwd, "model.rounds=60", "split.train=0.6")
        before = dict(line.split(",")[:2] for line in read(cwd, "before.csv").splitlines()[1:])
        examples = shown(cwd, 2)["comparison"]["examples"]
        assert examples
        for example in examples:
            assert float(before[str(example["line"])]) == example["champion_score"], example


@test
def settings_of_the_challenge_are_checked_before_training():
    with directory() as cwd:
        cards(cwd, rows=100)
        for setting, wanted in (("challenge.primary=luck", "'luck' is no metric"),
                                ("challenge.primary=prevalence", "is no metric that judges"),
                                ("challenge.group=nobody",
                                 "challenge.group: 'nobody' is no column of the data; declare it")):
            done = train(cwd, setting, status=3)
            assert wanted in done.said, done.said
            done = assay("check", "--set", setting, cwd=cwd, status=3)
            assert wanted in done.said, done.said
        assert not os.path.exists(os.path.join(cwd, ".assay", "work")) or \
            not os.listdir(os.path.join(cwd, ".assay", "work"))


@test
def a_group_that_is_declared_but_not_in_the_data_is_refused_though_the_data_is_prepared():
    with directory() as cwd:
        cards(cwd, rows=100)
        write(cwd, "assay.yaml", read(cwd, "assay.yaml").replace(
            "columns:\n", "columns:\n  region: {type: category, use: false}\n", 1))
        assay("train", "--until", "train", "--set", "model.rounds=3", cwd=cwd)
        for command in ("check", "train"):
            done = assay(command, "--set", "challenge.group=region", "--set", "model.rounds=3",
                         cwd=cwd, status=3)
            step = " prepare:" if command == "train" else ""
            assert f"assay {command}:{step} challenge.group: 'region' is no column" in done.said, \
                done.said
        ran = os.listdir(os.path.join(cwd, ".assay", "work"))
        assert sorted(name.split("-")[0] for name in ran) == ["audit", "prepare", "train"], ran


if __name__ == "__main__":
    main()
