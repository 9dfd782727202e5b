"""Writes the ONNX models that the tests of runtime-embedded load, with the answers they must give.

Run:  python3 -m venv v && v/bin/pip install onnx skl2onnx scikit-learn onnxruntime
      v/bin/python make_onnx_models.py ../resources/onnx
Last run with onnx 1.23.2, skl2onnx 1.20.0, scikit-learn 1.9.1, onnxruntime 1.32.0 (CPU).
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPRegressor

OUT = pathlib.Path(sys.argv[1])
OPSET = helper.make_opsetid("", 17)


def save(name, model, **options):
    directory = OUT / name
    directory.mkdir(parents=True, exist_ok=True)
    onnx.checker.check_model(model)
    onnx.save(model, directory / "model.onnx", **options)
    return directory


def graph_model(name, nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    return helper.make_model(graph, opset_imports=[OPSET], ir_version=8)


def typed():
    """Four inputs of different types; each output follows from some of them."""
    nodes = [
        helper.make_node("Cast", ["count"], ["count_f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["price", "count_f"], ["amount"]),
        helper.make_node("Cast", ["member"], ["member_f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["member_f", "rate"], ["discount"]),
        helper.make_node("Sub", ["one", "discount"], ["factor"]),
        helper.make_node("Mul", ["amount", "factor"], ["total"]),
        helper.make_node("Identity", ["code"], ["code_out"]),
        helper.make_node("Not", ["member"], ["guest"]),
        helper.make_node("Add", ["count", "count"], ["twice"]),
    ]
    tensor = helper.make_tensor_value_info
    inputs = [
        tensor("price", TensorProto.FLOAT, ["n", 2]),
        tensor("count", TensorProto.INT64, ["n", 2]),
        tensor("member", TensorProto.BOOL, ["n", 1]),
        tensor("code", TensorProto.STRING, ["n"]),
    ]
    outputs = [
        tensor("total", TensorProto.FLOAT, ["n", 2]),
        tensor("code_out", TensorProto.STRING, ["n"]),
        tensor("guest", TensorProto.BOOL, ["n", 1]),
        tensor("twice", TensorProto.INT64, ["n", 2]),
    ]
    constants = [
        numpy_helper.from_array(np.array([0.25], np.float32), "rate"),
        numpy_helper.from_array(np.array([1.0], np.float32), "one"),
    ]
    save("typed", graph_model("typed", nodes, inputs, outputs, constants))


def widths():
    """Gives back one input of every other type that the protocol and ONNX Runtime share."""
    types = ["UINT8", "INT8", "INT16", "INT32", "FLOAT16", "DOUBLE"]
    nodes = [helper.make_node("Identity", [t.lower()], [t.lower() + "_out"]) for t in types]
    tensor = helper.make_tensor_value_info
    inputs = [tensor(t.lower(), getattr(TensorProto, t), ["n"]) for t in types]
    outputs = [tensor(t.lower() + "_out", getattr(TensorProto, t), ["n"]) for t in types]
    save("widths", graph_model("widths", nodes, inputs, outputs))


def external():
    """A matrix product whose weights lie in a second file."""
    weights = np.arange(12, dtype=np.float32).reshape(3, 4)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    tensor = helper.make_tensor_value_info
    model = graph_model(
        "external",
        nodes,
        [tensor("x", TensorProto.FLOAT, ["n", 3])],
        [tensor("y", TensorProto.FLOAT, ["n", 4])],
        [numpy_helper.from_array(weights, "w")],
    )
    (OUT / "external" / "model.weights").unlink(missing_ok=True)
    save(
        "external",
        model,
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location="model.weights",
        size_threshold=0,
    )


def sklearn_models():
    x, y = load_iris(return_X_y=True)
    x = x.astype(np.float32)
    types = [("X", FloatTensorType([None, 4]))]
    classifier = LogisticRegression(max_iter=500).fit(x, y)
    maps = save("classifier_zipmap", to_onnx(classifier, initial_types=types, target_opset=17))
    plain = save(
        "classifier",
        to_onnx(classifier, initial_types=types, target_opset=17, options={"zipmap": False}),
    )
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    named = LogisticRegression(max_iter=500).fit(x, names)
    save("classifier_names", to_onnx(named, initial_types=types, target_opset=17))
    mlp = MLPRegressor(hidden_layer_sizes=(16, 8), max_iter=300, random_state=7).fit(x[:, :3], x[:, 3])
    regressor = save(
        "mlp",
        to_onnx(mlp, initial_types=[("X", FloatTensorType([None, 3]))], target_opset=17),
    )
    rows = x[::50]
    answers = {
        "rows": rows.tolist(),
        "labels": run(plain, rows)[0].tolist(),
        "probabilities": run(plain, rows)[1].tolist(),
        "widths": run(regressor, rows[:, :3])[0].reshape(-1).tolist(),
    }
    (OUT / "expected.json").write_text(json.dumps(answers, indent=1) + "\n")
    assert run(maps, rows)[0].tolist() == answers["labels"]


def run(directory, rows):
    session = onnxruntime.InferenceSession(directory / "model.onnx")
    return session.run(None, {"X": rows})


typed()
widths()
external()
sklearn_models()
