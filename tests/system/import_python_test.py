"""Models that Python saves today: trained here by Debian's scikit-learn and XGBoost, pickled in
every way there is, imported, and scored against predict_proba."""
import csv
import io
import os
import pickle
import tarfile

from harness import Skip, assay, directory, main, need, test

WITHIN = 1e-7
ROWS, FEATURES = 600, 6


class Nothing:
    """A team's own wrapper around a scaler; its module is not importable elsewhere."""

    def __init__(self, scaler):
        self.scaler = scaler
        self.columns = ["a", "b"]


def table(missing=False):
    """Rows of floats that a CSV carries unharmed, and a label they decide."""
    numpy = need("numpy")
    random = numpy.random.RandomState(7)
    rows = random.standard_normal((ROWS, FEATURES)).astype("float32").astype("float64")
    rows[:, 2] = numpy.round(rows[:, 2])
    label = (rows[:, 0] + rows[:, 1] * rows[:, 2] + 0.3 * random.standard_normal(ROWS) > 0.4)
    if missing:
        rows[random.random_sample(rows.shape) < 0.15] = numpy.nan
    return rows, label.astype(int)


def write_rows(cwd, rows, names=None):
    path = os.path.join(cwd, "rows.csv")
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names or [f"f{i}" for i in range(rows.shape[1])])
        for row in rows:
            writer.writerow(["" if cell != cell else repr(float(cell)) for cell in row])
    return path


def scored(cwd, rows, *files, names=None):
    """The scores of the rows by the model of these files."""
    assay("models", "import", *files, "--champion", cwd=cwd)
    lines = assay("score", write_rows(cwd, rows, names), cwd=cwd).text.splitlines()
    return [float(line.split(",")[1]) for line in lines[1:]]


def save(cwd, model, how):
    """A file of the model, in one of the ways people save them."""
    joblib = need("joblib")
    path = os.path.join(cwd, f"model-{how}")
    if how.startswith("pickle"):
        with open(path, "wb") as file:
            pickle.dump(model, file, protocol=int(how[-1]))
    else:
        compress = {"joblib": 0, "zlib": ("zlib", 3), "gzip": ("gzip", 6)}[how]
        joblib.dump(model, path, compress=compress)
    return path


WAYS = [f"pickle{protocol}" for protocol in range(6)] + ["joblib", "zlib", "gzip"]


def classifiers():
    need("sklearn")
    from sklearn.ensemble import (ExtraTreesClassifier, GradientBoostingClassifier,
                                  HistGradientBoostingClassifier, RandomForestClassifier)
    from sklearn.tree import DecisionTreeClassifier
    return [RandomForestClassifier(20, max_depth=6, class_weight="balanced", random_state=1),
            ExtraTreesClassifier(20, max_depth=6, random_state=1),
            GradientBoostingClassifier(n_estimators=25, random_state=1),
            GradientBoostingClassifier(n_estimators=5, init="zero", random_state=1),
            HistGradientBoostingClassifier(max_iter=25, random_state=1),
            DecisionTreeClassifier(max_depth=5, random_state=1)]


def regressors():
    need("sklearn")
    from sklearn.ensemble import (ExtraTreesRegressor, GradientBoostingRegressor,
                                  HistGradientBoostingRegressor, RandomForestRegressor)
    from sklearn.tree import DecisionTreeRegressor
    return [RandomForestRegressor(15, max_depth=5, random_state=1),
            ExtraTreesRegressor(15, max_depth=5, random_state=1),
            GradientBoostingRegressor(n_estimators=15, loss="huber", random_state=1),
            HistGradientBoostingRegressor(max_iter=15, random_state=1),
            DecisionTreeRegressor(max_depth=5, random_state=1)]


def near(ours, wanted, what):
    worst = max(abs(a - b) for a, b in zip(ours, wanted))
    assert len(ours) == len(wanted) and worst <= WITHIN, (what, len(ours), len(wanted), worst)


@test
def every_classifier_saved_in_every_way_scores_as_predict_proba_does():
    rows, label = table()
    for model in classifiers():
        wanted = list(model.fit(rows, label).predict_proba(rows)[:, 1])
        for how in WAYS:
            with directory() as cwd:
                near(scored(cwd, rows, save(cwd, model, how)), wanted, (model, how))


@test
def every_regressor_scores_as_predict_does():
    rows, label = table()
    for model in regressors():
        wanted = list(model.fit(rows, label.astype(float)).predict(rows))
        with directory() as cwd:
            near(scored(cwd, rows, save(cwd, model, "joblib")), wanted, model)


@test
def a_histogram_model_sends_missing_values_and_categories_where_training_did():
    need("sklearn")
    from sklearn.ensemble import HistGradientBoostingClassifier
    numpy = need("numpy")
    rows, label = table(missing=True)
    random = numpy.random.RandomState(3)
    codes = random.randint(0, 9, ROWS).astype("float64")
    label = numpy.where(codes % 3 == 1, 1 - label, label)
    codes[random.random_sample(ROWS) < 0.1] = numpy.nan
    rows[:, 4] = codes
    model = HistGradientBoostingClassifier(max_iter=30, categorical_features=[4], random_state=1)
    model.fit(rows, label)
    rows[:7, 4] = [200, 55, 9, 12, 0, 8, 3]  # some of them training never saw
    with directory() as cwd:
        path = save(cwd, model, "pickle4")
        if getattr(model, "_preprocessor", None) is not None:  # since scikit-learn 1.4
            assay("models", "import", path, cwd=cwd, status=9)
            return
        assay("models", "import", path, "--champion", "--allow-missing", cwd=cwd)
        lines = assay("score", write_rows(cwd, rows), cwd=cwd).text.splitlines()[1:]
        near([float(line.split(",")[1]) for line in lines], list(model.predict_proba(rows)[:, 1]),
             "categories")


@test
def forests_that_learnt_missing_values_send_them_where_training_did():
    sklearn = need("sklearn")
    if [int(part) for part in sklearn.__version__.split(".")[:2]] < [1, 4]:
        raise Skip(f"scikit-learn {sklearn.__version__}'s forests refuse missing values")
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier
    rows, label = table(missing=True)
    for model in (RandomForestClassifier(20, max_depth=6, random_state=1),
                  DecisionTreeClassifier(max_depth=6, random_state=1)):
        wanted = list(model.fit(rows, label).predict_proba(rows)[:, 1])
        with directory() as cwd:
            path = save(cwd, model, "zlib")
            assay("models", "import", path, "--champion", "--allow-missing", cwd=cwd)
            lines = assay("score", write_rows(cwd, rows), cwd=cwd).text.splitlines()[1:]
            near([float(line.split(",")[1]) for line in lines], wanted, model)


@test
def a_pipeline_its_parts_beside_each_other_and_a_dict_of_them_score_alike():
    need("sklearn")
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler
    rows, label = table()
    rows = rows * 40 + 1000
    model = RandomForestClassifier(10, max_depth=5, random_state=1)
    pipeline = Pipeline([("scale", StandardScaler()), ("same", "passthrough"), ("model", model)])
    wanted = list(pipeline.fit(rows, label).predict_proba(rows)[:, 1])
    scaler = pipeline.named_steps["scale"]
    with directory() as cwd:
        near(scored(cwd, rows, save(cwd, pipeline, "joblib")), wanted, "pipeline")
    with directory() as cwd:
        files = [save(cwd, model, "joblib"), save(cwd, scaler, "zlib")]
        near(scored(cwd, rows, *files), wanted, "files")
    with directory() as cwd:
        path = save(cwd, {"model": model, "scaler": scaler, "best_threshold": 0.25}, "pickle4")
        near(scored(cwd, rows, path), wanted, "dict")
        shown = assay("models", "show", "champion", cwd=cwd).text
        assert '"threshold": 0.25,' in shown, shown
    with directory() as cwd:
        files = [save(cwd, model, "joblib"), save(cwd, Nothing(scaler), "pickle4")]
        near(scored(cwd, rows, *files), wanted, "unknown wrapper")


@test
def a_threshold_comes_from_a_file_or_the_command_line():
    need("sklearn")
    numpy = need("numpy")
    from sklearn.tree import DecisionTreeClassifier
    rows, label = table()
    with directory() as cwd:
        model = save(cwd, DecisionTreeClassifier(max_depth=3).fit(rows, label), "joblib")
        path = os.path.join(cwd, "threshold.pkl")
        with open(path, "wb") as file:
            pickle.dump(numpy.float64(0.125), file)
        for options, wanted in (([path], "0.125"), (["--threshold", path], "0.125"),
                                ([path, "--threshold", "0.75"], "0.75"), ([], "0.5")):
            assay("models", "import", model, *options, "--champion", cwd=cwd)
            shown = assay("models", "show", "champion", cwd=cwd).text
            assert f'"threshold": {wanted},' in shown, (options, shown)


@test
def names_of_features_come_along():
    numpy = need("numpy")
    need("sklearn")
    from sklearn.ensemble import RandomForestClassifier
    rows, label = table()
    names = ["amount", "hour", "country", "age<30", "v5", "größe"]
    model = RandomForestClassifier(5, max_depth=4, random_state=1).fit(rows, label)
    wanted = list(model.predict_proba(rows)[:, 1])
    model.feature_names_in_ = numpy.array(names, dtype=object)  # what fitting a data frame leaves
    for how in ("joblib", "pickle2", "pickle5"):
        with directory() as cwd:
            near(scored(cwd, rows, save(cwd, model, how), names=names), wanted, how)


@test
def pickled_xgboost_estimators_and_boosters_score_as_python_does():
    xgboost = need("xgboost")
    rows, label = table()
    model = xgboost.XGBClassifier(n_estimators=15, max_depth=4).fit(rows, label)
    wanted = [float(p) for p in model.predict_proba(rows)[:, 1]]
    early = xgboost.XGBClassifier(n_estimators=60, learning_rate=1.5, early_stopping_rounds=3)
    early.fit(rows[:300], label[:300], eval_set=[(rows[300:], label[300:])], verbose=False)
    with directory() as cwd:
        done = assay("models", "import", save(cwd, early, "joblib"), cwd=cwd, status=9)
        assert "training stopped early" in done.said, done.said
    forest = xgboost.XGBRFClassifier(n_estimators=10, max_depth=4).fit(rows, label)
    with directory() as cwd:
        near(scored(cwd, rows, save(cwd, forest, "joblib")),
             [float(p) for p in forest.predict_proba(rows)[:, 1]], "XGBRFClassifier")
    for thing in (model, model.get_booster()):
        for how in ("pickle2", "pickle5", "joblib", "gzip"):
            with directory() as cwd:
                near(scored(cwd, rows, save(cwd, thing, how)), wanted, (type(thing), how))


@test
def a_model_in_a_tar_file_is_found_among_what_lies_beside_it():
    need("sklearn")
    from sklearn.tree import DecisionTreeClassifier
    rows, label = table()
    model = DecisionTreeClassifier(max_depth=4).fit(rows, label)
    with directory() as cwd:
        inner = save(cwd, model, "zlib")
        path = os.path.join(cwd, "model.tar.gz")
        with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as tar:
            tar.add(inner, "./model.joblib")
            for name, text in (("code/inference.py", b"import os\n"), ("._model.joblib", b"junk")):
                info = tarfile.TarInfo(name)
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text))
        near(scored(cwd, rows, path), list(model.predict_proba(rows)[:, 1]), "tar")


@test
def what_cannot_be_exact_is_refused_by_name_with_the_remedy():
    need("sklearn")
    joblib = need("joblib")
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler
    numpy = need("numpy")
    rows, label = table()
    forest = RandomForestClassifier(3, max_depth=3)
    two = numpy.stack([label, 1 - label], axis=1)
    cases = [
        (RandomForestClassifier(3).fit(rows, label + (rows[:, 0] > 1)), "tells 3 classes apart"),
        (RandomForestClassifier(3).fit(rows, numpy.where(label > 0, "fraud", "legit")),
         "its labels are texts"),
        (RandomForestClassifier(3).fit(rows, two), "it has several outputs"),
        (GradientBoostingClassifier(loss="exponential", n_estimators=2).fit(rows, label),
         "its loss is not log_loss"),
        (GradientBoostingClassifier(init=forest, n_estimators=2).fit(rows, label), "init_ is"),
        (LogisticRegression().fit(rows, label), "sklearn.linear_model._logistic"),
        (CalibratedClassifierCV(forest, cv=2).fit(rows, label), "CalibratedClassifierCV"),
        (make_pipeline(MinMaxScaler(), forest).fit(rows, label), "MinMaxScaler"),
        (RandomForestClassifier(3), "no classes_"),
        (Nothing(None), ".Nothing' is not a model"),
        ([1, 2], "'a list' is not a model"),
    ]
    with directory() as cwd:
        for model, says in cases:
            done = assay("models", "import", save(cwd, model, "pickle4"), cwd=cwd, status=9)
            assert says in done.said, (says, done.said)
        path = os.path.join(cwd, "packed")
        for how in ("bz2", "lzma", "xz"):
            joblib.dump(forest, path, compress=(how, 3))
            done = assay("models", "import", path, cwd=cwd, status=9)
            assert "joblib.dump(model, path, compress=3)" in done.said, (how, done.said)


@test
def a_pickle_that_would_run_a_command_runs_nothing():
    class Bad:
        def __reduce__(self):
            return os.system, ("touch ran",)

    with directory() as cwd:
        for protocol in range(6):
            path = os.path.join(cwd, "bad.pkl")
            with open(path, "wb") as file:
                pickle.dump(Bad(), file, protocol=protocol)
            done = assay("models", "import", path, cwd=cwd, status=9)
            assert "posix.system" in done.said, done.said
            assert os.listdir(cwd).count("ran") == 0


@test
def a_model_that_refuses_missing_values_is_not_imported_to_take_them():
    need("sklearn")
    import sklearn
    from sklearn.ensemble import GradientBoostingClassifier
    rows, label = table()
    model = GradientBoostingClassifier(n_estimators=3).fit(rows, label)
    with directory() as cwd:
        path = save(cwd, model, "joblib")
        done = assay("models", "import", path, "--allow-missing", cwd=cwd, status=3)
        assert "refuses missing values" in done.said, (sklearn.__version__, done.said)


if __name__ == "__main__":
    main()
