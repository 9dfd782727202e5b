"""Lists: filters, orders and pages, also while others create."""

import threading
from datetime import datetime, timezone

import pytest
from aws import ROLE, XGBOOST, refused, variant

LONG_AGO = datetime(2000, 1, 1, tzinfo=timezone.utc)
FAR_AHEAD = datetime(2100, 1, 1, tzinfo=timezone.utc)
COUNT = 23


class Kind:
    """One list operation and how to make what it lists."""

    def __init__(self, operation, member, name_member, make):
        self.operation = operation
        self.member = member
        self.name_member = name_member
        self.make = make

    def pages(self, aws, **filters):
        size = filters.pop("PageSize", None)
        pages = aws.sagemaker.get_paginator(self.operation).paginate(
            **filters, PaginationConfig={"PageSize": size} if size else {}
        )
        return [[one[self.name_member] for one in page[self.member]] for page in pages]

    def names(self, aws, **filters):
        return [name for page in self.pages(aws, PageSize=100, **filters) for name in page]

    def list(self, aws, **parameters):
        return getattr(aws.sagemaker, self.operation)(**parameters)


def make_model(aws, name):
    aws.sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": XGBOOST}
    )


def make_config(aws, name):
    aws.config(name, variant("lists-model"))


def make_endpoint(aws, name):
    aws.endpoint(name, "lists-config")


KINDS = {
    "models": Kind("list_models", "Models", "ModelName", make_model),
    "endpoint configs": Kind(
        "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", make_config
    ),
    "endpoints": Kind("list_endpoints", "Endpoints", "EndpointName", make_endpoint),
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return KINDS[request.param]


@pytest.fixture(scope="module")
def listed(aws, kind):
    """COUNT resources of a kind, in the order in which they were created; names sort otherwise."""
    if "lists-model" not in KINDS["models"].names(aws, NameContains="lists-model"):
        aws.model("lists-model")
        aws.config("lists-config", variant("lists-model"))
    names = [f"Listed-{(i * 7) % COUNT:02}" for i in range(COUNT)]
    for name in names:
        kind.make(aws, name)
    if kind is KINDS["endpoints"]:
        for name in names:
            aws.in_service(name)
    yield names
    if kind is KINDS["endpoints"]:
        for name in names:
            aws.sagemaker.delete_endpoint(EndpointName=name)
        for name in names:
            aws.deleted(name)


def times(aws, kind, listed):
    """Creation times by name."""
    return {
        one[kind.name_member]: one["CreationTime"]
        for one in kind.list(aws, NameContains="Listed-", MaxResults=100)[kind.member]
    }


def test_the_newest_comes_first(aws, kind, listed):
    assert kind.names(aws, NameContains="Listed-") == listed[::-1]


def test_the_oldest_comes_first_when_ascending(aws, kind, listed):
    names = kind.names(aws, NameContains="Listed-", SortBy="CreationTime", SortOrder="Ascending")

    assert names == listed


@pytest.mark.parametrize(("order", "is_reverse"), [("Ascending", False), ("Descending", True)])
def test_names_are_sorted(aws, kind, listed, order, is_reverse):
    names = kind.names(aws, NameContains="Listed-", SortBy="Name", SortOrder=order)

    assert names == sorted(listed, reverse=is_reverse)


def test_a_page_has_ten_when_nothing_is_said(aws, kind, listed):
    assert [len(page) for page in kind.pages(aws, NameContains="Listed-")] == [10, 10, 3]


@pytest.mark.parametrize("size", [1, 7, COUNT, 100])
def test_pages_of_any_size_hold_everything_once(aws, kind, listed, size):
    pages = kind.pages(aws, NameContains="Listed-", PageSize=size)

    assert all(len(page) <= size for page in pages)
    assert [name for page in pages for name in page] == listed[::-1]


@pytest.mark.parametrize("sort_by", ["Name", "CreationTime"])
def test_pages_stay_whole_while_others_create(aws, kind, listed, sort_by, name):
    prefix = name("Concurrent")
    end = threading.Event()

    def create():
        number = 0
        while not end.is_set() and number < 60:
            make_model(aws, f"{prefix}-a{number}") if kind is not KINDS["endpoint configs"] else (
                make_config(aws, f"{prefix}-a{number}")
            )
            number += 1

    creator = threading.Thread(target=create)
    creator.start()
    try:
        for _ in range(3):
            names = [
                one
                for page in kind.pages(aws, SortBy=sort_by, PageSize=5)
                for one in page
                if one.startswith("Listed-")
            ]
            assert sorted(names) == sorted(listed)
    finally:
        end.set()
        creator.join()


def test_name_contains_finds_parts_of_names(aws, kind, listed):
    assert sorted(kind.names(aws, NameContains="sted-1")) == [f"Listed-{i}" for i in range(10, 20)]


def test_nothing_found_is_an_empty_list_without_a_token(aws, kind, listed):
    answer = kind.list(aws, NameContains="no-such-name")

    assert answer[kind.member] == []
    assert "NextToken" not in answer


def test_creation_time_bounds_take_from_and_leave_to(aws, kind, listed):
    created = times(aws, kind, listed)
    middle = created[listed[COUNT // 2]]

    after = kind.names(aws, NameContains="Listed-", CreationTimeAfter=middle)
    before = kind.names(aws, NameContains="Listed-", CreationTimeBefore=middle)

    # some SDKs cut times to whole seconds on their way out
    sent = (middle, middle.replace(microsecond=0))
    assert set(after) in [{one for one in listed if created[one] >= bound} for bound in sent]
    assert set(before).isdisjoint(after)
    assert set(before) | set(after) == set(listed)


def test_times_outside_of_everything_find_all_or_nothing(aws, kind, listed):
    assert len(kind.names(aws, NameContains="Listed-", CreationTimeAfter=LONG_AGO)) == COUNT
    assert len(kind.names(aws, NameContains="Listed-", CreationTimeBefore=FAR_AHEAD)) == COUNT
    assert kind.names(aws, CreationTimeAfter=FAR_AHEAD) == []
    assert kind.names(aws, CreationTimeBefore=LONG_AGO) == []


def test_a_token_of_other_filters_or_of_nobody_is_refused(aws, kind, listed):
    token = kind.list(aws, NameContains="Listed-", MaxResults=5)["NextToken"]

    for parameters in ({"NextToken": token, "NameContains": "other"}, {"NextToken": "nobodys"}):
        refusal = refused(lambda **p: kind.list(aws, **p), **parameters)
        assert (refusal.code, refusal.status) == ("ValidationException", 400)
        assert "token" in refusal.text


def test_more_than_a_hundred_results_are_refused(aws, kind):
    refusal = refused(lambda **p: kind.list(aws, **p), MaxResults=101)

    assert refusal.text == (
        "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 100"
    )


def test_an_unknown_order_is_refused(aws, kind):
    refusal = refused(lambda **p: kind.list(aws, **p), SortBy="Colour")

    assert refusal.text.startswith(
        "1 validation error detected: Value 'Colour' at 'sortBy' failed to satisfy constraint: "
        "Member must satisfy enum value set: ["
    )


@pytest.fixture(scope="module")
def mixed(aws):
    aws.upload("lists-broken", b"not an archive")
    aws.model("lists-broken", "lists-broken")
    aws.config("lists-broken")
    for name in ("Mixed-b", "Mixed-d"):
        aws.endpoint(name, "lists-broken")
    aws.model("lists-mixed")
    aws.config("lists-mixed")
    for name in ("Mixed-a", "Mixed-c"):
        aws.endpoint(name, "lists-mixed")
    for name in ("Mixed-a", "Mixed-b", "Mixed-c", "Mixed-d"):
        aws.settled(name)


def mixed_names(aws, **filters):
    return KINDS["endpoints"].names(aws, NameContains="Mixed-", **filters)


def test_status_equals_leaves_only_that_status(aws, mixed):
    assert sorted(mixed_names(aws, StatusEquals="InService")) == ["Mixed-a", "Mixed-c"]
    assert sorted(mixed_names(aws, StatusEquals="Failed")) == ["Mixed-b", "Mixed-d"]
    assert mixed_names(aws, StatusEquals="RollingBack") == []


def test_sorted_by_status_failed_comes_before_in_service(aws, mixed):
    ascending = mixed_names(aws, SortBy="Status", SortOrder="Ascending")
    descending = mixed_names(aws, SortBy="Status", SortOrder="Descending")

    assert ascending == ["Mixed-b", "Mixed-d", "Mixed-a", "Mixed-c"]
    assert descending == ascending[::-1]


def test_pages_by_status_hold_everything_once(aws, mixed):
    pages = KINDS["endpoints"].pages(aws, NameContains="Mixed-", SortBy="Status", PageSize=1)

    assert sorted(name for page in pages for name in page) == [
        "Mixed-a",
        "Mixed-b",
        "Mixed-c",
        "Mixed-d",
    ]


def test_last_modified_bounds_find_what_was_changed(aws, mixed):
    assert len(mixed_names(aws, LastModifiedTimeAfter=LONG_AGO)) == 4
    assert mixed_names(aws, LastModifiedTimeBefore=LONG_AGO) == []
    assert mixed_names(aws, LastModifiedTimeAfter=FAR_AHEAD) == []
    assert len(mixed_names(aws, LastModifiedTimeBefore=FAR_AHEAD)) == 4
