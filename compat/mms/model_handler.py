"""Serves models that are a text to say; multi-model-server runs each in a process of its own.

MAX_MODELS is how many of them have memory to be loaded, and 100 when it isn't set.
"""

import os
import time


class Model:
    def __init__(self, folder):
        others = [one for one in os.listdir("/opt/ml/models") if not one.startswith(".")]
        if len(others) > int(os.environ.get("MAX_MODELS", "100")):
            raise MemoryError("no memory for one more model")
        with open(os.path.join(folder, "model.txt")) as file:
            self.text = file.readline().strip()
        if self.text == "corrupt":
            raise ValueError("this is no model")
        if self.text == "hang":
            time.sleep(3600)
        if self.text == "die":
            os._exit(9)

    def answer(self, body, context):
        if body == "hang":
            time.sleep(3600)
        target = context.get_request_header(0, "X-Amzn-SageMaker-Target-Model")
        return "{} of {} got {}".format(self.text, target, body)


model = None


def handle(data, context):
    """Loads the model at the first call, which has no data, and answers from then on."""
    global model
    if model is None:
        model = Model(context.system_properties["model_dir"])
    if data is None:
        return None
    bodies = [one["body"] for one in data]
    return [model.answer(bytes(body).decode(), context) for body in bodies]
