"""recipes: the projects that several system tests train."""
import json
import os
import re

from harness import ROOT, data, read, write

SYSTEM_B_PARAMETERS = """  parameters:
    max_depth: 5
    eta: 0.5
    subsample: 0.75
    colsample_bytree: 0.75
    base_score: 0.5
"""


def claims_yaml(claims="claims.csv", customers="customers.csv", model=None, gate="roc_auc >= 0.7"):
    """examples/claims with other files, another model and another gate."""
    text = read(ROOT, "examples", "claims", "assay.yaml")
    text = text.replace("file: claims.csv", f"file: {claims}")
    text = text.replace("file: customers.csv", f"file: {customers}")
    if model is not None:
        text = re.sub(r"model:\n(  .*\n)+", "model:\n" + model, text)
    return re.sub(r"gate:\n(  .*\n)+", f"gate:\n  - {gate}\n", text)


def system_b(directory, gate="roc_auc >= 0.7", seed=1):
    """System B's recipe on its own two tables: 80/10/10, 5 rounds, 3 folds."""
    model = ("  algorithm: xgboost\n  rounds: 5\n  folds: 3\n  metric: auc\n  seed: 1\n"
             "  threads: 2\n" + SYSTEM_B_PARAMETERS)
    text = claims_yaml(data("claims/claims.csv"), data("claims/customers.csv"), model, gate)
    text = text.replace("  seed: 1\n\nmodel", f"  seed: {seed}\n\nmodel")
    write(directory, "assay.yaml", text)


def ulb(directory, algorithm, rounds=100):
    """The card data: Time, V1..V28, Amount; the label is Class."""
    names = ["Time"] + [f"V{i}" for i in range(1, 29)] + ["Amount"]
    columns = "".join(f"  {name}: {{type: number}}\n" for name in names)
    write(directory, "assay.yaml", f"""project: ulb
data:
  file: {data("cards/ulb/creditcard_core.csv")}
  label: Class
columns:
{columns}  Class: {{type: integer}}
model:
  algorithm: {algorithm}
  rounds: {rounds}
  folds: 3
gate:
  - roc_auc >= 0.95
""")


def work(directory, step):
    """The one directory that a step has left."""
    base = os.path.join(directory, ".assay", "work")
    found = [name for name in os.listdir(base) if name.startswith(step + "-")]
    assert len(found) == 1, found
    return os.path.join(base, found[0])


def one_split(value):
    """XGBoost's JSON of one split; every value of the leaf is another model, and so another bundle."""
    tree = {"id": 0, "left_children": [1, -1, -1], "right_children": [2, -1, -1],
            "parents": [2147483647, 0, 0], "split_indices": [0, 0, 0],
            "split_conditions": [0.5, -1.0, value], "default_left": [0, 0, 0],
            "sum_hessian": [8, 5, 3], "loss_changes": [1.5, 0, 0],
            "tree_param": {"num_nodes": "3", "num_feature": "2", "num_deleted": "0",
                           "size_leaf_vector": "1"}}
    return json.dumps({
        "learner": {"attributes": {},
                    "gradient_booster": {"model": {"trees": [tree], "tree_info": [0]},
                                         "name": "gbtree"},
                    "learner_model_param": {"base_score": "5E-1", "num_class": "0",
                                            "num_feature": "2"},
                    "objective": {"name": "binary:logistic"}},
        "version": [1, 7, 4]})
