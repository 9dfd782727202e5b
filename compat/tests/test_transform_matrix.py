"""Every class of transform job on both runtimes, against files that are computed here.

Which settings go together is chosen so that every pair of values occurs, and every combination of
SplitType, BatchStrategy, AssembleWith and CompressionType, and of format, filters and strategy. Some
jobs run at once; a test waits for its own.
"""

import csv
import gzip
import io
import itertools
import json
import random
import re
import struct
import zlib

import pytest
from archives import MODELS
from aws import ROLE, XGBOOST
from test_transform import DATA, Transforms
from test_transform_containers import image, record_io, tf_record  # noqa: F401 (image is a fixture)

LIMIT = 1 << 20
AHEAD = 5  # each instance has a network, of which an engine has about 30 to give
VALUES = {
    "kind": ("S3Prefix", "ManifestFile"),
    "gz": (False, True),
    "split": ("None", "Line", "RecordIO", "TFRecord"),
    "strategy": ("SingleRecord", "MultiRecord"),
    "assemble": ("None", "Line"),
    "format": ("opaque", "protobuf", "csv", "json", "jsonlines"),
    "processing": ("none", "filter", "join", "join+filter"),
    "concurrent": (1, 4),
    "count": (1, 2),
    "steps": (1, 2),
}
TYPES = {
    "opaque": "application/octet-stream",
    "protobuf": "application/x-recordio-protobuf",
    "csv": "text/csv",
    "json": "application/json",
    "jsonlines": "application/jsonlines",
}
FRAMED = {"RecordIO": record_io, "TFRecord": tf_record}
CLASSES = [
    *itertools.combinations(VALUES, 2),
    ("split", "strategy", "assemble", "gz"),
    ("format", "processing", "strategy"),
]


def is_possible(where, case):
    """Whether AWS takes such a job, and there is a model here that can answer it."""
    split, strategy, form = case["split"], case["strategy"], case["format"]
    if case["processing"] != "none":
        whole = form == "json" and split == case["assemble"] == "None"
        if form not in ("csv", "json", "jsonlines") or not (
            split == case["assemble"] == "Line" or whole
        ):
            return False
    if form == "jsonlines" and split not in ("None", "Line"):
        return False
    if form == "json" and not (split == "None" or (split, strategy) == ("Line", "SingleRecord")):
        return False  # a request holds one value
    if form == "csv" and split in FRAMED and strategy == "MultiRecord":
        return False
    if where == "container":
        return form != "protobuf"
    if form == "opaque" or (form == "protobuf") != ((split, strategy) == ("RecordIO", "MultiRecord")):
        return False
    return case["steps"] == 1 or form == "csv"  # XGBoost twice; ONNX's answer is no request


def chosen(where):
    """Few cases that hold every possible combination of values of each of CLASSES."""
    names = list(VALUES)
    possible = [dict(zip(names, values, strict=True)) for values in itertools.product(*VALUES.values())]
    possible = [case for case in possible if is_possible(where, case)]
    held = [{(kind, *(case[name] for name in kind)) for kind in CLASSES} for case in possible]
    missing = set().union(*held)
    source = random.Random(1)
    cases = []
    while missing:
        wanted = min(missing, key=repr)
        fitting = [i for i, has in enumerate(held) if wanted in has]
        best = max(source.sample(fitting, min(40, len(fitting))), key=lambda i: len(held[i] & missing))
        cases.append(possible[best])
        missing -= held[best]
    return cases


CASES = [(where, i, case) for where in ("embedded", "container") for i, case in enumerate(chosen(where))]


def named(where, number, case):
    said = [str(value) for name, value in case.items() if name not in ("gz", "concurrent", "count", "steps")]
    said += ["gzip"] if case["gz"] else []
    return f"{where}-{number}-" + "-".join(
        [*said, f"{case['concurrent']}at-a-time", f"{case['count']}instances", f"{case['steps']}containers"]
    )


# --- What goes in: records of which this file knows the parts


def numbers(source):
    return [f"{source.uniform(-1, 1):.4f}" for _ in range(4)]


def csv_row(source, has_id):
    ids = [f"id{source.randrange(1000)}", '"a,b"', '"say ""é"""', '"two\nlines"', "", "漢"]
    return ([source.choice(ids)] if has_id else []) + numbers(source)


def json_record(source, has_id, where):
    features = [float(one) for one in numbers(source)]
    request = {"n": source.randrange(9), "features": features, "long": "é" * 90}
    if where == "embedded":
        request = {"inputs": [
            {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": features},
            {"name": "n", "shape": [1], "datatype": "INT64", "data": [source.randrange(9)]},
        ]}
    return {"id": f"漢{source.randrange(1000)}", "request": request} if has_id else request


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def protobuf(row):
    """A Record with features["values"] = a float32 tensor of one row."""

    def field(number, data):
        return bytes([number << 3 | 2, len(data)]) + data

    floats = field(1, struct.pack(f"<{len(row)}f", *map(float, row)))
    return field(1, field(1, b"values") + field(2, field(2, floats)))


def some_record(source, where, case):
    has_id = case["processing"] != "none"
    match case["format"]:
        case "csv":
            return csv_row(source, has_id or (where == "container" and case["split"] == "Line"))
        case "json" | "jsonlines":
            return json_record(source, has_id, where)
        case "protobuf":
            return numbers(source)
    if case["split"] in FRAMED:
        return source.choice([b"", b"\0\n\xff" * 40, struct.pack("<I", 0xCED7230A) * 2, source.randbytes(99)])
    return source.choice([b"", "é,\t\"".encode(), source.randbytes(99).replace(b"\n", b" ")]).rstrip(b"\r")


def written(case, record):
    match case["format"]:
        case "csv":
            return ",".join(record).encode()
        case "json" | "jsonlines":
            return compact(record).encode()
        case "protobuf":
            return protobuf(record)
    return record


def each(function, records):
    """Returns what the function makes of each record, made once for those that are the same."""
    made = {key: function(one) for key, one in {id(one): one for one in records}.items()}
    return [made[id(one)] for one in records]


def objects_of(where, number, case):
    """Names and records: a long object that makes several requests, a short one, an empty one."""
    source = random.Random(f"{where} {number}")
    is_long = case["strategy"] == "MultiRecord" and case["split"] != "None"
    is_lone = case["format"] == "json" and case["split"] == "None"  # one value an object
    several = [some_record(source, where, case) for _ in range(60)]
    size = sum(len(written(case, one)) for one in several) // 60
    count_of_long = LIMIT * 5 // 4 // size if is_long else 60
    return {
        name: source.choices(several, k=count)
        for name, count in (
            ("a", 1 if is_lone else count_of_long), ("sub/b", 1 if is_lone else 7), ("empty", 0)
        )
    }


def content(case, name, records):
    if case["split"] in FRAMED:
        return b"".join(each(lambda one: FRAMED[case["split"]](written(case, one)), records))
    texts = each(lambda one: written(case, one), records)
    lines = b"\n".join(texts)
    return lines if name == "sub/b" or not records else lines + b"\n"


# --- What comes out


class Trees:
    """The model blue, read and summed here."""

    def __init__(self):
        learner = json.loads((MODELS / "blue.json").read_text())["learner"]
        self.trees = learner["gradient_booster"]["model"]["trees"]
        self.base = float(learner["learner_model_param"]["base_score"].strip("[]"))

    def score(self, row):
        values = [struct.unpack("<f", struct.pack("<f", float(one)))[0] for one in row]
        return self.base + sum(self.leaf(tree, values) for tree in self.trees)

    @staticmethod
    def leaf(tree, values):
        at = 0
        while tree["left_children"][at] >= 0:
            is_left = values[tree["split_indices"][at]] < tree["split_conditions"][at]
            at = tree["left_children" if is_left else "right_children"][at]
        return tree["split_conditions"][at]


BLUE = Trees()


def answer(where, case, sent):
    """What the model, or the pipeline of two of it, makes of one record."""
    form = case["format"]
    if where == "embedded":
        if form in ("csv", "protobuf"):
            score = BLUE.score(sent)
            return [repr(score if case["steps"] == 1 else BLUE.score([score] * 4))]
        x, n = (one["data"] for one in sent["inputs"])
        y = 3 * x[0] - 2 * x[1] + 0.5 * x[2] + x[3] + 0.25
        return {"model_name": "model", "outputs": [
            {"name": "y", "datatype": "FP32", "shape": [1, 1], "data": [y]},
            {"name": "n_plus_one", "datatype": "INT64", "shape": [1], "data": [n[0] + 1]},
        ]}
    for _ in range(case["steps"]):
        if form == "csv":
            [row] = csv.reader(io.StringIO(",".join(sent), newline=""))
            sent = [str(len(row)), str(sum(zlib.crc32(one.encode()) for one in row))]
        else:
            text = compact(sent)
            sent = {"n": len(text), "crc": zlib.crc32(text.encode())}
    return sent


def processed(where, case, record):
    """The line that the filters of `settings` make of a record and its answer."""
    does = case["processing"]
    if case["format"] == "csv":
        out = answer(where, case, record[1:] if does != "none" else record)
        joined = out if does in ("none", "filter") else [*record, *out]
        return ",".join([joined[0], joined[-1]] if does == "join+filter" else joined)
    if case["format"] == "protobuf":
        return ",".join(answer(where, case, record))
    out = answer(where, case, record["request"] if does != "none" else record)
    if does == "join":
        out = {**record, "SageMakerOutput": out}
    elif does == "join+filter":
        out = {"SageMakerOutput": out, "id": record["id"]}
    return compact(out)


def requests_of(case, records):
    """Records packed as the guide has it: whole ones, in order, as many as fit."""
    split, is_single = case["split"], case["strategy"] == "SingleRecord"
    between = b"\n" if split == "Line" else b""
    packed, length = [], 0

    def sent(record):
        return FRAMED[split](written(case, record)) if split in FRAMED and not is_single else written(case, record)

    for record, text in zip(records, each(sent, records), strict=True):
        length += len(between) + len(text)
        if not packed or is_single or length > LIMIT:
            packed.append([])
            length = len(text)
        packed[-1].append((text, record))
    return [
        (between.join(text for text, _ in batch), [record for _, record in batch]) for batch in packed
    ]


def expected(where, case, name, records):
    end = "\n" if case["assemble"] == "Line" else ""
    if not records:
        return ""
    is_whole = case["split"] == "None"
    if case["format"] == "opaque":
        whole = [(content(case, name, records), records)]
        bodies = [sent for sent, _ in (whole if is_whole else requests_of(case, records))]
        for _ in range(case["steps"]):
            bodies = [b"<%d:%08x>" % (len(body), zlib.crc32(body)) for body in bodies]
        return "".join(body.decode() + end for body in bodies)
    if case["processing"] != "none":
        lines = each(lambda record: processed(where, case, record), records)
        return "".join(line + ("" if is_whole else "\n") for line in lines)
    requests = [records] if is_whole else [some for _, some in requests_of(case, records)]
    out = ""
    for some in requests:
        out += "\n".join(each(lambda record: processed(where, case, record), some))
        if case["format"] in ("csv", "protobuf") or (where, case["format"]) == ("embedded", "jsonlines"):
            out += "\n"  # these models end every line
        else:
            out += end
    return out


NUMBER = re.compile(r"(-?\d+\.\d+(?:[eE][-+]?\d+)?)")


def assert_same(actual, wanted):
    """Compares texts exactly, but for the digits of fractions, which are floats of some model."""
    assert NUMBER.sub("#", actual) == NUMBER.sub("#", wanted)
    pairs = zip(NUMBER.findall(actual), NUMBER.findall(wanted), strict=True)
    wrong = [pair for pair in pairs if abs(float(pair[0]) - float(pair[1])) > 2e-5]
    assert not wrong, wrong[:5]


# --- The jobs


def model(aws, where, case, name, image_name):
    if where == "container":
        containers = [{"Image": image_name, "Environment": {"DOES": "check"}} for _ in range(case["steps"])]
    elif case["format"] in ("json", "jsonlines"):
        containers = [{"Image": "berth/onnx", "ModelDataUrl": "s3://models/linear.tar.gz"}]
    else:
        blue = {"Image": XGBOOST, "ModelDataUrl": "s3://models/blue.tar.gz"}
        four = {"Environment": {"SAGEMAKER_INFERENCE_OUTPUT": ",".join(["predicted_score"] * 4)}}
        containers = [blue] if case["steps"] == 1 else [{**blue, **four}, blue]
    aws.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, Containers=containers)


def settings(where, case):
    filters = {
        "none": None,
        "filter": {},
        "join": {"JoinSource": "Input"},
        "join+filter": {"JoinSource": "Input", "OutputFilter": (
            "$[0,-1]" if case["format"] == "csv" else "$['SageMakerOutput','id']"
        )},
    }[case["processing"]]
    if filters is None:
        return {}
    given = "$[1:4]" if case["format"] == "csv" else "$.request"
    return {"DataProcessing": {"InputFilter": given, **filters}}


def begin(aws, transforms, where, number, case, image_name):
    name = f"matrix-{where}-{number}"
    model(aws, where, case, name, image_name)
    inputs = objects_of(where, number, case)
    for key, records in inputs.items():
        body = content(case, key, records)
        if case["gz"]:
            middle = len(body) // 3
            body = gzip.compress(body[:middle]) + gzip.compress(body[middle:])
        transforms.put(f"{name}/in/{key}", body)
    uri = f"s3://{DATA}/{name}/in/"
    if case["kind"] == "ManifestFile":
        transforms.put(f"{name}/in/not-named", b"\xff")
        transforms.put(f"{name}/manifest", json.dumps([{"prefix": uri}, *inputs]))
        uri = f"s3://{DATA}/{name}/manifest"
    kind = TYPES[case["format"]]
    if case["format"] == "protobuf" or (where, case["format"]) == ("container", "opaque"):
        accept = None
    else:
        accept = kind
    transforms.begin(
        name, name, kind=case["kind"], uri=uri, content=kind, accept=accept, split=case["split"],
        assemble=case["assemble"], gz=case["gz"], count=case["count"], BatchStrategy=case["strategy"],
        MaxConcurrentTransforms=case["concurrent"], MaxPayloadInMB=1, **settings(where, case),
    )
    return name, inputs


@pytest.fixture(scope="module")
def job(aws, request):
    """Begins a job and those that come after it, a few ahead; returns its name and its inputs."""
    transforms = Transforms(aws)
    begun = {}

    def of(where, number):
        image_name = request.getfixturevalue("image") if where == "container" else None
        for one, i, case in CASES:
            if one == where and i <= number + AHEAD and (one, i) not in begun:
                begun[one, i] = begin(aws, transforms, where, i, case, image_name)
        return begun[where, number]

    return of


@pytest.mark.parametrize(("where", "number", "case"), CASES, ids=[named(*one) for one in CASES])
def test_outputs_are_what_was_computed_here(aws, job, where, number, case):
    transforms = Transforms(aws)
    name, inputs = job(where, number)

    transforms.completed(name)

    assert set(transforms.keys(f"{name}/out/")) == {f"{name}/out/{key}.out" for key in inputs}
    for key, records in inputs.items():
        actual = transforms.get(f"{name}/out/{key}.out").decode()
        assert_same(actual, expected(where, case, key, records))


def test_every_combination_occurs():
    for where in ("embedded", "container"):
        cases = chosen(where)
        seen = {(case["split"], case["strategy"], case["assemble"], case["gz"]) for case in cases}
        # embedded models read no TFRecords, whose frames are kept when they are packed
        assert len(seen) == (32 if where == "container" else 28)
