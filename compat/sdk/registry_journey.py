"""A journey as users of the SageMaker Python SDK write it: nothing here knows of Berth.

Takes a model archive, a CSV file of rows, and a file to write what it saw to, as JSON. The
environment has AWS_ENDPOINT_URL, a region and credentials.
"""

import json
import sys
from pathlib import Path

import boto3
import sagemaker
from sagemaker.deserializers import CSVDeserializer
from sagemaker.model import Model, ModelPackage
from sagemaker.predictor import Predictor
from sagemaker.serializers import CSVSerializer

GROUP = "sdk-churn"
ROLE = "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole"


def main(archive, rows):
    session = sagemaker.Session(default_bucket="sdk-models")
    boto3.client("s3").create_bucket(Bucket="sdk-models")
    data = session.upload_data(archive, key_prefix="churn")
    image = sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1")

    model = Model(image_uri=image, model_data=data, role=ROLE, sagemaker_session=session)
    package = model.register(
        content_types=["text/csv"],
        response_types=["text/csv"],
        inference_instances=["ml.m5.large"],
        transform_instances=["ml.m5.large"],
        model_package_group_name=GROUP,
        approval_status="PendingManualApproval",
        description="churn, May",
    )
    arn = package.model_package_arn
    pending = session.sagemaker_client.describe_model_package(ModelPackageName=arn)
    package.update_approval_status("Approved", approval_description="better than April")
    approved = session.sagemaker_client.describe_model_package(ModelPackageName=arn)

    deployable = ModelPackage(role=ROLE, model_package_arn=arn, sagemaker_session=session)
    deployable.deploy(
        initial_instance_count=1, instance_type="ml.m5.large", endpoint_name="sdk-churn"
    )
    predictor = Predictor(
        "sdk-churn",
        sagemaker_session=session,
        serializer=CSVSerializer(),
        deserializer=CSVDeserializer(),
    )
    answer = predictor.predict(Path(rows).read_text())
    predictor.delete_endpoint()
    deployable.delete_model()
    return {
        "sdk": sagemaker.__version__,
        "arn": arn,
        "statuses": [one["ModelApprovalStatus"] for one in (pending, approved)],
        "description": approved["ApprovalDescription"],
        "predictions": [float(value) for row in answer for value in row],
    }


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(json.dumps(main(*sys.argv[1:3])))
