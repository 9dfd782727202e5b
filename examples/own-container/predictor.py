"""Answers GET /ping and POST /invocations: CSV rows in, one probability a line out."""

import csv

import flask
import joblib

app = flask.Flask(__name__)
model = joblib.load("/opt/ml/model/model.joblib")


@app.get("/ping")
def ping():
    return "", 200


@app.post("/invocations")
def invocations():
    if flask.request.mimetype != "text/csv":
        return f"this model takes text/csv, not {flask.request.mimetype}\n", 415
    try:
        lines = csv.reader(flask.request.get_data(as_text=True).splitlines())
        rows = [[float(value) for value in row] for row in lines]
        answers = model.predict_proba(rows)[:, 1]
    except ValueError as problem:
        return f"{problem}\n", 400
    text = "".join(f"{answer:.6f}\n" for answer in answers)
    return flask.Response(text, mimetype="text/csv")
