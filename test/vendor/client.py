"""A client of the Dispersed API in another language, written from its description alone.

Goes once through what the API can do with a job and prints what it saw as one JSON object.
Signs its query sorted and sends it unsorted, as the vendor's own example does.
"""

import argparse
import hashlib
import hmac
import json
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request


def canonical(body):
    """The body as it is sent and signed: sorted, compact, ASCII."""
    if body is None:
        return b""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.replace("\x7f", "\\u007f").encode("ascii")


class Client:
    def __init__(self, url, public_key, secret_key):
        self.url = url
        self.public_key = public_key
        self.secret_key = secret_key

    def headers(self, method, path, query, data):
        timestamp = str(int(time.time() * 1000))
        nonce = secrets.token_hex(16)
        signed_query = urllib.parse.urlencode(sorted(query))
        body_hash = hashlib.sha256(data).hexdigest()
        text = "|".join(
            [self.public_key, timestamp, nonce, method, path, signed_query, body_hash]
        )
        key = self.secret_key.encode()
        return {
            "X-API-Key": self.public_key,
            "X-Time": timestamp,
            "X-Nonce": nonce,
            "X-Signature": hmac.new(key, text.encode(), hashlib.sha256).hexdigest(),
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    def call(self, method, path, query=(), body=None):
        """Returns the HTTP status and the parsed answer, also of an error."""
        data = canonical(body)
        address = self.url + path
        if query:
            address += "?" + urllib.parse.urlencode(query)
        request = urllib.request.Request(
            address,
            data=data or None,
            method=method,
            headers=self.headers(method, path, query, data),
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


def runs_of(client, job):
    """The runs of the job, once it has one: a job in the queue has none."""
    query = [("sort", "-created_at"), ("filter[job_uuid]", job), ("limit", "10")]
    for _ in range(100):
        status, runs = client.call("GET", "/v1/job-runs", query)
        if runs["data"]:
            return status, runs
        time.sleep(0.2)
    raise SystemExit("The job got no run in 20 seconds")


def walk(client, recipe):
    """Cooks a job and does with it what can be done."""
    seen = {}
    seen["recipe"] = client.call("GET", f"/v1/job-recipes/{recipe}")
    overrides = {
        "title": "Caf\u00e9 \U0001f600 \u65e5\u672c\u8a9e",
        "description": 'A "quoted" line\nand a tab\t, an umlaut: \u00fc',
        "cpu_count": 4,
    }
    seen["cook"] = client.call("POST", f"/v1/job-recipes/{recipe}/cook", body=overrides)
    job = seen["cook"][1]["uuid"]
    seen["job"] = client.call("GET", f"/v1/jobs/{job}")
    unsorted_query = [
        ("sort", "-created_at"),
        ("page", "1"),
        ("limit", "10"),
        ("filter[uuid]", job),
        ("filter[status]", "RUNNING,ASSIGNED"),
        ("filter[created_at]", "2020-01-01,2100-01-01"),
    ]
    seen["jobs"] = client.call("GET", "/v1/jobs", unsorted_query)
    seen["runs"] = runs_of(client, job)
    run = seen["runs"][1]["data"][0]["uuid"]
    seen["run"] = client.call("GET", f"/v1/job-runs/{run}")
    reason = {"reason": "Seen enough \u2713"}
    seen["cancel"] = client.call("PUT", f"/v1/jobs/{job}/cancel", body=reason)
    seen["refused"] = client.call(
        "POST", f"/v1/job-recipes/{recipe}/cook", body={"cpu_count": -1}
    )
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--url", "--public-key", "--secret-key", "--recipe"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    client = Client(args.url, args.public_key, args.secret_key)
    seen = walk(client, args.recipe)
    answers = {
        name: {"status": status, "body": body} for name, (status, body) in seen.items()
    }
    print(json.dumps(answers))


main()
