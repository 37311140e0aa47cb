# Signs the URLs of an upload and of the download of one object, good for a day, with boto3: for S3,
# and with AWS_ENDPOINT_URL for R2, MinIO and others. Used by build-and-cook.yml.
import os

import boto3

client = boto3.client("s3")
place = {"Bucket": os.environ["BUCKET"], "Key": os.environ["OBJECT"]}
for name, method in [("upload", "put_object"), ("download", "get_object")]:
    url = client.generate_presigned_url(method, Params=place, ExpiresIn=86400)
    print(f"::add-mask::{url}")
    with open(os.environ["GITHUB_OUTPUT"], "a") as outputs:
        print(f"{name}={url}", file=outputs)
