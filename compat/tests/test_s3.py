"""The object store on the same port, as boto3 and plain HTTP use it."""

import os
import urllib.request

import pytest
from aws import client, refused
from boto3.s3.transfer import TransferConfig

MEBIBYTE = 1 << 20


@pytest.fixture
def bucket(aws, name):
    bucket = name("bucket")
    aws.s3.create_bucket(Bucket=bucket)
    return bucket


def body(answer):
    with answer["Body"] as stream:
        return stream.read()


def keys(s3, bucket, **more):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **more)
    return [one["Key"] for page in pages for one in page.get("Contents", [])]


def test_an_object_is_put_read_listed_and_deleted(aws, bucket):
    put = aws.s3.put_object(
        Bucket=bucket,
        Key="a/b c+d%é.txt",
        Body=b"content",
        ContentType="text/plain",
        Metadata={"made-by": "test"},
    )

    got = aws.s3.get_object(Bucket=bucket, Key="a/b c+d%é.txt")
    assert body(got) == b"content"
    assert got["ETag"] == put["ETag"]
    assert got["ContentType"] == "text/plain"
    assert got["Metadata"] == {"made-by": "test"}
    head = aws.s3.head_object(Bucket=bucket, Key="a/b c+d%é.txt")
    assert head["ContentLength"] == 7
    assert keys(aws.s3, bucket) == ["a/b c+d%é.txt"]
    aws.s3.delete_object(Bucket=bucket, Key="a/b c+d%é.txt")
    assert keys(aws.s3, bucket) == []
    aws.s3.delete_bucket(Bucket=bucket)


def test_a_part_of_an_object_is_read(aws, bucket):
    aws.s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")

    assert body(aws.s3.get_object(Bucket=bucket, Key="k", Range="bytes=3-5")) == b"345"


def test_what_is_not_there_is_told(aws, bucket):
    missing = refused(aws.s3.get_object, Bucket=bucket, Key="absent")
    assert (missing.code, missing.status) == ("NoSuchKey", 404)
    missing = refused(aws.s3.list_objects_v2, Bucket="no-such-bucket-here")
    assert (missing.code, missing.status) == ("NoSuchBucket", 404)


def test_a_large_file_goes_up_in_parts_and_comes_down_the_same(aws, bucket, tmp_path):
    there, back = tmp_path / "there", tmp_path / "back"
    there.write_bytes(os.urandom(12 * MEBIBYTE + 17))
    parts = TransferConfig(multipart_threshold=5 * MEBIBYTE, multipart_chunksize=5 * MEBIBYTE)

    aws.s3.upload_file(str(there), bucket, "large", Config=parts)
    aws.s3.download_file(bucket, "large", str(back), Config=parts)

    assert back.read_bytes() == there.read_bytes()
    assert aws.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_an_upload_that_is_given_up_leaves_nothing(aws, bucket):
    upload = aws.s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    aws.s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x" * 100)

    aws.s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)

    assert keys(aws.s3, bucket) == []
    assert aws.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_an_object_is_copied(aws, bucket):
    aws.s3.put_object(Bucket=bucket, Key="from", Body=b"content")

    aws.s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "from"})

    assert body(aws.s3.get_object(Bucket=bucket, Key="to")) == b"content"


def test_a_delimiter_folds_keys_into_prefixes(aws, bucket):
    for key in ("a/1", "a/2", "b/1", "top"):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    top = aws.s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [one["Prefix"] for one in top["CommonPrefixes"]] == ["a/", "b/"]
    assert [one["Key"] for one in top["Contents"]] == ["top"]
    inside = aws.s3.list_objects_v2(Bucket=bucket, Delimiter="/", Prefix="a/")
    assert [one["Key"] for one in inside["Contents"]] == ["a/1", "a/2"]


def test_a_long_list_comes_in_pages(aws, bucket):
    names = [f"key-{i:03}" for i in range(25)]
    for one in names:
        aws.s3.put_object(Bucket=bucket, Key=one, Body=b"")

    assert keys(aws.s3, bucket, PaginationConfig={"PageSize": 10}) == names


def test_many_objects_are_deleted_in_one_call(aws, bucket):
    for i in range(5):
        aws.s3.put_object(Bucket=bucket, Key=f"k{i}", Body=b"x")

    aws.s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": f"k{i}"} for i in range(4)]}
    )

    assert keys(aws.s3, bucket) == ["k4"]


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls_work_without_credentials(aws, bucket, version):
    signer = client(aws.url, "s3", s3={"addressing_style": "path"}, signature_version=version)
    where = {"Bucket": bucket, "Key": "signed"}

    put = urllib.request.Request(
        signer.generate_presigned_url("put_object", Params=where), data=b"content", method="PUT"
    )
    put.add_header("Content-Type", "")
    with urllib.request.urlopen(put, timeout=10) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(
        signer.generate_presigned_url("get_object", Params=where), timeout=10
    ) as answer:
        assert answer.read() == b"content"


def test_a_bucket_with_objects_is_not_deleted(aws, bucket):
    aws.s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    assert refused(aws.s3.delete_bucket, Bucket=bucket).code == "BucketNotEmpty"


def test_the_region_of_the_client_does_not_matter_to_s3(aws, bucket):
    elsewhere = client(aws.url, "s3", "eu-west-1", s3={"addressing_style": "path"})
    elsewhere.put_object(Bucket=bucket, Key="k", Body=b"x")

    assert keys(aws.s3, bucket) == ["k"]
