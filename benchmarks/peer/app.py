"""The container beside us: /ping and /invocations of one XGBoost model, as a `serve` in Flask does it."""

import os

import numpy
import xgboost
from flask import Flask, Response, request

# One thread a worker: with more, single rows become slower and the workers fight over the cores.
model = xgboost.Booster({"nthread": 1}, model_file=os.environ["MODEL_FILE"])
app = Flask(__name__)


@app.get("/ping")
def ping():
    return Response(status=200)


@app.post("/invocations")
def invocations():
    if request.mimetype != "text/csv":
        return Response("only text/csv is taken\n", status=415, mimetype="text/plain")
    lines = request.get_data(as_text=True).strip().split("\n")
    rows = numpy.array([line.split(",") for line in lines], dtype=numpy.float32)
    predictions = model.predict(xgboost.DMatrix(rows))
    return Response("\n".join(map(str, predictions.tolist())) + "\n", mimetype="text/csv")
