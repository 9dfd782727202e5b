"""The image's entry point: the server for `serve`, as SageMaker asks for it, else a command."""

import os
import sys

from sagemaker_inference import model_server

if sys.argv[1:2] == ["serve"]:
    model_server.start_model_server(handler_service="/home/model-server/model_handler.py:handle")
else:
    os.execvp(sys.argv[1], sys.argv[1:])
