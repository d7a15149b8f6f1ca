"""What is expected of columns, held against files and against what a server is asked."""
import json
import os

from harness import assay, directory, main, read, test, write

DRIFT = ["--drift", "schema:column=channel,change=category,value=kiosk,share=0.05,from=25",
         "--drift", "schema:column=amount,change=type,share=0.02,from=25"]


def project(cwd, *drift):
    assay("init", ".", "--template", "cards", cwd=cwd)
    assay("generate", "cards", "--rows", 150, "--days", 90, *drift, cwd=cwd)
    yaml = read(cwd, "assay.yaml")
    yaml = yaml.replace("{type: id}", "{type: id, expect: [{check: unique}, {check: matches, "
                        "pattern: '[0-9]{16}'}]}", 1)
    yaml = yaml.replace("  amount: {type: number, min: 0}",
                        "  amount: {type: number, min: 0, expect: [{check: between, max: 50, mostly: "
                        "0.999, severity: warn}]}")
    yaml = yaml.replace("channel: {type: category}", "channel: {type: category, expect: "
                        "[{check: in_set, set: [pos, atm, online]}]}")
    yaml = yaml.replace("roc_auc >= 0.7", "roc_auc >= 0.1").replace("  - pr_auc >= 0.05\n", "")
    write(cwd, "assay.yaml", yaml + "serve:\n  watch_ms: 50\n")


@test
def a_file_that_breaks_what_is_expected_fails_and_says_where():
    with directory() as cwd:
        project(cwd)
        clean = assay("check", "transactions.csv", cwd=cwd).text
        assert "ok    transaction_id unique: 0 of" in clean, clean
        assert "warn  amount between:" in clean, clean
        assert "between" in assay("check", cwd=cwd).text
        assay("generate", "cards", "--rows", 150, "--days", 30, "--force", *DRIFT, cwd=cwd)
        done = assay("check", "transactions.csv", "--violations", "violations.json", cwd=cwd,
                     status=10)
        assert "error channel in_set:" in done.text and "'kiosk'" in done.text, done.text
        assert "error amount type (implied):" in done.text and " units'" in done.text, done.text
        assert "2 expectations of severity error fail" in done.said, done.said
        line = int(done.text.split("first: line ")[1].split(" ")[0])
        assert line > 1
        found = json.loads(read(cwd, "violations.json"))["violations"]
        assert {(v["feature_name"], v["constraint_check_type"]) for v in found} == {
            ("amount", "range_check"), ("amount", "data_type_check"),
            ("channel", "categorical_values_check")}, found


@test
def a_version_knows_what_its_training_rows_were_like():
    with directory() as cwd:
        project(cwd)
        assay("train", "--set", "model.rounds=5", "--set", "model.folds=0", "--set",
              "model.early_stopping=0", "--set", "audit.trial=false", cwd=cwd)
        assay("check", "transactions.csv", "--model", 1, cwd=cwd)
        assay("generate", "cards", "--rows", 150, "--days", 30, "--force", "--drift",
              "schema:column=entry_mode,change=category,value=thumb,share=0.5", cwd=cwd)
        text = assay("check", "transactions.csv", "--model", 1, cwd=cwd).text
        assert "warn  entry_mode domain (implied):" in text and "90 % must" in text, text
        # Once more from the file of the version's bundle, where there is no project.
        assay("models", "export", 1, "--out", "v1.assay", cwd=cwd)
        os.mkdir(os.path.join(cwd, "elsewhere"))
        again = assay("check", "../transactions.csv", "--bundle", "../v1.assay",
                      cwd=os.path.join(cwd, "elsewhere")).text
        assert again == text, again


if __name__ == "__main__":
    main()
