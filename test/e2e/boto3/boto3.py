# What examples/presign.py uses of boto3, for a store at STORE_URL: signature version 4 in a URL.
import datetime, hashlib, hmac, os, urllib.parse


class Client:
    def generate_presigned_url(self, method, Params, ExpiresIn):
        verb = {"put_object": "PUT", "get_object": "GET"}[method]
        store = os.environ["STORE_URL"]
        path = "/" + Params["Bucket"] + "/" + Params["Key"]
        time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{time[:8]}/{os.environ['AWS_DEFAULT_REGION']}/s3/aws4_request"
        key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        query = urllib.parse.urlencode({
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": os.environ["AWS_ACCESS_KEY_ID"] + "/" + scope,
            "X-Amz-Date": time,
            "X-Amz-Expires": ExpiresIn,
            "X-Amz-SignedHeaders": "host",
        })
        host = urllib.parse.urlsplit(store).netloc
        request = f"{verb}\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}"
        signature = hmac.new(key, text.encode(), "sha256").hexdigest()
        return f"{store}{path}?{query}&X-Amz-Signature={signature}"


def client(name):
    assert name == "s3"
    return Client()
