"""Writes the models, rows and expected predictions that the tests of the tree models read.

One run writes the fixtures of the xgboost and lightgbm releases that are installed; run it once in
a virtual environment for each line of:

    xgboost==1.7.6 lightgbm==3.3.5 scikit-learn scipy "numpy<2"     (Python 3.11)
    xgboost==2.1.4 lightgbm==4.5.0 scikit-learn scipy
    xgboost==3.0.5                 scikit-learn scipy
    xgboost==3.2.0 lightgbm==4.6.0 scikit-learn scipy

    python make_fixtures.py ../resources/tree

The data is random with a fixed seed, on a grid of quarters so that rows hit split values exactly.
"""

import json
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np

COLUMNS = 6
CATEGORY_COLUMN = 5
NAN = float("nan")
warnings.filterwarnings("ignore")


def grid(random, rows):
    x = np.round(random.normal(size=(rows, COLUMNS)) * 4) / 4
    x[:, CATEGORY_COLUMN] = random.integers(0, 12, size=rows)
    x[random.random(x.shape) < 0.15] = NAN
    return x.astype(np.float32)


RANDOM = np.random.default_rng(7)
TRAIN = grid(RANDOM, 300)
ROWS = grid(RANDOM, 60)
ROWS[:4, :CATEGORY_COLUMN] = np.array([[NAN], [0.0], [1e30], [-1e30]])
ROWS[4:6, CATEGORY_COLUMN] = 40, NAN  # a category that training did not have, and none
SIGNAL = (
    np.nan_to_num(TRAIN[:, 0])
    + np.nan_to_num(TRAIN[:, 1]) ** 2
    + np.where(np.isin(TRAIN[:, CATEGORY_COLUMN], [1, 4, 7, 8]), 2.0, 0.0)
    + np.where(np.isnan(TRAIN[:, 2]), 1.5, 0.0)
    + RANDOM.normal(size=300) * 0.2
)
BINARY = (SIGNAL > np.median(SIGNAL)).astype(np.float32)
CLASSES = np.digitize(SIGNAL, np.quantile(SIGNAL, [0.33, 0.66])).astype(np.float32)
POSITIVE = (SIGNAL - SIGNAL.min() + 0.5).astype(np.float32)
COUNTS = np.floor(POSITIVE)
SHARES = (POSITIVE / (POSITIVE.max() + 1)).astype(np.float32)
TARGETS = np.stack([SIGNAL, -SIGNAL * 0.5, POSITIVE], axis=1)


def expected(predictions):
    values = np.asarray(predictions, dtype=np.float64)
    return {
        "outputs": 1 if values.ndim == 1 else values.shape[1],
        "predictions": [float(v) for v in values.reshape(-1)],
    }


def save_expected(folder, cases):
    lines = [json.dumps(name) + ": " + json.dumps(case) for name, case in sorted(cases.items())]
    (folder / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def xgboost_fixtures(root):
    import xgboost as xgb

    version = tuple(int(v) for v in xgb.__version__.split(".")[:2])
    folder = root / "xgboost" / xgb.__version__
    folder.mkdir(parents=True, exist_ok=True)
    extensions = ["json", "ubj"]
    if version < (2, 1):
        extensions.append("model")
    elif version < (3, 0):
        extensions.append("deprecated")
    cases = {}

    def case(name, label, rounds=4, data=None, rows=None, early=False, legacy=True, **params):
        params = {"max_depth": 3, "eta": 0.4, "nthread": 1, "seed": 1, "verbosity": 0, **params}
        train = data or xgb.DMatrix(TRAIN, label)
        watched = {}
        if early:
            noise = np.random.default_rng(1).permutation(label)
            watched = {
                "evals": [(xgb.DMatrix(TRAIN, noise), "noise")],
                "early_stopping_rounds": 3,
                "verbose_eval": False,
            }
        booster = xgb.train(params, train, rounds, **watched)
        test = rows or xgb.DMatrix(ROWS)
        for extension in extensions:
            if extension in ("model", "deprecated") and not legacy:
                continue
            booster.save_model(str(folder / f"{name}.{extension}"))
        reloaded = xgb.Booster(model_file=str(folder / f"{name}.json"))
        predictions = reloaded.predict(test)
        # AWS's container for 1.7 predicts with the best round where training stopped early.
        if early and version < (2, 0):
            predictions = reloaded.predict(test, ntree_limit=reloaded.best_ntree_limit)
        cases[name] = {"objective": params["objective"], **expected(predictions)}
        return booster

    for objective in ["reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror"]:
        case(objective.replace(":", "-"), SIGNAL, objective=objective)
    case("reg-squaredlogerror", POSITIVE, objective="reg:squaredlogerror")
    case("reg-logistic", SHARES, objective="reg:logistic")
    for objective in ["binary:logistic", "binary:logitraw", "binary:hinge"]:
        case(objective.replace(":", "-"), BINARY, objective=objective)
    for objective in ["multi:softmax", "multi:softprob"]:
        case(objective.replace(":", "-"), CLASSES, objective=objective, num_class=3, rounds=3)
    case("count-poisson", COUNTS, objective="count:poisson")
    case("reg-gamma", POSITIVE, objective="reg:gamma")
    case("reg-tweedie", COUNTS, objective="reg:tweedie", tweedie_variance_power=1.3)
    case("survival-cox", np.where(BINARY > 0, POSITIVE, -POSITIVE), objective="survival:cox")
    bounds = xgb.DMatrix(TRAIN)
    bounds.set_float_info("label_lower_bound", POSITIVE)
    bounds.set_float_info("label_upper_bound", np.where(BINARY > 0, POSITIVE, np.inf))
    case("survival-aft", None, data=bounds, objective="survival:aft")
    for objective in ["rank:pairwise", "rank:ndcg", "rank:map"]:
        groups = xgb.DMatrix(TRAIN, BINARY)
        groups.set_group([30] * 10)
        case(objective.replace(":", "-"), None, data=groups, objective=objective)
    if version >= (2, 0):
        case("reg-quantileerror", SIGNAL, objective="reg:quantileerror", quantile_alpha=0.7)
        quantiles = xgb.QuantileDMatrix(TRAIN, SIGNAL)
        several = np.array([0.1, 0.5, 0.9])
        case("quantiles", None, data=quantiles, objective="reg:quantileerror", quantile_alpha=several)
        case("vector-leaves", TARGETS, objective="reg:squarederror", multi_strategy="multi_output_tree",
             legacy=False)
    case("targets", TARGETS, objective="reg:squarederror", rounds=3)
    case("base-score", BINARY, objective="binary:logistic", base_score=0.8)
    case("base-score-poisson", COUNTS, objective="count:poisson", base_score=2.5)
    case("base-score-classes", CLASSES, objective="multi:softprob", num_class=3, base_score=0.3, rounds=2)
    case("random-forest", CLASSES, objective="multi:softprob", num_class=3, rounds=2,
         num_parallel_tree=3, subsample=0.7, colsample_bynode=0.7)
    case("early-stopping", BINARY, objective="binary:logistic", early=True, rounds=9)
    case("dart", BINARY, objective="binary:logistic", booster="dart", rate_drop=0.4, rounds=7)
    case("dart-classes", CLASSES, objective="multi:softprob", num_class=3, booster="dart",
         rate_drop=0.4, rounds=4)
    case("linear", SIGNAL, objective="reg:squarederror", booster="gblinear")
    case("linear-classes", CLASSES, objective="multi:softprob", num_class=3, booster="gblinear")
    case("exact", SIGNAL, objective="reg:squarederror", tree_method="exact", gamma=1.0, max_depth=5)

    types = ["float"] * (COLUMNS - 1) + ["c"]
    for name, limit in [("categories-one-hot", 100), ("categories", 2)]:
        data = xgb.DMatrix(TRAIN, SIGNAL, feature_types=types, enable_categorical=True)
        test = xgb.DMatrix(ROWS, feature_types=types, enable_categorical=True)
        # The legacy format cannot hold categories.
        case(name, None, data=data, rows=test, objective="reg:squarederror", tree_method="hist",
             max_cat_to_onehot=limit, legacy=False)

    booster = case("pickled", BINARY, objective="binary:logistic")
    for protocol in [2, 4, 5]:
        (folder / f"pickled.{protocol}.pkl").write_bytes(pickle.dumps(booster, protocol=protocol))
    for unused in folder.glob("pickled.[jumd]*"):
        unused.unlink()
    save_expected(folder, cases)


def lightgbm_fixtures(root):
    import lightgbm as lgb

    folder = root / "lightgbm" / lgb.__version__
    folder.mkdir(parents=True, exist_ok=True)
    cases = {}

    def case(name, label, rounds=4, categories=(), group=None, **params):
        base = {"num_leaves": 7, "learning_rate": 0.4, "num_threads": 1, "seed": 1, "verbose": -1,
                "deterministic": True, "min_data_in_leaf": 5}
        data = lgb.Dataset(TRAIN.astype(np.float64), label, group=group,
                           categorical_feature=list(categories), free_raw_data=False)
        booster = lgb.train({**base, **params}, data, rounds)
        path = folder / f"{name}.txt"
        booster.save_model(str(path))
        predictions = lgb.Booster(model_file=str(path)).predict(ROWS)
        cases[name] = {"objective": params["objective"], **expected(predictions)}

    for objective in ["regression", "regression_l1", "huber", "fair", "quantile", "mape"]:
        case(objective, SIGNAL, objective=objective)
    case("sqrt", POSITIVE, objective="regression", reg_sqrt=True)
    for objective in ["poisson", "gamma", "tweedie"]:
        case(objective, POSITIVE, objective=objective)
    case("binary", BINARY, objective="binary", sigmoid=1.7)
    for objective in ["cross_entropy", "cross_entropy_lambda"]:
        case(objective, SHARES, objective=objective)
    for objective in ["multiclass", "multiclassova"]:
        case(objective, CLASSES, objective=objective, num_class=3, rounds=3)
    for objective in ["lambdarank", "rank_xendcg"]:
        case(objective, BINARY, objective=objective, group=[30] * 10)
    case("forest", BINARY, objective="binary", boosting="rf", bagging_freq=1, bagging_fraction=0.6)
    case("forest-classes", CLASSES, objective="multiclass", num_class=3, boosting="rf",
         bagging_freq=1, bagging_fraction=0.6, rounds=3)
    case("dart", BINARY, objective="binary", boosting="dart", drop_rate=0.5, rounds=6)
    case("categories", SIGNAL, objective="regression", categories=[CATEGORY_COLUMN],
         max_cat_to_onehot=1, min_data_per_group=5, cat_smooth=1)
    case("zero-as-missing", SIGNAL, objective="regression", zero_as_missing=True)
    case("no-missing", SIGNAL, objective="regression", use_missing=False)
    case("linear", SIGNAL, objective="regression", linear_tree=True)
    case("stump", np.ones(300), objective="regression", rounds=1)
    save_expected(folder, cases)


def main():
    root = Path(sys.argv[1])
    np.savetxt(root / "rows.csv", ROWS, delimiter=",", fmt="%.9g")
    xgboost_fixtures(root)
    if "--xgboost-only" not in sys.argv:
        lightgbm_fixtures(root)


if __name__ == "__main__":
    main()
