"""Trains the small models that the end-to-end tests deploy, and notes what Python predicts.

Run with the packages of requirements.txt; seeds are fixed, so the same versions write the same
files. Not part of a test run: its results are committed.
"""

import json
from pathlib import Path

import lightgbm
import numpy as np
import onnx
import xgboost
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
RNG = np.random.default_rng(20260101)
FEATURES = RNG.uniform(-1, 1, size=(400, 4)).astype(np.float32)
TARGET = 3 * FEATURES[:, 0] - 2 * FEATURES[:, 1] + FEATURES[:, 2] * FEATURES[:, 3]
ROWS = RNG.uniform(-1, 1, size=(5, 4)).astype(np.float32).round(3)
TREES = {"max_depth": 3, "eta": 0.3, "seed": 7, "nthread": 1, "base_score": 0.5}


def boosted(target, **parameters):
    return xgboost.train({**TREES, **parameters}, xgboost.DMatrix(FEATURES, target), 12)


def answers(booster):
    return booster.predict(xgboost.DMatrix(ROWS)).tolist()


def linear_onnx():
    """Returns y = weights . x + offset for a float input x, and n + 1 for an int64 input n."""
    weights = np.array([[3.0], [-2.0], [0.5], [1.0]], dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "weights"], ["product"]),
            helper.make_node("Add", ["product", "offset"], ["y"]),
            helper.make_node("Add", ["n", "one"], ["n_plus_one"]),
        ],
        "linear",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 4]),
            helper.make_tensor_value_info("n", TensorProto.INT64, ["count"]),
        ],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1]),
            helper.make_tensor_value_info("n_plus_one", TensorProto.INT64, ["count"]),
        ],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([0.25], dtype=np.float32), "offset"),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "one"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model, (ROWS @ weights + np.float32(0.25)).ravel().tolist()


def main():
    expected = {"rows": [[float(f"{value:.3f}") for value in row] for row in ROWS]}

    blue = boosted(TARGET, objective="reg:squarederror")
    blue.save_model(HERE / "blue.json")
    expected["blue"] = answers(blue)

    # far from blue in every row, so an answer tells which of the two gave it
    green = boosted(TARGET + 100, objective="reg:squarederror")
    green.save_model(HERE / "green.ubj")
    expected["green"] = answers(green)

    classes = boosted(
        np.digitize(TARGET, [-1, 1]), objective="multi:softprob", num_class=3
    )
    classes.save_model(HERE / "classes.json")
    expected["classes"] = answers(classes)

    gbm = lightgbm.train(
        {"objective": "regression", "num_leaves": 7, "seed": 7, "num_threads": 1, "verbose": -1},
        lightgbm.Dataset(FEATURES, TARGET),
        12,
    )
    gbm.save_model(HERE / "lightgbm.txt")
    expected["lightgbm"] = gbm.predict(ROWS).tolist()

    model, expected["onnx"] = linear_onnx()
    onnx.save(model, HERE / "linear.onnx")

    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
