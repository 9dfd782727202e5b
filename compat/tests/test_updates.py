"""UpdateEndpoint and UpdateEndpointWeightsAndCapacities, with callers who must not notice."""

import threading
from collections import Counter

import pytest
from archives import CSV, EXPECTED, heavy
from aws import predictions, refuses, variant
from berth import eventually

BLUE, GREEN = EXPECTED["blue"][0], EXPECTED["green"][0]
ROW = CSV.splitlines()[0]


class Callers:
    """Threads that invoke an endpoint without a pause and note every answer."""

    def __init__(self, aws, endpoint, threads=3):
        self.seen = []
        self.errors = []
        self._end = threading.Event()

        def call():
            while not self._end.is_set():
                try:
                    self.seen.append(aws.scores(endpoint, ROW)[0])
                except Exception as e:  # the test tells them
                    self.errors.append(e)

        self._threads = [threading.Thread(target=call) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()

    def more(self, count=20):
        """Waits for so many answers more."""
        target = len(self.seen) + count
        eventually(lambda: len(self.seen) >= target or self.errors, f"{count} more answers")


@pytest.fixture(scope="module")
def models(aws):
    aws.model("updates-blue", "blue")
    aws.model("updates-green", "green")
    aws.upload("broken", b"not an archive")
    aws.model("updates-broken", "broken")
    aws.config("updates-blue", variant("updates-blue"))
    aws.config("updates-green", variant("updates-green", count=2))
    aws.config("updates-broken", variant("updates-broken"))
    aws.config(
        "updates-both",
        variant("updates-blue", "blue", weight=1.0),
        variant("updates-green", "green", weight=3.0),
    )


def test_an_update_to_another_model_loses_no_invocation(aws, models, name):
    endpoint = aws.endpoint(name("endpoint"), "updates-blue")
    aws.in_service(endpoint)

    with Callers(aws, endpoint) as callers:
        callers.more()
        for config in ("updates-green", "updates-blue", "updates-green"):
            aws.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
            described = aws.settled(endpoint)
            assert described["EndpointStatus"] == "InService"
            assert described["EndpointConfigName"] == config
            callers.more()

    assert callers.errors == []
    answers = Counter(round(value) for value in callers.seen)
    assert set(answers) == {round(BLUE), round(GREEN)}
    assert aws.scores(endpoint, CSV) == predictions("green")


def test_after_an_update_only_the_new_model_answers(aws, models, name):
    endpoint = aws.endpoint(name("endpoint"), "updates-blue")
    aws.in_service(endpoint)
    aws.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName="updates-green")
    aws.in_service(endpoint)

    assert {round(aws.scores(endpoint, ROW)[0]) for _ in range(30)} == {round(GREEN)}


def test_a_failing_update_keeps_the_old_model_serving_and_says_why(aws, models, name):
    endpoint = aws.endpoint(name("endpoint"), "updates-blue")
    aws.in_service(endpoint)

    with Callers(aws, endpoint) as callers:
        aws.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName="updates-broken")
        described = aws.settled(endpoint)
        callers.more()

    assert callers.errors == []
    assert {round(value) for value in callers.seen} == {round(BLUE)}
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == "updates-blue"
    assert "Failed to extract model data archive" in described["FailureReason"]
    assert "s3://models/broken.tar.gz" in described["FailureReason"]


def test_a_good_update_after_a_failed_one_clears_the_reason(aws, models, name):
    endpoint = aws.endpoint(name("endpoint"), "updates-blue")
    aws.in_service(endpoint)
    aws.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName="updates-broken")
    assert "FailureReason" in aws.settled(endpoint)

    aws.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName="updates-green")

    described = aws.settled(endpoint)
    assert described["EndpointConfigName"] == "updates-green"
    assert "FailureReason" not in described


def test_an_endpoint_that_is_being_created_takes_no_update_and_no_delete(aws, models, name):
    one = name("endpoint")
    changes = {
        aws.sagemaker.delete_endpoint: {},
        aws.sagemaker.update_endpoint: {"EndpointConfigName": "updates-blue"},
        aws.sagemaker.update_endpoint_weights_and_capacities: {
            "DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredWeight": 2}]
        },
    }
    for number, (change, parameters) in enumerate(changes.items()):
        endpoint = f"{one}-{number}"
        aws.model(endpoint, aws.upload(endpoint, heavy("blue.json", 24)))  # takes a while to stage
        aws.config(endpoint)
        aws.endpoint(endpoint)
        refuses(
            change,
            "ValidationException",
            400,
            f'Cannot update in-progress endpoint "{aws.arn("endpoint", endpoint)}".',
            EndpointName=endpoint,
            **parameters,
        )
        aws.in_service(endpoint)


def test_weights_decide_how_often_each_variant_is_invoked(aws, models, name):
    endpoint = aws.endpoint(name("endpoint"), "updates-both")
    aws.in_service(endpoint)

    seen = Counter(aws.invoke(endpoint, ROW)["InvokedProductionVariant"] for _ in range(300))

    # 225 of 300 expected, standard deviation 7.5: outside of 165 to 285 once in 10^14 runs
    assert set(seen) == {"blue", "green"}
    assert 165 <= seen["green"] <= 285


def test_target_variant_goes_before_weights(aws, models, name):
    endpoint = aws.endpoint(name("endpoint"), "updates-both")
    aws.in_service(endpoint)

    for target, expected in (("blue", BLUE), ("green", GREEN)):
        for _ in range(10):
            answer = aws.invoke(endpoint, ROW, TargetVariant=target)
            assert answer["InvokedProductionVariant"] == target
            assert float(answer["Body"]) == pytest.approx(expected, abs=1e-4)


def test_weights_and_counts_change_without_losing_an_invocation(aws, models, name):
    endpoint = aws.endpoint(name("endpoint"), "updates-both")
    aws.in_service(endpoint)

    with Callers(aws, endpoint) as callers:
        callers.more()
        aws.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint,
            DesiredWeightsAndCapacities=[
                {"VariantName": "blue", "DesiredWeight": 0, "DesiredInstanceCount": 3},
                {"VariantName": "green", "DesiredInstanceCount": 2},
            ],
        )
        described = aws.settled(endpoint)
        callers.more()

    assert callers.errors == []
    assert described["EndpointStatus"] == "InService"
    by_name = {one["VariantName"]: one for one in described["ProductionVariants"]}
    assert by_name["blue"]["CurrentWeight"] == 0
    assert by_name["blue"]["CurrentInstanceCount"] == 3
    assert by_name["green"]["CurrentWeight"] == 3
    assert by_name["green"]["CurrentInstanceCount"] == 2
    only = {aws.invoke(endpoint, ROW)["InvokedProductionVariant"] for _ in range(20)}
    assert only == {"green"}
    targeted = aws.invoke(endpoint, ROW, TargetVariant="blue")
    assert targeted["InvokedProductionVariant"] == "blue"


def test_unknown_variants_are_named_in_the_refusal(aws, models, name):
    endpoint = aws.endpoint(name("endpoint"), "updates-blue")
    aws.in_service(endpoint)

    refuses(
        aws.sagemaker.update_endpoint_weights_and_capacities,
        "ValidationException",
        400,
        'The variant name(s) "absent" is/are not present within endpoint configuration "updates-blue".',
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[{"VariantName": "absent", "DesiredWeight": 1}],
    )


def test_a_failed_endpoint_can_only_be_deleted(aws, models, name):
    endpoint = aws.endpoint(name("endpoint"), "updates-broken")
    assert "Failed to extract model data archive" in aws.failure(endpoint)

    with pytest.raises(aws.sagemaker.exceptions.ClientError, match="Failed"):
        aws.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName="updates-blue")
    aws.delete(endpoint)

    aws.endpoint(endpoint, "updates-blue")
    aws.in_service(endpoint)
    assert aws.scores(endpoint, CSV) == predictions("blue")


def test_an_endpoint_goes_on_when_its_config_and_model_are_deleted(aws, models, name):
    endpoint = aws.deploy(name("endpoint"))

    aws.sagemaker.delete_endpoint_config(EndpointConfigName=endpoint)
    aws.sagemaker.delete_model(ModelName=endpoint)

    assert aws.scores(endpoint, CSV) == predictions("blue")
    assert aws.describe(endpoint)["EndpointStatus"] == "InService"
