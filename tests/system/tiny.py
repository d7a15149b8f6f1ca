"""tiny: a champion of one tree, written by hand, for tests that are about anything but the model."""
import json
import os

from harness import assay

TREE = {"id": 0, "left_children": [1, -1, -1], "right_children": [2, -1, -1], "parents": [2147483647, 0, 0],
        "split_indices": [0, 0, 0], "split_conditions": [0.5, -1.0, 2.0], "default_left": [0, 0, 0],
        "sum_hessian": [8, 5, 3], "loss_changes": [1.5, 0, 0],
        "tree_param": {"num_nodes": "3", "num_feature": "2", "num_deleted": "0", "size_leaf_vector": "1"}}
MODEL = {"learner": {"attributes": {}, "gradient_booster": {
    "model": {"trees": [TREE], "tree_info": [0]}, "name": "gbtree"},
    "learner_model_param": {"base_score": "5E-1", "num_class": "0", "num_feature": "2"},
    "objective": {"name": "binary:logistic"}}, "version": [1, 7, 4]}

RECORD = '{"f0": 1, "f1": 0}'  # scores 0.88, the sigmoid of 2; below 0.5 f0 gives that of -1


def tiny_champion(cwd):
    """Registers it as the champion of the project in `cwd`; gives back a record that it scores."""
    path = os.path.join(cwd, "tiny.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(MODEL, file)
    assay("models", "import", path, "--champion", cwd=cwd)
    return RECORD
